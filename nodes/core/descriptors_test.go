package core_test

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
	"github.com/cordboard/cordboard/nodes/core"
)

// misspelt are the cases whose parameters or values are unknown on purpose.
var misspelt = []string{
	"if/combinator-xx", "filter/combinator-xx", "if/unknown-operation", "if/unknown-type", "limit/keep-unknown", "sort/order-unknown", "set/include-unknown",
	"merge/unknown-mode", "merge/v1-unknown-mode", "merge/unknown-join", "compareDatasets/unknown-resolve",
	"if/v1-unknown-operation", "filter/v1-unknown-operation", "removeDuplicates/v2-unknown-compare", "summarize/unknown-aggregation",
	"dateTime/v1-unknown", "dateTime/v1-calc-unknown", "dateTime/v2-unknown", "jwt/unknown-operation", "crypto/v1-hash-unknown", "crypto/v2-hash-unknown", "crypto/v1-hash-encoding-unknown", "crypto/v2-hash-encoding-unknown",
	"set/include-none", "set/v3-binary-strip", "set/v3.2-assignments-ignored", "set/v3.4-binary-include", "switch/v3-loose-parameter",
}

// TestDescriptors: what the recorded cases set, the descriptors know: each name at its place and version, each value of a
// choice.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	registry := &nodes.Registry{}
	if err := registry.Add(core.Nodes()...); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".json")
		if slices.ContainsFunc(misspelt, func(m string) bool { return strings.HasPrefix(name, m) }) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		node := gjson.GetBytes(text, "node")
		typ, err := registry.Find(node.Get("type").Str, node.Get("typeVersion").Num)
		if err != nil {
			t.Fatal(name, err)
		}
		checkNames(t, name, typ.Descriptor.AllProperties(), node.Get("parameters"), node.Get("typeVersion").Num)
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
		p := props[0]
		if p.Type == "options" && !strings.HasPrefix(value.Str, "=") && !hasOption(props, value) {
			t.Errorf("%s: the descriptor does not have the value %s", at, value.Raw)
		}
		if p.Properties != nil {
			checkNames(t, at, p.Properties, value, version)
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
