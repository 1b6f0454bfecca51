package expression

import (
	"math"
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

// method is a method or function of the native tier. this is not null or undefined.
type method func(this nodes.Value, args []nodes.Value) (nodes.Value, error)

func compileArgs(n *js.CallExpr) ([]nativeCode, bool) {
	list := make([]js.IExpr, len(n.Args.List))
	for i, a := range n.Args.List {
		if a.Rest {
			return nil, false
		}
		list[i] = a.Value
	}
	return compileAll(list)
}

func evalArgs(e *env, codes []nativeCode) ([]nodes.Value, error) {
	args := make([]nodes.Value, len(codes))
	for i, code := range codes {
		var err error
		if args[i], err = code(e); err != nil {
			return nil, err
		}
	}
	return args, nil
}

func compileCall(n *js.CallExpr) (nativeCode, bool) {
	if n.Optional {
		return nil, false
	}
	if name, free := freeName(n.X); free {
		return compileFunction(name, n)
	}
	dot, ok := n.X.(*js.DotExpr)
	if !ok {
		return nil, false
	}
	name := propertyName(dot)
	args, ok := compileArgs(n)
	if !ok {
		return nil, false
	}
	if object, free := freeName(dot.X); free && !dot.Optional {
		if f := globalMethods[object+"."+name]; f != nil {
			return callFunction(f, args), true
		}
		if object == "DateTime" || object == "Duration" || object == "Interval" {
			return callStatic(object, name, args), true
		}
	}
	if !isNativeMethod(name) {
		return nil, false
	}
	this, ok := compileChain(dot.X)
	if !ok {
		return nil, false
	}
	return callMethod(this, name, args, dot.Optional), true
}

func callMethod(this nativeCode, name string, args []nativeCode, optional bool) nativeCode {
	extension := extensionTypes[name] != nil
	lenient := name == "isEmpty" || name == "isNotEmpty"
	return func(e *env) (nodes.Value, error) {
		v, err := this(e)
		if err != nil {
			return v, err
		}
		if v.IsNil() {
			switch {
			case optional:
				return v, errCutShort
			case lenient:
				return nodes.BoolValue(name == "isEmpty"), nil
			case extension:
				return v, onNil(name, v.Kind() == nodes.Null)
			}
			return v, thrown{"Cannot read '" + name + "' of " + v.Text()}
		}
		values, err := evalArgs(e, args)
		if err != nil {
			return v, err
		}
		return invoke(e, v, name, values)
	}
}

func isNativeMethod(name string) bool {
	return extensionNames[name] || textFunctions[name] != nil || textMethods[name] != nil || numberMethods[name] != nil || arrayMethods[name] != nil || objectMethods[name] != nil ||
		luxonMethods[name]
}

// invoke calls a method of a value, or leaves it to JavaScript.
func invoke(e *env, v nodes.Value, name string, args []nodes.Value) (nodes.Value, error) {
	var m method
	if name == "toDateTime" && (v.Kind() == nodes.String || v.Kind() == nodes.Number) {
		return toDateTime(e, v, args)
	}
	switch v.Kind() {
	case nodes.String:
		if len(v.Str()) == len(dateShape) && isDateText(v.Str()) && extensionTypes[name] != nil {
			return v, errNeedsScript // n8n takes it for a date
		}
		if f := textFunctions[name]; f != nil {
			return f(v.Str(), args)
		}
		m = textMethods[name]
	case nodes.Number:
		m = numberMethods[name]
	case nodes.Array:
		m = arrayMethods[name]
	case nodes.Object:
		m = objectMethods[name]
	case nodes.Foreign:
		return foreignCall(e, v.Foreign(), name, args)
	}
	if m == nil {
		m = extensionMethods[v.Kind()][name]
	}
	if m == nil {
		return v, errNeedsScript
	}
	return m(v, args)
}

func compileFunction(name string, n *js.CallExpr) (nativeCode, bool) {
	if name == "$if" && len(n.Args.List) >= 2 {
		no := js.IExpr(&js.LiteralExpr{TokenType: js.FalseToken})
		if len(n.Args.List) > 2 {
			no = n.Args.List[2].Value
		}
		return compileConditional(n.Args.List[0].Value, n.Args.List[1].Value, no)
	}
	if name == "$jmespath" || name == "$jmesPath" {
		return compileJMESPath(n)
	}
	args, ok := compileArgs(n)
	f := globalMethods[name]
	if !ok || f == nil {
		return nil, false
	}
	return callFunction(f, args), true
}

func callFunction(f method, args []nativeCode) nativeCode {
	return func(e *env) (nodes.Value, error) {
		values, err := evalArgs(e, args)
		if err != nil {
			return nodes.Value{}, err
		}
		return f(nodes.Value{}, values)
	}
}

// callStatic calls DateTime.name and the like.
func callStatic(class, name string, args []nativeCode) nativeCode {
	return func(e *env) (nodes.Value, error) {
		values, err := evalArgs(e, args)
		if err != nil {
			return nodes.Value{}, err
		}
		environment := luxonEnv(e.scope)
		list, ok := luxonArguments(values, environment)
		if !ok || !luxon.HasStatic(class, name) {
			return nodes.Value{}, errNeedsScript
		}
		v, err := luxon.Static(environment, class, name, list)
		return luxonValue(v, err, class+"."+name+"()")
	}
}

// argument returns args[i], undefined if there is none.
func argument(args []nodes.Value, i int) nodes.Value {
	if i < len(args) {
		return args[i]
	}
	return nodes.Value{}
}

// globalMethods are functions that need no object of their own.
var globalMethods = map[string]method{
	"Number": func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		if len(args) == 0 {
			return nodes.NumberValue(0), nil
		}
		return numberResult(toNumber(args[0]))
	},
	"String": func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		if len(args) == 0 {
			return nodes.StringValue(""), nil
		}
		text, err := toText(args[0])
		return nodes.StringValue(text), err
	},
	"Boolean": func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		return nodes.BoolValue(argument(args, 0).Truthy()), nil
	},
	"isNaN": func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		f, err := toNumber(argument(args, 0))
		return nodes.BoolValue(math.IsNaN(f)), err
	},
	"encodeURIComponent": func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		text, err := toText(argument(args, 0))
		return nodes.StringValue(escapeURI(text)), err
	},
	"Array.isArray": func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		return nodes.BoolValue(argument(args, 0).Kind() == nodes.Array), nil
	},
	"Object.keys": func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		if v := argument(args, 0); v.Kind() == nodes.Object {
			return objectMethods["keys"](v, nil)
		}
		return nodes.Value{}, errNeedsScript
	},
	"Math.floor": rounding(math.Floor), "Math.ceil": rounding(math.Ceil), "Math.trunc": rounding(math.Trunc),
	"Math.abs": rounding(math.Abs), "Math.round": rounding(roundHalfUp), "Math.sqrt": rounding(math.Sqrt),
	"Math.min": extreme(math.Inf(1), math.Min), "Math.max": extreme(math.Inf(-1), math.Max),
	"$min": extreme(math.Inf(1), math.Min), "$max": extreme(math.Inf(-1), math.Max),
	"$ifEmpty": func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		if len(args) != 2 {
			return nodes.Value{}, failure("", "expected two arguments (value, defaultValue) for this function")
		}
		if emptyForDefault(args[0]) {
			return args[1], nil
		}
		return args[0], nil
	},
	"$not": func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		return nodes.BoolValue(!argument(args, 0).Truthy()), nil
	},
}

