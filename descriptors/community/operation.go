package community

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
)

// none is the name of the resource, or the operation, of a node without such a parameter.
const none = "default"

// operations makes a page of each operation of each resource.
func (c *converter) operations() {
	resources := c.choices("resource", "")
	if len(resources) == 0 {
		c.note(`it has no resources: workflows need "resource": %q`, none)
		resources = []choice{{value: none}}
	}
	for _, r := range resources {
		operations := c.choices("operation", r.value)
		if len(operations) == 0 {
			c.note(`it has no operations for the resource %s: workflows need "operation": %q`, r.value, none)
			operations = []choice{{value: none}}
		}
		for _, o := range operations {
			b := &builder{c: c, page: &descriptors.Operation{Resource: r.value, Name: o.value, ID: r.value + "." + o.value}}
			b.page.Summary = b.page.Resource + ": " + b.page.Name
			b.build(append(slices.Clip(r.routing), o.routing...))
			switch {
			case b.reason != "":
				c.left(b.page.Summary, "%s", b.reason)
			case slices.ContainsFunc(c.pages, func(p *descriptors.Operation) bool { return p.Summary == b.page.Summary }):
				c.left(b.page.Summary, "it stands twice, for different versions or parameters; the first one is taken")
			default:
				c.pages = append(c.pages, b.page)
			}
		}
	}
}

// choice is a value of the parameter resource or operation, with the routing that it brings.
type choice struct {
	value   string
	routing []gjson.Result
}

func (c *converter) choices(name, resource string) []choice {
	var found []choice
	for _, p := range c.d.Get("properties").Array() {
		if p.Get("name").Str != name || !c.inForce(p, resource, "") {
			continue
		}
		for _, o := range p.Get("options").Array() {
			if value := o.Get("value").String(); value != "" {
				found = append(found, choice{value, routings(p, o)})
			}
		}
	}
	return found
}

func routings(from ...gjson.Result) []gjson.Result {
	var found []gjson.Result
	for _, r := range from {
		if routing := r.Get("routing"); routing.Exists() {
			found = append(found, routing)
		}
	}
	return found
}

// inForce reports whether a property may be shown for a resource and an operation; other conditions are the workflow's.
func (c *converter) inForce(p gjson.Result, resource, operation string) bool {
	at := map[string]string{"resource": resource, "operation": operation}
	matches := func(key string, values gjson.Result) (known, ok bool) {
		if key == "@version" {
			return true, slices.ContainsFunc(list(values), func(v gjson.Result) bool {
				return v.IsObject() || slices.Contains(c.versions, v.Num)
			})
		}
		if at[key] == "" {
			return false, true
		}
		return true, slices.ContainsFunc(list(values), func(v gjson.Result) bool { return v.String() == at[key] })
	}
	shown := true
	p.Get("displayOptions.show").ForEach(func(key, values gjson.Result) bool {
		_, ok := matches(key.Str, values)
		shown = shown && ok
		return true
	})
	p.Get("displayOptions.hide").ForEach(func(key, values gjson.Result) bool {
		known, ok := matches(key.Str, values)
		shown = shown && !(known && ok && key.Str != "@version")
		return true
	})
	return shown
}

// builder makes the page of one operation. With a reason, it cannot be made.
type builder struct {
	c      *converter
	page   *descriptors.Operation
	reason string
	// wanted are parameters that the operation's own routing sends, with their place; path is where they stand in the path.
	wanted map[string]string
}

func (b *builder) fail(format string, args ...any) {
	if b.reason == "" {
		b.reason = fmt.Sprintf(format, args...)
	}
}

