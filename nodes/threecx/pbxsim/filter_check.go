package pbxsim

import (
	"fmt"
	"strings"
)

// scope is what names in a filter mean: properties of the entity, and variables of any and all.
type scope struct {
	entity    *shape
	variables map[string]*shape
}

func (s *scope) resolve(parts []string) (*shape, error) {
	at := s.entity
	if v, ok := s.variables[parts[0]]; ok {
		at, parts = v, parts[1:]
	} else if parts[0] == "$it" {
		parts = parts[1:]
	}
	for _, name := range parts {
		next, err := at.property(name)
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// checkFilter refuses a filter that names what the entity does not have or compares what does not compare.
func checkFilter(e expr, entity *shape) error {
	result, err := e.check(&scope{entity: entity})
	if err != nil {
		return err
	}
	if !result.is(kindBool) {
		return fmt.Errorf("gives a %s, not true or false", result.kind)
	}
	return nil
}

// is tells whether a value may be of the kind.
func (s *shape) is(kind valueKind) bool {
	return s.kind == kind || s.kind == kindUnknown || s.kind == kindNull
}

// comparable tells whether two values may be compared. Text is the one form of uuids and enums too.
func comparable(a, b *shape) bool {
	if a.is(b.kind) || b.is(a.kind) {
		return true
	}
	return a.kind == kindUUID && b.kind == kindText || a.kind == kindText && b.kind == kindUUID
}

func (e literalExpr) check(*scope) (*shape, error) {
	switch e.lit.kind {
	case literalNull:
		return plainShape(kindNull), nil
	case literalBool:
		return plainShape(kindBool), nil
	case literalInteger, literalDecimal:
		return plainShape(kindNumber), nil
	case literalDateTime, literalDate:
		return plainShape(kindDateTime), nil
	case literalTime:
		return plainShape(kindTime), nil
	case literalDuration:
		return plainShape(kindDuration), nil
	case literalUUID:
		return plainShape(kindUUID), nil
	}
	return plainShape(kindText), nil
}

func (e pathExpr) check(s *scope) (*shape, error) {
	found, err := s.resolve(e.parts)
	if err != nil || !e.count {
		return found, err
	}
	if !found.is(kindCollection) {
		return nil, fmt.Errorf("%s is no collection, it has no $count", strings.Join(e.parts, "/"))
	}
	return plainShape(kindNumber), nil
}

func (e lambdaExpr) check(s *scope) (*shape, error) {
	found, err := s.resolve(e.path.parts)
	if err != nil {
		return nil, err
	}
	if !found.is(kindCollection) {
		return nil, fmt.Errorf("%s is no collection, any and all do not apply", strings.Join(e.path.parts, "/"))
	}
	if e.body == nil {
		return plainShape(kindBool), nil
	}
	inner := &scope{entity: s.entity, variables: map[string]*shape{e.variable: found.element()}}
	for name, v := range s.variables {
		if name != e.variable {
			inner.variables[name] = v
		}
	}
	return wantBool(e.body, inner, "the condition of any or all")
}

func wantBool(e expr, s *scope, what string) (*shape, error) {
	found, err := e.check(s)
	if err != nil {
		return nil, err
	}
	if !found.is(kindBool) {
		return nil, fmt.Errorf("%s is a %s, not true or false", what, found.kind)
	}
	return plainShape(kindBool), nil
}

func (e notExpr) check(s *scope) (*shape, error) { return wantBool(e.operand, s, "the operand of not") }

func (e negateExpr) check(s *scope) (*shape, error) {
	return wantNumber(e.operand, s, "-")
}

func wantNumber(e expr, s *scope, op string) (*shape, error) {
	found, err := e.check(s)
	if err != nil {
		return nil, err
	}
	if !found.is(kindNumber) {
		return nil, fmt.Errorf("an operand of %s is a %s, not a number", op, found.kind)
	}
	return plainShape(kindNumber), nil
}

func (e binaryExpr) check(s *scope) (*shape, error) {
	switch e.op {
	case "and", "or":
		if _, err := wantBool(e.left, s, "an operand of "+e.op); err != nil {
			return nil, err
		}
		return wantBool(e.right, s, "an operand of "+e.op)
	case "add", "sub", "mul", "div", "mod":
		if _, err := wantNumber(e.left, s, e.op); err != nil {
			return nil, err
		}
		return wantNumber(e.right, s, e.op)
	}
	left, err := e.left.check(s)
	if err != nil {
		return nil, err
	}
	right, err := e.right.check(s)
	if err != nil {
		return nil, err
	}
	return plainShape(kindBool), compared(left, right, e.op)
}

func compared(left, right *shape, op string) error {
	if left.kind == kindCollection && op != "has" || right.kind == kindCollection {
		return fmt.Errorf("a collection cannot be compared with %s; use any or all", op)
	}
	if op == "has" && left.kind == kindCollection {
		return nil // flags are lists in JSON
	}
	if !comparable(left, right) {
		return fmt.Errorf("a %s and a %s cannot be compared with %s", left.kind, right.kind, op)
	}
	return nil
}

func (e inExpr) check(s *scope) (*shape, error) {
	left, err := e.left.check(s)
	if err != nil {
		return nil, err
	}
	for _, member := range e.list {
		found, err := member.check(s)
		if err != nil {
			return nil, err
		}
		if err := compared(left, found, "in"); err != nil {
			return nil, err
		}
	}
	return plainShape(kindBool), nil
}

func (e callExpr) check(s *scope) (*shape, error) {
	f := functions[e.name]
	if len(e.args) < f.min || len(e.args) > len(f.args) {
		return nil, fmt.Errorf("%s takes %s, not %d", e.name, f.arity(), len(e.args))
	}
	for i, arg := range e.args {
		found, err := arg.check(s)
		if err != nil {
			return nil, err
		}
		if !comparable(found, plainShape(f.args[i])) {
			return nil, fmt.Errorf("argument %d of %s is a %s, not a %s", i+1, e.name, found.kind, f.args[i])
		}
	}
	return plainShape(f.result), nil
}
