package descriptors

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Look finds the value of a parameter, or of "@version": a text, a number (float64), a truth value, or a list or an object of them.
// Names are those of displayOptions: one that begins with "/" is of the node itself, the others may be of what stands beside.
type Look func(name string) (v any, known bool)

// Displayed checks n8n's displayOptions: all of show are met, none of hide. A list meets what one of its elements meets.
func Displayed(show, hide map[string][]any, look Look) bool {
	for name, wanted := range show {
		if !look.meets(name, wanted) {
			return false
		}
	}
	for name, unwanted := range hide {
		if look.meets(name, unwanted) {
			return false
		}
	}
	return true
}

// displayable checks displayOptions as far as the values are known.
func displayable(show, hide map[string][]any, look Look) bool {
	return Displayed(look.knows(show), look.knows(hide), look)
}

// knows are the conditions on what is known.
func (look Look) knows(conditions map[string][]any) map[string][]any {
	known := map[string][]any{}
	for name, wanted := range conditions {
		if _, is := look(name); is {
			known[name] = wanted
		}
	}
	return known
}

// meets reports whether a value, or one of a list, is among those that are wanted.
func (look Look) meets(name string, wanted []any) bool {
	v, known := look(name)
	if list, is := v.([]any); is {
		return slices.ContainsFunc(list, func(v any) bool { return Among(v, true, wanted) })
	}
	return Among(v, known, wanted)
}

// Among reports whether a value is in a list of displayOptions, whose elements may be conditions ({"_cnd": {"gte": 2}}).
func Among(v any, known bool, wanted []any) bool {
	return slices.ContainsFunc(wanted, func(one any) bool {
		object, is := one.(map[string]any)
		if !is {
			return known && reflect.DeepEqual(v, one)
		}
		conditions, _ := object["_cnd"].(map[string]any)
		for name, with := range conditions {
			if !holds(name, v, with) {
				return false
			}
		}
		return len(conditions) > 0
	})
}

// holds reports whether one of n8n's conditions is met; one that n8n does not have is not.
func holds(name string, v, with any) bool {
	number, _ := v.(float64)
	limit, _ := with.(float64)
	part, _ := with.(string)
	text := ""
	if v != nil {
		text = fmt.Sprint(v)
	}
	switch name {
	case "eq":
		return reflect.DeepEqual(v, with)
	case "not":
		return !reflect.DeepEqual(v, with)
	case "gt":
		return number > limit
	case "gte":
		return number >= limit
	case "lt":
		return number < limit
	case "lte":
		return number <= limit
	case "between":
		bounds, _ := with.(map[string]any)
		from, _ := bounds["from"].(float64)
		to, _ := bounds["to"].(float64)
		return number >= from && number <= to
	case "startsWith":
		return strings.HasPrefix(text, part)
	case "endsWith":
		return strings.HasSuffix(text, part)
	case "includes":
		return strings.Contains(text, part)
	case "regex":
		re, err := regexp.Compile(part)
		return err == nil && re.MatchString(text)
	case "exists":
		return text != ""
	}
	return false
}
