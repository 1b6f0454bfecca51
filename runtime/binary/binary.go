// Package binary keeps the binary data of a run in files, so that it is never held whole in memory. It owns the files
// and their directory; which item refers to which data is the items' own matter.
package binary

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// Store is the binary data of one run. Its directory is made with the first data and removed by Close. It is safe for
// concurrent use.
type Store struct {
	parent string
	kept   bool
	mu     sync.Mutex
	dir    string
	closed bool
}

// New returns a store below the directory parent; empty means the system's directory for temporary files.
func New(parent string) *Store { return &Store{parent: parent} }

// Keep returns a store in this directory, which stays when the store is closed: another process can open its data.
func Keep(dir string) *Store { return &Store{dir: dir, kept: true} }

// Create starts new data. It can be opened by its id once the writer is closed.
func (s *Store) Create(context.Context) (string, io.WriteCloser, error) {
	dir, err := s.open()
	if err != nil {
		return "", nil, err
	}
	id := rand.Text()
	f, err := os.OpenFile(filepath.Join(dir, id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", nil, fmt.Errorf("keeping binary data: %w", err)
	}
	if s.kept {
		return id, syncedFile{f}, nil
	}
	return id, f, nil
}

// syncedFile is on disk once it is closed.
type syncedFile struct{ *os.File }

// Close is io.Closer's.
func (f syncedFile) Close() error { return errors.Join(f.Sync(), f.File.Close()) }

func (s *Store) open() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", errors.New("the run is over: its binary data is gone")
	}
	if s.kept {
		return s.dir, os.MkdirAll(s.dir, 0o700)
	}
	if s.dir == "" {
		dir, err := os.MkdirTemp(s.parent, "cordboard-binary-")
		if err != nil {
			return "", fmt.Errorf("keeping binary data: %w", err)
		}
		s.dir = dir
	}
	return s.dir, nil
}

var validID = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// Open reads data.
func (s *Store) Open(_ context.Context, id string) (io.ReadCloser, error) {
	s.mu.Lock()
	dir := s.dir
	s.mu.Unlock()
	if dir == "" || !validID.MatchString(id) {
		return nil, fmt.Errorf("binary data %q: %w", id, fs.ErrNotExist)
	}
	return os.Open(filepath.Join(dir, id))
}

// Close removes all data. A second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.dir == "" || s.kept {
		return nil
	}
	dir := s.dir
	s.dir = ""
	return os.RemoveAll(dir)
}
