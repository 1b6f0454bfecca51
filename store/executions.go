package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The statuses of executions, in n8n's words. Crashed is one whose outcome nobody knows.
const (
	New      = "new"
	Running  = "running"
	Waiting  = "waiting"
	Success  = "success"
	Error    = "error"
	Canceled = "canceled"
	Crashed  = "crashed"
)

// Execution is what is known of an execution beside its journal.
type Execution struct {
	ID                                        int64
	WorkflowID, VersionID                     string
	Mode, Status, Start                       string
	CreatedAt, StartedAt, StoppedAt, WaitTill time.Time
	Owner                                     string
	Attempt                                   int64
	RetryOf, RetrySuccess                     int64
	// Binary names the directory of its binary data.
	Binary string
	// Front is the server whose caller waits for what it comes to; "" if none does.
	Front string
}

// Held is the right to go on with an execution: it ends when another one takes it.
type Held struct {
	ID      int64
	Owner   string
	Attempt int64
}

// NewExecution is an execution that begins.
type NewExecution struct {
	WorkflowID, VersionID string
	Mode, Start           string
	RetryOf               int64
	// Key makes a second execution with the same one impossible; "" for none.
	Key string
	// Binary names the directory of its binary data.
	Binary string
	// Front is the server whose caller waits for what it comes to, and is told; "" for none.
	Front string
	// Owner runs it at once; "" leaves it for whoever takes it.
	Owner string
	// Entry is the first of the journal.
	Entry []byte
}

// Create writes an execution. Where one with its key exists, it returns that one's id and ErrDuplicate.
func (s *Store) Create(ctx context.Context, n NewExecution) (h Held, err error) {
	err = s.db.write(ctx, func(t tx) error {
		h, err = s.create(t, n)
		return err
	})
	return h, wrap("the execution could not be kept", err)
}

const keyed = "SELECT id FROM executions WHERE workflow_id = ? AND start_node = ? AND request_key = ?"

func (s *Store) create(t tx, n NewExecution) (Held, error) {
	h := Held{Owner: n.Owner}
	now, started, status := s.now().UnixMilli(), int64(0), New
	if n.Owner != "" {
		started, status, h.Attempt = now, Running, 1
	}
	var key any
	if n.Key != "" {
		key = n.Key
	}
	err := row(t, `INSERT INTO executions (workflow_id, version_id, mode, status, start_node, created_at, started_at, owner, attempt, retry_of, request_key, binary_dir, front)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id`,
		[]any{n.WorkflowID, n.VersionID, n.Mode, status, n.Start, now, started, n.Owner, h.Attempt, n.RetryOf, key, n.Binary, n.Front}, &h.ID)
	if errors.Is(err, ErrNotFound) && key != nil {
		id, err := one[int64](t, keyed, n.WorkflowID, n.Start, key)
		if err == nil {
			err = ErrDuplicate
		}
		return Held{ID: id}, err
	}
	if err != nil {
		return h, err
	}
	_, err = t.exec("INSERT INTO journal (execution_id, seq, data) VALUES (?, 0, ?)", h.ID, pack(n.Entry))
	if err == nil && n.Owner == "" {
		err = s.db.notify(t, Notice{Kind: Queued, ID: h.ID})
	}
	return h, err
}

// Append adds an entry to the journal. ErrLost says that the execution is another's by now.
func (s *Store) Append(ctx context.Context, h Held, seq int, entry []byte) error {
	packed := pack(entry)
	return wrap("the journal could not be written", s.db.write(ctx, func(t tx) error { return s.appendEntry(t, h, seq, packed) }))
}

const held = " id = ? AND owner = ? AND attempt = ? AND stopped_at = 0"

// appendEntry writes an entry while nobody else can take the execution. One that is there already is of a try before, whose end
// was not heard of.
func (s *Store) appendEntry(t tx, h Held, seq int, packed []byte) error {
	if err := lost(one[int64](t, "SELECT id FROM executions WHERE"+held+s.db.locking(), h.ID, h.Owner, h.Attempt)); err != nil {
		return err
	}
	_, err := t.exec("INSERT INTO journal (execution_id, seq, data) VALUES (?, ?, ?) ON CONFLICT (execution_id, seq) DO NOTHING", h.ID, seq, packed)
	return err
}

func lost(_ int64, err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrLost
	}
	return err
}

