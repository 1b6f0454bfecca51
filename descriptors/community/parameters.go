package community

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
)

// parameters takes the properties that are in force for the operation. One that cannot be carried over and is optional is left
// out alone; one that n8n would always send takes the operation with it.
func (b *builder) parameters() {
	for _, p := range b.c.d.Get("properties").Array() {
		name := p.Get("name").Str
		if slices.Contains([]string{"resource", "operation", "authentication"}, name) || !b.c.inForce(p, b.page.Resource, b.page.Name) {
			continue
		}
		if p.Get("type").Str == "collection" {
			b.collection(p)
			continue
		}
		b.parameter(p, name, false)
	}
	for _, name := range sortedKeys(b.wanted) {
		if !slices.ContainsFunc(b.page.Properties, func(q descriptors.Property) bool { return q.Name == name }) {
			b.fail("its %s names the parameter %q, which it does not have", b.wanted[name], name)
		}
	}
}

// collection takes the members of the collection "options", which the engine unpacks; of any other it does not.
func (b *builder) collection(p gjson.Result) {
	name := p.Get("name").Str
	members := p.Get("options").Array()
	sends := slices.ContainsFunc(members, func(m gjson.Result) bool { return m.Get("routing").Exists() })
	if name != "options" {
		if sends || p.Get("routing").Exists() {
			b.c.left(b.page.Summary+", parameter "+name, "the members of a collection are sent only where it is called options")
		}
		return
	}
	for _, m := range members {
		b.parameter(m, m.Get("name").Str, true)
	}
	b.page.Properties = append(b.page.Properties, descriptors.Property{Name: "options", Type: "collection"})
}

func (b *builder) parameter(p gjson.Result, name string, member bool) {
	place, reason := b.place(p, name)
	if place == "" && reason == "" || name == "" {
		return // it is not sent
	}
	kind, known := kinds[p.Get("type").Str]
	if reason == "" && !known {
		reason = fmt.Sprintf("its type %s cannot be carried over", p.Get("type").Str)
	}
	always := !member && !p.Get("displayOptions").Exists() || !member && !b.conditional(p)
	def := p.Get("default")
	hasDefault := def.Exists() && !slices.Contains([]string{`""`, "null", "{}", "[]", "0", "false"}, def.Raw)
	switch {
	case reason != "" && always && (p.Get("required").Bool() || hasDefault || place == "path"):
		b.fail("parameter %s: %s", name, reason)
		return
	case reason != "":
		b.c.left(b.page.Summary+", parameter "+name, "%s", reason)
		return
	case slices.ContainsFunc(b.page.Properties, func(q descriptors.Property) bool { return q.Name == name }):
		return // the same parameter with other conditions
	}
	q := descriptors.Property{Name: name, DisplayName: p.Get("displayName").Str, Type: kind, In: place}
	// What n8n sends by default must be said here: nothing is sent that the workflow does not set.
	q.Required = place == "path" || always && (p.Get("required").Bool() || hasDefault)
	if hasDefault {
		q.Default = json.RawMessage(def.Raw)
	}
	q.MultipleValues = p.Get("typeOptions.multipleValues").Bool()
	if kind == "options" || kind == "multiOptions" {
		b.options(p, &q)
	}
	if place == "body" {
		b.page.Request.Body = true
	}
	b.page.Properties = append(b.page.Properties, q)
}

// conditional reports whether something beside resource and operation decides on a property.
func (b *builder) conditional(p gjson.Result) bool {
	for _, name := range append(keys(p.Get("displayOptions.show")), keys(p.Get("displayOptions.hide"))...) {
		if name != "resource" && name != "operation" && name != "@version" {
			return true
		}
	}
	return false
}

var kinds = map[string]string{
	"string": "string", "number": "number", "boolean": "boolean", "options": "options", "multiOptions": "multiOptions", "json": "json",
	"dateTime": "dateTime", "color": "string", "fixedCollection": "json",
}

