package schemas

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// explainer turns the library's tree of errors, which follows the schema, into a flat list that follows the value:
// what $ref, allOf and if add is dropped, and of anyOf and oneOf only the branch is told that the value aims at.
type explainer struct {
	root  *jsonschema.Schema
	value any
}

// finding is a violation with what is needed to choose between branches.
type finding struct {
	Violation
	types []string // of a type violation: the types that would do
}

func (e explainer) explain(err *jsonschema.ValidationError) []finding {
	schema, keyword := locate(e.root, err.KeywordLocation)
	pointer := unescapeLocation(err.InstanceLocation)
	switch keyword {
	case "anyOf", "oneOf":
		if len(err.Causes) > 0 {
			return e.choose(pointer, keyword, err.Causes)
		}
	}
	if len(err.Causes) > 0 && keyword != "minContains" {
		var all []finding
		for _, cause := range err.Causes {
			all = append(all, e.explain(cause)...)
		}
		return all
	}
	value := lookup(e.value, pointer)
	if keyword == "required" && schema != nil {
		return missing(schema, pointer, value)
	}
	f := finding{Violation: Violation{Pointer: pointer, Keyword: keyword}}
	if schema == nil {
		f.Message = err.Message
		return []finding{f}
	}
	if keyword == "type" {
		f.types = schema.Types
	}
	f.Message = message(schema, keyword, said{value: value, secret: IsSecret(pointer)}, err.Message)
	return []finding{f}
}

// choose explains the failure of alternatives. Branches that want another type than the value has are not what was
// meant; if all are such, the types are joined. Of several that remain the one with the fewest violations is told.
func (e explainer) choose(pointer, keyword string, causes []*jsonschema.ValidationError) []finding {
	var types []string
	var best []finding
	for _, cause := range causes {
		branch := e.explain(cause)
		if wants := otherType(branch, pointer); wants != nil {
			types = append(types, wants...)
			continue
		}
		if best == nil || rank(branch, pointer) < rank(best, pointer) {
			best = branch
		}
	}
	value := said{value: lookup(e.value, pointer), secret: IsSecret(pointer)}
	if best == nil {
		types = slices.Compact(slices.Sorted(slices.Values(types)))
		return []finding{{Violation: Violation{Pointer: pointer, Keyword: keyword, Message: mustBe(types, value)}, types: types}}
	}
	if len(best) == 1 && best[0].Pointer == pointer && best[0].Keyword == "enum" {
		if others := typeWords(without(types, "null")); others != "" {
			best[0].Message = strings.Replace(best[0].Message, "must be ", "must be "+others+", or ", 1)
		}
	}
	return best
}

// otherType returns the types that the branch wants at the place if that is all it complains of, else nil.
func otherType(branch []finding, pointer string) []string {
	var types []string
	for _, f := range branch {
		if f.Pointer != pointer || f.types == nil {
			return nil
		}
		types = append(types, f.types...)
	}
	return types
}

// rank is lower for the more useful explanation: a list of values says more than a pattern.
func rank(branch []finding, pointer string) int {
	n := 2 * len(branch)
	if len(branch) == 1 && branch[0].Pointer == pointer && branch[0].Keyword != "enum" {
		n++
	}
	return n
}

func missing(schema *jsonschema.Schema, pointer string, value any) []finding {
	object, _ := value.(map[string]any)
	var all []finding
	for _, name := range schema.Required {
		if _, ok := object[name]; !ok {
			all = append(all, finding{Violation: Violation{
				Pointer: pointer + "/" + escapePointer(name), Message: "is required, and is not set", Keyword: "required",
			}})
		}
	}
	return all
}

// locate follows the library's keyword location, such as "/properties/user/$ref/properties/Groups/type", from the
// root of the schema and returns the schema that holds the last keyword, and that keyword; nil where it loses its way.
func locate(root *jsonschema.Schema, location string) (*jsonschema.Schema, string) {
	tokens := strings.Split(strings.TrimPrefix(location, "/"), "/")
	s := root
	for i := 0; i < len(tokens) && s != nil; i++ {
		keyword := tokens[i]
		argument := ""
		if i+1 < len(tokens) {
			argument = unescapeToken(tokens[i+1])
		}
		next, used := step(s, keyword, argument)
		if next == nil || i+used >= len(tokens) {
			return s, keyword
		}
		s, i = next, i+used-1
	}
	return s, ""
}

// step goes down one keyword of a schema; used is the number of tokens that takes.
func step(s *jsonschema.Schema, keyword, argument string) (next *jsonschema.Schema, used int) {
	at := func(list []*jsonschema.Schema) (*jsonschema.Schema, int) {
		if i, err := strconv.Atoi(argument); err == nil && i >= 0 && i < len(list) {
			return list[i], 2
		}
		return nil, 0
	}
	switch keyword {
	case "$ref":
		return s.Ref, 1
	case "$dynamicRef":
		return s.DynamicRef, 1
	case "allOf":
		return at(s.AllOf)
	case "anyOf":
		return at(s.AnyOf)
	case "oneOf":
		return at(s.OneOf)
	case "prefixItems":
		return at(s.PrefixItems)
	case "items":
		if items, ok := s.Items.(*jsonschema.Schema); ok {
			return items, 1
		}
		return s.Items2020, 1
	case "properties":
		return s.Properties[argument], 2
	case "patternProperties":
		for pattern, schema := range s.PatternProperties {
			if pattern.String() == argument {
				return schema, 2
			}
		}
	case "additionalProperties":
		schema, _ := s.AdditionalProperties.(*jsonschema.Schema)
		return schema, 1
	case "propertyNames":
		return s.PropertyNames, 1
	case "contains":
		return s.Contains, 1
	case "unevaluatedProperties":
		return s.UnevaluatedProperties, 1
	case "unevaluatedItems":
		return s.UnevaluatedItems, 1
	case "dependentSchemas":
		return s.DependentSchemas[argument], 2
	case "if":
		return s.If, 1
	case "then":
		return s.Then, 1
	case "else":
		return s.Else, 1
	}
	return nil, 0
}

// The library writes names in its locations as parts of a URL fragment: percent-encoded JSON pointer tokens.

func unescapeLocation(location string) string {
	tokens := strings.Split(location, "/")
	for i, token := range tokens {
		if plain, err := url.PathUnescape(token); err == nil {
			tokens[i] = plain
		}
	}
	return strings.Join(tokens, "/")
}

func unescapeToken(token string) string {
	if plain, err := url.PathUnescape(token); err == nil {
		token = plain
	}
	return unescapePointer(token)
}

// pointerEscapes is made once: making a replacer costs more than all else there is to do for an item.
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func escapePointer(name string) string { return pointerEscapes.Replace(name) }

func unescapePointer(token string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
}

// lookup returns the part of the value at the pointer, nil if there is none.
func lookup(value any, pointer string) any {
	if pointer == "" {
		return value
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		switch v := value.(type) {
		case map[string]any:
			value = v[unescapePointer(token)]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

func without(list []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == word })
}
