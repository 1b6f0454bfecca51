package network

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

func TestDeclaredWrites(t *testing.T) {
	t.Parallel()
	const (
		none     = `{"name":"o","type":"string"}`
		choice   = `{"name":"o","type":"options","default":"get","options":[{"value":"get","routing":{"request":{"method":"GET"}}},{"value":"add","routing":{"request":{"method":"POST"}}}]}`
		switched = `{"name":"f","type":"boolean","default":false},{"name":"o","type":"string","default":"x","show":{"f":[true]},"routing":{"request":{"method":"POST"}}}`
		inside   = `{"name":"c","type":"collection","properties":[{"name":"m","type":"options","options":[{"value":1,"routing":{"request":{"method":"PUT"}}}]}]}`
		deeper   = `{"name":"c","type":"fixedCollection","properties":[{"name":"g","type":"collection","properties":[{"name":"m","type":"string","routing":{"request":{"method":"={{ $value }}"}}}]}]}`
		unknown  = `{"name":"o","type":"options","default":"={{ 'get' }}","options":[{"value":"get","routing":{"request":{"method":"GET"}}}]}`
	)
	for _, c := range []struct {
		node, properties, params string
		writes                   bool
	}{
		{`{}`, none, `{}`, false},
		{`{"defaults":{"method":"POST"}}`, none, `{}`, true},
		{`{}`, none, `{"o":"={{ 1 }}"}`, false},
		{`{}`, choice, `{}`, false},
		{`{}`, choice, `{"o":"add"}`, true},
		{`{"defaults":{"method":"POST"}}`, choice, `{"o":"get"}`, false},
		{`{}`, choice, `{"o":"={{ 'get' }}"}`, true},
		{`{}`, switched, `{}`, false},
		{`{}`, switched, `{"f":true}`, true},
		{`{}`, switched, `{"f":"={{ true }}"}`, true},
		{`{}`, inside, `{}`, true},
		{`{}`, deeper, `{}`, true},
		{`{}`, unknown, `{}`, true},
		{`{}`, unknown, `{"o":"get"}`, false},
		{`{}`, `{"name":"o","type":"string","routing":{"send":{"preSend":[{"$function":"f","at":[]}]}}}`, `{}`, true},
		{`{}`, `{"name":"c","type":"collection","properties":[{"name":"o","type":"string","routing":{"send":{"preSend":[{"$function":"f","at":[]}]}}}]}`, `{}`, true},
		{`{}`, `{"name":"o","type":"string","routing":{"send":{"preSend":{"$function":"f","at":[]}}}}`, `{}`, true},
		{`{}`, `{"name":"o","type":"string","routing":{"send":{"preSend":[]}}}`, `{}`, false},
		{`{}`, `{"name":"c","type":"collection","properties":[{"name":"o","type":"string","routing":{"operations":{"pagination":{"$function":"f","at":[]}}}}]}`, `{}`, true},
		{`{}`, `{"name":"c","type":"collection","properties":[{"name":"o","type":"string","routing":{"operations":{"pagination":{"properties":{"request":{"method":"DELETE"}}}}}}]}`, `{}`, true},
		{`{}`, `{"name":"c","type":"collection","properties":[{"name":"o","type":"string","routing":{"operations":{"pagination":{"properties":{"request":{}}}}}}]}`, `{}`, false},
		{`{}`, `{"name":"o","type":"string","routing":{"output":{"postReceive":[{"$function":"f","at":[]}]}}}`, `{}`, false},
		{`{"operations":{"pagination":{"$function":"f","at":[]}}}`, none, `{}`, true},
		{`{"operations":{"pagination":{"properties":{"request":{"method":"POST"}}}}}`, none, `{}`, true},
		{`{}`, `{"name":"o","type":"string","routing":{"operations":{"pagination":{"properties":{"request":{"method":"POST"}}}}}}`, `{}`, true},
	} {
		var node descriptors.Node
		if err := json.Unmarshal([]byte(fmt.Sprintf(`{"routing":%s,"properties":[%s]}`, c.node, c.properties)), &node); err != nil {
			t.Fatal(err)
		}
		params, broken := nodes.CompileTemplate(gjson.Parse(c.params), func(_, source string) (nodes.Expression, error) { return expression(source), nil })
		if len(broken) > 0 {
			t.Fatal(broken)
		}
		if got := (declared{node: &node}).Writes(1, params); got != c.writes {
			t.Errorf("%s %s %s: %v", c.node, c.properties, c.params, got)
		}
	}
}

