package network

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// FromCurl returns the parameters of an HTTP Request node (version 4.2) that sends what a curl command sends, as a JSON object.
// Errors name the option that has no counterpart.
func FromCurl(command string) (string, error) {
	words, err := shellWords(command)
	if err != nil {
		return "", err
	}
	if len(words) > 0 && words[0] == "curl" {
		words = words[1:]
	}
	var c curl
	if err := c.read(words); err != nil {
		return "", err
	}
	p, err := c.parameters()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err = enc.Encode(p)
	return strings.TrimSpace(out.String()), err
}

// shellWords splits a command as a POSIX shell does: quotes, $'…', backslashes, and line ends after one.
func shellWords(text string) ([]string, error) {
	var (
		words []string
		word  strings.Builder
		begun bool
	)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '$' && i+1 < len(text) && text[i+1] == '\'':
			ansi := c == '$'
			if ansi {
				i++
			}
			size, err := quoted(&word, text[i+1:], text[i], ansi)
			if err != nil {
				return nil, err
			}
			i += size
			begun = true
		case c == '\\' && i+1 < len(text):
			if i++; text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			if text[i] != '\n' {
				word.WriteByte(text[i])
				begun = true
			}
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

var ansiEscapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '0': 0, 'b': '\b', 'f': '\f', 'a': 7, 'v': 11, 'e': 27}

// quoted reads up to the closing quote and returns how many bytes that took.
func quoted(word *strings.Builder, text string, quote byte, ansi bool) (int, error) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == quote:
			return i + 1, nil
		case c == '\\' && ansi && i+1 < len(text):
			i++
			if text[i] == 'u' && i+4 < len(text) {
				var r rune
				if _, err := fmt.Sscanf(text[i+1:i+5], "%04x", &r); err == nil {
					word.WriteRune(r)
					i += 4
					continue
				}
			}
			if e, ok := ansiEscapes[text[i]]; ok {
				word.WriteByte(e)
			} else {
				word.WriteByte(text[i])
			}
		case c == '\\' && quote == '"' && i+1 < len(text) && strings.IndexByte("\"\\$`\n", text[i+1]) >= 0:
			if i++; text[i] != '\n' {
				word.WriteByte(text[i])
			}
		default:
			word.WriteByte(c)
		}
	}
	return 0, fmt.Errorf("the command ends within a quote (%c)", quote)
}

// curl is what a command asks for.
type curl struct {
	method, url string
	headers     [][2]string
	data        []string
	json        bool
	form        []map[string]any
	query       bool // -G
	follow      bool
	insecure    bool
	user, proxy string
	timeout     string
	head        bool
}

// longNames are the options that take a value, by their short name.
var longNames = map[string]string{
	"-X": "--request", "-H": "--header", "-d": "--data", "-F": "--form", "-u": "--user", "-x": "--proxy", "-m": "--max-time", "-A": "--user-agent",
	"-e": "--referer", "-b": "--cookie", "-o": "--output",
}

// withValue are the options that take a value.
var withValue = []string{
	"--request", "--header", "--data", "--data-raw", "--data-ascii", "--data-binary", "--data-urlencode", "--json", "--form", "--form-string", "--user",
	"--proxy", "--max-time", "--user-agent", "--referer", "--cookie", "--url", "--output", "--connect-timeout", "--retry",
}

func (c *curl) read(words []string) error {
	for i := 0; i < len(words); i++ {
		w := words[i]
		if !strings.HasPrefix(w, "-") || w == "-" {
			if c.url != "" {
				return fmt.Errorf("%q: there are two addresses; a node sends to one", w)
			}
			c.url = w
			continue
		}
		name, value, has := w, "", false
		if strings.HasPrefix(w, "--") {
			name, value, has = strings.Cut(w, "=")
		} else if long := longNames[w[:2]]; long != "" {
			if name = long; len(w) > 2 {
				value, has = w[2:], true
			}
		} else if len(w) > 2 { // several short flags together: -sSL
			rest := "-" + w[2:]
			words = slices.Insert(slices.Clone(words), i+1, rest)
			name = w[:2]
		}
		if slices.Contains(withValue, name) {
			if !has {
				if i+1 >= len(words) {
					return fmt.Errorf("the option %s has no value", name)
				}
				i++
				value = words[i]
			}
			if err := c.option(name, value); err != nil {
				return err
			}
		} else if err := c.flag(name); err != nil {
			return err
		}
	}
	if c.url == "" {
		return errors.New("the command has no address")
	}
	return nil
}

