package core

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// fieldPair names what must be equal: a field of the first input and one of the second.
type fieldPair struct{ first, second string }

// joinIndex finds the items of the second input that equal one of the first in all pairs of fields, by a map: time is linear
// in the items.
type joinIndex struct {
	pairs       []fieldPair
	dots, fuzzy bool
	second      nodes.Items
	byKey       map[string][]int
}

// fuzzyKeys is how many pairs are looked up by key where equality is fuzzy; each multiplies an item's keys by up to 3. The rest
// are compared.
const fuzzyKeys = 4

func newJoinIndex(pairs []fieldPair, dots, fuzzy bool, second nodes.Items) *joinIndex {
	x := &joinIndex{pairs: pairs, dots: dots, fuzzy: fuzzy, second: second, byKey: make(map[string][]int, second.Len())}
	for j, it := range second.All() {
		for _, key := range x.keys(it, func(p fieldPair) string { return p.second }, indexTokens) {
			x.byKey[key] = append(x.byKey[key], j)
		}
	}
	return x
}

// matches are the indices of the items of the second input that it equals, in order. An item without one of the fields
// equals none.
func (x *joinIndex) matches(it nodes.Item) []int {
	for _, p := range x.pairs {
		if !lookup(it.JSON(), p.first, x.dots).Exists() {
			return nil
		}
	}
	keys := x.keys(it, func(p fieldPair) string { return p.first }, searchTokens)
	if len(keys) == 1 {
		return x.equalRest(it, x.byKey[keys[0]])
	}
	var found []int
	for _, key := range keys {
		found = append(found, x.byKey[key]...)
	}
	slices.Sort(found)
	return x.equalRest(it, slices.Compact(found))
}

// equalRest leaves those of the found that equal the item in the pairs that have no part in the keys.
func (x *joinIndex) equalRest(it nodes.Item, found []int) []int {
	if !x.fuzzy || len(x.pairs) <= fuzzyKeys {
		return found
	}
	rest := x.pairs[fuzzyKeys:]
	wanted := make([][]string, len(rest))
	for n, p := range rest {
		wanted[n] = searchTokens(lookup(it.JSON(), p.first, x.dots))
	}
	return slices.DeleteFunc(slices.Clone(found), func(j int) bool {
		for n, p := range rest {
			tokens := indexTokens(lookup(x.second.At(j).JSON(), p.second, x.dots))
			if !slices.ContainsFunc(tokens, func(token string) bool { return slices.Contains(wanted[n], token) }) {
				return true
			}
		}
		return false
	})
}

// keys are the keys of an item: one, unless equality is fuzzy, where each field may have several.
func (x *joinIndex) keys(it nodes.Item, name func(fieldPair) string, tokens func(gjson.Result) []string) []string {
	keys := []string{""}
	for n, p := range x.pairs {
		if x.fuzzy && n == fuzzyKeys {
			break
		}
		r := lookup(it.JSON(), name(p), x.dots)
		if !x.fuzzy {
			if !r.Exists() {
				return nil
			}
			keys[0] += canonical(r) + "\x00"
			continue
		}
		var all []string
		for _, token := range tokens(r) {
			for _, key := range keys {
				all = append(all, key+token+"\x00")
			}
		}
		keys = all
	}
	return keys
}

// canonical is one text for all forms of a value that are deeply equal.
func canonical(r gjson.Result) string {
	switch {
	case r.Type == gjson.Number:
		return "#" + string(nodes.AppendNumber(nil, r.Num))
	case r.Type == gjson.String:
		return string(nodes.AppendString(nil, r.Str))
	case r.IsArray():
		var b strings.Builder
		b.WriteByte('[')
		r.ForEach(func(_, el gjson.Result) bool {
			b.WriteString(canonical(el) + ",")
			return true
		})
		return b.String() + "]"
	case r.IsObject():
		var list []string
		r.ForEach(func(key, v gjson.Result) bool {
			list = append(list, string(nodes.AppendString(nil, key.Str))+":"+canonical(v)+",")
			return true
		})
		slices.Sort(list)
		return "{" + strings.Join(list, "") + "}"
	}
	return r.Raw
}

// Fuzzy equality is not transitive (true is 1 and "true", which are not one another), so a value is filed under some tokens and
// searched for under others; two are equal if they share one:
//
//	empty          null, undefined, "" and [], which is a list too
//	=text          a number's or string's own text; what is searched for includes those that a boolean equals
//	bool           true or false, also searched for by 1, "1", "true", …
//	lower:bool     filed for texts that are a boolean in any case, searched for by booleans
//	{…} [...]      an object or list; from:… is filed for the texts of such, searched for by objects and lists

func isEmptyValue(r gjson.Result) bool {
	return !r.Exists() || r.Type == gjson.Null || r.Type == gjson.String && r.Str == "" || r.Raw == "[]"
}

func indexTokens(r gjson.Result) []string {
	switch {
	case r.Raw == "[]":
		return []string{"empty", r.Raw}
	case isEmptyValue(r):
		return []string{"empty"}
	case r.Type == gjson.Number:
		return []string{"=" + string(nodes.AppendNumber(nil, r.Num))}
	case r.Type == gjson.String:
		tokens := []string{"=" + r.Str}
		if lower := strings.ToLower(r.Str); lower == "true" || lower == "false" {
			tokens = append(tokens, "lower:"+lower)
		}
		if value, ok := parsedObject(r.Str); ok {
			tokens = append(tokens, "from:"+value)
		}
		return tokens
	case r.Type == gjson.True, r.Type == gjson.False:
		return []string{r.Raw}
	}
	return []string{canonical(r)}
}

func searchTokens(r gjson.Result) []string {
	switch {
	case r.Raw == "[]":
		return []string{"empty", "from:" + r.Raw}
	case isEmptyValue(r):
		return []string{"empty"}
	case r.Type == gjson.True:
		return []string{"true", "=1", "lower:true"}
	case r.Type == gjson.False:
		return []string{"false", "=0", "lower:false"}
	case r.Type == gjson.Number, r.Type == gjson.String:
		text := nodes.ResultValue(r).Text()
		tokens := []string{"=" + text}
		switch lower := strings.ToLower(text); {
		case text == "1", r.Type == gjson.String && lower == "true":
			tokens = append(tokens, "true")
		case text == "0", r.Type == gjson.String && lower == "false":
			tokens = append(tokens, "false")
		}
		if value, ok := parsedObject(r.Str); ok {
			tokens = append(tokens, value)
		}
		return tokens
	}
	return []string{canonical(r), "from:" + canonical(r)}
}

// parsedObject reads text that is the JSON of an object or list.
func parsedObject(text string) (value string, ok bool) {
	trimmed := strings.TrimLeft(text, jsSpace)
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' {
		return "", false
	}
	normal, err := nodes.Normalize(text)
	if err != nil {
		return "", false
	}
	return canonical(gjson.Parse(normal)), true
}
