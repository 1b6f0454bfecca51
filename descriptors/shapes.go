package descriptors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/schemas"
)

// shapes says in words what the schemas of an operation allow, and remembers which shared schemas the words name, so
// that they can be listed below: those of the parameters, and of these the members' (two levels).
type shapes struct {
	set     Set
	members map[string]gjson.Result // the operation's parameters by name
	named   []string                // addresses, in order of mention
	written int                     // how many of these are listed
	cache   map[string]gjson.Result
}

func newShapes(set Set, schema json.RawMessage) *shapes {
	s := &shapes{set: set, members: map[string]gjson.Result{}, cache: map[string]gjson.Result{}}
	s.collect(gjson.ParseBytes(schema), s.members, 0)
	return s
}

// load returns a shared schema, or nothing if there is none: the page is then the poorer.
func (s *shapes) load(address string) gjson.Result {
	if known, ok := s.cache[address]; ok {
		return known
	}
	base, fragment, _ := strings.Cut(address, "#")
	raw, err := s.set.Schema(base)
	var found gjson.Result
	if err == nil {
		found = gjson.ParseBytes(raw)
		for token := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
			if token != "" {
				found = found.Get(gjson.Escape(token))
			}
		}
	}
	s.cache[address] = found
	return found
}

// collect gathers the members of an object schema, its own and those of the schemas that it is made of.
func (s *shapes) collect(schema gjson.Result, into map[string]gjson.Result, depth int) {
	if depth > 8 {
		return
	}
	if ref := schema.Get(`$ref`); ref.Exists() {
		s.collect(s.load(ref.Str), into, depth+1)
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		for _, part := range schema.Get(keyword).Array() {
			s.collect(part, into, depth+1)
		}
	}
	schema.Get("properties").ForEach(func(name, member gjson.Result) bool {
		into[name.Str] = member
		return true
	})
}

// parameter describes the values of a parameter.
func (s *shapes) parameter(p Property) string {
	words := ""
	if schema, ok := s.members[p.Name]; ok {
		words = s.words(schema)
	}
	// int32 says more than the bounds do.
	if p.Type == "number" && p.Format != "" && p.Format != "integer" {
		words = strings.Replace(words, "whole number", p.Format, 1)
	}
	return words
}

// words describes a schema: "text or null", "list of Pbx.UserGroup".
func (s *shapes) words(schema gjson.Result) string {
	if ref := schema.Get(`$ref`); ref.Exists() {
		return s.refWords(ref.Str)
	}
	if values := schema.Get("enum"); values.Exists() {
		return "one of " + enumList(values)
	}
	if alternatives := schema.Get("anyOf"); alternatives.Exists() && schema.Get("type").Str == "string" {
		return "one or more, joined with commas, of " + enumList(alternatives.Get("0.enum"))
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if alternatives := schema.Get(keyword).Array(); len(alternatives) > 0 {
			var words []string
			for _, each := range alternatives {
				words = append(words, s.words(each))
			}
			return joinWords(words)
		}
	}
	if parts := schema.Get("allOf").Array(); len(parts) == 1 {
		return s.words(parts[0])
	}
	return s.typeWords(schema)
}

func (s *shapes) refWords(address string) string {
	target := s.load(address)
	if members := s.membersOf(address); len(members) == 0 && target.Exists() {
		return s.words(target)
	}
	if !slices.Contains(s.named, address) {
		s.named = append(s.named, address)
	}
	return "object " + shapeName(address)
}

func (s *shapes) membersOf(address string) map[string]gjson.Result {
	members := map[string]gjson.Result{}
	s.collect(s.load(address), members, 0)
	return members
}

func (s *shapes) typeWords(schema gjson.Result) string {
	types := []gjson.Result{schema.Get("type")}
	if types[0].IsArray() {
		types = types[0].Array()
	}
	var words []string
	for _, t := range types {
		switch t.Str {
		case "string":
			words = append(words, textWords(schema))
		case "integer":
			words = append(words, "whole number")
		case "array":
			words = append(words, "list of "+strings.TrimPrefix(s.words(schema.Get("items")), "object "))
		case "boolean":
			words = append(words, "true or false")
		case "":
			words = append(words, "anything")
		default:
			words = append(words, t.Str)
		}
	}
	return joinWords(words)
}

func textWords(schema gjson.Result) string {
	if format, ok := schemas.FormatOf(schema.Get("pattern").Str); ok {
		return format.Name
	}
	if most := schema.Get("maxLength"); most.Exists() {
		return fmt.Sprintf("text of at most %d characters", most.Int())
	}
	return "text"
}

func joinWords(words []string) string {
	words = slices.Compact(words)
	if i := slices.Index(words, "null"); i >= 0 {
		words = slices.Delete(words, i, i+1)
		if joined := strings.Join(words, " or "); strings.HasPrefix(joined, "one ") {
			return joined + "; or null"
		}
		words = append(words, "null")
	}
	return strings.Join(words, " or ")
}

func enumList(values gjson.Result) string {
	var words []string
	for _, v := range values.Array() {
		words = append(words, v.String())
	}
	return strings.Join(words, ", ")
}

func shapeName(address string) string { return address[strings.LastIndexByte(address, '/')+1:] }

// write lists the shared schemas that the parameters name, and those that these name.
func (s *shapes) write(page *sheet) {
	for range 2 {
		s.writeLevel(page)
	}
	s.written = len(s.named) // the third level is not listed
}

// writeLevel lists the shared schemas that are named and not yet listed.
func (s *shapes) writeLevel(page *sheet) {
	level := s.named[s.written:]
	s.written = len(s.named)
	for _, address := range slices.Clone(level) {
		page.print("\n%s\n", shapeName(address))
		members := s.membersOf(address)
		var list table
		for _, name := range sortedNames(members) {
			list.row(name, s.words(members[name]))
		}
		list.write(&page.out, "  ")
	}
}

func sortedNames(members map[string]gjson.Result) []string {
	return slices.SortedFunc(maps.Keys(members), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
	})
}

// response describes an answer; collections by their members.
func (s *shapes) response(r Response) string {
	if len(r.Schema) == 0 {
		return "whatever the server sends"
	}
	schema := gjson.ParseBytes(r.Schema)
	members := map[string]gjson.Result{}
	s.collect(schema, members, 0)
	switch r.Kind {
	case "collection":
		return `{"value": […]}, a ` + s.words(members["value"])
	case "value":
		return `{"value": …}, ` + s.words(members["value"])
	}
	return s.words(schema)
}

func indent(text []byte, margin string) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		out.WriteString(margin)
		out.Write(line)
	}
	return out.Bytes()
}
