package cordboard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordboard/cordboard"
)

// fileFlow is a workflow of the file node with these parameters, after one that reads the file a.txt.
func fileFlow(version, parameters, more string) string {
	return `{"settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
		{"name":"First","type":"n8n-nodes-base.readWriteFile","typeVersion":1,"position":[200,0],"parameters":{"fileSelector":"a.txt","options":{}}},
		{"name":"Files","type":"n8n-nodes-base.readWriteFile","typeVersion":` + version + `,"position":[400,0],"parameters":` + parameters + more + `}],
		"connections":{"Start":{"main":[[{"node":"First","type":"main","index":0}]]},"First":{"main":[[{"node":"Files","type":"main","index":0}]]}}}`
}

// TestFiles reads and writes files. The items are what n8n 2.40.7 gives for the same files; what is refused is our own rule.
func TestFiles(t *testing.T) {
	outside := folder(t, map[string]string{"secret.txt": "secret"})
	dir := folder(t, map[string]string{
		"a.txt": "hello", "b.json": `{"x":1}`, "c.png": "\x89PNG\r\n\x1a\nxx", "noname": "plain words", "sub/d.txt": "deep", "exists.txt": "old content",
	})
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	const (
		a = `{"mimeType":"text/plain","fileType":"text","fileName":"a.txt","fileExtension":"txt","fileSize":"5 B"}`
		b = `{"mimeType":"application/json","fileType":"json","fileName":"b.json","fileExtension":"json","fileSize":"7 B"}`
		c = `{"mimeType":"image/png","fileType":"image","fileName":"c.png","fileExtension":"png","fileSize":"10 B"}`
		d = `{"mimeType":"text/plain","fileType":"text","fileName":"d.txt","fileExtension":"txt","fileSize":"4 B"}`
	)
	for _, test := range []struct{ name, version, parameters, more, want, err string }{
		{"read", "1.1", `{"fileSelector":"a.txt"}`, "", a, ""},
		{"whole path", "1.1", `{"fileSelector":"` + dir + `/a.txt"}`, "", a, ""},
		{"pattern", "1.1", `{"fileSelector":"[abc].*"}`, "", a + " " + b + " " + c, ""},
		{"pattern over folders", "1.1", `{"fileSelector":"**/?.txt"}`, "", a + " " + d, ""},
		{"braces", "1", `{"fileSelector":"{a,b}.*"}`, "", a + " " + b, ""},
		{"options", "1.1", `{"fileSelector":"b.json","options":{"fileName":"o.bin","fileExtension":"zip","mimeType":"application/zip"}}`, "",
			`{"mimeType":"application/zip","fileType":"json","fileName":"o.bin","fileExtension":"zip","fileSize":"7 B"}`, ""},
		{"no extension", "1.1", `{"fileSelector":"noname"}`, "", `{"mimeType":"text/plain","fileType":"text","fileName":"noname","fileSize":"11 B"}`, ""},
		{"none", "1.1", `{"fileSelector":"zzz"}`, "", "", "node \"Files\", item 0: No file(s) found\nNo file matching the selector \"zzz\" found"},
		{"none, version 1", "1", `{"fileSelector":"zzz"}`, "", "", ""},
		{"none, continued", "1.1", `{"fileSelector":"zzz"}`, `,"onError":"continueRegularOutput"`, `{"error":"No file(s) found"}`, ""},
		{"a folder", "1.1", `{"fileSelector":"sub"}`, "", "", "node \"Files\", item 0: No file(s) found"},
		{"outside", "1.1", `{"fileSelector":"` + outside + `/secret.txt"}`, "", "", "node \"Files\", item 0: access to the file is not allowed: " + outside},
		{"way out", "1.1", `{"fileSelector":"../*"}`, "", "", "node \"Files\", item 0: access to the file is not allowed: .."},
		{"link out", "1.1", `{"fileSelector":"link/secret.txt"}`, "", "", "node \"Files\", item 0: No file(s) found"},
		{"write", "1.1", `{"operation":"write","fileName":"new.txt"}`, "", strings.Replace(a, `"fileName":"a.txt",`, "", 1)[:len(a)-len(`"fileName":"a.txt",`)-1] + `,"fileName":"new.txt"}`, ""},
		{"write over", "1.1", `{"operation":"write","fileName":"exists.txt"}`, "", strings.Replace(a, `"fileName":"a.txt",`, "", 1)[:len(a)-len(`"fileName":"a.txt",`)-1] + `,"fileName":"exists.txt"}`, ""},
		{"no folder", "1.1", `{"operation":"write","fileName":"no/where/x"}`, "", "", "node \"Files\", item 0: The file or directory does not exist"},
		{"write outside", "1.1", `{"operation":"write","fileName":"` + outside + `/x"}`, "", "", "node \"Files\", item 0: access to the file is not allowed"},
		{"write through a link", "1.1", `{"operation":"write","fileName":"link/x"}`, "", "", "node \"Files\", item 0: "},
		{"no such data", "1.1", `{"operation":"write","fileName":"x","dataPropertyName":"nope"}`, "", "", "node \"Files\", item 0: The item has no binary field 'nope' [item 0]"},
	} {
		file := filepath.Join(t.TempDir(), "flow.json")
		if err := os.WriteFile(file, []byte(fileFlow(test.version, test.parameters, test.more)), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := runIn(t, cordboard.Options{FileDirs: []string{"."}}, file)
		if test.err == "" && (err != nil || got != test.want) || test.err != "" && (err == nil || !strings.HasPrefix(err.Error(), test.err)) {
			t.Errorf("%s:\ngot  %s, %v\nwant %s%s", test.name, got, err, test.want, test.err)
		}
	}
	for name, want := range map[string]string{"new.txt": "hello", "exists.txt": "hello"} {
		if text, err := os.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
	}
	if _, err := os.Stat(filepath.Join(outside, "x")); err == nil {
		t.Error("a file was written outside")
	}
	file := filepath.Join(t.TempDir(), "append.json")
	for range 2 {
		if err := os.WriteFile(file, []byte(fileFlow("1.1", `{"operation":"write","fileName":"log.txt","options":{"append":true}}`, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := runIn(t, cordboard.Options{FileDirs: []string{dir}}, file); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := os.ReadFile("log.txt"); string(text) != "hellohello" {
		t.Errorf("the file that is appended to holds %q", text)
	}
	if _, err := runIn(t, cordboard.Options{}, file); err == nil || !strings.Contains(err.Error(), "No directory is open to workflows.") {
		t.Errorf("no directories: got %v", err)
	}
}

// TestBinaryOfARun: what a run keeps on disk is gone when its result is closed.
func TestBinaryOfARun(t *testing.T) {
	dir, temp := folder(t, map[string]string{"a.txt": "hello"}), t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Chdir(dir)
	rt, err := cordboard.New(cordboard.Options{FileDirs: []string{"."}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	flow, err := rt.Load(t.Context(), "f.json", []byte(fileFlow("1.1", `{"fileSelector":"a.txt"}`, "")))
	if err != nil {
		t.Fatal(err)
	}
	result, err := rt.Run(t.Context(), flow, cordboard.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	left := func() string {
		entries, err := filepath.Glob(temp + "/*/*")
		return fmt.Sprint(len(entries), err)
	}
	if got := left(); got != "2 <nil>" {
		t.Errorf("%s files while the result is open, want the two that were read", got)
	}
	if err := result.Close(); err != nil {
		t.Error(err)
	}
	if entries, _ := filepath.Glob(temp + "/*"); len(entries) > 0 {
		t.Errorf("%v is left", entries)
	}
}
