package plugin_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin"
)

func scriptHost(t *testing.T, script string) *plugin.Host {
	t.Helper()
	path := filepath.Join(t.TempDir(), plugin.Prefix+"script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	trusted, _, err := plugin.TrustPinned(path)
	if err != nil {
		t.Fatal(err)
	}
	h := plugin.NewHost(trusted, nil)
	t.Cleanup(h.Close)
	return h
}

func TestCrashAtStartCounts(t *testing.T) {
	t.Parallel()
	h := scriptHost(t, "exit 3")
	for range 5 {
		if _, err := h.Types(t.Context()); err == nil || !strings.Contains(err.Error(), "it does not start") {
			t.Fatal(err)
		}
	}
	if _, err := h.Types(t.Context()); err == nil || !strings.Contains(err.Error(), "it crashed 5 times and is left alone") {
		t.Error(err)
	}
}

// TestStartHoldsUpNobody: of a plugin that never comes up, callers can take leave, and Close does not wait.
func TestStartHoldsUpNobody(t *testing.T) {
	t.Parallel()
	h := scriptHost(t, "sleep 600")
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	time.AfterFunc(100*time.Millisecond, func() { cancel(enough) })
	if _, err := h.Types(ctx); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	waiting := make(chan error)
	go func() {
		_, err := h.Types(t.Context())
		waiting <- err
	}()
	began := time.Now()
	h.Close()
	if err := <-waiting; err == nil || !strings.Contains(err.Error(), "it was closed") {
		t.Error(err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("closing took %s", took)
	}
}

func TestCrashIsNotRepeated(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	node := `{"name":"Node","type":"plug.crash","parameters":{},"retryOnFail":true,"maxTries":3,"waitBetweenTries":0,"credentials":{"testApi":{"id":"1","name":"test"}}}`
	r, _ := b.run(t.Context(), t, node, `{"tell":true}`)
	if !errors.Is(r.Err, nodes.ErrOutcomeUnknown) || strings.Contains(b.log.String(), "is tried again") {
		t.Errorf("%v\n%s", r.Err, b.log)
	}
	if text := r.Err.Error(); strings.Contains(text, "sesame-token") || !strings.Contains(text, "my token was ***") {
		t.Errorf("the last words: %s", text)
	}
}

func TestInvalidText(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	r, _ := b.run(t.Context(), t, "{\"name\":\"Node\",\"type\":\"plug.badtext\",\"parameters\":{}}", `{}`)
	if r.Err == nil || !strings.Contains(r.Err.Error(), "bad \uFFFD text") {
		t.Error(r.Err)
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	program := filepath.Join(dir, "cordboard")
	file := filepath.Join(dir, plugin.Prefix+"x")
	target := filepath.Join(elsewhere, "target")
	link := filepath.Join(dir, plugin.Prefix+"link")
	for _, name := range []string{program, file, target} {
		if err := os.WriteFile(name, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	check := func(path, want string) {
		t.Helper()
		_, err := plugin.Trust(path, program, plugin.Lock{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	check(file, "")
	check(link, "")
	check(target, "it is not pinned")
	for name, path := range map[string]string{elsewhere: link, target: link, file: file} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, 0o777); err != nil {
			t.Fatal(err)
		}
		check(path, "others may write")
		if err := os.Chmod(name, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() != 0 {
		return
	}
	// The directory's owner does not matter, the program's does.
	if err := os.Chown(dir, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	check(file, "")
	if err := os.Lchown(link, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	check(link, "it is not pinned")
	if err := os.Chown(program, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	check(file, "it is not pinned")
}
