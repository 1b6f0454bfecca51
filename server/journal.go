package server

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/store"
)

// journal writes an execution's records to the store. What comes while an entry is being written goes into the next one, so that
// a run does not wait for the disk but before it writes outside.
type journal struct {
	store *store.Store
	log   *slog.Logger
	// lost is called when the execution is another server's by now.
	lost context.CancelCauseFunc
	ctx  context.Context //nolint:containedctx // of the run: writing goes on beside it

	mu      sync.Mutex
	held    store.Held // zero until the execution is created
	seq     int        // of the next entry
	pending []byte
	busy    bool
	idle    chan struct{} // closed when busy ends
	err     error
}

// Record is runtime.Journal's.
func (j *journal) Record(line []byte, later bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending = append(binary.AppendUvarint(j.pending, uint64(len(line))), line...)
	if !later && j.held.ID != 0 {
		j.flush()
	}
}

// flush writes what is pending, in a goroutine of its own, unless one does already.
func (j *journal) flush() {
	if j.busy || len(j.pending) == 0 || j.err != nil {
		return
	}
	j.busy, j.idle = true, make(chan struct{})
	go j.drain()
}

func (j *journal) drain() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.pending) > 0 && j.err == nil {
		entry, seq, held := j.pending, j.seq, j.held
		j.pending = nil
		j.seq++
		j.mu.Unlock()
		// What a cancelled run came to is kept as well.
		err := persist(j.ctx, j.log, func() error { return j.store.Append(context.WithoutCancel(j.ctx), held, seq, entry) })
		j.mu.Lock()
		if j.err = err; errors.Is(err, store.ErrLost) {
			j.lost(err)
		}
	}
	j.busy = false
	close(j.idle)
}

// Sync is runtime.Journal's.
func (j *journal) Sync(ctx context.Context) error {
	j.mu.Lock()
	j.flush()
	busy, idle := j.busy, j.idle
	j.mu.Unlock()
	if busy {
		select {
		case <-idle:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil || len(j.pending) == 0 {
		return j.err
	}
	return errors.New("the journal is not on disk") // the run goes on beside its own step: a mistake in the program
}

// first takes the records that are there before the execution is created.
func (j *journal) first() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	entry := j.pending
	j.pending = nil
	return entry
}

// bind joins the journal with its execution; seq is the number of entries that it has.
func (j *journal) bind(h store.Held, seq int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.held, j.seq = h, seq
}

func (j *journal) id() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.held.ID
}

// rest waits for what is being written and takes what is not, with the number of its entry, for the execution's last one.
func (j *journal) rest(ctx context.Context) (entry []byte, seq int, err error) {
	j.mu.Lock()
	busy, idle := j.busy, j.idle
	j.mu.Unlock()
	if busy {
		select {
		case <-idle:
		case <-ctx.Done():
			return nil, 0, context.Cause(ctx)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	entry, j.pending = j.pending, nil
	return entry, j.seq, j.err
}

// appendRecord adds a record to an entry.
func appendRecord(entry, line []byte) []byte {
	return append(binary.AppendUvarint(entry, uint64(len(line))), line...)
}

// records are the lines of a journal's entries.
func records(entries [][]byte) ([][]byte, error) {
	var lines [][]byte
	for _, entry := range entries {
		for len(entry) > 0 {
			n, size := binary.Uvarint(entry)
			if size <= 0 || n > uint64(len(entry)-size) {
				return nil, errors.New("an entry of the journal is damaged: a record's length does not fit")
			}
			lines = append(lines, entry[size:size+int(n)])
			entry = entry[size+int(n):]
		}
	}
	return lines, nil
}

// The waits between tries of a write that must not be lost.
const (
	firstTry = 50 * time.Millisecond
	lastTry  = 5 * time.Second
)

// persist writes what must not be lost: on a failure (a full disk, a database that restarts) again, until ctx ends. That an
// execution is another's is no such failure.
func persist(ctx context.Context, log *slog.Logger, write func() error) error {
	for wait := firstTry; ; wait = min(2*wait, lastTry) {
		err := write()
		if err == nil || errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrDuplicate) {
			return err
		}
		if ctx.Err() != nil {
			return err
		}
		log.Error("the database cannot be written, and is tried again", "error", err, "after", wait)
		if nodes.Pause(ctx, wait) != nil {
			return err
		}
	}
}
