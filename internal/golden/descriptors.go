package golden

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// Descriptors checks that what the cases of the package set, the descriptors know: each name at its place and version, each
// value of a choice, and credentials. Cases whose names begin with one of misspelt set what is unknown on purpose.
func Descriptors(t *testing.T, types []nodes.Type, misspelt ...string) {
	t.Helper()
	files := Files(t)
	if len(files) == 0 {
		t.Fatal("no cases")
	}
	registry := &nodes.Registry{}
	if err := registry.Add(types...); err != nil {
		t.Fatal(err)
	}
	for name, file := range files {
		if !slices.ContainsFunc(misspelt, func(m string) bool { return strings.HasPrefix(name, m) }) {
			CheckDescriptor(t, registry, name, Read(t, file))
		}
	}
}

// CheckDescriptor checks one case as Descriptors does.
func CheckDescriptor(t *testing.T, registry *nodes.Registry, name string, c gjson.Result) {
	t.Helper()
	node := c.Get("node")
	version := node.Get("typeVersion").Num
	typ, err := registry.Find(node.Get("type").Str, version)
	if err != nil {
		t.Fatal(name, err)
	}
	checkNames(t, name, typ.Descriptor.AllProperties(), node.Get("parameters"), version)
	for _, list := range []gjson.Result{c.Get("credentials"), node.Get("credentials")} {
		for kind := range list.Map() {
			if !slices.ContainsFunc(typ.Descriptor.Credentials, func(u descriptors.CredentialUse) bool { return u.Type == kind }) {
				t.Errorf("%s: the descriptor does not declare credentials of type %s", name, kind)
			}
		}
	}
}

func checkNames(t *testing.T, where string, known []descriptors.Property, given gjson.Result, version float64) {
	t.Helper()
	if given.IsArray() {
		for _, el := range given.Array() {
			checkNames(t, where, known, el, version)
		}
		return
	}
	if !given.IsObject() { // an expression stands for it
		return
	}
	given.ForEach(func(key, value gjson.Result) bool {
		at := where + "." + key.Str
		var props []descriptors.Property
		for _, p := range known {
			if p.Name == key.Str && (p.Versions == nil || slices.Contains(p.Versions, version)) {
				props = append(props, p)
			}
		}
		if len(props) == 0 {
			t.Errorf("%s: the descriptor does not have it at version %v", at, version)
			return true
		}
		isChoice := !slices.ContainsFunc(props, func(p descriptors.Property) bool { return p.Type != "options" })
		if isChoice && !strings.HasPrefix(value.Str, "=") && !hasOption(props, value) {
			t.Errorf("%s: the descriptor does not have the value %s", at, value.Raw)
		}
		var members []descriptors.Property
		for _, p := range props {
			members = append(members, p.Properties...)
		}
		if members != nil {
			checkNames(t, at, members, value, version)
		}
		return true
	})
}

func hasOption(props []descriptors.Property, value gjson.Result) bool {
	for _, p := range props {
		for _, o := range p.Options {
			var v any
			if err := json.Unmarshal(o.Value, &v); err == nil && v == value.Value() {
				return true
			}
		}
	}
	return false
}