// TestBounds: pages end, also where each is another.
func TestBounds(t *testing.T) {
	t.Parallel()
	var b bounds
	for i := 1; i < maxPages; i++ {
		if err := b.check(&answer{text: fmt.Sprint(i)}); err != nil {
			t.Fatalf("page %d: %v", i, err)
		}
	}
	if err := b.check(&answer{text: "one more"}); err == nil || !strings.Contains(err.Error(), "more than 10000 pages") {
		t.Error(err)
	}
}

func TestWholeNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"3": 3, " 2.9 ": 2, "-1": 0, "NaN": 0, "Infinity": 1e9, "x": 0, "": 0} {
		if got := wholeNumber(nodes.StringValue(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// engine notes the names that an evaluation gets; the expression panic panics.
type engine struct {
	nodes.Engine
	nodes.Compiler
	names []string
}

func (e *engine) CompileExpression(source string) (nodes.Expression, error) {
	return expression(source), nil
}

func (e *engine) Evaluate(of nodes.Expression, _ int, extra map[string]nodes.Value) (nodes.Value, error) {
	if of.Source() == "panic" {
		panic("in an expression")
	}
	e.names = slices.Sorted(maps.Keys(extra))
	return nodes.BoolValue(true), nil
}

func newDraft() (*draft, *engine) {
	e := &engine{}
	run := &declaredRun{compiler: e, compiled: map[string]nodes.Expression{}, http: &httpRun{call: &nodes.Call{Engine: e}}}
	return &draft{run: run}, e
}

// TestNamesThatGoAlong: an expression gets the names that stand in it and no others.
func TestNamesThatGoAlong(t *testing.T) {
	t.Parallel()
	f, e := newDraft()
	seen := names{}
	for _, name := range []string{"$value", "$parameter", "$response", "$responseItem", "$version"} {
		seen[name] = nodes.NumberValue(1)
	}
	for source, want := range map[string]string{
		"{{ $responseItem.id }}": "$responseItem", "{{ $response.body[$responseItem.x] }}": "$response $responseItem", "{{ 1 }}": "",
		"{{ $responseItem.id > $parameter.least }}": "$parameter $responseItem", "{{ $value_ + $values + $value2 + $value$ }}": "", "$value": "$value",
		"{{ $values + $value }} {{ $version}}": "$value $version",
	} {
		if _, err := f.evaluate(source, seen); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(e.names, " "); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}

// TestLockAfterPanic: an expression that panics does not stop the other items.
func TestLockAfterPanic(t *testing.T) {
	t.Parallel()
	for name, work := range map[string]func(f *draft){
		"continue": func(f *draft) { _, _ = f.resolveAlone(gjson.Parse(`"=panic"`), nil) },
		"file": func(f *draft) {
			f.receive = []receive{{rule: gjson.Parse(`{"type":"binaryData","properties":{"destinationProperty":"=panic"}}`)}}
			f.destination()
		},
		"page": func(f *draft) {
			_, _ = f.nextPage(t.Context(), &exchange{run: f.run.http}, gjson.Parse(`{"request":{"url":"=panic"}}`), nodes.Value{})
		},
	} {
		f, _ := newDraft()
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			work(f)
		}()
		if !f.run.http.eval.TryLock() {
			t.Errorf("%s: the lock is held", name)
		}
	}
}
