// Package jmespath is the query language JMESPath, as jmespath.js has it: what n8n's $jmespath answers. It works on JSON
// text and keeps the order of keys. It owns the grammar and the functions; it does not know expressions.
//
// Where jmespath.js differs from the specification, it is followed: < and > compare texts too, the average of nothing is
// NaN, texts have the length of their UTF-16 units, a literal that is no JSON is text, and an unclosed literal ends with
// the query.
package jmespath

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// ErrSyntax is wrapped by the errors of text that is no query, ErrType by those of a function that is unknown or gets
// what it does not take.
var (
	ErrSyntax = errors.New("invalid JMESPath query")
	ErrType   = errors.New("invalid JMESPath call")
)

// Query is a compiled query. It never changes and is safe for concurrent use.
type Query struct {
	root  *node
	names []string
}

// maxQuery is how long a query may be, in bytes.
const maxQuery = 64 << 10

// Compile reads a query. Errors: ErrSyntax, also for one that is too long or nested too deeply.
func Compile(text string) (*Query, error) {
	if len(text) > maxQuery {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrSyntax, maxQuery)
	}
	p := &parser{}
	if err := p.read(text); err != nil {
		return nil, err
	}
	root, err := p.expression(0)
	if err == nil && p.next().kind != tokenEnd {
		err = p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	return &Query{root, p.names}, nil
}

// Names are the names of the members that the query reads.
func (q *Query) Names() []string { return q.names }

// Search runs the query on JSON text. The result is what is found, null if nothing is; its zero value is undefined, which
// max_by and min_by of nothing give. NaN, which JSON lacks, has Raw "NaN". Errors: ErrType, ErrBudget, or the cause of the
// context's end.
func (q *Query) Search(ctx context.Context, json string) (gjson.Result, error) {
	return newSearch(ctx, json).eval(q.root, gjson.Parse(json))
}

// node is a node of a query's tree.
type node struct {
	kind     kind
	text     string // a field's or a function's name, a comparison
	children []*node
	height   int          // of the tree below it, itself included
	keys     []string     // of a hash
	value    gjson.Result // of a literal
	index    int
	slice    [3]*int
}

type kind int

const (
	kindIdentity kind = iota
	kindField
	kindLiteral
	kindSub // the children one after the other
	kindIndex
	kindSlice
	kindProjection
	kindValues
	kindFilter
	kindFlatten
	kindList
	kindHash
	kindOr
	kindAnd
	kindNot
	kindCompare
	kindCall
	kindReference
)

var null = gjson.Result{Type: gjson.Null, Raw: "null"}

// eval evaluates a node for a value.
func (s *search) eval(n *node, v gjson.Result) (gjson.Result, error) {
	if !s.spend(1, 0) {
		return null, s.err
	}
	got, err := s.run(n, v)
	if s.err != nil {
		return null, s.err
	}
	return got, err
}

func (s *search) run(n *node, v gjson.Result) (gjson.Result, error) {
	switch n.kind {
	case kindIdentity:
		return v, nil
	case kindField:
		return s.field(v, n.text), nil
	case kindLiteral:
		return n.value, nil
	case kindSub:
		left, err := s.eval(n.children[0], v)
		if err != nil {
			return left, err
		}
		return s.eval(n.children[1], left)
	case kindIndex:
		return s.element(v, n.index), nil
	case kindSlice:
		return s.cut(n, v)
	case kindProjection, kindValues, kindFilter:
		return s.project(n, v)
	case kindFlatten:
		return s.flatten(n, v)
	case kindList, kindHash:
		return s.build(n, v)
	case kindOr, kindAnd:
		left, err := s.eval(n.children[0], v)
		if err != nil || isFalse(left) == (n.kind == kindAnd) {
			return left, err
		}
		return s.eval(n.children[1], v)
	case kindNot:
		operand, err := s.eval(n.children[0], v)
		return boolean(isFalse(operand)), err
	case kindCompare:
		return s.compare(n, v)
	case kindCall:
		return s.call(n, v)
	}
	return null, fmt.Errorf("%w: & stands only before an argument", ErrType)
}

func isNull(v gjson.Result) bool { return v.Type == gjson.Null }

func isFalse(v gjson.Result) bool {
	switch v.Type {
	case gjson.Null, gjson.False:
		return true
	case gjson.String:
		return v.Str == ""
	case gjson.JSON:
		empty := true
		v.ForEach(func(_, _ gjson.Result) bool { empty = false; return false })
		return empty
	}
	return false
}

func boolean(b bool) gjson.Result {
	if b {
		return gjson.Result{Type: gjson.True, Raw: "true"}
	}
	return gjson.Result{Type: gjson.False, Raw: "false"}
}

func text(s string) gjson.Result {
	return gjson.Result{Type: gjson.String, Str: s, Raw: string(nodes.AppendString(nil, s))}
}

// number is a number; JSON lacks NaN and the infinities, so their Raw is their name.
func number(f float64) gjson.Result {
	return gjson.Result{Type: gjson.Number, Num: f, Raw: nodes.NumberValue(f).Text()}
}

func appendValue(b []byte, v gjson.Result) []byte {
	if v.Raw == "" || v.Raw == "NaN" || strings.HasSuffix(v.Raw, "Infinity") {
		return append(b, "null"...)
	}
	return append(b, v.Raw...)
}

func (s *search) field(v gjson.Result, name string) gjson.Result {
	found := null
	if v.IsObject() {
		s.each(v, func(key, value gjson.Result) bool {
			if key.Str == name {
				found = value
			}
			return true // of equal names the last counts
		})
	}
	return found
}

