package expression

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/expression/jmespath"
	"github.com/cordboard/cordboard/runtime/luxon"
	"github.com/cordboard/cordboard/runtime/script"
)

// Options set up an Evaluator. The zero value gives the defaults.
type Options struct {
	// Script are the limits of the JavaScript tier; its prelude is set here.
	Script script.Options
	// NodeScripts are the limits of the scripts of nodes. The defaults are 10 machines of 512 MB and 60 s a turn.
	NodeScripts script.Options
	// NoNative sends everything through JavaScript, to compare the tiers.
	NoNative bool
}

// Evaluator evaluates expressions. Its JavaScript machines are made when they are first needed. It is safe for
// concurrent use.
type Evaluator struct {
	pool     *script.Pool
	scripts  *scripts
	noNative bool
}

// NewEvaluator returns an evaluator with these options.
func NewEvaluator(o Options) *Evaluator {
	o.Script.Prelude = prelude(false)
	return &Evaluator{pool: script.NewPool(o.Script), scripts: newScripts(o.NodeScripts), noNative: o.NoNative}
}

// Close frees the JavaScript machines.
func (v *Evaluator) Close() error { return errors.Join(v.pool.Close(), v.scripts.pool.Close()) }

// Limits of what goes into the JavaScript tier at once.
const (
	maxColumn      = 1000
	maxColumnBytes = 2 << 20
)

// Batch evaluates the expressions of one execution of a node. It is safe for concurrent use; it asks the Scope from one
// goroutine at a time.
type Batch struct {
	evaluator *Evaluator
	ctx       context.Context
	observe   func(Swallowed) // nil if nobody wants to know
	told      map[*part]bool  // what it was told of

	mu       sync.Mutex
	env      env
	columns  map[*Expression]*column
	failures []error // by the number that JavaScript knows them by
	queries  map[string]*jmespath.Query
	job      *job // the script under way
}

// column holds the values of an expression for a run of items, as the JavaScript tier wrote them.
type column struct {
	first int
	lines []string
	err   error // of all of them
}

// NewBatch returns a batch for the items that the scope shows. The context bounds the JavaScript that runs for it.
func (v *Evaluator) NewBatch(ctx context.Context, s Scope) *Batch {
	b := &Batch{evaluator: v, ctx: ctx, observe: observerOf(ctx), env: env{scope: s, ctx: ctx}, columns: map[*Expression]*column{}}
	if inputs := s.Inputs(); len(inputs) > 0 {
		b.env.items = inputs[0]
	}
	return b
}

// Eval returns the value of an expression for item i, with extra names in sight. Its errors are *nodes.Error: n8n's own,
// or that the JavaScript ran into a limit.
func (b *Batch) Eval(e *Expression, i int, extra map[string]nodes.Value) (nodes.Value, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.native != nil && !(b.evaluator.noNative && e.hasCode()) {
		b.env.index, b.env.extra, b.env.notes = i, extra, b.env.notes[:0]
		v, err := e.evalNative(&b.env)
		if err != errNeedsScript {
			b.tell(e, i, b.env.notes)
			return v, err
		}
	}
	if len(extra) > 0 {
		return b.evalAlone(e, i, extra)
	}
	c := b.columns[e]
	if c == nil || i < c.first || i >= c.first+len(c.lines) {
		c = b.compute(e, i)
		b.columns[e] = c
	}
	if c.err != nil {
		return nodes.Value{}, c.err
	}
	return b.decode(e, i, c.lines[i-c.first])
}

// evalNative evaluates all parts; one alone keeps its type, several make text.
func (e *Expression) evalNative(v *env) (nodes.Value, error) {
	if e.single() {
		got, err := e.native[0](v)
		asIs := e.kept && len(v.extra) == 0
		if k := got.Kind(); !asIs && err == nil && (k == nodes.Object || k == nodes.Array) && !inOrder(got.Raw()) {
			return got, errNeedsScript
		}
		return v.settle(0, got, err)
	}
	var text []byte
	for i, code := range e.native {
		part, err := code(v)
		part, err = v.settle(i, part, err)
		if err != nil {
			return part, err
		}
		if part.IsNil() || part.Kind() == nodes.Number && part.Num() != part.Num() {
			continue
		}
		text = append(text, part.Text()...)
	}
	return nodes.StringValue(string(text)), nil
}

