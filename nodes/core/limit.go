package core

import (
	"context"
	"math"

	"github.com/cordboard/cordboard/nodes"
)

// limit passes on the first or last items.
type limit struct{}

var _ nodes.Node = limit{}

func (limit) Execute(_ context.Context, call *nodes.Call) error {
	in := call.Input(0)
	v, err := call.Param("maxItems").Value(0)
	if err != nil {
		return err
	}
	if !call.Param("maxItems").IsSet() {
		v = nodes.NumberValue(1)
	}
	keep, err := call.Param("keep").String(0, "firstItems")
	if err != nil {
		return err
	}
	from, to := limitRange(in.Len(), v, keep == "firstItems")
	for i := from; i < to; i++ {
		call.EmitFrom(0, i, in.At(i))
	}
	return nil
}

// limitRange returns which items stay. As in n8n, a negative number leaves out that many of the last (of the first: all), no number at all keeps none of the
// first and all of the last, and an expression without a value keeps all.
func limitRange(n int, v nodes.Value, first bool) (from, to int) {
	if v.Kind() == nodes.Undefined {
		return 0, n
	}
	most := jsNumber(v)
	switch {
	case math.IsNaN(most) && !first:
		return 0, n
	case v.Kind() == nodes.Null, math.IsNaN(most):
		return 0, 0
	case most >= float64(n):
		return 0, n
	case first && most < 0:
		return 0, max(0, n+int(max(most, -float64(n))))
	case first:
		return 0, int(most)
	case most <= 0:
		return n, n
	}
	return n - int(math.Ceil(most)), n
}
