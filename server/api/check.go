package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// object is a body of JSON, valid JSON of any kind.
type object struct{ raw string }

func (o object) value() gjson.Result { return gjson.Parse(o.raw) }

// kind names a value's kind as n8n's messages do.
func kind(v gjson.Result) string {
	switch {
	case !v.Exists():
		return "undefined"
	case v.IsObject():
		return "object"
	case v.IsArray():
		return "array"
	case v.Type == gjson.String:
		return "string"
	case v.Type == gjson.Number:
		return "number"
	case v.Type == gjson.True, v.Type == gjson.False:
		return "boolean"
	}
	return "null"
}

// field is what a key may hold: one of kinds ("object", …), or one of values, or nothing from a caller.
type field struct {
	kinds    []string
	values   []string
	readOnly bool
}

// shape is what an object may have: n8n's rules and messages.
type shape struct {
	required []string
	fields   map[string]field
	// open shapes take other keys as well.
	open bool
}

func of(kinds ...string) field     { return field{kinds: kinds} }
func oneOf(values ...string) field { return field{values: values} }
func readOnly() field              { return field{readOnly: true} }
func expected(what string, v gjson.Result) string {
	return "Expected " + what + ", received " + kind(v)
}

// check reports the first thing that is wrong with the object at a place ("request/body"): keys that are not a caller's to set, what is
// missing, what is of a wrong kind, what nobody knows.
func (s shape) check(at string, v gjson.Result) error {
	if !v.IsObject() {
		return bad(at + " " + expected("object", v))
	}
	values := map[string]gjson.Result{}
	var unknown []string
	var twice error // of two, readers would take different ones
	v.ForEach(func(key, value gjson.Result) bool {
		if _, there := values[key.Str]; there {
			twice = bad(fmt.Sprintf("%s has the property '%s' twice", at, key.Str))
		}
		if _, ok := s.fields[key.Str]; !ok && !s.open {
			unknown = append(unknown, "'"+key.Str+"'")
		}
		values[key.Str] = value
		return true
	})
	if twice != nil {
		return twice
	}
	names := slices.Sorted(maps.Keys(s.fields))
	for _, name := range names {
		if _, there := values[name]; there && s.fields[name].readOnly {
			return bad(at + "/" + name + " is read-only")
		}
	}
	for _, name := range s.required {
		if _, there := values[name]; !there {
			return bad(fmt.Sprintf("%s must have required property '%s'", at, name))
		}
	}
	for _, name := range names {
		if value, there := values[name]; there {
			if err := s.fields[name].check(at+"/"+name, value); err != nil {
				return err
			}
		}
	}
	if len(unknown) > 0 {
		return bad(at + " Unrecognized key(s) in object: " + strings.Join(unknown, ", "))
	}
	return nil
}

func (f field) check(at string, v gjson.Result) error {
	switch {
	case f.values != nil && v.Type != gjson.String:
		return bad(at + " " + expected(quoted(f.values), v))
	case f.values != nil && !slices.Contains(f.values, v.Str):
		return bad(fmt.Sprintf("%s Invalid enum value. Expected %s, received '%s'", at, quoted(f.values), v.Str))
	case f.kinds != nil && !slices.Contains(f.kinds, kind(v)):
		return bad(at + " " + expected(f.kinds[0], v))
	}
	return nil
}
