package nodes

import (
	"math"
	"testing"
)

// TestFrom: numbers that no item can have, which files and plugins may hold, give no parent instead of another item's.
func TestFrom(t *testing.T) {
	t.Parallel()
	if p := From(7, 2); !p.Known() || p.Item() != 7 || p.Input() != 2 {
		t.Errorf("got %+v", p)
	}
	for _, bad := range [][2]int{{-1, 0}, {-5, 0}, {math.MaxInt32, 0}, {math.MaxInt64, 0}, {0, -1}, {0, math.MaxInt64}} {
		if p := From(bad[0], bad[1]); p.Known() {
			t.Errorf("From(%d, %d) is known: %+v", bad[0], bad[1], p)
		}
	}
	if it := NewItem("{}").WithParents(From(-5, 0)); it.HasLineage() {
		t.Error("an item has a parent that cannot be")
	}
}
