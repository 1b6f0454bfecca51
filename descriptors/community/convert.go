package community

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
)

// converter makes a descriptor file of one node's description.
type converter struct {
	out         *Imported
	of          Package
	source      gjson.Result // what is told of the node: its description, the class and the modules behind it
	d           gjson.Result
	credentials gjson.Result
	name        string
	versions    []float64
	code        map[string]string // the modules behind functions that are carried over
}

func (c *converter) left(where, format string, args ...any) {
	c.out.Left = append(c.out.Left, Left{c.name, where, fmt.Sprintf(format, args...)})
}

func (c *converter) note(format string, args ...any) {
	c.out.Notes = append(c.out.Notes, c.name+": "+fmt.Sprintf(format, args...))
}

// routed reports whether a description says how requests are made.
func routed(d gjson.Result) bool {
	return d.Get("requestDefaults").Exists() || strings.Contains(d.Get("properties").Raw, `"routing":`)
}

// file is nil where the node cannot be carried over.
func (c *converter) file(nodeType string) (*descriptors.File, error) {
	for _, v := range list(c.d.Get("version")) {
		c.versions = append(c.versions, v.Num)
	}
	if len(c.versions) == 0 {
		c.versions = []float64{1}
	}
	node := &descriptors.Node{
		Type: nodeType, DisplayName: c.d.Get("displayName").Str, Versions: c.versions,
		Routing: &descriptors.Routing{Defaults: raw(c.d.Get("requestDefaults")), Operations: raw(c.d.Get("requestOperations"))},
	}
	c.functions("requestDefaults", c.d.Get("requestDefaults"))
	c.functions("requestOperations", c.d.Get("requestOperations"))
	for _, use := range c.d.Get("credentials").Array() {
		node.Credentials = append(node.Credentials, c.credential(use))
	}
	node.Properties = c.properties("", c.d.Get("properties").Array())
	node.Properties = append(node.Properties, sending)
	if len(c.code) > 0 {
		modules, err := json.Marshal(c.code)
		if err != nil {
			return nil, err
		}
		node.Routing.Code = &descriptors.Code{Module: c.source.Get("module").Str, Class: c.source.Get("class").Str, Version: c.source.Get("version").Str, Modules: modules}
	}
	f := &descriptors.File{Format: descriptors.Format, Node: node}
	set, err := f.Set()
	if err != nil {
		return nil, err
	}
	if problems := descriptors.Lint(c.name, set); len(problems) > 0 {
		c.left("", "its description does not make a descriptor: %s", problems[0])
		return nil, nil
	}
	return f, nil
}

// sending is the collection that n8n gives every declarative node.
var sending = descriptors.Property{Name: "requestOptions", Type: "collection", Default: json.RawMessage("{}"), Properties: []descriptors.Property{
	{Name: "batching", Type: "fixedCollection", Properties: []descriptors.Property{{Name: "batch", Type: "collection", Properties: []descriptors.Property{
		{Name: "batchSize", Type: "number", Default: json.RawMessage("50")}, {Name: "batchInterval", Type: "number", Default: json.RawMessage("1000")},
	}}}},
	{Name: "allowUnauthorizedCerts", Type: "boolean", Default: json.RawMessage("false")},
	{Name: "proxy", Type: "string"},
	{Name: "timeout", Type: "number", Default: json.RawMessage("300000")},
}}

// kinds are the types of parameters as descriptors have them; those that only show something are not in here.
var kinds = map[string]string{
	"string": "string", "number": "number", "boolean": "boolean", "options": "options", "multiOptions": "multiOptions", "json": "json",
	"dateTime": "dateTime", "color": "string", "hidden": "string", "collection": "collection", "fixedCollection": "fixedCollection",
	"resourceLocator": "resourceLocator", "filter": "filter", "assignmentCollection": "assignmentCollection",
}

