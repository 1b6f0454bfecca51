package core

import (
	"strings"

	"github.com/tidwall/gjson"
)

// cursor walks the members of an object in the form that items have (no white space, valid). It is what makes Set and
// Filter fast: values are passed over without being read.
type cursor struct {
	json    string
	at      int
	escaped bool // there is a backslash somewhere, so that a key may be written otherwise than it reads
}

// members begins a walk; what is no object has no members.
func members(object string) cursor {
	if len(object) < 3 || object[0] != '{' {
		return cursor{}
	}
	return cursor{json: object, at: 1, escaped: strings.IndexByte(object, '\\') >= 0}
}

// next returns the next member's key, in its quotes as it is written, and its value; ok is false at the end.
func (c *cursor) next() (key, value string, ok bool) {
	if c.at >= len(c.json) {
		return "", "", false
	}
	colon := skipString(c.json, c.at)
	end := skipValue(c.json, colon+1)
	key, value = c.json[c.at:colon], c.json[colon+1:end]
	c.at = end + 1
	return key, value, true
}

// skipString returns the place behind the string that begins at i.
func skipString(s string, i int) int {
	for j := i + 1; ; {
		quote := strings.IndexByte(s[j:], '"')
		if quote < 0 {
			return len(s)
		}
		j += quote
		slashes := 0
		for s[j-1-slashes] == '\\' {
			slashes++
		}
		if j++; slashes%2 == 0 {
			return j
		}
	}
}

// skipValue returns the place behind the value that begins at i.
func skipValue(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '"':
			i = skipString(s, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// is reports whether a key, as it is written, means this name.
func (c *cursor) is(key, name string) bool {
	if !c.escaped {
		return len(key) == len(name)+2 && key[1:len(key)-1] == name
	}
	return gjson.Parse(key).Str == name
}
