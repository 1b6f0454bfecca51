package schemas

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// quick recognises most valid values without the library, which computes every number as a fraction of big integers
// and costs 5 µs for it. It says yes only where the library would say yes; what it does not know, and everything that
// is wrong, is the library's to judge. A test and a fuzzer hold the two together.
type quick struct {
	unknown  bool // has keywords that quick does not know
	types    uint8
	minimum  float64
	maximum  float64
	enum     []any // text, booleans and null
	pattern  *regexp.Regexp
	minText  int
	maxText  int // -1: any
	required []string
	members  map[string]*quick
	items    *quick
	ref      *quick
	allOf    []*quick
	anyOf    []*quick
}

const (
	isNull = 1 << iota
	isBool
	isNumber
	isWhole
	isText
	isList
	isObject
	isAny = 1<<iota - 1
)

var typeBits = map[string]uint8{
	"null": isNull, "boolean": isBool, "number": isNumber | isWhole, "integer": isWhole,
	"string": isText, "array": isList, "object": isObject,
}

// quicken builds the quick form of a compiled schema; done holds those that are built, because schemas recurse.
func quicken(s *jsonschema.Schema, done map[*jsonschema.Schema]*quick) *quick {
	if s == nil {
		return nil
	}
	if q, ok := done[s]; ok {
		return q
	}
	q := &quick{types: isAny, minimum: math.Inf(-1), maximum: math.Inf(1), minText: max(s.MinLength, 0), maxText: s.MaxLength}
	done[s] = q
	q.unknown = isUnknown(s)
	if len(s.Types) > 0 {
		q.types = 0
		for _, t := range s.Types {
			q.types |= typeBits[t]
		}
	}
	// The bounds of int64 are no float64; numbers that are that long are not quick anyway.
	if s.Minimum != nil {
		q.minimum, _ = s.Minimum.Float64()
	}
	if s.Maximum != nil {
		q.maximum, _ = s.Maximum.Float64()
	}
	q.enum, q.pattern, q.required = s.Enum, s.Pattern, s.Required
	for name, member := range s.Properties {
		if q.members == nil {
			q.members = make(map[string]*quick, len(s.Properties))
		}
		q.members[name] = quicken(member, done)
	}
	q.items, q.ref = quicken(s.Items2020, done), quicken(s.Ref, done)
	if items, ok := s.Items.(*jsonschema.Schema); ok {
		q.items = quicken(items, done)
	}
	for _, each := range s.AllOf {
		q.allOf = append(q.allOf, quicken(each, done))
	}
	for _, each := range s.AnyOf {
		q.anyOf = append(q.anyOf, quicken(each, done))
	}
	return q
}

func isUnknown(s *jsonschema.Schema) bool {
	_, single := s.Items.(*jsonschema.Schema)
	return s.Always != nil || s.RecursiveRef != nil || s.DynamicRef != nil || len(s.Constant) > 0 || s.Not != nil ||
		len(s.OneOf) > 0 || s.If != nil || s.MinProperties != -1 || s.MaxProperties != -1 || s.PropertyNames != nil ||
		len(s.PatternProperties) > 0 || s.AdditionalProperties != nil || len(s.Dependencies) > 0 ||
		len(s.DependentRequired) > 0 || len(s.DependentSchemas) > 0 || s.UnevaluatedProperties != nil ||
		s.MinItems != -1 || s.MaxItems != -1 || s.UniqueItems || s.Items != nil && !single || s.AdditionalItems != nil ||
		len(s.PrefixItems) > 0 || s.Contains != nil || s.UnevaluatedItems != nil || s.Format != "" || s.ContentEncoding != "" ||
		s.ContentMediaType != "" || s.ContentSchema != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil ||
		s.MultipleOf != nil || len(s.Extensions) > 0 || !slices.ContainsFunc(s.Enum, isPlainWord) && len(s.Enum) > 0
}

func isPlainWord(value any) bool {
	switch value.(type) {
	case nil, bool, string:
		return true
	}
	return false
}

// accepts reports whether the value is surely valid. Depth bounds references that lead nowhere.
func (q *quick) accepts(value any, depth int) bool {
	if q.unknown || depth > 500 || !q.acceptsKind(value) {
		return false
	}
	if q.enum != nil && !slices.ContainsFunc(q.enum, func(v any) bool { return isPlainWord(v) && isPlainWord(value) && v == value }) {
		return false
	}
	if q.ref != nil && !q.ref.accepts(value, depth+1) {
		return false
	}
	for _, each := range q.allOf {
		if !each.accepts(value, depth+1) {
			return false
		}
	}
	return q.anyOf == nil || slices.ContainsFunc(q.anyOf, func(each *quick) bool { return each.accepts(value, depth+1) })
}

func (q *quick) acceptsKind(value any) bool {
	switch v := value.(type) {
	case nil:
		return q.types&isNull != 0
	case bool:
		return q.types&isBool != 0
	case string:
		return q.types&isText != 0 && q.acceptsText(v)
	case float64:
		return q.acceptsNumber(v)
	case int:
		return q.acceptsNumber(float64(v))
	case json.Number:
		// Up to 15 digits a float64 holds exactly what is written.
		if len(v) > 15 || strings.Trim(string(v), "0123456789.-") != "" {
			return false
		}
		f, err := strconv.ParseFloat(string(v), 64)
		return err == nil && q.acceptsNumber(f)
	case []any:
		return q.types&isList != 0 && q.acceptsList(v)
	case map[string]any:
		return q.types&isObject != 0 && q.acceptsObject(v)
	}
	return false
}

func (q *quick) acceptsText(v string) bool {
	if q.minText > 0 || q.maxText >= 0 {
		if n := utf8.RuneCountInString(v); n < q.minText || q.maxText >= 0 && n > q.maxText {
			return false
		}
	}
	return q.pattern == nil || q.pattern.MatchString(v)
}

func (q *quick) acceptsNumber(f float64) bool {
	if !(math.Abs(f) < 1<<53) || f < q.minimum || f > q.maximum {
		return false
	}
	kind := uint8(isNumber)
	if f == math.Trunc(f) {
		kind = isWhole
	}
	return q.types&kind != 0
}

func (q *quick) acceptsList(v []any) bool {
	for _, member := range v {
		if q.items != nil && !q.items.accepts(member, 0) || q.items == nil && !surelyJSON(member) {
			return false
		}
	}
	return true
}

func (q *quick) acceptsObject(v map[string]any) bool {
	for _, name := range q.required {
		if _, ok := v[name]; !ok {
			return false
		}
	}
	for name, member := range v {
		if known := q.members[name]; known != nil {
			if !known.accepts(member, 0) {
				return false
			}
		} else if !surelyJSON(member) {
			return false
		}
	}
	return true
}

// surelyJSON looks at values that no schema describes: they may be anything that is JSON, but not NaN or 1e999.
func surelyJSON(value any) bool {
	switch v := value.(type) {
	case nil, bool, string, int:
		return true
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	case json.Number:
		return numberOutside(string(v)) == ""
	case []any:
		return !slices.ContainsFunc(v, func(member any) bool { return !surelyJSON(member) })
	case map[string]any:
		for _, member := range v {
			if !surelyJSON(member) {
				return false
			}
		}
		return true
	}
	return false
}
