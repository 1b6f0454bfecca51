package pbxsim

import (
	"fmt"
	"strings"
)

// maxSample is how deep sample data goes: below it, what may be null is null and lists are empty.
const maxSample = 2

// sampleText is a valid text of a kind.
func sampleText(kind valueKind) string {
	switch kind {
	case kindDateTime:
		return "2026-01-15T09:30:00Z"
	case kindUUID:
		return "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	case kindTime:
		return "08:30:00"
	case kindDuration:
		return "PT1M30S"
	}
	return "sample"
}

// sample makes a value of a shape. The same arguments give the same value; n numbers the values of a list from 1.
func sample(s *shape, name string, n, depth int) any {
	if len(s.enum) > 0 {
		return s.enum[0]
	}
	switch s.kind {
	case kindNumber:
		return sampleNumber(s, name, n)
	case kindBool:
		return false
	case kindText:
		return sampleWords(s, name, n)
	case kindUUID:
		return fmt.Sprintf("3f2504e0-4f89-41d3-9a0c-%012d", n)
	case kindDateTime, kindTime, kindDuration:
		return sampleText(s.kind)
	case kindCollection:
		if depth >= maxSample || s.items == nil {
			return []any{}
		}
		if element := s.element(); element.kind == kindObject && depth > 0 {
			return []any{}
		}
		return []any{sample(s.element(), strings.TrimSuffix(name, "s"), n, depth+1)}
	case kindObject:
		if s.nullable && depth > 0 || depth > maxSample && len(s.required) == 0 {
			if s.nullable {
				return nil
			}
			return map[string]any{}
		}
		return sampleObject(s, n, depth)
	}
	if s.nullable {
		return nil
	}
	return map[string]any{}
}

func sampleObject(s *shape, n, depth int) map[string]any {
	out := make(map[string]any, len(s.properties))
	for name, m := range s.properties {
		switch p := m.shape(); {
		case strings.HasPrefix(name, "@odata."):
		case depth >= maxSample && p.nullable:
			out[name] = nil
		default:
			out[name] = sample(p, name, n, depth+1)
		}
	}
	return out
}

func sampleNumber(s *shape, name string, n int) any {
	value := 0
	if name == "Id" || strings.HasSuffix(name, "Id") {
		value = n
	}
	if s.minimum != nil && float64(value) < *s.minimum {
		return *s.minimum
	}
	return value
}

func sampleWords(s *shape, name string, n int) string {
	var text string
	switch {
	case isSecret(name):
		text = "not-a-real-secret"
	case strings.Contains(name, "Email"):
		text = fmt.Sprintf("sample%d@example.com", n)
	case strings.Contains(name, "Number"):
		text = fmt.Sprint(900 + n)
	case strings.Contains(strings.ToLower(name), "mac"):
		text = fmt.Sprintf("02005e00%04x", n)
	case strings.Contains(name, "Url") || strings.Contains(name, "Link"):
		text = fmt.Sprintf("https://pbx.example.com/sample/%d", n)
	case name == "":
		text = fmt.Sprintf("sample %d", n)
	default:
		text = fmt.Sprintf("%s %d", name, n)
	}
	if s.maxText > 0 && len(text) > s.maxText {
		text = text[:s.maxText]
	}
	if s.pattern != nil && !s.pattern.MatchString(text) {
		return sampleText(s.kind)
	}
	return text
}

// blank is the value that a property has which nobody set.
func blank(s *shape) any {
	switch {
	case s.nullable:
		return nil
	case s.kind == kindCollection:
		return []any{}
	case len(s.enum) > 0:
		return s.enum[0]
	}
	switch s.kind {
	case kindNumber:
		if s.minimum != nil && *s.minimum > 0 {
			return *s.minimum
		}
		return 0
	case kindBool:
		return false
	case kindText:
		if s.pattern != nil && !s.pattern.MatchString("") {
			return sampleWords(s, "", 1)
		}
		return ""
	case kindObject:
		return complete(s, map[string]any{})
	case kindUnknown:
		return nil
	}
	return sampleText(s.kind)
}

// complete returns the entity with all properties of its type, those that are not set being blank.
func complete(s *shape, set map[string]any) map[string]any {
	out := make(map[string]any, len(s.properties)+len(set))
	for name, m := range s.properties {
		if _, ok := set[name]; !ok && !strings.HasPrefix(name, "@odata.") {
			out[name] = blank(m.shape())
		}
	}
	for name, value := range set {
		out[name] = value
	}
	return out
}

// fit is complete without what the type does not have, for seeds that serve several API versions.
func fit(s *shape, set map[string]any) map[string]any {
	out := complete(s, nil)
	for name, value := range set {
		if m := s.properties[name]; m != nil {
			out[name] = value
		}
	}
	return out
}
