package nodes

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// longList is a list of n items of about a kilobyte.
func longList(n int) Items {
	var b ItemsBuilder
	for i := range n {
		b.Add(NewItem(text(i)).WithParents(From(i, 1)))
	}
	return b.Items()
}

func text(i int) string { return fmt.Sprintf(`{"i":%d,"text":"%s"}`, i, strings.Repeat("x", 1000+i%7)) }

func TestLongListsLieOnDisk(t *testing.T) {
	t.Parallel()
	const n = 60000 // 60 MB: a first and a second part in the file, the rest in memory
	list := longList(n)
	if list.Len() != n || list.onDisk() < n/2 || list.onDisk() == n {
		t.Fatalf("%d of %d items are on disk", list.onDisk(), list.Len())
	}
	check := func(name string, s Items, first int) {
		t.Helper()
		seen := 0
		for i, it := range s.All() {
			if it.JSON() != text(first+i) || i != seen {
				t.Fatalf("%s: item %d is %.40s", name, i, it.JSON())
			}
			seen++
		}
		if seen != s.Len() {
			t.Fatalf("%s: %d items of %d", name, seen, s.Len())
		}
		for _, i := range []int{0, s.Len() / 2, s.Len() - 1} {
			if got := s.At(i).JSON(); got != text(first+i) {
				t.Errorf("%s: At(%d) is %.40s", name, i, got)
			}
		}
	}
	check("list", list, 0)
	middle := list.Slice(list.onDisk()-10, list.onDisk()+10)
	if middle.onDisk() != 10 {
		t.Errorf("%d of the slice are on disk", middle.onDisk())
	}
	check("slice", middle, list.onDisk()-10)
	check("slice of a slice", middle.Slice(5, 15), list.onDisk()-5)
	check("slice behind the file", list.Slice(n-3, n), n-3)
	linked := list.WithLineage(func(i int, it Item) Item { return it.WithParents(From(n-i, 0)) })
	check("linked", linked, 0)
	for p := range linked.Head(7).Parents() {
		if p != From(n-7, 0) {
			t.Errorf("the parent is %v", p)
		}
	}
	for p := range list.At(7).Parents() {
		if p != From(7, 1) {
			t.Errorf("the parent of the first list is %v", p)
		}
	}
	for range list.All() {
		break // no more is read than is asked for
	}
}

// TestHugeItem has an item that is larger than what is read at a time.
func TestHugeItem(t *testing.T) {
	t.Parallel()
	huge := `{"text":"` + strings.Repeat("y", 30<<20) + `"}`
	var b ItemsBuilder
	for _, json := range []string{`{"a":1}`, huge, "", `{"b":2}`} {
		b.Add(NewItem(json))
	}
	list := b.Items()
	if list.onDisk() != 2 {
		t.Fatalf("%d items are on disk", list.onDisk())
	}
	var got []int
	for _, it := range list.All() {
		got = append(got, len(it.JSON()))
	}
	if want := []int{7, len(huge), 2, 7}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestNoDisk keeps items in memory where no file can be made.
func TestNoDisk(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	list := longList(30000)
	if list.onDisk() != 0 || list.At(29999).JSON() != text(29999) || list.At(0).JSON() != text(0) {
		t.Errorf("%d items are on disk", list.onDisk())
	}
}

// TestOutOfOrder reads no more than the item where items are asked for out of order, and blocks where they are in order.
func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	list := longList(30000)
	get := func(i int) {
		t.Helper()
		if got := list.At(i).JSON(); got != text(i) {
			t.Fatalf("item %d is %.40s", i, got)
		}
	}
	read := func() (alone, last int) {
		if b := list.disk.alone.Load(); b != nil {
			alone = len(b.text)
		}
		if b := list.disk.last.Load(); b != nil {
			last = len(b.text)
		}
		return alone, last
	}
	for _, i := range []int{9000, 8999, 17, 9001, 4000, 1} {
		get(i)
		if alone, last := read(); alone != len(text(i)) || last != 0 {
			t.Fatalf("item %d: %d bytes were read, %d in a block", i, alone, last)
		}
	}
	get(2)
	if _, last := read(); last < blockSize-2000 || last > blockSize {
		t.Fatalf("two in a row: the block has %d bytes", last)
	}
	first := list.disk.last.Load()
	for i := 3; i <= first.to; i++ {
		get(i)
		if i == 10 {
			get(7000) // does not lose the block
		}
		if kept := list.disk.last.Load() == first; kept != (i < first.to) {
			t.Fatalf("item %d: the first block is kept: %t", i, kept)
		}
	}
	if alone, last := read(); alone != len(text(7000)) || last < blockSize-2000 {
		t.Errorf("%d bytes alone, %d in a block", alone, last)
	}
}

// BenchmarkSpill reads items from disk in their order and against it.
func BenchmarkSpill(b *testing.B) {
	list := longList(30000)
	n := list.onDisk()
	b.Run("in order", func(b *testing.B) {
		b.SetBytes(int64(len(text(0))))
		for i := 0; b.Loop(); i++ {
			_ = list.At(i % n)
		}
	})
	b.Run("against it", func(b *testing.B) {
		b.SetBytes(int64(len(text(0))))
		for i := 0; b.Loop(); i++ {
			_ = list.At(n - 1 - i%n)
		}
	})
}
