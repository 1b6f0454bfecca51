package expression

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// member reads one member of a value, as JavaScript does.
type member struct {
	name    string
	path    string // for gjson; "" if the name must be compared by hand
	index   int    // the name as an array index, -1 if it is none
	builtIn bool   // JavaScript's prototypes have the name
}

func newMember(name string) *member {
	m := &member{name: name, index: -1, builtIn: prototypeNames[name]}
	if simpleKey(name) {
		m.path = gjson.Escape(name)
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && strconv.Itoa(i) == name {
		m.index = i
	}
	return m
}

// simpleKey reports whether gjson surely takes the key for itself and not for a modifier, a query or a wildcard.
func simpleKey(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == ' ' && i > 0 || c >= utf8.RuneSelf) {
			return false
		}
	}
	return name != ""
}

// of returns v[name]; v is not null or undefined.
func (m *member) of(e *env, v nodes.Value) (nodes.Value, error) {
	switch v.Kind() {
	case nodes.Object:
		if r := m.find(v.Raw()); r.Exists() {
			return nodes.ResultValue(r), nil
		}
	case nodes.Array:
		switch {
		case m.index >= 0:
			return nodes.ResultValue(elementAt(v.Raw(), m.index)), nil
		case m.name == "length":
			return nodes.NumberValue(float64(arrayLength(v.Raw()))), nil
		}
	case nodes.String:
		switch {
		case m.index >= 0:
			return unitAt(v.Str(), m.index), nil
		case m.name == "length":
			return nodes.NumberValue(float64(textLength(v.Str()))), nil
		}
	case nodes.Foreign:
		return foreignMember(e, v.Foreign(), m.name)
	}
	if m.builtIn {
		return nodes.Value{}, errNeedsScript
	}
	return nodes.Value{}, nil
}

// find returns the member of an object in wire form.
func (m *member) find(raw string) gjson.Result {
	if m.path != "" {
		return gjson.Get(raw, m.path)
	}
	var found gjson.Result
	gjson.Parse(raw).ForEach(func(key, value gjson.Result) bool {
		if key.Str != m.name {
			return true
		}
		found = value
		return false
	})
	return found
}

func elementAt(raw string, index int) (found gjson.Result) {
	i := 0
	gjson.Parse(raw).ForEach(func(_, value gjson.Result) bool {
		if i == index {
			found = value
		}
		i++
		return i <= index
	})
	return found
}

func arrayLength(raw string) int {
	n := 0
	gjson.Parse(raw).ForEach(func(_, _ gjson.Result) bool { n++; return true })
	return n
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// textLength is the length of a text in UTF-16 units.
func textLength(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x10000 {
			n++
		}
	}
	return n
}

// unitAt returns the UTF-16 unit with this index as text, undefined behind the end. Half of a pair is U+FFFD.
func unitAt(s string, index int) nodes.Value {
	if isASCII(s) {
		if index >= len(s) {
			return nodes.Value{}
		}
		return nodes.StringValue(s[index : index+1])
	}
	units := utf16.Encode([]rune(s))
	if index >= len(units) {
		return nodes.Value{}
	}
	return nodes.StringValue(string(utf16.Decode(units[index : index+1])))
}

// cut returns the UTF-16 units from i up to j as text.
func cut(s string, i, j int) string {
	if isASCII(s) {
		return s[i:j]
	}
	return string(utf16.Decode(utf16.Encode([]rune(s))[i:j]))
}

// unitIndex turns an index in bytes into one in UTF-16 units; -1 stays.
func unitIndex(s string, at int) int {
	if at < 0 {
		return at
	}
	return textLength(s[:at])
}

// hasOwnConversion reports whether an object or array holds members that JavaScript would take for conversions.
func hasOwnConversion(v nodes.Value) bool {
	raw := v.Raw()
	return strings.Contains(raw, `"toString"`) || strings.Contains(raw, `"valueOf"`) || strings.Contains(raw, `"join"`)
}
