package schemas

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Violation is one thing that is wrong with a value.
type Violation struct {
	// Pointer is the JSON pointer (RFC 6901) of the wrong place; "" is the whole value. For something that is missing
	// it is the place where it should stand.
	Pointer string `json:"pointer"`
	// Message completes a sentence that begins with the name of the place: `must be a whole number, is the text "abc"`.
	// Values below names such as AuthPassword are not quoted in it.
	Message string `json:"message"`
	// Keyword is the keyword of the schema that is violated, such as "type"; "json" if the text is no JSON.
	Keyword string `json:"keyword"`
}

// String is the pointer and the message.
func (v Violation) String() string {
	if v.Pointer == "" {
		return v.Message
	}
	return v.Pointer + " " + v.Message
}

// Validate returns everything that is wrong with the value, ordered by place; nil if it is valid. A value is decoded
// JSON (numbers as float64 or json.Number) or anything that encoding/json writes.
func Validate(s *Schema, value any) (found []Violation) {
	// A bug in the library must cost one item, not the process.
	defer func() {
		if r := recover(); r != nil {
			found = []Violation{{Message: fmt.Sprintf("cannot be checked: %v", r), Keyword: "schema"}}
		}
	}()
	if s.quick.accepts(value, 0) {
		return nil
	}
	value, found = prepare(value)
	if len(found) > 0 {
		return order(found)
	}
	return s.check(value)
}

// ValidateJSON is Validate for the text of one JSON value.
func ValidateJSON(s *Schema, text string) (found []Violation) {
	defer func() {
		if r := recover(); r != nil {
			found = []Violation{{Message: fmt.Sprintf("cannot be checked: %v", r), Keyword: "schema"}}
		}
	}()
	value, found := parse(text)
	if len(found) > 0 {
		return order(found)
	}
	if s.quick.accepts(value, 0) {
		return nil
	}
	return s.check(value)
}

func (s *Schema) check(value any) []Violation {
	err := s.compiled.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Violation{{Message: "cannot be checked: " + err.Error(), Keyword: "schema"}}
	}
	e := explainer{root: s.compiled, value: value}
	var out []Violation
	for _, f := range e.explain(invalid) {
		out = append(out, f.Violation)
	}
	return order(out)
}

// order sorts by place, so that messages do not depend on the order of maps, and drops what two branches of a schema
// say alike.
func order(found []Violation) []Violation {
	slices.SortFunc(found, func(a, b Violation) int {
		return cmp.Or(slices.CompareFunc(strings.Split(a.Pointer, "/"), strings.Split(b.Pointer, "/"), compareTokens),
			cmp.Compare(a.Keyword, b.Keyword), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(found)
}

// compareTokens puts list positions in the order of numbers: 2 before 10.
func compareTokens(a, b string) int {
	if isIndex(a) && isIndex(b) {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	}
	return cmp.Compare(a, b)
}

func isIndex(token string) bool {
	return token != "" && strings.Trim(token, "0123456789") == ""
}
