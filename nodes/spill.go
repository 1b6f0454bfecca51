package nodes

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// spillAbove is how many bytes of JSON a list of items keeps in memory; what is above goes to a file.
const spillAbove = 16 << 20

// spill is a temporary file with the JSON of a list's items, one after the other. It has no name once it is open, where
// the system allows that, and goes with the last list that refers to it.
type spill struct {
	file  *os.File
	ends  []int64               // of each item
	last  atomic.Pointer[block] // that was read in order
	alone atomic.Pointer[block] // the item that was last read out of order
}

func newSpill() (*spill, error) {
	f, err := os.CreateTemp("", "cordboard-items-")
	if err != nil {
		return nil, err
	}
	s := &spill{file: f}
	removed := os.Remove(f.Name()) == nil // a file that is open cannot be removed on Windows
	runtime.AddCleanup(s, func(f *os.File) {
		_ = f.Close()
		if !removed {
			_ = os.Remove(f.Name())
		}
	}, f)
	return s, nil
}

// add writes the JSON of further items. On failure nothing is added.
func (s *spill) add(items []Item) error {
	start := int64(0)
	if n := len(s.ends); n > 0 {
		start = s.ends[n-1]
	}
	if _, err := s.file.Seek(start, 0); err != nil {
		return err
	}
	w := bufio.NewWriterSize(s.file, 256<<10)
	ends := make([]int64, len(items))
	for i := range items {
		n, err := w.WriteString(items[i].json)
		if err != nil {
			return err
		}
		start += int64(n)
		ends[i] = start
	}
	if err := w.Flush(); err != nil {
		return err
	}
	s.ends = append(s.ends, ends...)
	return nil
}

// block is a part of the file: the JSON of some items in a row.
type block struct {
	from, to int
	text     string
}

// blockSize is how much is read at a time, unless an item is larger.
const blockSize = 64 << 10

// at returns the JSON of item i. Items are mostly asked for in their order, and more than once: what follows on the item
// before is read with its block, any other item alone. A file that was written and cannot be read is a broken disk: it
// panics, and the engine makes it the failure of the step.
func (s *spill) at(i int) string {
	last := s.last.Load()
	if last.has(i) {
		return s.cut(last, i)
	}
	alone := s.alone.Load()
	switch {
	case alone.has(i):
		return s.cut(alone, i)
	case last != nil && i == last.to, alone != nil && i == alone.to:
		last = s.read(i, blockSize)
		s.last.Store(last)
		return s.cut(last, i)
	}
	alone = s.read(i, 0)
	s.alone.Store(alone)
	return s.cut(alone, i)
}

// read reads item i, and what follows as long as all are no longer than size.
func (s *spill) read(i int, size int64) *block {
	b := &block{from: i, to: i + 1}
	start := s.start(i)
	for b.to < len(s.ends) && s.ends[b.to]-start <= size {
		b.to++
	}
	buf := make([]byte, s.ends[b.to-1]-start)
	if _, err := s.file.ReadAt(buf, start); err != nil {
		panic(fmt.Errorf("read items from a temporary file: %w", err))
	}
	b.text = unsafe.String(unsafe.SliceData(buf), len(buf)) // nobody writes to it any more
	return b
}

func (b *block) has(i int) bool { return b != nil && i >= b.from && i < b.to }

// cut is the JSON of item i, a part of a block that has it.
func (s *spill) cut(b *block, i int) string {
	start := s.start(b.from)
	return b.text[s.start(i)-start : s.ends[i]-start]
}

func (s *spill) start(i int) int64 {
	if i == 0 {
		return 0
	}
	return s.ends[i-1]
}