func (b *builder) options(p gjson.Result, q *descriptors.Property) {
	for _, o := range p.Get("options").Array() {
		raw := json.RawMessage(o.Get("value").Raw)
		if len(raw) > 0 && !slices.ContainsFunc(q.Options, func(other descriptors.Option) bool { return string(other.Value) == string(raw) }) {
			q.Options = append(q.Options, descriptors.Option{Value: raw})
		}
		if o.Get("routing").Exists() {
			b.c.left(b.page.Summary+", parameter "+q.Name, "what its value %s sends is left out", o.Get("value").Raw)
		}
	}
	if len(q.Options) == 0 { // they are loaded from the service
		q.Type, q.MultipleValues = "string", q.MultipleValues || q.Type == "multiOptions"
	}
}

// place says where a parameter is sent, "" for nowhere; the reason, if there is one, why that cannot be carried over.
func (b *builder) place(p gjson.Result, name string) (in, reason string) {
	in = b.wanted[name]
	routing := p.Get("routing")
	if len(routing.Get("output.postReceive").Array()) > 0 && !b.c.loose {
		return in, "it reshapes the answer (postReceive)"
	}
	if u := routing.Get("request.url").Str; u != "" {
		return in, "it changes the address: " + u
	}
	for _, part := range parts {
		routing.Get("request." + part.name).ForEach(func(key, v gjson.Result) bool {
			if key.Str != name || !isValue(v.Str) || in != "" && in != part.in {
				reason = fmt.Sprintf("it is sent as %s %q: %s", part.in, key.Str, v.String())
				return false
			}
			in = part.in
			return true
		})
	}
	send := routing.Get("send")
	if !send.Exists() || reason != "" {
		return in, reason
	}
	property := send.Get("property").Str
	if in != "" && in != send.Get("type").Str {
		return in, fmt.Sprintf("it is sent in two places, %s and %s", in, send.Get("type").Str)
	}
	switch place := send.Get("type").Str; {
	case len(send.Get("preSend").Array()) > 0:
		reason = "a function (preSend) makes its request"
	case property != name:
		reason = fmt.Sprintf("it is sent under another name: %q", property)
	case strings.Contains(property, ".") && send.Get("propertyInDotNotation").Raw != "false":
		reason = "it is sent inside of another value: " + property
	case send.Get("value").Exists() && !isValue(send.Get("value").Str):
		reason = "its value is made by an expression: " + send.Get("value").String()
	case place != "body" && place != "query":
		reason = fmt.Sprintf("it is sent in %q", place)
	default:
		in = place
	}
	return in, reason
}

// isValue reports whether an expression is the parameter's own value.
func isValue(text string) bool {
	text, is := strings.CutPrefix(text, "=")
	inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(text), "{{"), "}}")
	return is && strings.TrimSpace(inner) == "$value"
}

// schema is what the resolved parameters must be.
func (b *builder) schema() {
	members, required := map[string]any{}, []string{}
	for _, p := range b.page.Properties {
		if p.In == "" {
			continue
		}
		one := map[string]any{}
		switch p.Type {
		case "string", "dateTime":
			one["type"] = "string"
		case "number", "boolean":
			one["type"] = p.Type
		case "multiOptions":
			one["type"] = "array"
		case "options":
			one["enum"] = values(p.Options)
		}
		if p.MultipleValues && p.Type != "json" {
			one = map[string]any{"type": "array", "items": one}
		}
		members[p.Name] = one
		if p.Required {
			required = append(required, p.Name)
		}
	}
	schema := map[string]any{"type": "object", "properties": members}
	if len(required) > 0 {
		schema["required"] = required
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		b.fail("%s", err)
	}
	b.page.Schema = raw
}

func values(options []descriptors.Option) []json.RawMessage {
	list := make([]json.RawMessage, len(options))
	for i, o := range options {
		list[i] = o.Value
	}
	return list
}

func sortedKeys(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