func (s *search) element(v gjson.Result, index int) gjson.Result {
	if !v.IsArray() {
		return null
	}
	if index < 0 {
		index += s.count(v)
	}
	found := null
	s.each(v, func(_, e gjson.Result) bool {
		if index == 0 {
			found = e
		}
		index--
		return index >= 0
	})
	return found
}

// cut is a slice, with Python's rules.
func (s *search) cut(n *node, v gjson.Result) (gjson.Result, error) {
	if !v.IsArray() {
		return null, nil
	}
	items := s.items(v)
	step := 1
	if n.slice[2] != nil {
		// A step beyond the list is as good as one across it, and the sum below does not overflow.
		step = min(max(*n.slice[2], -len(items)-1), len(items)+1)
	}
	if step == 0 {
		return null, fmt.Errorf("%w: the step of a slice is 0", ErrType)
	}
	bound := func(p *int, otherwise int) int {
		if p == nil {
			return otherwise
		}
		i := *p
		if i < 0 {
			i += len(items)
		}
		if step < 0 {
			return min(max(i, -1), len(items)-1)
		}
		return min(max(i, 0), len(items))
	}
	var out []gjson.Result
	if step > 0 {
		for i, end := bound(n.slice[0], 0), bound(n.slice[1], len(items)); i < end; i += step {
			out = s.keep(out, items[i])
		}
	} else {
		for i, end := bound(n.slice[0], len(items)-1), bound(n.slice[1], -1); i > end; i += step {
			out = s.keep(out, items[i])
		}
	}
	return s.list(out), nil
}

// project evaluates the right side for each element of the left one, and drops nulls.
func (s *search) project(n *node, v gjson.Result) (gjson.Result, error) {
	base, err := s.eval(n.children[0], v)
	if err != nil {
		return base, err
	}
	if n.kind == kindValues && !base.IsObject() || n.kind != kindValues && !base.IsArray() {
		return null, nil
	}
	var out []gjson.Result
	s.each(base, func(_, e gjson.Result) bool {
		if n.kind == kindFilter {
			var holds gjson.Result
			if holds, err = s.eval(n.children[2], e); err != nil || isFalse(holds) {
				return err == nil
			}
		}
		var got gjson.Result
		if got, err = s.eval(n.children[1], e); err == nil && !isNull(got) {
			out = s.keep(out, got)
		}
		return err == nil
	})
	return s.list(out), err
}

func (s *search) flatten(n *node, v gjson.Result) (gjson.Result, error) {
	base, err := s.eval(n.children[0], v)
	if err != nil || !base.IsArray() {
		return null, err
	}
	var out []gjson.Result
	s.each(base, func(_, e gjson.Result) bool {
		if e.IsArray() {
			s.each(e, func(_, inner gjson.Result) bool { out = s.keep(out, inner); return true })
		} else {
			out = s.keep(out, e)
		}
		return true
	})
	return s.list(out), nil
}

// build makes a list or a hash.
func (s *search) build(n *node, v gjson.Result) (gjson.Result, error) {
	if isNull(v) {
		return null, nil
	}
	values := make([]gjson.Result, len(n.children))
	for i, c := range n.children {
		var err error
		if values[i], err = s.eval(c, v); err != nil {
			return null, err
		}
	}
	if n.kind == kindList {
		return s.list(values), nil
	}
	return s.object(n.keys, values), nil
}

// object makes an object; of equal keys the last value counts, at the place of the first.
func (s *search) object(keys []string, values []gjson.Result) gjson.Result {
	at := map[string]int{}
	var names []string
	var kept []gjson.Result
	for i, k := range keys {
		if j, ok := at[k]; ok {
			kept[j] = values[i]
			continue
		}
		at[k] = len(names)
		names, kept = append(names, k), append(kept, values[i])
	}
	size := 2
	for i, k := range names {
		size += 2*len(k) + 4 + len(kept[i].Raw)
	}
	if !s.spend(len(keys)+size>>scanShift, size) {
		return null
	}
	b := append(make([]byte, 0, size), '{')
	for i, k := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(append(nodes.AppendString(b, k), ':'), kept[i])
	}
	return gjson.Result{Type: gjson.JSON, Raw: string(append(b, '}'))}
}

func (s *search) compare(n *node, v gjson.Result) (gjson.Result, error) {
	a, err := s.eval(n.children[0], v)
	if err != nil {
		return a, err
	}
	b, err := s.eval(n.children[1], v)
	if err != nil {
		return b, err
	}
	switch n.text {
	case "==":
		return boolean(s.equal(a, b)), nil
	case "!=":
		return boolean(!s.equal(a, b)), nil
	}
	less, greater, same := s.order(a, b)
	switch n.text {
	case "<":
		return boolean(less), nil
	case ">":
		return boolean(greater), nil
	case "<=":
		return boolean(less || same), nil
	}
	return boolean(greater || same), nil
}

// order compares as JavaScript's < and >.
func (s *search) order(a, b gjson.Result) (less, greater, same bool) {
	if a.Type == gjson.String && b.Type == gjson.String {
		c := s.compareUnits(a.Str, b.Str)
		return c < 0, c > 0, c == 0
	}
	s.spend((len(a.Raw)+len(b.Raw))>>scanShift, 0)
	x, y := toNumber(a), toNumber(b)
	return x < y, x > y, x == y
}
