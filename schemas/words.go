package schemas

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// said is a value as a message may speak of it.
type said struct {
	value  any
	secret bool
}

// String names the value: `the text "abc"`, `the number 1.5`, `a list`; of a secret only what kind it is.
func (s said) String() string {
	switch v := s.value.(type) {
	case nil:
		return "null"
	case bool:
		if s.secret {
			return "true or false"
		}
		return strconv.FormatBool(v)
	case string:
		switch {
		case v == "":
			return "empty text"
		case s.secret:
			return "text"
		}
		return "the text " + clip(strconv.Quote(v))
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return "an object"
	}
	if s.secret {
		return "a number"
	}
	return "the number " + clip(fmt.Sprint(s.value))
}

const maxSaid = 60

func clip(text string) string {
	if utf8.RuneCountInString(text) <= maxSaid {
		return text
	}
	return string([]rune(text)[:maxSaid]) + "…"
}

var typeNames = map[string]string{
	"integer": "a whole number", "number": "a number", "string": "text", "boolean": "true or false",
	"array": "a list", "object": "an object", "null": "null",
}

// typeWords lists types for people, null last: "text, a list or null".
func typeWords(types []string) string {
	words := make([]string, 0, len(types))
	null := false
	for _, t := range types {
		if t == "null" {
			null = true
			continue
		}
		words = append(words, typeNames[t])
	}
	if null {
		words = append(words, "null")
	}
	return alternatives(words)
}

func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func mustBe(types []string, value said) string {
	return fmt.Sprintf("must be %s, is %s", typeWords(types), value)
}

// message says what a leaf of the error tree means; fallback is the library's own text for the rarer keywords.
func message(s *jsonschema.Schema, keyword string, value said, fallback string) string {
	switch keyword {
	case "type":
		return mustBe(s.Types, value)
	case "enum":
		return oneOfValues(s.Enum, value)
	case "const":
		return fmt.Sprintf("must be %s, is %s", literal(s.Constant[0]), value)
	case "pattern":
		return mismatch(s, value)
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		return outOfRange(s, keyword, value)
	case "minLength":
		return fmt.Sprintf("must have at least %d characters, has %d", s.MinLength, textLength(value))
	case "maxLength":
		return fmt.Sprintf("must have at most %d characters, has %d", s.MaxLength, textLength(value))
	case "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "additionalProperties":
		return shape(s, keyword, value)
	case "not":
		return "is not allowed here: " + value.String()
	case "oneOf":
		return "fits more than one of the alternatives, and must fit exactly one"
	case "":
		return "is not allowed here"
	}
	return fallback
}

func textLength(value said) int {
	text, _ := value.value.(string)
	return utf8.RuneCountInString(text)
}

func outOfRange(s *jsonschema.Schema, keyword string, value said) string {
	if s.Minimum != nil && s.Maximum != nil && (keyword == "minimum" || keyword == "maximum") {
		return fmt.Sprintf("must be from %s to %s, is %s", rat(s.Minimum), rat(s.Maximum), value)
	}
	switch keyword {
	case "minimum":
		return fmt.Sprintf("must be at least %s, is %s", rat(s.Minimum), value)
	case "maximum":
		return fmt.Sprintf("must be at most %s, is %s", rat(s.Maximum), value)
	case "exclusiveMinimum":
		return fmt.Sprintf("must be more than %s, is %s", rat(s.ExclusiveMinimum), value)
	case "exclusiveMaximum":
		return fmt.Sprintf("must be less than %s, is %s", rat(s.ExclusiveMaximum), value)
	}
	return fmt.Sprintf("must be a multiple of %s, is %s", rat(s.MultipleOf), value)
}

func rat(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func shape(s *jsonschema.Schema, keyword string, value said) string {
	list, _ := value.value.([]any)
	object, _ := value.value.(map[string]any)
	switch keyword {
	case "minItems":
		return fmt.Sprintf("must have at least %d members, has %d", s.MinItems, len(list))
	case "maxItems":
		return fmt.Sprintf("must have at most %d members, has %d", s.MaxItems, len(list))
	case "uniqueItems":
		return "must not hold the same value twice"
	case "minProperties":
		return fmt.Sprintf("must have at least %d members, has %d", s.MinProperties, len(object))
	case "maxProperties":
		return fmt.Sprintf("must have at most %d members, has %d", s.MaxProperties, len(object))
	}
	known := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		known = append(known, name)
	}
	return unknownMembers(object, known)
}

func unknownMembers(object map[string]any, known []string) string {
	var unknown []string
	for name := range object {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	slices.Sort(known)
	for i, name := range unknown {
		unknown[i] = strconv.Quote(name)
		if near := Nearest(name, known); near != "" {
			unknown[i] += fmt.Sprintf(" (did you mean %q?)", near)
		}
	}
	return "has unknown members: " + strings.Join(unknown, ", ")
}

// maxListed bounds the values that a message lists; beyond it the nearest one helps more.
const maxListed = 12

func oneOfValues(values []any, value said) string {
	words := make([]string, 0, len(values))
	var texts []string
	for _, v := range values {
		words = append(words, literal(v))
		if text, ok := v.(string); ok {
			texts = append(texts, text)
		}
	}
	listed := "one of " + strings.Join(words, ", ")
	if len(words) == 1 {
		listed = words[0]
	} else if len(words) > maxListed {
		listed = fmt.Sprintf("one of %s, … (%d values)", strings.Join(words[:maxListed], ", "), len(words))
	}
	out := fmt.Sprintf("must be %s, is %s", listed, value)
	if text, ok := value.value.(string); ok && !value.secret {
		if near := Nearest(text, texts); near != "" {
			out += fmt.Sprintf("; did you mean %q?", near)
		}
	}
	return out
}

func literal(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return clip(string(text))
}

func mismatch(s *jsonschema.Schema, value said) string {
	if format, ok := FormatOf(s.Pattern.String()); ok {
		return fmt.Sprintf("must be %s, is %s", format.Example, value)
	}
	return fmt.Sprintf("must match the pattern %s, is %s", s.Pattern, value)
}
