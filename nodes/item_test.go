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
	for _, bad := range [][2]int{{-1, 0}, {-5, 0}, {math.MaxInt32, 0}, {math.MaxInt64, 0}, {0, -1}, {0, 256}, {0, math.MaxInt64}} {
		if p := From(bad[0], bad[1]); p.Known() {
			t.Errorf("From(%d, %d) is known: %+v", bad[0], bad[1], p)
		}
	}
	if it := NewItem("{}").WithParents(From(-5, 0)); it.HasLineage() {
		t.Error("an item has a parent that cannot be")
	}
}

// TestParentOfRun: a parent keeps its item and input when it is of another run.
func TestParentOfRun(t *testing.T) {
	t.Parallel()
	if run, earlier := From(7, 255).Run(); earlier {
		t.Errorf("a plain parent is of run %d", run)
	}
	for _, n := range []int{0, 1, 1 << 23, maxRun} {
		p := From(7, 255).OfRun(n)
		if run, earlier := p.Run(); !earlier || run != n || p.Item() != 7 || p.Input() != 255 {
			t.Errorf("run %d: got %d, %t, item %d, input %d", n, run, earlier, p.Item(), p.Input())
		}
	}
	for _, p := range []Parent{From(7, 0).OfRun(-1), From(7, 0).OfRun(maxRun + 1), From(-1, 0).OfRun(3)} {
		if p.Known() {
			t.Errorf("%+v is known", p)
		}
	}
}