func (b *builder) build(routing []gjson.Result) {
	b.wanted = map[string]string{}
	b.page.Request.Method = "GET"
	address := b.c.d.Get("requestDefaults.url").Str
	if m := b.c.d.Get("requestDefaults.method").Str; m != "" {
		b.page.Request.Method = strings.ToUpper(m)
	}
	for _, r := range routing {
		request := r.Get("request")
		if m := request.Get("method"); m.Exists() {
			b.page.Request.Method = strings.ToUpper(m.Str)
		}
		if u := request.Get("url"); u.Exists() {
			address = u.Str
		}
		if request.Get("baseURL").Exists() {
			b.fail("it has a base URL of its own")
		}
		b.constants(request)
		b.sends(r.Get("send"))
		b.answers(r.Get("output"))
	}
	b.path(address)
	b.parameters()
	b.page.Writes = !slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, b.page.Request.Method)
	b.page.Response = descriptors.Response{Status: 200, Kind: "any"}
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}, b.page.Request.Method) {
		b.fail("its method is %s", b.page.Request.Method)
	}
	b.schema()
}

// parameterName finds the parameter that an expression names, and nothing else: {{ $parameter.id }}, {{ $parameter["id"] }}.
var parameterName = regexp.MustCompile(`^\{\{\s*(?:encodeURIComponent\(\s*)?\$parameter(?:\.(\w+)|\[["'](\w+)["']\])(?:\s*\))?\s*\}\}$`)

func namedBy(expression string) string {
	m := parameterName.FindStringSubmatch(strings.TrimSpace(expression))
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}

// parts are those of a request that hold values, and where descriptors say that they are sent.
var parts = []struct{ name, in string }{{"qs", "query"}, {"body", "body"}, {"headers", "header"}}

// constants takes what an operation's own request holds; only parameters under their own names can be carried over.
func (b *builder) constants(request gjson.Result) {
	for _, part := range parts {
		in := part.in
		request.Get(part.name).ForEach(func(key, v gjson.Result) bool {
			if in == "header" && headerReason(key.Str, v.String()) == "" {
				return true
			}
			expression, is := strings.CutPrefix(v.Str, "=")
			switch {
			case is && namedBy(expression) == key.Str && key.Str != "":
				b.wanted[key.Str] = in
			case is:
				b.fail("its %s %q is made by an expression: %s", in, key.Str, v.Str)
			default:
				b.fail("it sends the constant %s %q", in, key.Str)
			}
			return true
		})
	}
}

// sends refuses what the choice of an operation alone would send.
func (b *builder) sends(send gjson.Result) {
	if n := len(send.Get("preSend").Array()); n > 0 {
		b.fail("a function (preSend) makes its request")
	}
	if send.Get("property").Exists() {
		b.fail("it sends the constant %q", send.Get("property").Str)
	}
	if send.Get("paginate").Bool() {
		b.c.note("its paging is not carried over: only the first page comes")
	}
}

// answers refuses what reshapes the answer, or notes it where that is allowed.
func (b *builder) answers(output gjson.Result) {
	for _, step := range output.Get("postReceive").Array() {
		what := step.Get("type").Str
		if what == "" {
			b.fail("a function (postReceive) makes its items")
			return
		}
		if name := step.Get("properties.property").Str; name != "" {
			what += " " + name
		}
		if !b.c.loose {
			b.fail("its answer is reshaped (postReceive: %s), which the executor does not do", what)
			return
		}
		b.c.note("%s gives the whole answer (postReceive: %s)", b.page.Summary, what)
	}
	if output.Get("maxResults").Exists() {
		b.c.note("%s does not cut its list (maxResults)", b.page.Summary)
	}
}

var expressions = regexp.MustCompile(`\{\{.*?\}\}`)

// path makes the template of a URL; the parameters in it are wanted in the path.
func (b *builder) path(address string) {
	text, is := strings.CutPrefix(address, "=")
	if is {
		text = expressions.ReplaceAllStringFunc(text, func(e string) string {
			name := namedBy(e)
			if name == "" {
				b.fail("its address holds an expression that cannot be carried over: %s", address)
			}
			b.wanted[name] = "path"
			return "{" + name + "}"
		})
	}
	switch base := b.c.d.Get("requestDefaults.baseURL").Str; {
	case strings.HasPrefix(text, base+"/"):
		text = strings.TrimPrefix(text, base)
	case strings.Contains(text, "://"):
		b.fail("its address is not below the node's: %s", address)
	}
	if strings.ContainsAny(text, "?#") {
		b.fail("its address holds a query: %s", address)
	}
	b.page.Request.Path = "/" + strings.TrimPrefix(text, "/")
}
