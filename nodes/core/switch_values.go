package core

import (
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// switchByValue is the rules of versions 1 and 2: a value of a data type against one value per rule.
func switchByValue(call *nodes.Call) (func(int, nodes.Item) error, error) {
	kind, err := call.Param("dataType").String(0, "number")
	if err != nil {
		return nil, err
	}
	regexes := &regexCache{}
	return func(i int, it nodes.Item) error {
		o, err := switchOutput(call, kind, i, regexes)
		if err != nil || o < 0 {
			return err
		}
		call.EmitFrom(o, i, it)
		return nil
	}, nil
}

// switchOutput is the output for item i, -1 for none. Version 1 names it in the rule, version 2 has one for each rule.
func switchOutput(call *nodes.Call, kind string, i int, regexes *regexCache) (int, error) {
	fallback, err := call.Param("fallbackOutput").Number(i, -1)
	if err != nil {
		return 0, err
	}
	rules, err := call.Param("rules").Get("rules").List(i)
	if err != nil {
		return 0, err
	}
	outputs := defaultOutputs
	if call.Version >= 2 {
		outputs = len(rules)
	}
	value, err := switchValue(call, call.Param("value1"), kind, i)
	if err != nil {
		return 0, err
	}
	for n, rule := range rules {
		ok, err := switchRule(call, rule, kind, value, i, regexes)
		if err != nil {
			return 0, err
		}
		if !ok {
			continue
		}
		o := float64(n)
		if call.Version < 2 {
			if o, err = rule.Get("output").Number(i, 0); err != nil {
				return 0, err
			}
		}
		return chosenOutput(call.Version, nodes.NumberValue(o), outputs)
	}
	if fallback == -1 {
		return -1, nil
	}
	return chosenOutput(call.Version, nodes.NumberValue(fallback), outputs)
}

// switchValue reads a value; one that is not set has its data type's default.
func switchValue(call *nodes.Call, p nodes.Param, kind string, i int) (nodes.Value, error) {
	v, err := p.Value(i)
	if err != nil {
		return v, err
	}
	if !p.IsSet() {
		v = map[string]nodes.Value{"number": nodes.NumberValue(0), "boolean": nodes.BoolValue(false)}[kind]
		if v.Kind() == nodes.Undefined {
			v = nodes.StringValue("")
		}
	}
	if kind != "dateTime" {
		return plain(v), nil
	}
	ms, ok := looseDate(v, time.Local) //nolint:gosmopolitan // as n8n has it
	if v.Kind() == nodes.Number {
		ms, ok = v.Num(), true
	}
	if !ok {
		e := nodes.Errorf("The value \"%s\" is not a valid DateTime.", v.Text())
		return v, e
	}
	return nodes.NumberValue(ms), nil
}

func switchRule(call *nodes.Call, rule nodes.Param, kind string, a nodes.Value, i int, regexes *regexCache) (bool, error) {
	op, err := rule.Get("operation").String(i, "")
	if err != nil {
		return false, err
	}
	b, err := switchValue(call, rule.Get("value2"), kind, i)
	if err != nil {
		return false, err
	}
	return compareV1(op, kind, a, b, regexes)
}

// compareV1 is how the old nodes (Switch by value, If 1, Filter 1) compare. No operation is the one of its type.
func compareV1(op, kind string, a, b nodes.Value, regexes *regexCache) (bool, error) {
	if op == "" {
		op = map[string]string{"boolean": "equal", "dateTime": "after", "number": "smaller", "string": "equal"}[kind]
	}
	switch op {
	case "equal":
		return strictEqual(a, b), nil
	case "notEqual":
		return !strictEqual(a, b), nil
	case "after", "larger":
		return jsLess(orZero(b), orZero(a)), nil
	case "before", "smaller":
		return jsLess(orZero(a), orZero(b)), nil
	case "largerEqual":
		return jsLessEqual(orZero(b), orZero(a)), nil
	case "smallerEqual":
		return jsLessEqual(orZero(a), orZero(b)), nil
	}
	return switchText(op, a, b, regexes)
}

// switchText compares texts. Where n8n calls a method on the value itself, what is no text fails, in JavaScript's words.
func switchText(op string, a, b nodes.Value, regexes *regexCache) (bool, error) {
	positive := strings.ToLower(strings.TrimPrefix(op, "not"))
	left, right := orEmpty(a), orEmpty(b)
	ok := false
	switch positive {
	case "contains":
		ok = strings.Contains(left, right)
	case "startswith", "endswith":
		method, test := "startsWith", strings.HasPrefix
		if positive == "endswith" {
			method, test = "endsWith", strings.HasSuffix
		}
		if a.IsNil() {
			return false, nodes.Errorf("Cannot read properties of %s (reading '%s')", a.Text(), method)
		}
		if a.Kind() != nodes.String {
			return false, nodes.Errorf("value1.%s is not a function", method)
		}
		ok = test(a.Str(), b.Text())
	case "regex":
		var err error
		if ok, err = regexes.match(right, left); err != nil {
			return false, err
		}
	default:
		return false, nil
	}
	return ok != strings.HasPrefix(op, "not"), nil
}

// orZero is JavaScript's v || 0, orEmpty the text of v || "".
func orZero(v nodes.Value) nodes.Value {
	if v.Truthy() {
		return v
	}
	return nodes.NumberValue(0)
}

func orEmpty(v nodes.Value) string {
	if v.Truthy() {
		return v.Text()
	}
	return ""
}

// strictEqual is JavaScript's a === b; lists and objects equal none.
func strictEqual(a, b nodes.Value) bool {
	return a.Kind() == b.Kind() && a.Kind() < nodes.Array && sameValue(a, b)
}

// jsLess is JavaScript's a < b: two texts are compared as texts, all else as numbers.
func jsLess(a, b nodes.Value) bool {
	if a.Kind() == nodes.String && b.Kind() == nodes.String {
		return compareUTF16(a.Str(), b.Str()) < 0
	}
	return jsNumber(a) < jsNumber(b)
}

func jsLessEqual(a, b nodes.Value) bool {
	if a.Kind() == nodes.String && b.Kind() == nodes.String {
		return compareUTF16(a.Str(), b.Str()) <= 0
	}
	return jsNumber(a) <= jsNumber(b)
}
