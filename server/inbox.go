package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/runtime/binary"
)

// inbox is where a trigger keeps the files of messages whose runs have not started yet. What it has goes when the trigger ends: what
// was not acknowledged comes again.
type inbox struct{ *callData }

func (s *Server) newInbox() inbox {
	d := &callData{name: inboxPrefix + runtime.NewID()}
	d.dir = filepath.Join(s.binaryDir, d.name)
	d.store = binary.Keep(d.dir)
	d.users.Store(1)
	return inbox{d}
}

const inboxPrefix = "inbox-"

// removeInboxes removes what a server left that did not come to its end. Nothing else works in the directory.
func (s *Server) removeInboxes() {
	left, _ := filepath.Glob(filepath.Join(s.binaryDir, inboxPrefix+"*")) // the pattern is right
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			s.log.Warn("what an earlier server left cannot be removed", "directory", dir, "error", err)
		}
	}
}

// handOver gives the files that the items refer to to a run's data. They stay here as well, for a start that is tried again, until taken.
func (b inbox) handOver(items nodes.Items, to *callData) (taken func(), err error) {
	var ids []string
	for _, it := range items.All() {
		for _, f := range it.Binary().All() {
			if f.ID != "" {
				ids = append(ids, filepath.Base(f.ID))
			}
		}
	}
	taken = func() {
		for _, id := range ids {
			_ = os.Remove(filepath.Join(b.dir, id)) // else it goes with the trigger
		}
	}
	if len(ids) == 0 {
		return taken, nil
	}
	if err := os.MkdirAll(to.dir, 0o700); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if err := os.Link(filepath.Join(b.dir, id), filepath.Join(to.dir, id)); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("the trigger's binary data cannot be handed to the run: %w", err)
		}
	}
	return taken, nil
}
