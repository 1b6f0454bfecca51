//go:build unix

package core

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cordboard/cordboard/nodes"
)

// fileDir makes a directory with a file and things that are none that can be read.
func fileDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret.txt")
	for _, err := range []error{
		os.WriteFile(outside, []byte("secret"), 0o600),
		os.WriteFile(filepath.Join(dir, "a.txt"), []byte("a"), 0o600),
		os.Symlink("a.txt", filepath.Join(dir, "b-inside.txt")),
		os.Symlink("nothing.txt", filepath.Join(dir, "c-dangling.txt")),
		os.Symlink(outside, filepath.Join(dir, "d-outside.txt")),
		os.Symlink("..", filepath.Join(dir, "e-upwards.txt")),
		syscall.Mkfifo(filepath.Join(dir, "f-pipe.txt"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func fileCall(t *testing.T, dir, params string) *nodes.Call {
	t.Helper()
	call := callOf(t, 1.1, params, "{}")
	call.Files.Dirs = []string{dir}
	return call
}

// TestReadPattern: a pattern gives the files that lie in the directory, and passes over all else.
func TestReadPattern(t *testing.T) {
	t.Parallel()
	dir := fileDir(t)
	call := fileCall(t, dir, `{"fileSelector":`+strconv.Quote(dir+"/*.txt")+`}`)
	if err := (readWriteFile{}).Execute(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	outputs, _, _ := call.Outcome()
	got := ""
	for _, it := range outputs[0].All() {
		got += it.Get("fileName").String() + " "
	}
	if got != "a.txt b-inside.txt " {
		t.Errorf("got %s", got)
	}
}

// TestReadPlain: a path that names what cannot be read is in the error.
func TestReadPlain(t *testing.T) {
	t.Parallel()
	dir := fileDir(t)
	for name, want := range map[string]string{
		"c-dangling.txt": "The file or directory does not exist\n%",
		"d-outside.txt":  "the file % cannot be read: path escapes from parent\n",
		"f-pipe.txt":     "% is not a regular file\n",
	} {
		path := filepath.Join(dir, name)
		err := readWriteFile{}.Execute(t.Context(), fileCall(t, dir, `{"fileSelector":`+strconv.Quote(path)+`}`))
		if err == nil {
			t.Errorf("%s: it is read", name)
			continue
		}
		e := nodes.AsError(err)
		if got := e.Message + "\n" + e.Description; got != strings.ReplaceAll(want, "%", path) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestWritePipe: nothing is written to a pipe, which would wait for a reader.
func TestWritePipe(t *testing.T) {
	t.Parallel()
	dir := fileDir(t)
	path := filepath.Join(dir, "f-pipe.txt")
	call := fileCall(t, dir, `{"operation":"write","fileName":`+strconv.Quote(path)+`}`)
	call.Inputs = []nodes.Items{nodes.ItemsOf(nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", nodes.File{Data: "YQ=="})))}
	wantError(t, readWriteFile{}.Execute(t.Context(), call), "", path+" is not a regular file")
}

// TestOpenDirectories: the error of a path that is not open names the open ones in full.
func TestOpenDirectories(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	call := fileCall(t, "a b", `{"fileSelector":"/elsewhere/a.txt"}`)
	call.Files.Dirs = append(call.Files.Dirs, "/c")
	want := `Workflows may read and write in "` + here + `/a b", "/c". N8N_RESTRICT_FILE_ACCESS_TO sets the directories, with semicolons between them.`
	if err := (readWriteFile{}).Execute(t.Context(), call); err == nil || nodes.AsError(err).Hint != want {
		t.Errorf("%v; want %s", err, want)
	}
}