// Suspend lays an execution down until a time, or until it is called (the zero time). entry is the journal's next.
func (s *Store) Suspend(ctx context.Context, h Held, seq int, entry []byte, until time.Time) error {
	packed := pack(entry)
	return wrap("the waiting execution could not be kept", s.db.write(ctx, func(t tx) error {
		if err := s.appendEntry(t, h, seq, packed); err != nil {
			return err
		}
		_, err := t.exec("UPDATE executions SET status = ?, wait_till = ?, owner = '' WHERE"+held, Waiting, millis(until), h.ID, h.Owner, h.Attempt)
		return err
	}))
}

// Take makes an execution the owner's that is new or waits, as it was read. ErrLost says that it is not so any more.
func (s *Store) Take(ctx context.Context, x Execution, owner string) (Held, error) {
	return s.take(ctx, "id = ? AND status = ? AND attempt = ?", []any{x.ID, x.Status, x.Attempt}, owner)
}

// TakeOver takes an execution from an owner who is gone.
func (s *Store) TakeOver(ctx context.Context, from Held, owner string) (Held, error) {
	return s.take(ctx, held, []any{from.ID, from.Owner, from.Attempt}, owner)
}

func (s *Store) take(ctx context.Context, where string, args []any, owner string) (Held, error) {
	h := Held{Owner: owner}
	args = append([]any{owner, s.now().UnixMilli()}, args...)
	err := s.db.write(ctx, func(t tx) error {
		return row(t, `UPDATE executions SET owner = ?, attempt = attempt + 1, status = 'running', wait_till = 0,
			started_at = CASE WHEN started_at = 0 THEN ? ELSE started_at END WHERE `+where+" RETURNING id, attempt", args, &h.ID, &h.Attempt)
	})
	if errors.Is(err, ErrNotFound) {
		return h, ErrLost
	}
	return h, err
}

// Ending is what an execution came to.
type Ending struct {
	Status string
	// Seq and Entry are the journal's last; an empty Entry adds none.
	Seq   int
	Entry []byte
	// Forget removes the execution instead, as the workflow's settings may want.
	Forget bool
	// StaticData is what workflows keep from now on, by id.
	StaticData map[string]string
	// Then are executions that this one's end starts: an error workflow.
	Then []NewExecution
}

// Finish ends an execution, once: ErrLost says that it has ended already, or is another's. It returns what it started.
func (s *Store) Finish(ctx context.Context, h Held, e Ending) (then []Held, err error) {
	packed := pack(e.Entry)
	err = s.db.write(ctx, func(t tx) error {
		then = then[:0]
		front, again, err := s.end(t, h, e, packed)
		if err != nil || again {
			return err
		}
		for id, text := range e.StaticData {
			if err := setStatic(t, id, text); err != nil {
				return err
			}
		}
		// Where a caller at another server is to read what it came to, it stays until it is pruned.
		if e.Forget && (front == "" || front == h.Owner) {
			if err := forget(t, h.ID); err != nil {
				return err
			}
		}
		for _, n := range e.Then {
			next, err := s.create(t, n)
			if err != nil {
				return err
			}
			then = append(then, next)
		}
		return nil
	})
	return then, wrap("the end of the execution could not be kept", err)
}

// end ends an execution. again says that a try before did so, whose end was not heard of.
func (s *Store) end(t tx, h Held, e Ending, packed []byte) (front string, again bool, err error) {
	var retryOf int64
	err = row(t, "UPDATE executions SET status = ?, stopped_at = ? WHERE"+held+" RETURNING retry_of, front",
		[]any{e.Status, s.now().UnixMilli(), h.ID, h.Owner, h.Attempt}, &retryOf, &front)
	if errors.Is(err, ErrNotFound) {
		_, err = one[int64](t, "SELECT id FROM executions WHERE id = ? AND owner = ? AND attempt = ? AND status = ? AND stopped_at > 0", h.ID, h.Owner, h.Attempt, e.Status)
		return "", true, lost(0, err)
	}
	if err == nil && len(e.Entry) > 0 {
		_, err = t.exec("INSERT INTO journal (execution_id, seq, data) VALUES (?, ?, ?)", h.ID, e.Seq, packed)
	}
	if err == nil && retryOf != 0 && e.Status == Success {
		_, err = t.exec("UPDATE executions SET retry_success = ? WHERE id = ?", h.ID, retryOf)
	}
	if err == nil && front != "" && front != h.Owner {
		err = s.db.notify(t, Notice{Kind: Answered, ID: h.ID})
	}
	return front, false, err
}

