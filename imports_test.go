package cordboard_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/cordboard/cordboard"

// leaves are packages below runtime that nodes may use.
var leaves = []string{"runtime/script", "runtime/luxon", "runtime/binary"}

// mayImport says for each room (a package and those below it) which rooms of ours it may import, itself aside. The first
// entry that fits counts.
var mayImport = []struct {
	room    string
	imports []string
}{
	{"schemas", nil},
	{"descriptors", []string{"schemas"}},
	{"runtime/script", []string{"runtime/luxon"}},
	{"runtime/luxon", nil},
	{"runtime/binary", nil},
	{"runtime/expression", append([]string{"=nodes"}, leaves...)},
	{"runtime", []string{"=nodes", "descriptors", "schemas", "runtime/expression"}},
	{"=nodes", []string{"descriptors", "schemas"}},
	{"nodes/network", append([]string{"=nodes", "nodes/request", "descriptors", "schemas"}, leaves...)},
	{"nodes", append([]string{"=nodes", "nodes/request", "nodes/plugin", "descriptors", "schemas"}, leaves...)},
	{"credentials", []string{"=nodes", "schemas"}},
	{"store", nil},
	{"server", []string{"=.", "runtime", "nodes", "store"}},
	{"examples/plugin-hello", []string{"nodes", "descriptors"}},
	{"examples", nil},
	{"=.", []string{"runtime", "nodes", "credentials", "descriptors", "schemas"}},
	{"cmd/cordboard-node-3cx", []string{"nodes"}},
	{"cmd", []string{"=.", "server", "store", "runtime", "nodes", "credentials", "descriptors", "schemas", "examples"}},
	{"internal/loopback", nil},
	{"internal/pgtest", []string{"internal/loopback"}},
	{"internal", []string{"=.", "server", "store", "runtime", "nodes", "credentials", "descriptors", "schemas", "examples"}},
}

// within reports whether a package is in a room; "=" before the room means that very package, "." the root.
func within(pkg, room string) bool {
	if exact, ok := strings.CutPrefix(room, "="); ok {
		return pkg == exact
	}
	return pkg == room || strings.HasPrefix(pkg, room+"/")
}

func allowed(pkg, imported string) bool {
	for _, rule := range mayImport {
		if !within(pkg, rule.room) {
			continue
		}
		if within(imported, strings.TrimPrefix(rule.room, "=")) && !strings.HasPrefix(rule.room, "=") && rule.room != "nodes" && rule.room != "runtime" {
			return true
		}
		for _, room := range rule.imports {
			if within(imported, room) {
				return true
			}
		}
		return false
	}
	return false
}

// TestImports holds the rule that imports point one way: cmd, server, cordboard, runtime, nodes, descriptors, schemas.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	short := func(path string) string {
		if path == module {
			return "."
		}
		return strings.TrimPrefix(path, module+"/")
	}
	packages := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); packages++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		for _, imported := range p.Imports {
			if imported != module && !strings.HasPrefix(imported, module+"/") {
				continue
			}
			if pkg, imported := short(p.ImportPath), short(imported); !allowed(pkg, imported) {
				t.Errorf("%s must not import %s", pkg, imported)
			}
		}
	}
	if packages < 15 {
		t.Errorf("only %d packages were looked at", packages)
	}
}

// TestImportRule makes sure that the rule can say no.
func TestImportRule(t *testing.T) {
	t.Parallel()
	for _, bad := range [][2]string{
		{"nodes", "runtime"}, {"nodes/core", "runtime"}, {"nodes/core", "runtime/expression"}, {"runtime", "."}, {"runtime", "server"},
		{"runtime", "nodes/core"}, {"descriptors", "nodes"}, {"schemas", "descriptors"},
		{"runtime/luxon", "nodes"}, {"runtime/script", "nodes"}, {"credentials", "runtime"}, {".", "server"}, {"server", "cmd/cordboard"},
	} {
		if allowed(bad[0], bad[1]) {
			t.Errorf("%s may import %s, and must not", bad[0], bad[1])
		}
	}
}