func (c *curl) flag(name string) error {
	switch name {
	case "-k", "--insecure":
		c.insecure = true
	case "-L", "--location":
		c.follow = true
	case "-G", "--get":
		c.query = true
	case "-I", "--head":
		c.head = true
	case "--compressed", "-s", "--silent", "-S", "--show-error", "-v", "--verbose", "-i", "--include", "-f", "--fail", "-g", "--globoff", "-#",
		"--progress-bar", "--http1.1", "--http2", "--no-progress-meter", "-N", "--no-buffer":
	default:
		return fmt.Errorf("the option %s has no counterpart in the node", name)
	}
	return nil
}

func (c *curl) option(name, value string) error {
	header := func(name string) { c.headers = append(c.headers, [2]string{name, value}) }
	switch name {
	case "--url":
		c.url = value
	case "--request":
		c.method = value
	case "--header":
		key, v, ok := strings.Cut(value, ":")
		if !ok {
			key, v = strings.TrimSuffix(value, ";"), ""
		}
		c.headers = append(c.headers, [2]string{strings.TrimSpace(key), strings.TrimSpace(v)})
	case "--user-agent":
		header("User-Agent")
	case "--referer":
		header("Referer")
	case "--cookie":
		header("Cookie")
	case "--data", "--data-ascii", "--data-binary":
		if strings.HasPrefix(value, "@") {
			return fmt.Errorf("%s %s reads a file: read it with a node before and send it as binary data", name, value)
		}
		c.data = append(c.data, value)
	case "--data-raw":
		c.data = append(c.data, value)
	case "--json":
		c.json = true
		c.data = append(c.data, value)
	case "--data-urlencode":
		key, v, ok := strings.Cut(value, "=")
		if !ok {
			key, v = "", value
		}
		if key != "" {
			key += "="
		}
		c.data = append(c.data, key+escape(v))
	case "--form", "--form-string":
		return c.formField(name, value)
	case "--user":
		c.user = value
	case "--proxy":
		c.proxy = value
	case "--max-time":
		c.timeout = value
	}
	return nil
}

func (c *curl) formField(option, value string) error {
	name, v, ok := strings.Cut(value, "=")
	if !ok {
		return fmt.Errorf("%s %q: it must be name=value", option, value)
	}
	if option == "--form" && (strings.HasPrefix(v, "@") || strings.HasPrefix(v, "<")) {
		c.form = append(c.form, map[string]any{"parameterType": "formBinaryData", "name": name, "inputDataFieldName": name})
		return nil
	}
	if option == "--form" {
		if strings.Contains(v, ";type=") {
			return fmt.Errorf("%s %q: the node cannot give a text a type", option, value)
		}
		v = strings.Trim(v, `"`)
	}
	c.form = append(c.form, map[string]any{"name": name, "value": literalText(v)})
	return nil
}

// literalText keeps text that begins with "=" from being an expression.
func literalText(v string) string {
	if strings.HasPrefix(v, "=") {
		quoted, _ := json.Marshal(v) // a text cannot fail
		return "={{ " + strings.ReplaceAll(string(quoted), "}}", `}"+"}`) + " }}"
	}
	return v
}

func pairsOf(list [][2]string) map[string]any {
	out := []map[string]any{}
	for _, p := range list {
		out = append(out, map[string]any{"name": p[0], "value": literalText(p[1])})
	}
	return map[string]any{"parameters": out}
}

