package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

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
