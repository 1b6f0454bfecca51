package core

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// callOf makes a call with constant parameters; items of an input are separated by spaces.
func callOf(t *testing.T, version float64, params string, inputs ...string) *nodes.Call {
	t.Helper()
	template, errs := nodes.CompileTemplate(gjson.Parse(params), nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	call := &nodes.Call{Version: version, Params: template, Files: &nodes.Files{}}
	for _, input := range inputs {
		var b nodes.ItemsBuilder
		for json := range strings.FieldsSeq(input) {
			b.Add(nodes.NewItem(json))
		}
		call.Inputs = append(call.Inputs, b.Items())
	}
	return call
}

// output is what a call gave at output 0, in the form that callOf takes.
func output(call *nodes.Call) string {
	outputs, _, _ := call.Outcome()
	var list []string
	if len(outputs) > 0 {
		for _, it := range outputs[0].All() {
			list = append(list, it.JSON())
		}
	}
	return strings.Join(list, " ")
}

func wantError(t *testing.T, err error, param, message string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error; want %s", message)
	} else if e := nodes.AsError(err); e.Parameter != param || e.Message != message {
		t.Errorf("%q %q; want %q %q", e.Parameter, e.Message, param, message)
	}
}

// endingContext ends once its error has been asked for so many times: a cancellation in the middle of a loop.
type endingContext struct {
	context.Context
	after int
}

func (c *endingContext) Err() error {
	if c.after--; c.after < 0 {
		return context.Canceled
	}
	return nil
}

// TestLoopsEnd: nodes that give or read much more than they get end with the run in the middle of one input item.
func TestLoopsEnd(t *testing.T) {
	t.Parallel()
	many := strings.Repeat(`{"a":1} `, 5000)
	var keys nodes.ObjectBuilder
	for n := range 5000 {
		keys.Raw("k"+strconv.Itoa(n), "1")
	}
	for name, c := range map[string]struct {
		node nodes.Node
		call *nodes.Call
	}{
		"multiplex":  {merge{}, callOf(t, 1, `{"mode":"multiplex"}`, `{"a":1}`, many)},
		"all":        {merge{}, callOf(t, 3, `{"mode":"combine","combineBy":"combineAll"}`, `{"a":1}`, many)},
		"fields":     {merge{}, callOf(t, 3, `{"mode":"combine","fieldsToMatchString":"a"}`, `{"a":1}`, many)},
		"aggregate":  {aggregate{}, callOf(t, 1, `{"aggregate":"aggregateAllItemData","options":{"includeBinaries":true}}`, many)},
		"renameKeys": {renameKeys{}, callOf(t, 1, renamePattern("z", "y"), keys.String())},
	} {
		after := 2
		if name == "aggregate" {
			after = 6 // the items themselves are read first
		}
		if err := c.node.Execute(&endingContext{context.Background(), after}, c.call); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func renamePattern(search, replace string) string {
	return `{"additionalOptions":{"regexReplacement":{"replacements":[{"searchRegex":"` + search + `","replaceRegex":"` + replace + `"}]}}}`
}

// TestManyKeys: the time that keys take does not grow with their square. As it did, each of these took more than a minute.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	const n = 40_000
	var b nodes.ItemsBuilder
	for range n {
		b.Add(nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", nodes.File{FileName: "f"})))
	}
	call := callOf(t, 1, `{"aggregate":"aggregateAllItemData","options":{"includeBinaries":true}}`)
	call.Inputs = []nodes.Items{b.Items()}
	if err := (aggregate{}).Execute(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	outputs, _, _ := call.Outcome()
	binary := outputs[0].At(0).Binary()
	if _, ok := binary.Get("data_" + strconv.Itoa(n-1)); !ok || binary.Len() != n {
		t.Errorf("%d files", binary.Len())
	}
	var object, want nodes.ObjectBuilder
	for i := range n {
		object.Raw("a"+strconv.Itoa(i), strconv.Itoa(i))
		want.Raw("b"+strconv.Itoa(i), strconv.Itoa(i))
	}
	renamed := want.String()
	call = callOf(t, 1, renamePattern("a", "b"), object.String())
	if err := (renameKeys{}).Execute(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if got := output(call); got != renamed {
		t.Errorf("got %.100s", got)
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("it took %s", d)
	}
}

// TestRefusals: parameters that nodes cannot follow are named.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"0", "3", "-1"} {
		params := `{"mode":"combine","combineBy":"combineByPosition","options":{"clashHandling":{"values":{"resolveClash":"preferInput` + n + `"}}}}`
		err := merge{}.Execute(t.Context(), callOf(t, 3, params, `{"a":1}`, `{"a":2}`))
		wantError(t, err, "options.clashHandling.values.resolveClash", "the input to prefer must be from 1 to 2, and is "+n)
	}
	for version, param := range map[float64]string{2: "outputsAmount", 3: "numberOutputs"} {
		params := `{"mode":"expression","` + param + `":1000,"output":900}`
		call := callOf(t, version, params, `{"a":1}`)
		wantError(t, switchNode{}.Execute(t.Context(), call), param, "there can be at most 999 outputs, and not 1000")
		if n := (switchNode{}).Outputs(version, callOf(t, version, strings.Replace(params, "1000", "999", 1)).Params); n != 999 {
			t.Errorf("%d outputs", n)
		}
	}
	const row = `{"rowid":1,"OID":2,"_rowid_":3}`
	err := merge{}.Execute(t.Context(), callOf(t, 3.2, `{"mode":"combineBySql","query":"SELECT * FROM input1"}`, row))
	if err == nil || !strings.Contains(nodes.AsError(err).Description, "rowid, oid and _rowid_ of input 1") {
		t.Errorf("the error is %v", err)
	}
	call := callOf(t, 3.2, `{"mode":"combineBySql","query":"SELECT COUNT(*) AS c FROM input1"}`, row)
	if err := (merge{}).Execute(t.Context(), call); err != nil || output(call) != `{"c":1}` {
		t.Errorf("without row numbers: %v", err)
	}
}

// TestFuzzyJoinOfManyFields: where equality is fuzzy, values that equal several others do not multiply from field to field.
func TestFuzzyJoinOfManyFields(t *testing.T) {
	t.Parallel()
	var names []string
	var first, second, other nodes.ObjectBuilder
	for n := range 8 {
		name := "f" + strconv.Itoa(n)
		names = append(names, name)
		first.Raw(name, "true")
		second.Raw(name, `"TRUE"`)
		other.Raw(name, map[bool]string{true: "0", false: "1"}[n == 7])
	}
	want := second.String()
	params := `{"mode":"combine","fieldsToMatchString":"` + strings.Join(names, ",") + `","outputDataFrom":"input2","options":{"fuzzyCompare":true}}`
	item := first.String()
	call := callOf(t, 3, params, item, other.String()+" "+want)
	if err := (merge{}).Execute(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	var pairs []fieldPair
	for _, name := range names {
		pairs = append(pairs, fieldPair{name, name})
	}
	index := newJoinIndex(pairs, true, true, call.Input(1))
	if n := len(index.keys(nodes.NewItem(item), func(p fieldPair) string { return p.first }, searchTokens)); n > 81 {
		t.Errorf("%d keys", n)
	}
	if got := output(call); got != want {
		t.Errorf("got %s", got)
	}
}
