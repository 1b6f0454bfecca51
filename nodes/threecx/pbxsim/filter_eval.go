package pbxsim

import (
	"cmp"
	"math"
	"strings"
	"time"
)

// env is where a filter finds its values.
type env struct {
	entity    any
	variables map[string]any
	now       time.Time
}

// matches tells whether the filter holds for the entity; null does not.
func matches(e expr, entity any, now time.Time) bool {
	yes, _ := e.eval(&env{entity: entity, now: now}).(bool)
	return yes
}

func (e *env) resolve(parts []string) any {
	at := e.entity
	if v, ok := e.variables[parts[0]]; ok {
		at, parts = v, parts[1:]
	} else if parts[0] == "$it" {
		parts = parts[1:]
	}
	for _, name := range parts {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[name]
	}
	return at
}

func (e literalExpr) eval(*env) any {
	switch e.lit.kind {
	case literalNull:
		return nil
	case literalBool:
		return e.lit.text == "true"
	case literalInteger, literalDecimal:
		n, _ := numberOf(e.lit.text)
		return n
	}
	return e.lit.text
}

func (e pathExpr) eval(v *env) any {
	found := v.resolve(e.parts)
	if !e.count {
		return found
	}
	list, _ := found.([]any)
	return float64(len(list))
}

func (e lambdaExpr) eval(v *env) any {
	list, _ := v.resolve(e.path.parts).([]any)
	if e.body == nil {
		return len(list) > 0
	}
	inner := &env{entity: v.entity, now: v.now, variables: map[string]any{}}
	for name, value := range v.variables {
		inner.variables[name] = value
	}
	for _, member := range list {
		inner.variables[e.variable] = member
		if yes, _ := e.body.eval(inner).(bool); yes != e.all {
			return yes
		}
	}
	return e.all
}

func (e notExpr) eval(v *env) any {
	if yes, ok := e.operand.eval(v).(bool); ok {
		return !yes
	}
	return nil
}

func (e negateExpr) eval(v *env) any {
	if n, ok := numberOf(e.operand.eval(v)); ok {
		return -n
	}
	return nil
}

func (e binaryExpr) eval(v *env) any {
	left := e.left.eval(v)
	switch e.op {
	case "and":
		if left == false {
			return false
		}
		return andOr(left, e.right.eval(v), false)
	case "or":
		if left == true {
			return true
		}
		return andOr(left, e.right.eval(v), true)
	}
	right := e.right.eval(v)
	switch e.op {
	case "has":
		return hasFlags(left, right)
	case "add", "sub", "mul", "div", "mod":
		return arithmetic(e.op, left, right)
	}
	return compareValues(e.op, left, right)
}

// andOr combines two values that may be null (OData's three-valued logic); decisive settles the matter alone.
func andOr(left, right any, decisive bool) any {
	if left == decisive || right == decisive {
		return decisive
	}
	if left == nil || right == nil {
		return nil
	}
	return !decisive
}

func arithmetic(op string, left, right any) any {
	a, ok := numberOf(left)
	b, also := numberOf(right)
	if !ok || !also {
		return nil
	}
	switch op {
	case "add":
		return a + b
	case "sub":
		return a - b
	case "mul":
		return a * b
	case "div":
		return a / b
	}
	return math.Mod(a, b)
}

// compareValues compares as OData does: null equals null, and is neither greater nor less than anything.
func compareValues(op string, left, right any) bool {
	if left == nil || right == nil {
		switch op {
		case "eq":
			return left == nil && right == nil
		case "ne":
			return left != nil || right != nil
		}
		return false
	}
	order, ok := orderOf(left, right)
	if !ok {
		return op == "ne"
	}
	switch op {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "gt":
		return order > 0
	case "ge":
		return order >= 0
	case "lt":
		return order < 0
	}
	return order <= 0
}

// orderOf compares two values that are not null: -1, 0 or 1, or false if they cannot be compared.
func orderOf(a, b any) (int, bool) {
	if x, ok := a.(bool); ok {
		y, ok := b.(bool)
		return compareBool(x, y), ok
	}
	s, text := a.(string)
	if t, both := b.(string); text && both {
		return compareText(s, t), true
	}
	x, ok := numberOf(a) // a number may be text: INF

	y, also := numberOf(b)
	if !ok || !also || math.IsNaN(x) || math.IsNaN(y) {
		return 0, false
	}
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// compareText compares moments and durations by their value and all other text by its bytes.
func compareText(a, b string) int {
	if x, ok := moment(a); ok {
		if y, ok := moment(b); ok {
			return x.Compare(y)
		}
	}
	if x, ok := parseDuration(a); ok {
		if y, ok := parseDuration(b); ok {
			return cmp.Compare(x, y)
		}
	}
	return strings.Compare(a, b)
}

// moment reads a date-time or a date, which is its midnight in UTC.
func moment(s string) (time.Time, bool) {
	if len(s) < len(time.DateOnly) || s[4] != '-' {
		return time.Time{}, false
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}

func (e inExpr) eval(v *env) any {
	left := e.left.eval(v)
	for _, member := range e.list {
		if compareValues("eq", left, member.eval(v)) {
			return true
		}
	}
	return false
}

func (e callExpr) eval(v *env) any {
	values := make([]any, len(e.args))
	for i, arg := range e.args {
		if values[i] = arg.eval(v); values[i] == nil {
			return nil
		}
	}
	return functions[e.name].call(v, values)
}

// hasFlags tells whether a value of flags ("A,B" or a list) holds all of those asked for.
func hasFlags(value, flags any) any {
	wanted, ok := flags.(string)
	if !ok {
		return nil
	}
	held := map[string]bool{}
	switch v := value.(type) {
	case string:
		for _, flag := range strings.Split(v, ",") {
			held[strings.TrimSpace(flag)] = true
		}
	case []any:
		for _, flag := range v {
			if text, ok := flag.(string); ok {
				held[text] = true
			}
		}
	}
	for _, flag := range strings.Split(wanted, ",") {
		if !held[strings.TrimSpace(flag)] {
			return false
		}
	}
	return true
}
