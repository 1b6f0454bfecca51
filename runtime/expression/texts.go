package expression

import (
	"crypto/md5"  //nolint:gosec // n8n's hash() offers it
	"crypto/sha1" //nolint:gosec // n8n's hash() offers it
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// textFunctions are n8n's extension functions of texts that both tiers have from here. A result that is undefined means
// that nothing was found.
var textFunctions = map[string]func(s string, args []nodes.Value) (nodes.Value, error){
	"hash":                hash,
	"base64Encode":        ofText(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
	"base64Decode":        func(s string, _ []nodes.Value) (nodes.Value, error) { return decodeBase64(s) },
	"extractEmail":        found(func(s string) string { return patterns().email.FindString(s) }),
	"extractDomain":       found(domainIn),
	"extractUrl":          found(func(s string) string { return patterns().url.FindString(s) }),
	"extractUrlPath":      found(urlPath),
	"isEmail":             holds(func(s string) bool { return !strings.Contains(s, " ") && patterns().email.MatchString(s) }),
	"isDomain":            holds(func(s string) bool { return !hasSpace(s) && patterns().domainOnly.MatchString(s) }),
	"isUrl":               holds(func(s string) bool { return !hasSpace(s) && patterns().urlStart.MatchString(s) }),
	"removeMarkdown":      ofText(removeMarkdown),
	"removeTags":          ofText(func(s string) string { return patterns().tag.ReplaceAllString(s, "") }),
	"replaceSpecialChars": ofText(transliterate),
}

func ofText(f func(string) string) func(string, []nodes.Value) (nodes.Value, error) {
	return func(s string, _ []nodes.Value) (nodes.Value, error) { return nodes.StringValue(f(s)), nil }
}

func found(f func(string) string) func(string, []nodes.Value) (nodes.Value, error) {
	return func(s string, _ []nodes.Value) (nodes.Value, error) { return orUndefined(f(s)), nil }
}

func holds(f func(string) bool) func(string, []nodes.Value) (nodes.Value, error) {
	return func(s string, _ []nodes.Value) (nodes.Value, error) { return nodes.BoolValue(f(s)), nil }
}

// askText calls one of textFunctions for prelude.js: the text and the arguments, "" for undefined.
func askText(name string, args []gjson.Result) (string, error) {
	values := make([]nodes.Value, len(args))
	for i, a := range args {
		if !a.Get("$u").Exists() {
			values[i] = nodes.ResultValue(a)
		}
	}
	v, err := textFunctions[name](values[0].Str(), values[1:])
	return v.JSON(), err
}

// hash is n8n's hash: md5 unless an algorithm is named.
func hash(s string, args []nodes.Value) (nodes.Value, error) {
	name := argument(args, 0)
	if name.IsNil() {
		name = nodes.StringValue("md5")
	}
	if name.Kind() != nodes.String {
		return nodes.Value{}, thrown{"algorithm.toLowerCase is not a function"}
	}
	var sum []byte
	switch strings.ToLower(name.Str()) {
	case "md5":
		h := md5.Sum([]byte(s)) //nolint:gosec // asked for
		sum = h[:]
	case "sha1":
		h := sha1.Sum([]byte(s)) //nolint:gosec // asked for
		sum = h[:]
	case "sha224":
		h := sha256.Sum224([]byte(s))
		sum = h[:]
	case "sha256":
		h := sha256.Sum256([]byte(s))
		sum = h[:]
	case "sha384":
		h := sha512.Sum384([]byte(s))
		sum = h[:]
	case "sha512":
		h := sha512.Sum512([]byte(s))
		sum = h[:]
	case "sha3":
		h := sha3.Sum512([]byte(s))
		sum = h[:]
	case "base64":
		return nodes.StringValue(base64.StdEncoding.EncodeToString([]byte(s))), nil
	default:
		return nodes.Value{}, failure("", "Unknown algorithm %s. Available algorithms are: md5,sha1,sha224,sha256,sha384,sha512,sha3, and Base64.", name.Str())
	}
	return nodes.StringValue(hex.EncodeToString(sum)), nil
}

// decodeBase64 reads both alphabets and skips what is in neither. Where bytes are no UTF-8, each becomes a character.
func decodeBase64(s string) (nodes.Value, error) {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '/':
			return r
		}
		return -1
	}, s)
	data, err := base64.RawStdEncoding.DecodeString(clean)
	if err != nil {
		return nodes.Value{}, thrown{"the text is no base64"}
	}
	if utf8.Valid(data) {
		return nodes.StringValue(string(data)), nil
	}
	var runes []rune
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			r = rune(data[i])
		}
		runes, i = append(runes, r), i+size
	}
	return nodes.StringValue(string(runes)), nil
}

// textPatterns are compiled when first needed: a run without them does not pay for them.
type textPatterns struct {
	email, domain, domainOnly, url, urlStart, path, tag *regexp.Regexp
}

var patterns = sync.OnceValue(func() *textPatterns {
	const (
		local = `(?:[^<>()\[\]\\.,;:\s@"]+(?:\.[^<>()\[\]\\.,;:\s@"]+)*|".+")`
		mail  = local + `@(?:\[\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\]|(?:[a-zA-Z\-0-9]+\.)+[a-zA-Z]{2,})`
		names = `(?:[\w-]+\.)+[a-zA-Z]{2,}`
		ip    = `\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`
		host  = `(?:localhost|` + ip + `|` + names + `)`
		web   = `(?i:https?|ftp)://` + host
		rest  = `(?::\d+)?(?:[/?#]\S*)?$`
	)
	return &textPatterns{
		email: regexp.MustCompile(mail), domain: regexp.MustCompile(`^(?:(?i:https?|ftp)://|//)?(` + host + `)` + rest),
		domainOnly: regexp.MustCompile(`^` + host + rest), url: regexp.MustCompile(web + `\S*`), urlStart: regexp.MustCompile(`^` + web),
		path: regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#]*)([^?#]*)`), tag: regexp.MustCompile(`<[^>]*>?`),
	}
})

const dateShape = "0000-00-00T00:00:00.000Z"

// isDateText reports whether n8n looks up the functions of a text among those of dates: YYYY-MM-DDTHH:mm:ss.sssZ.
func isDateText(s string) bool {
	const shape = dateShape
	if len(s) != len(shape) {
		return false
	}
	for i := range len(s) {
		if digit := s[i] >= '0' && s[i] <= '9'; digit != (shape[i] == '0') || !digit && s[i] != shape[i] {
			return false
		}
	}
	return true
}

func hasSpace(s string) bool { return strings.ContainsAny(s, jsSpace) }

// domainIn finds the domain of an address of mail or web.
func domainIn(s string) string {
	if strings.Contains(s, " ") {
		return ""
	}
	if mail := patterns().email.FindString(s); mail != "" {
		return mail[strings.LastIndexByte(mail, '@')+1:]
	}
	if m := patterns().domain.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

func urlPath(s string) string {
	m := patterns().path.FindStringSubmatch(s)
	switch {
	case m == nil || m[1] == "" && m[2] == "":
		return ""
	case m[2] == "":
		return "/"
	}
	return m[2]
}
