package core

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dlclark/regexp2/v2"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// renameKeys gives fields of an item other names: one by one, then by regular expressions.
type renameKeys struct{}

var _ nodes.Node = renameKeys{}

func (renameKeys) Execute(ctx context.Context, call *nodes.Call) error {
	patterns := keyPatterns{}
	for i, it := range call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		json, err := renameFields(call, i, it.JSON())
		if err == nil {
			json, err = patterns.rename(ctx, call, i, json)
		}
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		call.EmitFrom(0, i, it.WithJSON(json))
	}
	return nil
}

// renameFields moves single fields. All are read from the item as it came in, so that a field can be moved only once.
func renameFields(call *nodes.Call, i int, original string) (string, error) {
	keys, err := call.Param("keys").Get("key").List(i)
	if err != nil {
		return "", err
	}
	json := original
	for _, key := range keys {
		current, err := key.Get("currentKey").String(i, "")
		if err != nil {
			return "", err
		}
		name, err := key.Get("newKey").String(i, "")
		if err != nil {
			return "", err
		}
		if current == "" || name == "" || current == name {
			continue
		}
		value := lookup(original, current, true)
		if !value.Exists() {
			continue
		}
		if json, err = assign(json, name, value.Raw, true); err != nil {
			return "", err
		}
		json = remove(json, current, true)
	}
	if json == original {
		return json, nil
	}
	return nodes.Normalize(json)
}

// keyPattern is a regular expression with what its first match in a key is replaced by.
type keyPattern struct {
	re          *regexp2.Regexp
	replacement string
	depth       float64 // how many objects deep it goes; negative is all the way
}

// keyPatterns are the regular expressions of one execution, compiled once.
type keyPatterns map[keyRegex]*regexp2.Regexp

type keyRegex struct {
	source  string
	options regexp2.RegexOptions
}

func (c keyPatterns) compile(source string, options regexp2.RegexOptions) (*regexp2.Regexp, error) {
	if re := c[keyRegex{source, options}]; re != nil {
		return re, nil
	}
	re, err := regexp2.Compile(source, options)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = regexTimeout
	if len(c) >= 1000 {
		clear(c)
	}
	c[keyRegex{source, options}] = re
	return re, nil
}

func (c keyPatterns) rename(ctx context.Context, call *nodes.Call, i int, json string) (string, error) {
	list, err := call.Param("additionalOptions").Get("regexReplacement").Get("replacements").List(i)
	if err != nil || len(list) == 0 {
		return json, err
	}
	for _, p := range list {
		pattern, err := c.read(p, i)
		if err != nil {
			return "", err
		}
		renamed, err := pattern.rename(ctx, gjson.Parse(json), 0)
		if err != nil {
			return "", err
		}
		if json, err = nodes.Normalize(renamed); err != nil {
			return "", err
		}
	}
	return json, nil
}

func (c keyPatterns) read(p nodes.Param, i int) (*keyPattern, error) {
	source, err := p.Get("searchRegex").String(i, "")
	if err != nil {
		return nil, err
	}
	pattern := &keyPattern{}
	if pattern.replacement, err = p.Get("replaceRegex").String(i, ""); err != nil {
		return nil, err
	}
	if pattern.depth, err = p.Get("options").Get("depth").Number(i, -1); err != nil {
		return nil, err
	}
	if pattern.depth < 0 {
		pattern.depth = math.Inf(1)
	}
	ignoreCase, err := p.Get("options").Get("caseInsensitive").Bool(i, false)
	if err != nil {
		return nil, err
	}
	options := regexp2.ECMAScript
	if ignoreCase {
		options |= regexp2.IgnoreCase
	}
	if pattern.re, err = c.compile(source, options); err != nil {
		return nil, nodes.Errorf("the regular expression %q is not valid: %w", source, err).WithParam(p.Name()+".searchRegex", "")
	}
	return pattern, nil
}

