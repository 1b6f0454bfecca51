package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cordboard/cordboard/store"
)

// followedFlow answers a path with a text.
func followedFlow(path, text string) string {
	return fmt.Sprintf(`{"name":"f","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":%q,"options":{"responseData":%q}}},
		{"name":"Work","type":"test.node","typeVersion":1,"position":[200,0],"parameters":{}}],
		"connections":{"Hook":{"main":[[{"node":"Work","type":"main","index":0}]]}}}`, path, text)
}

// until asks until the answer begins so.
func (r *rig) until(path, want string) {
	r.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	got := ""
	for deadline := time.After(20 * time.Second); !strings.HasPrefix(got, want); {
		select {
		case <-tick.C:
			got = r.ask("GET", path, "")
		case <-deadline:
			r.t.Fatalf("%s answers %q, want %q\n%s", path, got, want, r.log.String())
		}
	}
}

// change makes several changes that the server sees at once.
func (r *rig) change(f func()) {
	r.changing.Lock()
	defer r.changing.Unlock()
	f()
}

// TestFollow: what another program writes into the store is served, in its new version, and no longer, without a start in between.
func TestFollow(t *testing.T) {
	t.Parallel()
	r := newRig(t, pass, nil)
	r.beat = 2 * time.Millisecond
	if err := r.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.listen(`{"path":"file"}`) // of a file, which the store has no say in
	save := func(w store.Workflow) {
		t.Helper()
		if _, err := r.store.SaveWorkflow(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	w := store.Workflow{ID: "w1", Name: "w", Active: true, JSON: followedFlow("a", "first")}
	save(w)
	r.until("/webhook/a", "200 first")
	w.JSON = followedFlow("a", "second")
	save(w)
	r.until("/webhook/a", "200 second")
	w.JSON = followedFlow("b", "moved")
	save(w)
	r.until("/webhook/b", "200 moved")
	r.until("/webhook/a", "404")

	// A version that cannot be served leaves the one before it in its place, and is told once.
	w.JSON = followedFlow("file", "taken")
	save(w)
	r.until("/readyz", "200")
	for !strings.Contains(r.log.String(), "is already taken") {
		r.until("/webhook/b", "200 moved")
	}
	r.until("/webhook/b", "200 moved")
	if n := strings.Count(r.log.String(), "cannot be served"); n != 1 {
		t.Errorf("it was told %d times\n%s", n, r.log.String())
	}
	w.JSON = followedFlow("b", "third")
	save(w)
	r.until("/webhook/b", "200 third")

	// Addresses that workflows hand on, and that they change with each other.
	v := store.Workflow{ID: "w0", Name: "v", Active: true, JSON: followedFlow("c", "v")}
	save(v)
	r.until("/webhook/c", "200 v")
	r.change(func() {
		v.JSON, w.JSON = followedFlow("b", "v"), followedFlow("c", "w")
		save(v)
		save(w)
	})
	r.until("/webhook/b", "200 v")
	r.until("/webhook/c", "200 w")
	r.change(func() {
		if err := r.store.SetActive(t.Context(), "w1", false); err != nil {
			t.Fatal(err)
		}
		v.JSON = followedFlow("c", "again")
		save(v)
	})
	r.until("/webhook/c", "200 again")
	r.until("/webhook/b", "404")
	v.JSON, w.JSON, w.Active = followedFlow("d", "v"), followedFlow("b", "third"), true
	save(v)
	save(w)
	r.until("/webhook/d", "200 v")
	r.until("/webhook/b", "200 third")
	if err := r.store.SetActive(t.Context(), "w1", false); err != nil {
		t.Fatal(err)
	}
	r.until("/webhook/b", "404")
	r.until("/webhook/file", "200")
	if err := r.end(); err != nil {
		t.Error(err)
	}
}

// TestReplaceKeepsTheOld: a version whose address is taken does not end the one that is served, and no call falls between two versions.
func TestReplaceKeepsTheOld(t *testing.T) {
	t.Parallel()
	r := newRig(t, pass, nil)
	r.listen(`{"path":"other"}`)
	w := store.Workflow{ID: "w1", Name: "w", Active: true, JSON: followedFlow("a", "1")}
	if err := r.Activate(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	w.JSON = followedFlow("other", "2")
	if err := r.Activate(t.Context(), w); err == nil || !strings.Contains(err.Error(), "is already taken") {
		t.Fatal(err)
	}
	if got := r.ask("GET", "/webhook/a", ""); got != "200 1" {
		t.Error(got)
	}
	stop := make(chan struct{})
	lost := make(chan string, 1)
	go func() {
		defer close(lost)
		for {
			select {
			case <-stop:
				return
			default:
				if got := r.ask("GET", "/webhook/a", ""); !strings.HasPrefix(got, "200 ") {
					lost <- got
					return
				}
			}
		}
	}()
	for i := range 100 {
		w.JSON = followedFlow("a", fmt.Sprint(i))
		if err := r.Activate(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if got, bad := <-lost; bad {
		t.Errorf("a call between two versions was answered %s", got)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
}