// Cancel ends an execution that nobody works on: one that is new or waits. ErrLost says that it does not.
func (s *Store) Cancel(ctx context.Context, id int64) error {
	err := s.db.write(ctx, func(t tx) error {
		if err := changed(t.exec("UPDATE executions SET status = ?, stopped_at = ? WHERE id = ? AND status IN ('new', 'waiting')", Canceled, s.now().UnixMilli(), id)); err != nil {
			return err
		}
		return s.db.notify(t, Notice{Kind: Answered, ID: id})
	})
	if errors.Is(err, ErrNotFound) {
		return ErrLost
	}
	return err
}

// Journal returns the entries of an execution, in order.
func (s *Store) Journal(ctx context.Context, id int64) (entries [][]byte, err error) {
	err = s.db.read(ctx, func(t tx) error {
		return each(t, "SELECT data FROM journal WHERE execution_id = ? ORDER BY seq", []any{id}, func(scan func(...any) error) error {
			var packed []byte
			if err := scan(&packed); err != nil {
				return err
			}
			entry, err := unpack(packed)
			entries = append(entries, entry)
			return err
		})
	})
	return entries, err
}

const executionColumns = `SELECT id, workflow_id, version_id, mode, status, start_node, created_at, started_at, stopped_at, wait_till, owner, attempt, retry_of, retry_success, binary_dir, front FROM executions`

func scanExecution(scan func(...any) error) (Execution, error) {
	var x Execution
	var created, started, stopped, wait int64
	err := scan(&x.ID, &x.WorkflowID, &x.VersionID, &x.Mode, &x.Status, &x.Start, &created, &started, &stopped, &wait, &x.Owner, &x.Attempt, &x.RetryOf, &x.RetrySuccess, &x.Binary, &x.Front)
	x.CreatedAt, x.StartedAt, x.StoppedAt, x.WaitTill = fromMillis(created), fromMillis(started), fromMillis(stopped), fromMillis(wait)
	return x, err
}

func (s *Store) execution(t tx, id int64) (Execution, error) {
	list, err := executions(t, " WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		return Execution{}, fmt.Errorf("execution %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return Execution{}, err
	}
	return list[0], nil
}

func executions(t tx, where string, args ...any) (list []Execution, err error) {
	err = each(t, executionColumns+where, args, func(scan func(...any) error) error {
		x, err := scanExecution(scan)
		list = append(list, x)
		return err
	})
	return list, err
}

// Execution returns one execution; ErrNotFound.
func (s *Store) Execution(ctx context.Context, id int64) (x Execution, err error) {
	err = s.db.read(ctx, func(t tx) error {
		x, err = s.execution(t, id)
		return err
	})
	return x, err
}

// Filter chooses executions; the zero value takes all.
type Filter struct {
	// Statuses and WorkflowIDs are alternatives; none means any.
	Statuses, WorkflowIDs []string
	// Before is the id that the list goes on below; 0 begins with the newest.
	Before int64
	// Limit is how many at most; 0 means 100.
	Limit int
}

// Executions lists executions, the newest first.
func (s *Store) Executions(ctx context.Context, f Filter) (list []Execution, err error) {
	where, args := " WHERE 1 = 1", []any{}
	for _, c := range []struct {
		column string
		values []string
	}{{"status", f.Statuses}, {"workflow_id", f.WorkflowIDs}} {
		if len(c.values) > 0 {
			where += " AND " + c.column + " IN (?" + strings.Repeat(", ?", len(c.values)-1) + ")"
			for _, v := range c.values {
				args = append(args, v)
			}
		}
	}
	if f.Before > 0 {
		where, args = where+" AND id < ?", append(args, f.Before)
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	err = s.db.read(ctx, func(t tx) error {
		list, err = executions(t, where+" ORDER BY id DESC LIMIT ?", append(args, f.Limit)...)
		return err
	})
	return list, err
}

// Queue lists executions that nobody has begun, the oldest first.
func (s *Store) Queue(ctx context.Context, limit int) ([]Execution, error) {
	return s.open(ctx, " WHERE stopped_at = 0 AND status = 'new' ORDER BY id LIMIT ?", limit)
}

// Due lists waiting executions whose time has come.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]Execution, error) {
	return s.open(ctx, " WHERE stopped_at = 0 AND status = 'waiting' AND wait_till > 0 AND wait_till <= ? ORDER BY wait_till LIMIT ?", now.UnixMilli(), limit)
}

