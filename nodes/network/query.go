package network

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// fields are named values in order, as an object has them: a name set again keeps its place.
type fields []field

type field struct {
	name  string
	value nodes.Value
}

func (f *fields) set(name string, v nodes.Value) {
	for i := range *f {
		if (*f)[i].name == name {
			(*f)[i].value = v
			return
		}
	}
	*f = append(*f, field{name, v})
}

// add makes a list of the values of a name that comes again.
func (f *fields) add(name string, v nodes.Value) {
	for i := range *f {
		if (*f)[i].name != name {
			continue
		}
		was := &(*f)[i].value
		var list []string
		switch {
		case was.Kind() == nodes.Array:
			for _, el := range was.Result().Array() {
				list = append(list, el.Raw)
			}
		case was.Kind() != nodes.Undefined:
			list = append(list, was.JSON())
		}
		if v.Kind() != nodes.Undefined {
			list = append(list, v.JSON())
		}
		*was = nodes.WireValue("[" + strings.Join(list, ",") + "]")
		return
	}
	*f = append(*f, field{name, v})
}

// fieldsOf are the members of an object, or of a list by their index.
func fieldsOf(r gjson.Result) fields {
	var f fields
	n := 0
	r.ForEach(func(key, v gjson.Result) bool {
		name := key.Str
		if r.IsArray() {
			name = strconv.Itoa(n)
		}
		n++
		f.set(name, nodes.ResultValue(v))
		return true
	})
	return f
}

func (f fields) json() string {
	var b nodes.ObjectBuilder
	for _, m := range f {
		b.Set(m.name, m.value)
	}
	return b.String()
}

// clone returns fields whose changes the original does not see.
func (f fields) clone() fields { return append(fields(nil), f...) }

// encode writes fields as a query: nested values as a[b]=c, lists by the format: brackets a[]=1, repeat a=1, else a[0]=1. An
// empty list and undefined are left out, null is empty.
func (f fields) encode(lists string) string {
	e := queryEncoder{lists: lists}
	for _, m := range f {
		e.add(m.name, m.value)
	}
	return e.b.String()
}

type queryEncoder struct {
	lists string
	b     strings.Builder
}

func (e *queryEncoder) add(name string, v nodes.Value) {
	if v.Kind() == nodes.Foreign { // a date
		v = nodes.WireValue(v.JSON())
	}
	switch v.Kind() {
	case nodes.Undefined:
		return
	case nodes.Object:
		v.Result().ForEach(func(key, el gjson.Result) bool {
			e.add(name+"["+key.Str+"]", nodes.ResultValue(el))
			return true
		})
		return
	case nodes.Array:
		for i, el := range v.Result().Array() {
			at := name
			switch e.lists {
			case "brackets":
				at += "[]"
			case "repeat":
			default:
				at += "[" + strconv.Itoa(i) + "]"
			}
			e.add(at, nodes.ResultValue(el))
		}
		return
	}
	if e.b.Len() > 0 {
		e.b.WriteByte('&')
	}
	e.b.WriteString(escape(name))
	e.b.WriteByte('=')
	if v.Kind() != nodes.Null {
		e.b.WriteString(escape(v.Text()))
	}
}

const upperHex = "0123456789ABCDEF"

// escape writes text so that only letters, digits and -_.~ stay as they are (RFC 3986, 2.3).
func escape(s string) string {
	return escapeExcept(s, func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0
	})
}

func escapeExcept(s string, plain func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	return b.String()
}
