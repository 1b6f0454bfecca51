package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	here := s.now
	for _, skew := range []time.Duration{-time.Hour, time.Hour} { // this machine's clock does not count
		s.now = func() time.Time { return here().Add(skew) }
		if err := s.SetActive(ctx, w.ID, true); err != nil {
			t.Error(err)
		}
		if since := must(s.Unchanged(ctx, w.ID))(t); since < 0 || since > time.Minute {
			t.Errorf("a clock that is %v off: unchanged for %v", skew, since)
		}
		if saved := must(s.SaveWorkflow(ctx, Workflow{Name: skew.String(), JSON: "{}"}))(t); must(s.Unchanged(ctx, saved.ID))(t).Abs() > time.Minute {
			t.Errorf("a clock that is %v off counts where a workflow is kept", skew)
		} else if err := s.DeleteWorkflow(ctx, saved.ID); err != nil {
			t.Error(err)
		}
	}
	s.now = here
	if _, err := s.Unchanged(ctx, "none"); !errors.Is(err, ErrNotFound) {
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

// TestKeyMissing: no new key is made beside credentials that were encrypted with another one.
func TestKeyMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	lose := func(s *Store) []byte {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		old := must(os.ReadFile(file))(t)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		return old
	}
	_ = lose(must(Open(t.Context(), Options{Dir: dir}))(t))
	s := must(Open(t.Context(), Options{Dir: dir}))(t) // without credentials nothing is lost
	_ = must(s.SaveCredential(t.Context(), Credential{Name: "n", Type: "t", Data: []byte("{}")}))(t)
	key := lose(s)
	want := "the key file " + file + " is missing and the database has credentials: put it back, or set " + KeyVariable
	if _, err := Open(t.Context(), Options{Dir: dir}); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
	if err := os.WriteFile(file, key, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := must(Open(t.Context(), Options{Dir: dir}))(t).Close(); err != nil {
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
