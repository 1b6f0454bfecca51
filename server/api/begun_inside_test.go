package api

import (
	"testing"
	"time"

	"github.com/cordboard/cordboard/store"
)

// TestBegun: executions that began when they are to have begun are found behind more newer ones than one page has.
func TestBegun(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w, err := db.SaveWorkflow(t.Context(), store.Workflow{Name: "a", JSON: `{"nodes":[],"connections":{}}`})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1 + stopAtOnce + 1 {
		n := store.NewExecution{WorkflowID: w.ID, VersionID: w.VersionID, Mode: "webhook", Entry: []byte("{}")}
		if i == 0 {
			n.Owner = "server" // it runs at once; the others are queued
		}
		if _, err := db.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	a := New(Options{Store: db})
	for _, c := range []struct {
		began func(time.Time) bool
		want  int
	}{
		{func(at time.Time) bool { return !at.IsZero() }, 1}, {func(time.Time) bool { return true }, stopAtOnce}, {func(time.Time) bool { return false }, 0},
	} {
		list, err := a.begun(t.Context(), store.Filter{Limit: stopAtOnce, Statuses: []string{store.New, store.Running}}, c.began)
		if err != nil || len(list) != c.want {
			t.Errorf("%d executions, want %d: %v", len(list), c.want, err)
		}
	}
}
