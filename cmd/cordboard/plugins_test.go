package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes/plugin"
)

// answer is what a command came to.
type answer struct {
	stdout, stderr string
	code           int
}

func cordboardRun(t *testing.T, stdin string, args ...string) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := execute(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	return answer{stdout.String(), stderr.String(), code}
}

// has checks an answer's code and that its texts are there.
func (a answer) has(t *testing.T, code int, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.stdout+a.stderr, text) {
			t.Errorf("want %q in it:\n%s%s", text, a.stdout, a.stderr)
		}
	}
	if a.code != code {
		t.Errorf("code %d, want %d:\n%s%s", a.code, code, a.stdout, a.stderr)
	}
}

// checkout is the directory of this module.
func checkout(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const wordsFlow = `{"name":"t","settings":{"executionOrder":"v1"},"nodes":[
	{"name":"Start","type":"n8n-nodes-base.manualTrigger","position":[0,0],"parameters":{}},
	{"name":"Words","type":"TYPE","position":[200,0],"parameters":{"text":"={{ $json.text }}"},"onError":"continueRegularOutput"}],
	"connections":{"Start":{"main":[[{"node":"Words","type":"main","index":0}]]}}}`

// TestExamplePlugins runs the plugins of examples/: one in Go and one in JavaScript, which shares no code with us.
func TestExamplePlugins(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), t.TempDir()
	flags := []string{"--plugin-dir", dir, "--data-dir", data}
	goCommand(t, checkout(t), "build", "-o", filepath.Join(dir, "cordboard-node-hello"), "examples/plugin-hello/main.go")
	names := []string{"hello"}
	if _, err := exec.LookPath("node"); err == nil {
		copyTo(t, filepath.Join(checkout(t), "examples/plugin-node/cordboard-node-js"), filepath.Join(dir, "cordboard-node-js"))
		names = append(names, "js")
	} else {
		t.Log("Node.js is not there: its plugin is not tried")
	}
	cordboardRun(t, "", append([]string{"plugins", "doctor"}, flags...)...).has(t, 1, "it is not pinned (cordboard plugins trust", "plugins cannot be used")
	for _, name := range names {
		file := filepath.Join(dir, "cordboard-node-"+name)
		cordboardRun(t, "", append([]string{"plugins", "trust", file}, flags...)...).has(t, 0, "is trusted with checksum")
		flow := filepath.Join(dir, name+".json")
		if err := os.WriteFile(flow, []byte(strings.Replace(wordsFlow, "TYPE", name+".words", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		got := cordboardRun(t, `[{"text":"Guten Tag"},{"text":"   "},{"text":"one"}]`, append([]string{"run", flow, "--input", "-"}, flags...)...)
		got.has(t, 0, `"words":2}`, `{"error":"there is no word in it"}`, `"words":1}`)
		if got.stderr != "" {
			t.Errorf("%s: it says %s", name, got.stderr)
		}
	}
	cordboardRun(t, "", append([]string{"plugins", "doctor"}, flags...)...).has(t, 0, "protocol 1", "hello.words", "-rwx", "trusted   pinned")
	cordboardRun(t, "", append([]string{"plugins", "verify"}, flags...)...).has(t, 0, "cordboard-node-hello: ok")
	testVerify(t, dir, data)
}

// testVerify changes what was pinned.
func testVerify(t *testing.T, dir, data string) {
	t.Helper()
	flags := []string{"--plugin-dir", dir, "--data-dir", data}
	lockFile := filepath.Join(data, "plugins.lock")
	lock, err := plugin.ReadLock(lockFile)
	if err != nil {
		t.Fatal(err)
	}
	pin, ok := lock.Find("cordboard-node-hello")
	if !ok {
		t.Fatalf("it is not in %+v", lock)
	}
	pin.Descriptors = strings.Repeat("0", 64)
	write := func(l plugin.Lock) {
		if err := l.Write(lockFile); err != nil {
			t.Fatal(err)
		}
	}
	write(lock.With(pin))
	cordboardRun(t, "", append([]string{"plugins", "verify"}, flags...)...).has(t, 1, "cordboard-node-hello: FAILED: ", "the hash of its descriptors")
	pin.SHA256 = pin.Descriptors
	write(lock.With(pin))
	cordboardRun(t, "", append([]string{"plugins", "verify"}, flags...)...).has(t, 1, "cordboard-node-hello: FAILED: ", "the file has changed since it was trusted")
	write(lock.With(plugin.Pin{Name: "cordboard-node-gone", SHA256: pin.SHA256}))
	cordboardRun(t, "", append([]string{"plugins", "verify"}, flags...)...).has(t, 1, "cordboard-node-gone: FAILED: there is no such file", "cordboard-node-hello: ok")
	cordboardRun(t, "", append([]string{"plugins", "verify", "--plugins-lock", filepath.Join(dir, "nosuch")}, flags...)...).has(t, 2, "nosuch")
}

func TestPluginsDoctor(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), t.TempDir()
	flags := []string{"--plugin-dir", dir, "--data-dir", data}
	cordboardRun(t, "", append([]string{"plugins", "doctor"}, flags...)...).has(t, 0, "looked in", dir, "no plugins: a plugin is an executable file called cordboard-node-")
	for name, mode := range map[string]os.FileMode{"sleeper": 0o600, "talker": 0o700, "open": 0o722, "mute": 0o700} {
		text := "#!/bin/sh\necho what is this\n"
		if name == "mute" {
			text = "#!/bin/sh\nexit 1\n"
		}
		file := filepath.Join(dir, "cordboard-node-"+name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		_, pin, err := plugin.TrustPinned(file)
		if err != nil {
			t.Fatal(err)
		}
		lock, err := plugin.ReadLock(filepath.Join(data, "plugins.lock"))
		if err == nil {
			err = lock.With(pin).Write(filepath.Join(data, "plugins.lock"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cordboardRun(t, "", "plugins", "trust", filepath.Join(dir, "cordboard-node-open"), "--data-dir", t.TempDir()).has(t, 2, "others may write the file or its directory")
	set := filepath.Join(dir, "cordboard-node-bad.jsonl")
	if err := os.WriteFile(set, []byte("no set"), 0o600); err != nil {
		t.Fatal(err)
	}
	cordboardRun(t, "", append([]string{"plugins", "doctor"}, flags...)...).has(t, 1,
		"it is not executable: chmod +x "+filepath.Join(dir, "cordboard-node-sleeper"),
		"others may write the file or its directory (chmod go-w", `it wrote "what is this" to its standard output`,
		"it ended without saying anything", "is not JSON", "5 of 5 plugins cannot be used")
}

// TestPluginsNewElsewhere: away from any checkout the error says what to type.
func TestPluginsNewElsewhere(t *testing.T) { //nolint:paralleltest // the working directory is the process's
	t.Chdir(t.TempDir())
	refused := cordboardRun(t, "", "plugins", "new", "acme")
	want := "error: the module github.com/cordboard/cordboard is not published in the version of this program: say where a checkout of it is:\n  cordboard plugins new acme --replace DIRECTORY\n"
	if files, err := os.ReadDir("."); refused.code != exitNotBegun || refused.stderr != want || err != nil || len(files) > 0 {
		t.Errorf("%+v %v %v", refused, files, err)
	}
}

// TestPluginsNew begins a plugin, tests and builds it as its author would, and runs it.
func TestPluginsNew(t *testing.T) {
	t.Parallel()
	dir, data := filepath.Join(t.TempDir(), "mine"), t.TempDir()
	cordboardRun(t, "", "plugins", "new", "acme", "--dir", dir, "--replace", checkout(t)).has(t, 0, "go mod tidy")
	cordboardRun(t, "", "plugins", "new", "acme", "--dir", dir).has(t, 2, "is there already")
	cordboardRun(t, "", "plugins", "new", "Acme!", "--dir", dir+"2").has(t, 2, `"Acme!" is no name for a plugin`)
	own := filepath.Join(t.TempDir(), "own") // called in a checkout, it uses that
	cordboardRun(t, "", "plugins", "new", "acme", "--dir", own).has(t, 0, "it uses the checkout "+checkout(t)+" (")
	for _, name := range []string{"go.mod", "README.md"} {
		a, err := os.ReadFile(filepath.Join(dir, name))
		b, err2 := os.ReadFile(filepath.Join(own, name))
		if err != nil || err2 != nil || string(a) != string(b) || !strings.Contains(string(a), modulePath) {
			t.Errorf("%s: %s, and %s %v %v", name, a, b, err, err2)
		}
	}
	copyTo(t, filepath.Join(checkout(t), "go.sum"), filepath.Join(dir, "go.sum"))
	goCommand(t, dir, "vet", "./...")
	goCommand(t, dir, "test", "./...")
	goCommand(t, dir, "build")
	if out, err := exec.CommandContext(t.Context(), "gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt: %s, %v", out, err)
	}
	flags := []string{"--plugin-dir", dir, "--data-dir", data}
	cordboardRun(t, "", append([]string{"plugins", "trust", filepath.Join(dir, "cordboard-node-acme")}, flags...)...).has(t, 0, "is trusted")
	flow := strings.NewReplacer("TYPE", "acme.greet", `"text":`, `"who":`).Replace(wordsFlow)
	file := filepath.Join(data, "flow.json")
	if err := os.WriteFile(file, []byte(flow), 0o600); err != nil {
		t.Fatal(err)
	}
	cordboardRun(t, `{"text":"Ada"}`, append([]string{"run", file, "--input", "-"}, flags...)...).has(t, 0, `{"greeting":"Hello, Ada!"}`)
}