// settle makes JavaScript's exceptions undefined.
func (e *env) settle(part int, v nodes.Value, err error) (nodes.Value, error) {
	if err == nil {
		return v, nil
	}
	t, isThrown := err.(thrown)
	if isThrown {
		e.notes = append(e.notes, note{part, t.message})
	}
	if isThrown || err == errCutShort {
		return nodes.Value{}, nil
	}
	return nodes.Value{}, err
}

// compute evaluates an expression for item i and those that follow it.
func (b *Batch) compute(e *Expression, i int) *column {
	text, count := "", 1
	if n := b.env.items.Len(); i < n {
		text, count = e.reads.columnOf(b.env.items.Slice(i, min(n, i+maxColumn)))
	}
	c := &column{first: i, lines: make([]string, count)}
	result, err := b.evaluator.pool.Call(b.ctx, e.script, b.answer, text, i, count, "")
	if err != nil {
		c.err = scriptFailure(err)
		return c
	}
	if lines := strings.Split(result, "\n"); len(lines) == count {
		c.lines = lines
	} else {
		c.err = failure("", "the JavaScript tier gave %d values for %d items", len(lines), count)
	}
	return c
}

// evalAlone evaluates an expression for one item, with extra names.
func (b *Batch) evalAlone(e *Expression, i int, extra map[string]nodes.Value) (nodes.Value, error) {
	var names nodes.ObjectBuilder
	for name, v := range extra {
		names.Set(name, v)
	}
	text := ""
	if i < b.env.items.Len() {
		text, _ = e.reads.columnOf(b.env.items.Slice(i, i+1))
	}
	line, err := b.evaluator.pool.Call(b.ctx, e.script, b.answer, text, i, 1, names.String())
	if err != nil {
		return nodes.Value{}, scriptFailure(err)
	}
	return b.decode(e, i, line)
}

func scriptFailure(err error) error {
	var e *script.Error
	if errors.As(err, &e) && e.Name == "SyntaxError" {
		return failure(e.Message, "invalid syntax")
	}
	if errors.As(err, &e) && !e.Limit {
		return failure("", "Expression evaluation failed: %w", err)
	}
	return failure("", "%w", err)
}

// columnOf writes what the expression reads of these items as a JSON array, "" if it reads nothing. It stops early when
// there is much of it.
func (r *reads) columnOf(items nodes.Items) (text string, count int) {
	if !r.wholeItem && len(r.fields) == 0 {
		return "", items.Len()
	}
	members := make([]*member, len(r.fields))
	for i, name := range r.fields {
		members[i] = newMember(name)
	}
	dst := []byte{'['}
	for i, it := range items.All() {
		if len(dst) > maxColumnBytes {
			break
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		if r.wholeItem {
			dst = append(dst, it.JSON()...)
		} else {
			dst = r.appendFields(dst, it.JSON(), members)
		}
		count++
	}
	return string(append(dst, ']')), count
}

func (r *reads) appendFields(dst []byte, item string, members []*member) []byte {
	dst = append(dst, '{')
	start := len(dst)
	for _, m := range members {
		found := m.find(item)
		if !found.Exists() {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(append(nodes.AppendString(dst, m.name), ':'), found.Raw...)
	}
	return append(dst, '}')
}

// decode reads one result line of prelude.js.
func (b *Batch) decode(e *Expression, item int, line string) (nodes.Value, error) {
	line, notes, swallowed := strings.Cut(line, "\t")
	if swallowed && b.observe != nil {
		b.tell(e, item, notesOf(notes))
	}
	if line == "" {
		return nodes.Value{}, failure("", "the JavaScript tier gave no value")
	}
	rest := line[1:]
	switch line[0] {
	case 'u':
		return nodes.Value{}, nil
	case 'v':
		return nodes.WireValue(rest), nil
	case 'n':
		return nodes.NumberValue(textToNumber(rest)), nil
	case 'd':
		return nodes.WrapForeign(Date{textToNumber(rest)}), nil
	case 'L':
		o, err := luxon.FromWire(gjson.Parse(rest), luxonEnv(b.env.scope))
		if err != nil {
			return nodes.Value{}, failure("", "read a date: %w", err)
		}
		return nodes.WrapForeign(o), nil
	case 'm':
		return nodes.Value{}, failure("", "Expression evaluation failed: %s", gjson.Parse(rest).Str)
	case 'e':
		if id, err := strconv.Atoi(rest); err == nil && id >= 0 && id < len(b.failures) {
			return nodes.Value{}, b.failures[id]
		}
	}
	return nodes.Value{}, fmt.Errorf("the JavaScript tier gave %q", line)
}