// parameters are those of the node.
func (c *curl) parameters() (map[string]any, error) {
	if !strings.Contains(c.url, "://") {
		c.url = "http://" + c.url
	}
	method := strings.ToUpper(c.method)
	if method == "" {
		switch {
		case c.head:
			method = "HEAD"
		case (len(c.data) > 0 || len(c.form) > 0) && !c.query:
			method = "POST"
		default:
			method = "GET"
		}
	}
	base, query, _ := strings.Cut(c.url, "?")
	if c.query {
		query = strings.Trim(query+"&"+strings.Join(c.data, "&"), "&")
		c.data = nil
	}
	options := map[string]any{}
	p := map[string]any{"method": method, "url": base, "options": options}
	if query != "" {
		if list, ok := queryPairs(query); ok {
			p["sendQuery"], p["queryParameters"] = true, pairsOf(list)
		} else {
			p["url"] = base + "?" + query
		}
	}
	if c.user != "" && c.header("Authorization") == "" {
		c.headers = append(c.headers, [2]string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(c.user))})
	}
	if err := c.body(p); err != nil {
		return nil, err
	}
	if len(c.headers) > 0 {
		p["sendHeaders"], p["headerParameters"] = true, pairsOf(c.headers)
	}
	if !c.follow {
		options["redirect"] = map[string]any{"redirect": map[string]any{"followRedirects": false}}
	}
	if c.insecure {
		options["allowUnauthorizedCerts"] = true
	}
	if c.proxy != "" {
		if !strings.Contains(c.proxy, "://") {
			c.proxy = "http://" + c.proxy
		}
		options["proxy"] = c.proxy
	}
	if c.timeout != "" {
		var seconds float64
		if _, err := fmt.Sscan(c.timeout, &seconds); err != nil || seconds <= 0 {
			return nil, fmt.Errorf("--max-time %q: it must be a number of seconds", c.timeout)
		}
		options["timeout"] = int(seconds * 1000)
	}
	return p, nil
}

// queryPairs reads a query whose names differ: the node's fields cannot have one name twice.
func queryPairs(query string) ([][2]string, bool) {
	var list [][2]string
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || seen[name] {
			return nil, false
		}
		seen[name] = true
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, false
		}
		list = append(list, [2]string{name, value})
	}
	return list, true
}

func (c *curl) header(name string) string {
	for _, h := range c.headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// dropHeader takes a header away that the body brings.
func (c *curl) dropHeader(name string) {
	c.headers = slices.DeleteFunc(c.headers, func(h [2]string) bool { return strings.EqualFold(h[0], name) })
}

func (c *curl) body(p map[string]any) error {
	contentType := c.header("Content-Type")
	text := strings.Join(c.data, "&")
	if c.json {
		text = strings.Join(c.data, "")
		if contentType == "" {
			contentType = "application/json"
		}
	}
	switch {
	case len(c.form) > 0 && len(c.data) > 0:
		return errors.New("a request has either a form (-F) or data (-d)")
	case len(c.form) > 0:
		c.dropHeader("Content-Type")
		p["sendBody"], p["contentType"], p["bodyParameters"] = true, "multipart-form-data", map[string]any{"parameters": c.form}
	case len(c.data) == 0:
	case strings.HasPrefix(contentType, "application/json") && json.Valid([]byte(text)):
		if contentType == "application/json" {
			c.dropHeader("Content-Type")
		}
		p["sendBody"], p["contentType"], p["specifyBody"], p["jsonBody"] = true, "json", "json", literalText(text)
	case contentType == "" || strings.HasPrefix(contentType, formType):
		if list, ok := queryPairs(text); ok && strings.Contains(text, "=") {
			c.dropHeader("Content-Type")
			p["sendBody"], p["contentType"], p["bodyParameters"] = true, "form-urlencoded", pairsOf(list)
			return nil
		}
		c.raw(p, formType, text)
	default:
		c.raw(p, contentType, text)
	}
	return nil
}

func (c *curl) raw(p map[string]any, contentType, text string) {
	c.dropHeader("Content-Type")
	p["sendBody"], p["contentType"], p["rawContentType"], p["body"] = true, "raw", contentType, literalText(text)
}