func rounding(f func(float64) float64) method {
	return func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		x, err := toNumber(argument(args, 0))
		return nodes.NumberValue(f(x)), err
	}
}

// roundHalfUp is Math.round.
func roundHalfUp(x float64) float64 {
	r := math.Floor(x)
	if x-r >= 0.5 {
		r++
	}
	return math.Copysign(r, x)
}

// extreme is Math.min and Math.max; Go's treat NaN and the zeros as JavaScript does, but let an infinity win over NaN.
func extreme(start float64, pick func(a, b float64) float64) method {
	return func(_ nodes.Value, args []nodes.Value) (nodes.Value, error) {
		best := start
		for _, a := range args {
			f, err := toNumber(a)
			if err != nil {
				return a, err
			}
			if math.IsNaN(f) || math.IsNaN(best) {
				best = math.NaN()
				continue
			}
			best = pick(best, f)
		}
		return nodes.NumberValue(best), nil
	}
}

func emptyForDefault(v nodes.Value) bool {
	switch v.Kind() {
	case nodes.Undefined, nodes.Null:
		return true
	case nodes.String:
		return v.Str() == ""
	case nodes.Array, nodes.Object:
		return noMembers(v)
	case nodes.Foreign:
		_, isDate := v.Foreign().(Date)
		return isDate
	}
	return false
}

// noMembers reports whether an array or object is empty.
func noMembers(v nodes.Value) bool { return len(strings.TrimLeft(v.Raw()[1:], " \t\r\n")) == 1 }

func escapeURI(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
