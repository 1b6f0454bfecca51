package core

import (
	"context"
	"encoding/json"
	"math"

	"github.com/cordboard/cordboard/nodes"
)

// splitInBatches hands out its items a few at a time, the next ones whenever what it is connected to leads back to it, and at
// the end all that came back. Version 1 has one output and ends silently; version 2 has the loop on output 0 and the end on
// output 1, version 3 the reverse.
type splitInBatches struct{}

var _ nodes.Variable = splitInBatches{}

// batches is the node's context. The items themselves are not in it: they are in the node's own earlier executions.
type batches struct {
	CurrentRunIndex int      `json:"currentRunIndex"`
	MaxRunIndex     *float64 `json:"maxRunIndex"` // null for no number, as JavaScript's NaN and Infinity in JSON
	NoItemsLeft     bool     `json:"noItemsLeft"`
	Done            *bool    `json:"done,omitempty"` // from version 2 on
	// FirstRun is the execution whose items are handed out, NextItem the first of them that is left.
	FirstRun int `json:"firstRun"`
	NextItem int `json:"nextItem"`
}

func (splitInBatches) Outputs(version float64, _ *nodes.Template) int {
	if version < 2 {
		return 1
	}
	return 2
}

func (splitInBatches) Execute(_ context.Context, call *nodes.Call) error {
	size, err := batchSize(call)
	if err != nil {
		return err
	}
	reset, err := call.Param("options").Get("reset").Value(0)
	if err != nil {
		return err
	}
	var b batches
	if call.Context == "" || reset.Bool() {
		b = firstBatch(call, size)
	} else if err := json.Unmarshal([]byte(call.Context), &b); err != nil {
		return nodes.Errorf("the node's context cannot be read: %w", err)
	} else {
		b.CurrentRunIndex++
	}
	all := call.Input(0)
	if b.FirstRun != call.Run {
		all = call.Past(b.FirstRun)
	}
	from := b.NextItem
	b.NextItem = from + spliceCount(size, all.Len()-from)
	b.NoItemsLeft = b.NextItem == all.Len()
	emitBatch(call, &b, all, from)
	text, err := json.Marshal(b)
	call.Keep(string(text))
	return err
}

// batchSize is how many items a batch has: 10, from version 3 on 1, unless the workflow says it.
func batchSize(call *nodes.Call) (float64, error) {
	p := call.Param("batchSize")
	if !p.IsSet() {
		if call.Version < 3 {
			return 10, nil
		}
		return 1, nil
	}
	v, err := p.Value(0)
	return jsNumber(plain(v)), err
}

// spliceCount is how many of n elements JavaScript's splice takes.
func spliceCount(size float64, n int) int {
	switch {
	case math.IsNaN(size) || size < 1:
		return 0
	case size >= float64(n):
		return n
	}
	return int(size)
}

func firstBatch(call *nodes.Call, size float64) batches {
	b := batches{FirstRun: call.Run}
	if most := math.Ceil(float64(call.Input(0).Len()) / size); !math.IsNaN(most) && !math.IsInf(most, 0) {
		b.MaxRunIndex = &most
	}
	return b
}

// emitBatch hands out the items from index from up to the next one, or, when there are none, what came back since the first
// run. Each descends from the place at which it came in.
func emitBatch(call *nodes.Call, b *batches, all nodes.Items, from int) {
	loop, done := 0, 1
	if call.Version >= 3 {
		loop, done = 1, 0
	}
	finished := b.NextItem == from
	if call.Version >= 2 {
		b.Done = &finished
	}
	if !finished {
		for i := from; i < b.NextItem; i++ {
			parent := nodes.From(i, 0)
			if b.FirstRun != call.Run {
				parent = parent.OfRun(b.FirstRun)
			}
			call.Emit(loop, all.At(i).WithParents(parent))
		}
		return
	}
	if call.Version < 2 {
		call.End()
		return
	}
	for run := b.FirstRun + 1; run <= call.Run; run++ {
		items := call.Input(0)
		if run < call.Run {
			items = call.Past(run)
		}
		for i, it := range items.All() {
			call.Emit(done, it.WithParents(nodes.From(i, 0).OfRun(run)))
		}
	}
}
