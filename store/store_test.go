package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cordboard/cordboard/internal/pgtest"
)

// suite runs on every driver.
var suite = []struct {
	name string
	test func(t *testing.T, s *Store)
}{
	{"Workflows", testWorkflows},
	{"Tags", testTags},
	{"Executions", testExecutions},
	{"Ends once", testEndsOnce},
	{"Taken over", testTakenOver},
	{"Keys", testKeys},
	{"Waiting", testWaiting},
	{"Lists", testLists},
	{"Prune", testPrune},
	{"Credentials", testCredentials},
	{"API keys", testAPIKeys},
	{"Beside each other", testBeside},
	{"Failed transaction", testFailedTransaction},
	{"Lead", testLead},
	{"Seen", testSeen},
	{"Tokens", testTokens},
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, openTest(t, Options{Dir: t.TempDir()}))
		})
	}
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) {
			c.test(t, openTest(t, Options{Dir: t.TempDir(), URL: server.Database(t)}))
		})
	}
}

func openTest(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func testWorkflows(t *testing.T, s *Store) {
	ctx := t.Context()
	w := must(s.SaveWorkflow(ctx, Workflow{Name: "First", JSON: `{"a":1}`}))(t)
	if len(w.ID) != 16 || w.VersionID == "" || w.CreatedAt.IsZero() {
		t.Errorf("%+v", w)
	}
	same := must(s.SaveWorkflow(ctx, Workflow{ID: w.ID, Name: "First", JSON: `{"a":1}`}))(t)
	if same.VersionID != w.VersionID || !same.UpdatedAt.Equal(w.UpdatedAt) {
		t.Errorf("the same text made a version: %+v", same)
	}
	next := must(s.SaveWorkflow(ctx, Workflow{ID: w.ID, Name: "100% First", JSON: `{"a":2}`, Active: true}))(t)
	if next.VersionID == w.VersionID || !next.CreatedAt.Equal(w.CreatedAt) {
		t.Errorf("%+v", next)
	}
	if old := must(s.WorkflowVersion(ctx, w.ID, w.VersionID))(t); old != `{"a":1}` {
		t.Error(old)
	}
	second := must(s.SaveWorkflow(ctx, Workflow{ID: "zz", Name: "Second", JSON: `{}`}))(t)
	yes := true
	for _, c := range []struct {
		f    WorkflowFilter
		want []string
	}{
		{WorkflowFilter{}, []string{w.ID, second.ID}},
		{WorkflowFilter{Active: &yes}, []string{w.ID}},
		{WorkflowFilter{Name: "0% f"}, []string{w.ID}},
		{WorkflowFilter{Name: "_"}, nil},
		{WorkflowFilter{Limit: 1}, []string{w.ID}},
		{WorkflowFilter{After: w.ID}, []string{second.ID}},
	} {
		var got []string
		for _, w := range must(s.Workflows(ctx, c.f))(t) {
			got = append(got, w.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q, want %q", c.f, got, c.want)
		}
	}
	if err := s.SetActive(ctx, "none", true); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := s.SetStaticData(ctx, w.ID, `{"n":1}`); err != nil {
		t.Error(err)
	}
	if got := must(s.StaticData(ctx, w.ID))(t); got != `{"n":1}` {
		t.Error(got)
	}
	h := must(s.Create(ctx, NewExecution{WorkflowID: w.ID, VersionID: w.VersionID, Owner: "me"}))(t)
	if err := s.DeleteWorkflow(ctx, w.ID); err == nil {
		t.Error("a workflow went while an execution of it was under way")
	}
	_ = must(s.Finish(ctx, h, Ending{Status: Success}))(t)
	if err := s.DeleteWorkflow(ctx, w.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.Workflow(ctx, w.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.Execution(ctx, h.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func testTags(t *testing.T, s *Store) {
	ctx := t.Context()
	a, b := must(s.SaveTag(ctx, Tag{Name: "a"}))(t), must(s.SaveTag(ctx, Tag{Name: "b"}))(t)
	if _, err := s.SaveTag(ctx, Tag{Name: "a"}); !errors.Is(err, ErrDuplicate) {
		t.Error(err)
	}
	w := must(s.SaveWorkflow(ctx, Workflow{Name: "w", JSON: `{}`}))(t)
	if err := s.SetTags(ctx, w.ID, []string{b.ID, a.ID}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetTags(ctx, w.ID, []string{"none"}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if got := must(s.Workflow(ctx, w.ID))(t).Tags; len(got) != 2 || got[0].Name != "a" {
		t.Errorf("%+v", got)
	}
	if got := must(s.Workflows(ctx, WorkflowFilter{Tags: []string{"a", "b"}}))(t); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	if got := must(s.SaveTag(ctx, Tag{ID: a.ID, Name: "c"}))(t); got.Name != "c" || !got.CreatedAt.Equal(a.CreatedAt) {
		t.Errorf("%+v", got)
	}
	if err := s.DeleteTag(ctx, a.ID); err != nil {
		t.Error(err)
	}
	if err := s.DeleteTag(ctx, a.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if got := must(s.Workflow(ctx, w.ID))(t).Tags; len(got) != 1 {
		t.Errorf("%+v", got)
	}
	if got := must(s.Tags(ctx, "", 1))(t); len(got) != 1 || got[0].ID != b.ID {
		t.Errorf("%+v", got)
	}
}

func testExecutions(t *testing.T, s *Store) {
	ctx := t.Context()
	long := bytes.Repeat([]byte("compressible "), 1000)
	h := must(s.Create(ctx, NewExecution{WorkflowID: "w", VersionID: "v", Mode: "webhook", Start: "Hook", Owner: "me", Binary: "dir", Entry: []byte("first")}))(t)
	if err := s.Append(ctx, h, 1, long); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(ctx, h, 1, []byte("again")); err != nil { // of a try before: the first one counts
		t.Error(err)
	}
	then := must(s.Finish(ctx, h, Ending{Status: Error, Seq: 2, Entry: []byte("end"), StaticData: map[string]string{"w": "{}"}, Then: []NewExecution{{WorkflowID: "e", Owner: "me", Entry: []byte("x")}}}))(t)
	if len(then) != 1 || then[0].ID <= h.ID || then[0].Attempt != 1 {
		t.Errorf("%+v", then)
	}
	entries := must(s.Journal(ctx, h.ID))(t)
	if len(entries) != 3 || string(entries[0]) != "first" || !bytes.Equal(entries[1], long) || string(entries[2]) != "end" {
		t.Errorf("%.100q", entries)
	}
	x := must(s.Execution(ctx, h.ID))(t)
	if x.Status != Error || x.StoppedAt.IsZero() || x.Binary != "dir" || x.Start != "Hook" || x.Mode != "webhook" || x.VersionID != "v" {
		t.Errorf("%+v", x)
	}
	if got := must(s.StaticData(ctx, "w"))(t); got != "{}" {
		t.Error(got)
	}
	again := must(s.Create(ctx, NewExecution{WorkflowID: "w", RetryOf: h.ID, Owner: "me"}))(t)
	_ = must(s.Finish(ctx, again, Ending{Status: Success}))(t)
	if x := must(s.Execution(ctx, h.ID))(t); x.RetrySuccess != again.ID {
		t.Errorf("%+v", x)
	}
	forgotten := must(s.Create(ctx, NewExecution{WorkflowID: "w", Owner: "me"}))(t)
	_ = must(s.Finish(ctx, forgotten, Ending{Status: Success, Forget: true}))(t)
	if _, err := s.Execution(ctx, forgotten.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.DeleteExecution(ctx, then[0].ID); err == nil {
		t.Error("a running execution was deleted")
	}
	if x := must(s.DeleteExecution(ctx, h.ID))(t); x.Binary != "dir" {
		t.Errorf("%+v", x)
	}
	if entries := must(s.Journal(ctx, h.ID))(t); len(entries) != 0 {
		t.Error("the journal stayed")
	}
}

// testEndsOnce: a terminal state is never overwritten.
func testEndsOnce(t *testing.T, s *Store) {
	ctx := t.Context()
	h := must(s.Create(ctx, NewExecution{WorkflowID: "w", Owner: "me"}))(t)
	var ended sync.Map
	var group sync.WaitGroup
	for _, status := range []string{Success, Error, Canceled, Crashed} {
		group.Go(func() {
			if _, err := s.Finish(ctx, h, Ending{Status: status}); err == nil {
				ended.Store(status, true)
			} else if !errors.Is(err, ErrLost) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	x := must(s.Execution(ctx, h.ID))(t)
	n := 0
	ended.Range(func(status, _ any) bool {
		n++
		if x.Status != status {
			t.Errorf("it is %s, and %s was said to be written", x.Status, status)
		}
		return true
	})
	if n != 1 {
		t.Errorf("it ended %d times", n)
	}
	if err := s.Append(ctx, h, 5, nil); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	if err := s.Suspend(ctx, h, 5, nil, time.Now()); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	if _, err := s.TakeOver(ctx, h, "other"); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	if err := s.Cancel(ctx, h.ID); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
}

func testTakenOver(t *testing.T, s *Store) {
	ctx := t.Context()
	old := must(s.Create(ctx, NewExecution{WorkflowID: "w", Owner: "dead"}))(t)
	if err := s.Beat(ctx, "alive"); err != nil {
		t.Fatal(err)
	}
	_ = must(s.Create(ctx, NewExecution{WorkflowID: "w", Owner: "alive"}))(t)
	list := must(s.Orphans(ctx, "me", time.Minute, 10))(t)
	if len(list) != 1 || list[0].ID != old.ID {
		t.Fatalf("%+v", list)
	}
	taken := make(chan Held, 4)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			if h, err := s.TakeOver(ctx, old, fmt.Sprint("new", i)); err == nil {
				taken <- h
			} else if !errors.Is(err, ErrLost) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(taken) != 1 {
		t.Fatalf("%d took it", len(taken))
	}
	h := <-taken
	if err := s.Append(ctx, old, 1, nil); !errors.Is(err, ErrLost) {
		t.Errorf("the old owner wrote: %v", err)
	}
	if _, err := s.Finish(ctx, old, Ending{Status: Success}); !errors.Is(err, ErrLost) {
		t.Errorf("the old owner ended it: %v", err)
	}
	if err := s.Append(ctx, h, 1, []byte("x")); err != nil {
		t.Error(err)
	}
	if err := s.Leave(ctx, "alive"); err != nil {
		t.Error(err)
	}
}

func testKeys(t *testing.T, s *Store) {
	ctx := t.Context()
	first := must(s.Create(ctx, NewExecution{WorkflowID: "w", Start: "a", Key: "k", Owner: "me"}))(t)
	again, err := s.Create(ctx, NewExecution{WorkflowID: "w", Start: "a", Key: "k", Owner: "me"})
	if !errors.Is(err, ErrDuplicate) || again.ID != first.ID {
		t.Errorf("%+v, %v", again, err)
	}
	_ = must(s.Create(ctx, NewExecution{WorkflowID: "w", Start: "b", Key: "k"}))(t)
	_ = must(s.Create(ctx, NewExecution{WorkflowID: "w", Start: "a"}))(t)
	if n := len(must(s.Executions(ctx, Filter{}))(t)); n != 3 {
		t.Errorf("there are %d", n)
	}
}

func testWaiting(t *testing.T, s *Store) {
	ctx := t.Context()
	now := time.Now()
	hold := func(until time.Time) int64 {
		h := must(s.Create(ctx, NewExecution{WorkflowID: "w", Owner: "me"}))(t)
		if err := s.Suspend(ctx, h, 1, []byte("wait"), until); err != nil {
			t.Fatal(err)
		}
		if err := s.Append(ctx, h, 2, nil); !errors.Is(err, ErrLost) {
			t.Errorf("a waiting execution was written to: %v", err)
		}
		return h.ID
	}
	soon, late, never := hold(now.Add(time.Second)), hold(now.Add(time.Hour)), hold(time.Time{})
	if at := must(s.NextDue(ctx))(t); at.Sub(now) > 2*time.Second || at.Before(now) {
		t.Errorf("the next is due at %v", at)
	}
	if list := must(s.Due(ctx, now.Add(time.Minute), 10))(t); len(list) != 1 || list[0].ID != soon {
		t.Errorf("%+v", list)
	}
	row := must(s.Execution(ctx, soon))(t)
	h := must(s.Take(ctx, row, "me"))(t)
	if _, err := s.Take(ctx, row, "other"); !errors.Is(err, ErrLost) {
		t.Errorf("it was taken twice: %v", err)
	}
	if err := s.Append(ctx, h, 2, nil); err != nil {
		t.Error(err)
	}
	if err := s.Cancel(ctx, never); err != nil {
		t.Error(err)
	}
	if x := must(s.Execution(ctx, never))(t); x.Status != Canceled || x.StoppedAt.IsZero() {
		t.Errorf("%+v", x)
	}
	if at := must(s.NextDue(ctx))(t); at.Sub(now) < 59*time.Minute {
		t.Errorf("the next is due at %v, execution %d", at, late)
	}
	queued := must(s.Create(ctx, NewExecution{WorkflowID: "w"}))(t)
	if list := must(s.Queue(ctx, 10))(t); len(list) != 1 || list[0].ID != queued.ID {
		t.Errorf("%+v", list)
	}
}

func testLists(t *testing.T, s *Store) {
	ctx := t.Context()
	var ids []int64
	for i := range 7 {
		h := must(s.Create(ctx, NewExecution{WorkflowID: fmt.Sprint("w", i%2), Owner: "me"}))(t)
		if i%3 == 0 {
			_ = must(s.Finish(ctx, h, Ending{Status: Success}))(t)
		}
		ids = append(ids, h.ID)
	}
	for _, c := range []struct {
		f    Filter
		want []int
	}{
		{Filter{}, []int{6, 5, 4, 3, 2, 1, 0}},
		{Filter{Limit: 2}, []int{6, 5}},
		{Filter{Before: ids[5], Limit: 2}, []int{4, 3}},
		{Filter{Statuses: []string{Success}}, []int{6, 3, 0}},
		{Filter{Statuses: []string{Success, Error}, WorkflowIDs: []string{"w0"}}, []int{6, 0}},
		{Filter{WorkflowIDs: []string{"none"}}, nil},
	} {
		var got []int
		for _, x := range must(s.Executions(ctx, c.f))(t) {
			got = append(got, slices.Index(ids, x.ID))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %v, want %v", c.f, got, c.want)
		}
	}
}

func testPrune(t *testing.T, s *Store) {
	ctx := t.Context()
	now := time.Now()
	var ids []int64
	for i := range 6 {
		s.now = func() time.Time { return now.Add(time.Duration(i-6) * time.Hour) }
		h := must(s.Create(ctx, NewExecution{WorkflowID: "w", Owner: "me", Binary: fmt.Sprint("b", i), Entry: make([]byte, 100)}))(t)
		ids = append(ids, h.ID)
		if i != 0 { // the oldest is still running
			_ = must(s.Finish(ctx, h, Ending{Status: Success}))(t)
		}
	}
	if gone := must(s.Prune(ctx, now.Add(-270*time.Minute), 0))(t); len(gone) != 1 || gone[0].Binary != "b1" {
		t.Errorf("by age: %+v", gone)
	}
	if gone := must(s.Prune(ctx, time.Time{}, 2))(t); len(gone) != 2 || gone[0].ID != ids[2] || gone[1].ID != ids[3] {
		t.Errorf("by count: %+v", gone)
	}
	if left := must(s.Executions(ctx, Filter{}))(t); len(left) != 3 {
		t.Errorf("%+v", left)
	}
	if gone := must(s.Prune(ctx, time.Time{}, 0))(t); len(gone) != 0 {
		t.Errorf("without bounds: %+v", gone)
	}
}

func testCredentials(t *testing.T, s *Store) {
	ctx := t.Context()
	secret := []byte(`{"password":"hunter2hunter2"}`)
	c := must(s.SaveCredential(ctx, Credential{Name: "n", Type: "httpBasicAuth", Data: secret}))(t)
	if got := must(s.Credential(ctx, c.ID))(t); !bytes.Equal(got.Data, secret) || got.Name != "n" {
		t.Errorf("%+v", got)
	}
	err := s.db.read(ctx, func(t tx) error {
		sealed, err := one[[]byte](t, "SELECT data FROM credentials WHERE id = ?", c.ID)
		if bytes.Contains(sealed, []byte("hunter2")) {
			return errors.New("the secret is readable in the database")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if list := must(s.Credentials(ctx, "", 0))(t); len(list) != 1 || list[0].Data != nil {
		t.Errorf("%+v", list)
	}
	// Encrypted data moved to another row is refused.
	if err := s.db.write(ctx, func(t tx) error {
		_, err := t.exec("UPDATE credentials SET type = 'other' WHERE id = ?", c.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Credential(ctx, c.ID); !errors.Is(err, errKey) || strings.Contains(err.Error(), "hunter") {
		t.Error(err)
	}
	if err := s.DeleteCredential(ctx, c.ID); err != nil {
		t.Error(err)
	}
	if err := s.DeleteCredential(ctx, c.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func testAPIKeys(t *testing.T, s *Store) {
	ctx := t.Context()
	text, k, err := s.AddAPIKey(ctx, APIKey{Label: "ci", Scopes: []string{"workflow:read"}})
	if err != nil {
		t.Fatal(err)
	}
	got := must(s.APIKey(ctx, text))(t)
	if got.ID != k.ID || !got.May("workflow:read") || got.May("workflow:create") {
		t.Errorf("%+v", got)
	}
	for _, wrong := range []string{"", text[:len(text)-1], text + "A", "cordboard_"} {
		if _, err := s.APIKey(ctx, wrong); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	old, _, err := s.AddAPIKey(ctx, APIKey{Label: "old", Scopes: []string{"*"}, ExpiresAt: time.Now().Add(-time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.APIKey(ctx, old); !errors.Is(err, ErrNotFound) {
		t.Errorf("an expired key: %v", err)
	}
	if list := must(s.APIKeys(ctx))(t); len(list) != 2 {
		t.Errorf("%+v", list)
	}
	if err := s.RemoveAPIKey(ctx, "ci"); err != nil {
		t.Error(err)
	}
	if err := s.RemoveAPIKey(ctx, "ci"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// testBeside writes from many callers at once: nothing is lost, and each gets an id of its own.
func testBeside(t *testing.T, s *Store) {
	const callers, each = 20, 25
	ids := make([][]int64, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for n := range each {
				h, err := s.Create(t.Context(), NewExecution{WorkflowID: "w", Owner: "me", Entry: []byte("x")})
				if err == nil && n%2 == 0 {
					_, err = s.Finish(t.Context(), h, Ending{Status: Success, Seq: 1, Entry: []byte("y")})
				}
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = append(ids[i], h.ID)
			}
		})
	}
	group.Wait()
	all := slices.Concat(ids...)
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != callers*each {
		t.Errorf("%d different ids", n)
	}
	if list := must(s.Executions(t.Context(), Filter{Statuses: []string{Success}, Limit: 10000}))(t); len(list) != callers*(each/2+1) {
		t.Errorf("%d ended", len(list))
	}
}

func testLead(t *testing.T, s *Store) {
	ctx := t.Context()
	lead := func(holder string, lasts time.Duration, want bool) {
		t.Helper()
		if got := must(s.Lead(ctx, "triggers", holder, lasts))(t); got != want {
			t.Errorf("%s leads: %v", holder, got)
		}
	}
	lead("a", time.Minute, true)
	lead("b", time.Minute, false)
	lead("a", time.Minute, true)
	lead("a", -time.Second, true)
	lead("b", time.Minute, true)
	lead("a", time.Minute, false)
	if err := s.Resign(ctx, "triggers", "a"); err != nil {
		t.Error(err)
	}
	lead("a", time.Minute, false)
	if err := s.Resign(ctx, "triggers", "b"); err != nil {
		t.Error(err)
	}
	lead("a", time.Minute, true)
}

func testSeen(t *testing.T, s *Store) {
	ctx := t.Context()
	see := func(by, scope string, keep int, values ...string) string {
		t.Helper()
		var known []string
		for i, seen := range must(s.Seen("w", by).See(ctx, scope, values, keep))(t) {
			if seen {
				known = append(known, values[i])
			}
		}
		return strings.Join(known, " ")
	}
	for _, c := range []struct {
		by, scope string
		keep      int
		values    []string
		want      string
	}{
		{"1", "", 10, []string{"a", "b"}, ""},
		{"1", "", 10, []string{"a", "b"}, ""}, // the same step again
		{"2", "", 10, []string{"a", "c", "c"}, "a"},
		{"3", "N", 10, []string{"a"}, ""},
		{"4", "", 2, []string{"d"}, ""}, // c and d stay
		{"5", "", 10, []string{"a", "b", "c", "d"}, "c d"},
	} {
		if got := see(c.by, c.scope, c.keep, c.values...); got != c.want {
			t.Errorf("%+v: seen %q", c, got)
		}
	}
	latest := func(by, want string) {
		t.Helper()
		if got := must(s.Seen("w", by).Latest(ctx, ""))(t); got != want {
			t.Errorf("%s: the latest is %q, want %q", by, got, want)
		}
	}
	set := func(by, value string) {
		t.Helper()
		if err := s.Seen("w", by).SetLatest(ctx, "", value); err != nil {
			t.Error(err)
		}
	}
	latest("1", "")
	set("1", "5")
	latest("1", "") // the same step again
	latest("2", "5")
	set("2", "7")
	set("2", "7")
	latest("2", "5")
	latest("3", "7")
	if err := s.Seen("w", "9").Forget(ctx, ""); err != nil {
		t.Error(err)
	}
	latest("3", "")
	if got := see("10", "", 10, "c"); got != "" {
		t.Errorf("%q stayed", got)
	}
}

// testTokens: many count up what they hold, and none misses another's count.
func testTokens(t *testing.T, s *Store) {
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			for range 3 {
				content, release, err := s.Hold(t.Context(), "name")
				if err != nil {
					t.Error(err)
					return
				}
				if err := release(append(content, 'x')); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	content, release, err := s.Hold(t.Context(), "name")
	if err != nil || len(content) != 30 {
		t.Errorf("%q, %v", content, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := s.Hold(ctx, "name"); err == nil {
		t.Error("it was held twice")
	}
	if err := release(nil); err != nil {
		t.Error(err)
	}
	if content, _, err := s.Hold(t.Context(), "name"); err != nil || len(content) != 30 {
		t.Errorf("%q, %v", content, err)
	}
}

// testFailedTransaction: one that fails takes nothing else with it.
func testFailedTransaction(t *testing.T, s *Store) {
	broken := errors.New("broken")
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			err := s.db.write(t.Context(), func(t tx) error {
				if _, err := t.exec("INSERT INTO static_data (workflow_id, json) VALUES (?, '{}')", fmt.Sprint(i)); err != nil {
					return err
				}
				if i%5 == 0 {
					return broken
				}
				return nil
			})
			if (i%5 == 0) != errors.Is(err, broken) {
				t.Error(i, err)
			}
		})
	}
	group.Wait()
	for i := range 50 {
		if got := must(s.StaticData(t.Context(), fmt.Sprint(i)))(t); (got == "") != (i%5 == 0) {
			t.Errorf("%d: %q", i, got)
		}
	}
}

func TestMigrationsAreChecked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openTest(t, Options{Dir: dir})
	change := func(stmt string) {
		if err := s.db.write(t.Context(), func(t tx) error {
			_, err := t.exec(stmt)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	change("INSERT INTO schema_migrations (version, sum, applied_at) VALUES (999, 'x', 0)")
	if _, err := Open(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "newer cordboard") {
		t.Error(err)
	}
	change("DELETE FROM schema_migrations WHERE version = 999")
	change("UPDATE schema_migrations SET sum = 'x' WHERE version = 1")
	if _, err := Open(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Error(err)
	}
}

func TestKeyAndFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := openTest(t, Options{Dir: dir})
	_ = must(s.SaveCredential(t.Context(), Credential{Name: "n", Type: "t", Data: []byte("{}")}))(t)
	for name, want := range map[string]os.FileMode{"": 0o700, "key": 0o600, "cordboard.db": 0o600, "cordboard.db-wal": 0o600} {
		if info := must(os.Stat(filepath.Join(dir, name)))(t); info.Mode().Perm() != want {
			t.Errorf("%s has the mode %o", name, info.Mode().Perm())
		}
	}
	if err := os.Chmod(filepath.Join(dir, "key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "can be read by others") {
		t.Error(err)
	}
	t.Setenv(KeyVariable, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if _, err := Open(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another encryption key") {
		t.Error(err)
	}
	t.Setenv(KeyVariable, "short")
	if _, err := Open(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "32 bytes") || strings.Contains(err.Error(), "short ") {
		t.Error(err)
	}
}

// TestPruneGivesSpaceBack looks at the file's size.
func TestPruneGivesSpaceBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openTest(t, Options{Dir: dir})
	size := func() int64 {
		if err := s.db.reclaim(t.Context()); err != nil {
			t.Fatal(err)
		}
		return must(os.Stat(filepath.Join(dir, "cordboard.db")))(t).Size()
	}
	empty := size()
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(i * i >> 3 * 31 % 251)
	}
	for i := range 100 {
		noise[i]++
		h := must(s.Create(t.Context(), NewExecution{WorkflowID: "w", Owner: "me", Entry: slices.Concat(noise, noise[i:])}))(t)
		_ = must(s.Finish(t.Context(), h, Ending{Status: Success}))(t)
	}
	full := size()
	_ = must(s.Prune(t.Context(), time.Time{}, 1))(t)
	if after := size(); full-empty < 100_000 || after-empty > (full-empty)/5 {
		t.Errorf("empty %d, full %d, after %d", empty, full, after)
	}
}

func TestUnpackRefusesDamage(t *testing.T) {
	t.Parallel()
	for _, packed := range [][]byte{nil, {7, 1}, {zstdOne, 1, 2, 3}} {
		if _, err := unpack(packed); err == nil {
			t.Errorf("%v passed", packed)
		}
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s := must(Open(t.Context(), Options{Dir: t.TempDir()}))(t)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if err := s.Beat(context.Background(), "me"); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}

func BenchmarkCreateAndFinish(b *testing.B) {
	s, err := Open(b.Context(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	entry := bytes.Repeat([]byte("x"), 400)
	b.SetParallelism(50)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			h, err := s.Create(b.Context(), NewExecution{WorkflowID: "w", VersionID: "v", Owner: "me", Entry: entry})
			if err == nil {
				_, err = s.Finish(b.Context(), h, Ending{Status: Success, Seq: 1, Entry: entry})
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}