func (c *converter) properties(where string, list []gjson.Result) []descriptors.Property {
	var out []descriptors.Property
	for _, p := range list {
		name := p.Get("name").Str
		at := where + "." + name
		if where == "" {
			at = usedBy(p) + "parameter " + name
		}
		kind, known := kinds[p.Get("type").Str]
		if !known || name == "" {
			if p.Get("routing").Exists() {
				c.left(at, "parameters of the type %s are not known here", p.Get("type").Str)
			}
			continue
		}
		q := descriptors.Property{
			Name: name, DisplayName: p.Get("displayName").Str, Type: kind, Required: p.Get("required").Bool(), Default: raw(p.Get("default")),
			MultipleValues: p.Get("typeOptions.multipleValues").Bool() && kind != "fixedCollection", Routing: raw(p.Get("routing")),
		}
		c.functions(at, p.Get("routing"))
		q.Show, q.Hide = conditions(p.Get("displayOptions.show")), conditions(p.Get("displayOptions.hide"))
		if q.Versions = c.inForce(p); len(q.Versions) == 0 {
			continue
		}
		if len(q.Versions) == len(c.versions) {
			q.Versions = nil
		}
		c.inside(at, p, &q)
		if !slices.ContainsFunc(out, func(o descriptors.Property) bool {
			return o.Name == name && q.Show == nil && q.Hide == nil && q.Versions == nil
		}) {
			out = append(out, q)
		}
	}
	return out
}

// inside carries over what a parameter has in it: values, members, groups.
func (c *converter) inside(at string, p gjson.Result, q *descriptors.Property) {
	options := p.Get("options").Array()
	switch q.Type {
	case "options", "multiOptions":
		for _, o := range options {
			value := raw(o.Get("value"))
			if len(value) == 0 || o.Get("value").IsObject() || slices.ContainsFunc(q.Options, func(other descriptors.Option) bool { return string(other.Value) == string(value) }) {
				continue
			}
			q.Options = append(q.Options, descriptors.Option{Name: o.Get("name").String(), Value: value, Routing: raw(o.Get("routing"))})
			c.functions(optionPlace(at, p, o), o.Get("routing"))
		}
		if len(q.Options) == 0 { // the service has them
			q.MultipleValues = q.MultipleValues || q.Type == "multiOptions"
			q.Type = "string"
		}
	case "collection":
		q.Properties = c.properties(at, options)
	case "fixedCollection":
		for _, group := range options {
			name := group.Get("name").Str
			q.Properties = append(q.Properties, descriptors.Property{
				Name: name, DisplayName: group.Get("displayName").Str, Type: "collection", MultipleValues: p.Get("typeOptions.multipleValues").Bool(),
				Properties: c.properties(at+"."+name, group.Get("values").Array()),
			})
		}
	}
}

// usedBy says which resources and operations show a parameter, as the beginning of its place; "" for all.
func usedBy(p gjson.Result) string {
	text := ""
	for _, name := range []string{"resource", "operation"} {
		if values := list(p.Get("displayOptions.show." + name)); len(values) > 0 {
			words := make([]string, len(values))
			for i, v := range values {
				words[i] = v.String()
			}
			text += name + " " + strings.Join(words, " or ") + ", "
		}
	}
	return text
}

// optionPlace is the place of a parameter's value: that of an operation or a resource is its name.
func optionPlace(at string, p, option gjson.Result) string {
	value := option.Get("value").String()
	if name := p.Get("name").Str; at == usedBy(p)+"parameter "+name && (name == "operation" || name == "resource") {
		return usedBy(p) + name + " " + value
	}
	return at + " " + value
}

// functions takes the code along to which a routing leaves something, and lists what cannot be carried over: the node refuses what
// would need it.
func (c *converter) functions(where string, routing gjson.Result) {
	walk(routing, "", func(place string, v gjson.Result) {
		switch name := v.Get(`\$function`); {
		case !name.Exists():
		case !v.Get("at").Exists():
			c.left(where, "a function (%s: %s) of another package", place, name.Str)
		case !slices.Contains([]string{"preSend", "postReceive", "pagination"}, place):
			c.left(where, "a function (%s: %s), which is not known there", place, name.Str)
		default:
			c.take(c.source)
		}
	})
}

// take takes the modules of a node or a credential along.
func (c *converter) take(source gjson.Result) {
	if c.code == nil {
		c.code = map[string]string{}
	}
	for _, path := range source.Get("modules").Array() {
		c.code[path.Str] = c.of.Files[path.Str]
	}
}

