package store

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"
)

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
