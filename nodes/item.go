package nodes

import (
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// Item is one item of a workflow: a JSON object in wire form, its lineage (n8n's pairedItem) and references to
// binary data. Items are values and never change; steps, runs and branches share their memory.
type Item struct {
	json   string
	parent Parent
	more   []Parent // further parents, where an item comes of several
	binary *Binary
	failed *Error
	shared bool // json is a part of a block that was read from a file
}

// Parent says from which input item an item was made. The zero Parent is "none".
type Parent struct {
	item int32  // index + 1, so that the zero value is "none"
	at   uint32 // the input in the low byte, above it the run + 1, 0 for the run at hand
}

const (
	maxInput = 1<<8 - 1
	maxRun   = 1<<24 - 2
)

// From returns the parent that is item number item of input number input. Numbers that no item can have, which come from
// files and plugins, give no parent.
func From(item, input int) Parent {
	if item < 0 || item >= math.MaxInt32 || input < 0 || input > maxInput {
		return Parent{}
	}
	return Parent{int32(item) + 1, uint32(input)}
}

// OfRun returns the parent as one that came in at an earlier execution of the node (n8n's sourceOverwrite). A run that the
// number has no room for gives no parent.
func (p Parent) OfRun(run int) Parent {
	if !p.Known() || run < 0 || run > maxRun {
		return Parent{}
	}
	return Parent{p.item, p.at&maxInput | uint32(run+1)<<8}
}

// Known reports whether p is a parent at all.
func (p Parent) Known() bool { return p.item != 0 }

// Item is the parent's index among the items of its input.
func (p Parent) Item() int { return int(p.item) - 1 }

// Input is the index of the node's input at which the parent arrived.
func (p Parent) Input() int { return int(p.at & maxInput) }

// Run is the execution of the node at which the parent arrived; earlier is false for the one that made the item.
func (p Parent) Run() (run int, earlier bool) { return int(p.at>>8) - 1, p.at>>8 > 0 }

// NewItem returns an item of this JSON, which must be a valid object in the form that Normalize gives: nodes
// that build their JSON with ObjectBuilder or pass on an item's own have it.
func NewItem(json string) Item { return Item{json: json} }

// JSON returns the item's JSON object in wire form.
func (it Item) JSON() string {
	if it.json == "" {
		return "{}"
	}
	return it.json
}

// Get reads a member of the item's JSON. The path is gjson's; keys that come from outside go through gjson.Escape.
func (it Item) Get(path string) gjson.Result { return gjson.Get(it.json, path) }

// WithJSON returns the item with other JSON and the same lineage and binary data; it stands for no failure, as the other one may.
func (it Item) WithJSON(json string) Item {
	it.json, it.shared, it.failed = json, false, nil
	return it
}

// WithParents returns the item with this lineage instead of its own.
func (it Item) WithParents(parents ...Parent) Item {
	it.parent, it.more = Parent{}, nil
	if len(parents) > 0 {
		it.parent = parents[0]
		it.more = slices.Clone(parents[1:])
	}
	return it
}

// WithBinary returns the item with these references to binary data; nil takes them away.
func (it Item) WithBinary(b *Binary) Item { it.binary = b; return it }

// WithError marks the item as the result of a failure (n8n keeps it beside json as "error").
func (it Item) WithError(err *Error) Item { it.failed = err; return it }

// Parents yields the item's parents; none if its lineage is unknown.
func (it Item) Parents() iter.Seq[Parent] {
	return func(yield func(Parent) bool) {
		if !it.parent.Known() || !yield(it.parent) {
			return
		}
		for _, p := range it.more {
			if !yield(p) {
				return
			}
		}
	}
}

// HasLineage reports whether the item has at least one parent.
func (it Item) HasLineage() bool { return it.parent.Known() }

// Binary returns the item's references to binary data, nil if there are none.
func (it Item) Binary() *Binary { return it.binary }

// Err returns the failure that the item stands for, nil for an ordinary item.
func (it Item) Err() *Error { return it.failed }

// Items is a list of items in order. The zero value is an empty list. A list that was handed on is not appended to. Of a long
// list the JSON of the first items may lie in a file.
type Items struct {
	list  []Item
	disk  *spill // if set, item i's JSON is there as number first+i, if it has that many
	first int
}

// ItemsOf returns a list of these items.
func ItemsOf(list ...Item) Items { return Items{list: list} }

// Len is the number of items.
func (s Items) Len() int { return len(s.list) }

// onDisk is how many of the items, from the first on, have their JSON in the file.
func (s Items) onDisk() int {
	if s.disk == nil {
		return 0
	}
	return max(0, min(len(s.list), len(s.disk.ends)-s.first))
}

// OnDisk reports whether items of the list have their JSON in a file: it is read anew each time.
func (s Items) OnDisk() bool { return s.onDisk() > 0 }

// At returns the item with index i; it panics if there is none, like a slice.
func (s Items) At(i int) Item {
	it := s.list[i]
	if i < s.onDisk() {
		it.json, it.shared = s.disk.at(s.first+i), true
	}
	return it
}

// Head returns the item with index i without its JSON where that would have to be read: its lineage, binary data and error.
func (s Items) Head(i int) Item { return s.list[i] }

// All yields the items with their indices, in order.
func (s Items) All() iter.Seq2[int, Item] {
	return func(yield func(int, Item) bool) {
		for i, it := range s.list {
			if i < s.onDisk() {
				it.json, it.shared = s.disk.at(s.first+i), true
			}
			if !yield(i, it) {
				return
			}
		}
	}
}

// Slice returns the items from index i up to j.
func (s Items) Slice(i, j int) Items { return Items{s.list[i:j:j], s.disk, s.first + i} }

// HaveLineage reports whether each item has at least one parent.
func (s Items) HaveLineage() bool {
	return !slices.ContainsFunc(s.list, func(it Item) bool { return !it.HasLineage() })
}

// WithLineage returns the list with the parents that f gives for each item; f gets the item without its JSON.
func (s Items) WithLineage(f func(i int, it Item) Item) Items {
	list := make([]Item, len(s.list))
	for i, it := range s.list {
		list[i] = f(i, it)
	}
	return Items{list, s.disk, s.first}
}

// ItemsBuilder collects items for a list. The zero value is ready.
type ItemsBuilder struct {
	list []Item
	disk *spill
	held int  // bytes of JSON in memory
	full bool // there is no room on the disk: all stays in memory
}

// Grow makes room for n more items.
func (b *ItemsBuilder) Grow(n int) { b.list = slices.Grow(b.list, n) }

// Add appends an item.
func (b *ItemsBuilder) Add(it Item) {
	if it.shared { // or all of its block would stay in memory
		it.json, it.shared = strings.Clone(it.json), false
	}
	b.list = append(b.list, it)
	if b.held += len(it.json); b.held > spillAbove && !b.full {
		b.spill()
	}
}

// spill moves the JSON of what was collected to a file.
func (b *ItemsBuilder) spill() {
	if b.disk == nil {
		disk, err := newSpill()
		if err != nil {
			b.full = true
			return
		}
		b.disk = disk
	}
	from := len(b.disk.ends)
	if err := b.disk.add(b.list[from:]); err != nil {
		b.full = true
		return
	}
	for i := from; i < len(b.list); i++ {
		b.list[i].json = ""
	}
	b.held = 0
}

// Len is the number of items so far.
func (b *ItemsBuilder) Len() int { return len(b.list) }

// Items returns what was collected; the builder is empty afterwards.
func (b *ItemsBuilder) Items() Items {
	s := Items{list: b.list, disk: b.disk}
	*b = ItemsBuilder{}
	return s
}