// NextDue is when the next waiting execution's time comes; the zero time if there is none.
func (s *Store) NextDue(ctx context.Context) (at time.Time, err error) {
	err = s.db.read(ctx, func(t tx) error {
		ms, err := one[int64](t, "SELECT COALESCE(MIN(wait_till), 0) FROM executions WHERE stopped_at = 0 AND status = 'waiting' AND wait_till > 0")
		at = fromMillis(ms)
		return err
	})
	return at, err
}

// Orphans lists running executions of others than this server whose owner has been silent for so long, by the database's own clock.
func (s *Store) Orphans(ctx context.Context, server string, silent time.Duration, limit int) ([]Execution, error) {
	return s.open(ctx, ` WHERE stopped_at = 0 AND status = 'running' AND owner <> ? AND owner NOT IN (SELECT id FROM servers WHERE seen_at >= `+
		s.db.clock()+` - ?) ORDER BY id LIMIT ?`, server, silent.Milliseconds(), limit)
}

// Owned lists the running executions of a server.
func (s *Store) Owned(ctx context.Context, server string) ([]Execution, error) {
	return s.open(ctx, " WHERE stopped_at = 0 AND status = 'running' AND owner = ? ORDER BY id", server)
}

func (s *Store) open(ctx context.Context, where string, args ...any) (list []Execution, err error) {
	err = s.db.read(ctx, func(t tx) error {
		list, err = executions(t, where, args...)
		return err
	})
	return list, err
}

// DeleteExecution removes an execution that has ended, and returns it: its binary data is the caller's to remove. ErrNotFound.
func (s *Store) DeleteExecution(ctx context.Context, id int64) (x Execution, err error) {
	err = s.db.write(ctx, func(t tx) error {
		if x, err = s.execution(t, id); err != nil {
			return err
		}
		if x.StoppedAt.IsZero() {
			return fmt.Errorf("execution %d is %s: cancel it first", id, x.Status)
		}
		return remove(t, id)
	})
	return x, err
}

// forget removes an execution that a workflow does not keep. One with a key leaves its row, so that it is not begun again.
func forget(t tx, id int64) error {
	if _, err := t.exec("DELETE FROM journal WHERE execution_id = ?", id); err != nil {
		return err
	}
	_, err := t.exec("DELETE FROM executions WHERE id = ? AND request_key IS NULL", id)
	return err
}

func remove(t tx, id int64) error {
	if err := forget(t, id); err != nil {
		return err
	}
	_, err := t.exec("DELETE FROM executions WHERE id = ?", id)
	return err
}

// pruneAtOnce is how many executions go in one transaction.
const pruneAtOnce = 200

// Prune removes executions that ended before a time (the zero time: none by age), and all but the newest keep that have
// ended (0: none by count). It gives their space back, and returns them: their binary data is the caller's to remove.
func (s *Store) Prune(ctx context.Context, before time.Time, keep int) (gone []Execution, err error) {
	for {
		var list []Execution
		err = s.db.write(ctx, func(t tx) error {
			if list, err = prunable(t, before, keep); err != nil {
				return err
			}
			for _, x := range list {
				if err := remove(t, x.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return gone, wrap("old executions could not be removed", err)
		}
		gone = append(gone, list...)
		if len(list) < pruneAtOnce {
			break
		}
	}
	if len(gone) > 0 {
		err = s.db.reclaim(ctx)
	}
	return gone, err
}

func prunable(t tx, before time.Time, keep int) (list []Execution, err error) {
	last := int64(0) // the newest that may go by count
	if keep > 0 {
		last, err = one[int64](t, "SELECT id FROM executions WHERE stopped_at > 0 ORDER BY id DESC LIMIT 1 OFFSET ?", keep)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	return executions(t, " WHERE stopped_at > 0 AND (stopped_at < ? OR id <= ?) ORDER BY id LIMIT ?", millis(before), last, pruneAtOnce)
}
