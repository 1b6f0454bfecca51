package nodes

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// MaxDepth is how deep JSON from outside may be nested.
const MaxDepth = 1000

// ErrTooDeep says that JSON is nested deeper than MaxDepth.
var ErrTooDeep = errors.New("the JSON is nested deeper than " + strconv.Itoa(MaxDepth) + " levels")

// Normalize checks JSON that comes from outside and returns it in the form that items have: without white space, of
// duplicate keys the last one, integer-like keys first and in order (as JavaScript objects have them, ECMA-262
// OrdinaryOwnPropertyKeys), numbers as they were written. The error of invalid JSON is encoding/json's.
func Normalize(text string) (string, error) {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	if err := checkDepth(text); err != nil {
		return "", err
	}
	if !gjson.Valid(text) {
		var v json.RawMessage
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return "", err
		}
		return "", errors.New("invalid JSON")
	}
	return string(appendNormal(make([]byte, 0, len(text)), gjson.Parse(text))), nil
}

func checkDepth(text string) error {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return ErrTooDeep
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

func appendNormal(dst []byte, r gjson.Result) []byte {
	switch {
	case r.IsArray():
		dst = append(dst, '[')
		first := true
		r.ForEach(func(_, el gjson.Result) bool {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = appendNormal(dst, el)
			return true
		})
		return append(dst, ']')
	case r.IsObject():
		return appendNormalObject(dst, r)
	}
	return append(dst, r.Raw...)
}

type member struct{ key, value gjson.Result }

func appendNormalObject(dst []byte, r gjson.Result) []byte {
	var room [16]member
	members, special := room[:0], false
	var seen map[string]int // only for large objects; small ones are searched
	r.ForEach(func(key, value gjson.Result) bool {
		special = special || isIndexKey(key.Str)
		at := -1
		if len(members) <= cap(room) {
			at = slices.IndexFunc(members, func(m member) bool { return m.key.Str == key.Str })
		} else {
			if seen == nil {
				seen = make(map[string]int, 2*len(members))
				for i, m := range members {
					seen[m.key.Str] = i
				}
			}
			if i, ok := seen[key.Str]; ok {
				at = i
			}
		}
		if at >= 0 {
			members[at].value = value
			return true
		}
		if seen != nil {
			seen[key.Str] = len(members)
		}
		members = append(members, member{key, value})
		return true
	})
	if special {
		slices.SortStableFunc(members, func(a, b member) int { return compareKeys(a.key.Str, b.key.Str) })
	}
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, m.key.Raw...), ':')
		dst = appendNormal(dst, m.value)
	}
	return append(dst, '}')
}

// isIndexKey reports whether key is an array index in JavaScript's sense: 0 to 2^32-2 without leading zeros.
func isIndexKey(key string) bool {
	if key == "" || len(key) > 10 || key[0] < '0' || key[0] > '9' || (key[0] == '0' && len(key) > 1) {
		return false
	}
	n, err := strconv.ParseUint(key, 10, 64)
	return err == nil && n < 1<<32-1
}

func compareKeys(a, b string) int {
	aIndex, bIndex := isIndexKey(a), isIndexKey(b)
	switch {
	case aIndex && bIndex:
		x, _ := strconv.ParseUint(a, 10, 64)
		y, _ := strconv.ParseUint(b, 10, 64)
		if x < y {
			return -1
		}
		return 1
	case aIndex:
		return -1
	case bIndex:
		return 1
	}
	return 0
}
