package network_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
)

// TestDescriptors: what the recorded cases set, the descriptors know: each name at its place and version, each value of a
// choice.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	registry := &nodes.Registry{}
	if err := registry.Add(network.Nodes()...); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		if strings.HasPrefix(filepath.ToSlash(file), "testdata/declarative/") { // of a package whose descriptor is made in the test
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		node := gjson.GetBytes(text, "node")
		version := node.Get("typeVersion").Num
		typ, err := registry.Find(node.Get("type").Str, version)
		if err != nil {
			t.Fatal(file, err)
		}
		checkNames(t, file, typ.Descriptor.AllProperties(), node.Get("parameters"), version)
		for kind := range gjson.GetBytes(text, "credentials").Map() {
			if !slices.ContainsFunc(typ.Descriptor.Credentials, func(u descriptors.CredentialUse) bool { return u.Type == kind }) {
				t.Errorf("%s: the descriptor does not declare credentials of type %s", file, kind)
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
		if props[0].Type == "options" && !hasOption(props, value) {
			t.Errorf("%s: the descriptor does not have the value %s", at, value.Raw)
		}
		if props[0].Properties != nil {
			checkNames(t, at, props[0].Properties, value, version)
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