// walk visits the objects of a value, with the last name that leads to each.
func walk(r gjson.Result, place string, visit func(place string, v gjson.Result)) {
	if r.IsObject() {
		visit(place, r)
	}
	if r.IsObject() || r.IsArray() {
		r.ForEach(func(key, v gjson.Result) bool {
			if r.IsArray() {
				walk(v, place, visit)
			} else {
				walk(v, key.Str, visit)
			}
			return true
		})
	}
}

// conditions are displayOptions without the version, which has a field of its own.
func conditions(r gjson.Result) map[string][]any {
	var out map[string][]any
	r.ForEach(func(key, v gjson.Result) bool {
		if key.Str == "@version" {
			return true
		}
		if out == nil {
			out = map[string][]any{}
		}
		out[key.Str] = values(v)
		return true
	})
	return out
}

// values are a list's elements, as displayOptions compare them.
func values(r gjson.Result) []any {
	out := []any{}
	for _, el := range list(r) {
		out = append(out, el.Value())
	}
	return out
}

// inForce are the versions that have a property.
func (c *converter) inForce(p gjson.Result) []float64 {
	show, hide := p.Get(`displayOptions.show.\@version`), p.Get(`displayOptions.hide.\@version`)
	return slices.DeleteFunc(slices.Clone(c.versions), func(v float64) bool {
		return show.Exists() && !descriptors.Among(v, true, values(show)) || descriptors.Among(v, true, values(hide))
	})
}

// functionPlace is where a function of a credential stands, in the form in which descriptors name it.
type functionPlace struct {
	Function string          `json:"$function"`
	At       json.RawMessage `json:"at"`
	Module   string          `json:"module"`
	Class    string          `json:"class"`
}

// credential carries over how a credential goes into requests.
func (c *converter) credential(use gjson.Result) descriptors.CredentialUse {
	out := descriptors.CredentialUse{
		Type: use.Get("name").Str, Required: use.Get("required").Bool(),
		Show: conditions(use.Get("displayOptions.show")), Hide: conditions(use.Get("displayOptions.hide")), Outside: true,
	}
	for _, cred := range c.credentials.Array() {
		if cred.Get("name").Str != out.Type {
			continue
		}
		out.Outside = false
		for _, p := range cred.Get("properties").Array() {
			if name := p.Get("name").Str; name != "" && p.Get("type").Str != "notice" {
				out.Fields = append(out.Fields, descriptors.CredentialField{Name: name, Type: p.Get("type").Str, Default: raw(p.Get("default"))})
			}
		}
		auth := cred.Get("authenticate")
		switch {
		case strings.Contains(strings.ToLower(cred.Get("extends").Raw), "oauth2"):
			for _, p := range cred.Get("properties").Array() {
				if at := p.Get("default").Str; p.Get("name").Str == "accessTokenUrl" && at != "" {
					c.note("add \"accessTokenUrl\": %q to the data of its credential %s, which n8n does not export", at, out.Type)
				}
			}
		case auth.Get("type").Str == "generic":
			out.Authenticate = raw(auth.Get("properties"))
		case auth.Get("at").Exists():
			out.Authenticate, _ = json.Marshal(functionPlace{auth.Get(`\$function`).Str, raw(auth.Get("at")), cred.Get("module").Str, cred.Get("class").Str}) // cannot fail
			c.take(cred)
		case auth.Get(`\$function`).Exists(): // it stays, so that nothing is sent without what it would add
			out.Authenticate = raw(auth)
			c.left("credential "+out.Type, "a function (authenticate) puts it into requests")
		}
	}
	return out
}

func raw(r gjson.Result) json.RawMessage {
	if !r.Exists() {
		return nil
	}
	return json.RawMessage(r.Raw)
}

// list is a list's elements, or the one value that is no list.
func list(r gjson.Result) []gjson.Result {
	if !r.Exists() {
		return nil
	}
	if r.IsArray() {
		return r.Array()
	}
	return []gjson.Result{r}
}