// rename writes a value with its keys renamed. A key that changes goes to the end, or to the place of one that is there
// already.
func (k *keyPattern) rename(ctx context.Context, value gjson.Result, level float64) (string, error) {
	switch {
	case value.IsArray():
		dst := []byte{'['}
		for n, el := range value.Array() {
			if n > 0 {
				dst = append(dst, ',')
			}
			text, err := k.rename(ctx, el, level+1)
			if err != nil {
				return "", err
			}
			dst = append(dst, text...)
		}
		return string(append(dst, ']')), nil
	case !value.IsObject() || level > k.depth:
		return value.Raw, nil
	}
	list, err := k.renameMembers(ctx, fieldsOf(value.Raw))
	if err != nil {
		return "", err
	}
	for n := range list {
		text, err := k.rename(ctx, gjson.Parse(list[n].value), level+1)
		if err != nil {
			return "", err
		}
		list[n].value = text
	}
	return writeFields(list, true, len(value.Raw)+16), nil
}

// renameMembers renames the keys of one object, in the order that they have at the beginning. A value that lands on a key still
// to come is moved on with it.
func (k *keyPattern) renameMembers(ctx context.Context, list []field) ([]field, error) {
	at := make(map[string]int, len(list))
	for n, f := range list {
		at[f.name] = n
	}
	for n := range len(list) {
		if n%256 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		f := list[n]
		name, err := k.replace(f.name)
		if err != nil {
			return nil, err
		}
		if name == f.name {
			continue
		}
		delete(at, f.name)
		list[n].key = "" // which marks what is gone: a key has its quotes
		if to, ok := at[name]; ok {
			list[to].value = f.value
			continue
		}
		at[name] = len(list)
		list = append(list, field{name, string(nodes.AppendString(nil, name)), f.value})
	}
	return slices.DeleteFunc(list, func(f field) bool { return f.key == "" }), nil
}

// replace is JavaScript's text.replace(re, replacement): only the first match.
func (k *keyPattern) replace(text string) (string, error) {
	m, err := k.re.FindStringMatch(text)
	if err != nil {
		return "", nodes.Errorf("the regular expression %q took longer than %s on the key %q", k.re.String(), k.re.MatchTimeout, text)
	}
	if m == nil {
		return text, nil
	}
	at, length := m.ByteRange()
	before, after := text[:at], text[at+length:]
	return before + expandMatch(k.replacement, m, before, after) + after, nil
}

// expandMatch fills in $$, $&, $`, $', $1 to $99 and $<name> (ECMA-262, GetSubstitution).
func expandMatch(replacement string, m *regexp2.Match, before, after string) string {
	var b strings.Builder
	for i := 0; i < len(replacement); i++ {
		if replacement[i] != '$' || i+1 == len(replacement) {
			b.WriteByte(replacement[i])
			continue
		}
		switch c := replacement[i+1]; {
		case c == '$':
			b.WriteByte('$')
		case c == '&':
			b.WriteString(m.String())
		case c == '`':
			b.WriteString(before)
		case c == '\'':
			b.WriteString(after)
		case c >= '0' && c <= '9':
			i += expandGroup(&b, replacement[i+1:], m) - 1
		case c == '<' && hasNames(m) && strings.IndexByte(replacement[i:], '>') > 0:
			end := strings.IndexByte(replacement[i:], '>')
			if g := m.GroupByName(replacement[i+2 : i+end]); g != nil {
				b.WriteString(g.String())
			}
			i += end - 1
		default:
			b.WriteByte('$')
			continue
		}
		i++
	}
	return b.String()
}

// hasNames reports whether a group has a name; if none has, $<name> is not special.
func hasNames(m *regexp2.Match) bool {
	return slices.ContainsFunc(m.Groups(), func(g regexp2.Group) bool { return g.Name != "" && g.Name[0] > '9' })
}

// expandGroup writes the group that the one or two digits at the start of text mean and says how many characters that took. A
// number of no group stands for itself.
func expandGroup(b *strings.Builder, text string, m *regexp2.Match) int {
	for digits := min(2, len(text)); digits > 0; digits-- {
		n, err := strconv.Atoi(text[:digits])
		if err != nil || n < 1 || n >= m.GroupCount() {
			continue
		}
		b.WriteString(m.GroupByNumber(n).String())
		return digits
	}
	b.WriteByte('$')
	b.WriteByte(text[0])
	return 1
}
