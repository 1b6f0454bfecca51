package core

import (
	"context"
	"math"
	"strconv"

	"github.com/cordboard/cordboard/nodes"
)

// switchNode sends each item to the output of the first rule that it meets, or to the one whose number an expression gives.
// Versions 1 and 2 compare one value with one per rule, version 3 has conditions for each.
type switchNode struct{}

var _ nodes.Variable = switchNode{}

// maxOutputs bounds how many outputs an expression chooses from.
const maxOutputs = 999

// defaultOutputs is how many outputs an expression chooses from, and version 1 always has.
const defaultOutputs = 4

func (switchNode) Outputs(version float64, params *nodes.Template) int {
	if version < 2 {
		return defaultOutputs
	}
	if params.Member("mode").Value().Str() == "expression" {
		if n := params.Member(outputsParam(version)).Value().Num(); n >= 1 {
			return int(min(n, maxOutputs))
		}
		return defaultOutputs
	}
	list := params.Member("rules").Member("rules")
	if version >= 3 {
		list = params.Member("rules").Member("values")
	}
	n := max(1, int(nodes.WireValue(list.JSON()).Result().Get("#").Int()))
	if version >= 3 && params.Member("options").Member("fallbackOutput").Value().Str() == "extra" {
		n++
	}
	return n
}

// outputsParam is the parameter that says how many outputs an expression chooses from.
func outputsParam(version float64) string {
	if version < 3 {
		return "outputsAmount"
	}
	return "numberOutputs"
}

// errOutput is a choice of an output that does not exist; the misspelling is n8n's, and workflows may look for it.
func errOutput(version float64, v nodes.Value, outputs int) error {
	if version < 3 {
		return nodes.Errorf("The ouput %s is not allowed. It has to be between 0 and %d!", v.Text(), outputs-1) //nolint:misspell // n8n's
	}
	if v.Num() == float64(outputs) {
		e := nodes.Errorf("The ouput %s is not allowed. ", v.Text()) //nolint:misspell // n8n's
		e.Description = "Output indexes are zero based, if you want to use the extra output use " + strconv.Itoa(outputs-1)
		return e
	}
	e := nodes.Errorf("The ouput %s is not allowed", v.Text()) //nolint:misspell // n8n's
	e.Description = "It has to be between 0 and " + string(nodes.AppendNumber(nil, float64(outputs-1)))
	return e
}

// chosenOutput is the output that a number means.
func chosenOutput(version float64, v nodes.Value, outputs int) (int, error) {
	f := v.Num()
	if f != math.Trunc(f) || !(f >= 0 && f < float64(outputs)) {
		return 0, errOutput(version, v, outputs)
	}
	return int(f), nil
}

func (s switchNode) Execute(ctx context.Context, call *nodes.Call) error {
	mode, err := call.Param("mode").String(0, "rules")
	if err != nil {
		return err
	}
	var route func(i int, it nodes.Item) error
	switch {
	case mode == "expression":
		route, err = switchByExpression(call, s.Outputs(call.Version, call.Params))
	case call.Version < 3:
		route, err = switchByValue(call)
	default:
		route, err = switchByRules(call)
	}
	if err != nil {
		return err
	}
	for i, it := range call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := route(i, it); err != nil {
			if err := failUnlinked(call, i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// failUnlinked is Fail for the nodes of n8n whose error items have no lineage of their own.
func failUnlinked(call *nodes.Call, i int, err error) error {
	e := nodes.AsError(err).At(i)
	if call.OnError != nodes.ContinueRegularOutput && call.OnError != nodes.ContinueErrorOutput {
		return e
	}
	var b nodes.ObjectBuilder
	b.Set("error", nodes.StringValue(e.Message))
	call.Emit(0, nodes.NewItem(b.String()).WithError(e))
	return nil
}

func switchByExpression(call *nodes.Call, outputs int) (func(int, nodes.Item) error, error) {
	if param := outputsParam(call.Version); call.Version >= 2 {
		if n := call.Params.Member(param).Value().Num(); n > maxOutputs {
			return nil, nodes.Errorf("there can be at most %d outputs, and not %s", maxOutputs, nodes.NumberValue(n).Text()).WithParam(param, "")
		}
	}
	output := call.Param("output")
	return func(i int, it nodes.Item) error {
		v, err := output.Value(i)
		if err != nil {
			return err
		}
		if !output.IsSet() {
			if call.Version >= 3 { // its default is an expression without text
				return nodes.Errorf("invalid syntax").WithParam("output", "")
			}
			v = nodes.NumberValue(0)
		}
		if !v.IsNil() {
			number, ok := coerce(plain(v), "number")
			if !ok {
				e := nodes.Errorf("Invalid input for 'Output Index' [item %d]", i)
				e.Description = "'output' expects a number but we got " + describe(v)
				return e
			}
			v = number
		}
		o, err := chosenOutput(call.Version, v, outputs)
		if err != nil {
			return err
		}
		call.EmitFrom(o, i, it)
		return nil
	}, nil
}

// switchRules are the rules of version 3. They are read once unless an expression stands for them.
type switchRules struct {
	call *nodes.Call
	list []*conditions
}

func switchByRules(call *nodes.Call) (func(int, nodes.Item) error, error) {
	r := &switchRules{call: call}
	values := call.Params.Member("rules").Member("values")
	if call.Params.Member("rules").Expression() == nil && values.Expression() == nil {
		if err := r.read(0); err != nil {
			return nil, err
		}
		return r.route, nil
	}
	return func(i int, it nodes.Item) error {
		if err := r.read(i); err != nil {
			return err
		}
		return r.route(i, it)
	}, nil
}

// read takes the rules. Without the parameter there is one, which everything meets.
func (r *switchRules) read(i int) error {
	call := r.call
	if !call.Param("rules").IsSet() {
		r.list = []*conditions{newConditions(call, "rules")}
		return nil
	}
	list, err := call.Param("rules").Get("values").List(i)
	if err != nil {
		return err
	}
	values := call.Params.Member("rules").Member("values")
	r.list = make([]*conditions, len(list))
	for n, p := range list {
		template := values.Member(string(nodes.AppendNumber(nil, float64(n))))
		r.list[n] = &conditions{param: p.Get("conditions"), template: template.Member("conditions"), location: call.Engine.Location()}
	}
	return nil
}

func (r *switchRules) route(i int, it nodes.Item) error {
	options := r.call.Param("options")
	all, err := options.Get("allMatchingOutputs").Bool(i, false)
	if err != nil {
		return err
	}
	found := false
	for n, rule := range r.list {
		ok, err := rule.match(i)
		if err != nil {
			return err
		}
		if ok {
			found = true
			r.call.EmitFrom(n, i, it)
			if !all {
				return nil
			}
		}
	}
	if found || len(r.list) == 0 {
		return nil
	}
	fallback, err := options.Get("fallbackOutput").Value(i)
	if err != nil || !fallback.Truthy() && fallback.Kind() != nodes.Number || fallback.Str() == "none" {
		return err
	}
	if fallback.Str() == "extra" {
		r.call.EmitFrom(len(r.list), i, it)
		return nil
	}
	number, _ := toNumber(fallback)
	o, err := chosenOutput(r.call.Version, number, len(r.list))
	if err != nil {
		return errOutput(r.call.Version, fallback, len(r.list))
	}
	r.call.EmitFrom(o, i, it)
	return nil
}
