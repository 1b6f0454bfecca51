package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPluginSets: descriptor files lie where plugins do, and the commands on plugins tell of them.
func TestPluginSets(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), t.TempDir()
	run := func(args ...string) answer {
		return cordboardRun(t, "", append(args, "--plugin-dir", dir, "--data-dir", data)...)
	}
	run("plugins", "list").has(t, 0, "a descriptor file called cordboard-node-….jsonl")
	cordboardRun(t, "", "nodes", "import", bookshop, "--data-dir", data).has(t, 0)
	good := filepath.Join(data, "plugins", "cordboard-node-bookshop.jsonl")
	run("plugins", "list").has(t, 0, good+"\n  descriptor set, needs no program and no pin: n8n-nodes-bookshop.bookshop, 2 resources, ")
	run("plugins", "verify").has(t, 0, "cordboard-node-bookshop.jsonl: ok: descriptor set")
	run("plugins", "doctor").has(t, 0, good, "n8n-nodes-bookshop.bookshop, 2 resources, ")

	bad := filepath.Join(dir, "cordboard-node-bad.jsonl")
	text := `{"format":"cordboard.descriptor/1","node":{"type":"acme.bad","displayName":"Bad","versions":[1,1],"properties":[{"name":"a","type":"string"},{"name":"b","type":"colour"}]}}` + "\n"
	if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for command, code := range map[string]int{"list": 0, "verify": 1, "doctor": 1} {
		r := run("plugins", command)
		r.has(t, code, "cordboard-node-bad.jsonl:1: /node/properties/1/type: ", "n8n-nodes-bookshop.bookshop")
		if command == "verify" {
			r.has(t, code, "1 of 2 descriptor files cannot be used")
		}
	}
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}

	// Of two with one name the first counts, as in a run.
	first := filepath.Join(dir, "cordboard-node-bookshop.jsonl")
	copyTo(t, good, first)
	r := run("plugins", "list")
	r.has(t, 0, first+"\n  descriptor set", good+"\n  hidden by "+first)
	run("plugins", "verify").has(t, 0, "hidden by")
	run("plugins", "doctor").has(t, 1, "PROBLEM   hidden by "+first)
	if strings.Count(r.stdout, "n8n-nodes-bookshop.bookshop") != 1 {
		t.Errorf("the hidden one's nodes are listed:\n%s", r.stdout)
	}
}
