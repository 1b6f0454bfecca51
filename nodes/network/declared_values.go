package network

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// parameters are those of an item, with what n8n sets where the workflow does not.
type parameters struct {
	version float64
	names   []string
	values  map[string]gjson.Result
	// set has the names that the workflow sets, also to undefined.
	set map[string]bool
}

func (p *parameters) put(name string, v gjson.Result, byWorkflow bool) {
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
	p.values[name] = v
	p.set[name] = p.set[name] || byWorkflow
}

// fill sets the defaults of the properties that are in force, which can hang on other defaults; value makes of a default what
// stands in it as an expression.
func (p *parameters) fill(list []descriptors.Property, value func(gjson.Result) (gjson.Result, error)) error {
	for more := true; more; {
		more = false
		for i := range list {
			q := &list[i]
			if _, known := p.values[q.Name]; !known && len(q.Default) > 0 && p.shows(q, gjson.Result{}) {
				v, err := value(gjson.ParseBytes(q.Default))
				if err != nil {
					return nodes.AsError(err).WithParam(q.Name, "")
				}
				p.put(q.Name, v, false)
				more = true
			}
		}
	}
	return nil
}

func (p *parameters) json() string {
	var b nodes.ObjectBuilder
	for _, name := range p.names {
		if v := p.values[name]; v.Exists() {
			b.Raw(name, v.Raw)
		}
	}
	return b.String()
}

// shows reports whether a property is in force; beside are the members of the collection that it stands in.
func (p *parameters) shows(q *descriptors.Property, beside gjson.Result) bool {
	return (len(q.Versions) == 0 || slices.Contains(q.Versions, p.version)) && p.meets(q.Show, q.Hide, beside)
}

// meets checks displayOptions.
func (p *parameters) meets(show, hide map[string][]any, beside gjson.Result) bool {
	return descriptors.Displayed(show, hide, func(name string) (any, bool) {
		v := beside.Get(gjson.Escape(name))
		if !v.Exists() {
			v = p.values[strings.TrimPrefix(name, "/")]
		}
		return v.Value(), v.Exists()
	})
}

// parameters are the node's parameters for the item. Defaults see those that come before them.
func (f *draft) parameters() (parameters, error) {
	call := f.run.http.call
	p := parameters{version: call.Version, values: map[string]gjson.Result{}, set: map[string]bool{}}
	v, err := call.Params.Resolve(func(e nodes.Expression) (nodes.Value, error) { return call.Engine.Evaluate(e, f.item, nil) })
	if err != nil {
		return p, err
	}
	for _, name := range call.Params.Keys() {
		p.put(name, v.Result().Get(gjson.Escape(name)), true)
	}
	return p, p.fill(f.run.node.Properties, func(def gjson.Result) (gjson.Result, error) { return f.defaultValue(def, &p) })
}

// fillWhole adds to the parameters, for functions, the defaults of what is inside of a fixedCollection.
func (f *draft) fillWhole() error {
	all := fieldsOf(gjson.Parse(f.all.json()))
	for i := range f.run.node.Properties {
		p := &f.run.node.Properties[i]
		if v := f.all.values[p.Name]; p.Type == "fixedCollection" && v.IsObject() && f.all.shows(p, gjson.Result{}) {
			text, err := f.filled(p, v)
			if err != nil {
				return nodes.AsError(err).WithParam(p.Name, "")
			}
			all.set(p.Name, nodes.WireValue(text))
		}
	}
	f.whole = all.json()
	return nil
}

func (f *draft) filled(p *descriptors.Property, v gjson.Result) (string, error) {
	groups := fieldsOf(v)
	for i := range p.Properties {
		entries := v.Get(gjson.Escape(p.Properties[i].Name))
		if !entries.Exists() {
			continue
		}
		var list []string
		for _, entry := range entries.Array() {
			text, err := f.filledEntry(p.Properties[i].Properties, entry)
			if err != nil {
				return "", err
			}
			list = append(list, text)
		}
		text := "[" + strings.Join(list, ",") + "]"
		if entries.IsObject() {
			text = list[0]
		}
		groups.set(p.Properties[i].Name, nodes.WireValue(text))
	}
	return groups.json(), nil
}

func (f *draft) filledEntry(list []descriptors.Property, entry gjson.Result) (string, error) {
	members := fieldsOf(entry)
	for i := range list {
		q := &list[i]
		if len(q.Default) == 0 || entry.Get(gjson.Escape(q.Name)).Exists() || !f.all.shows(q, entry) {
			continue
		}
		v, err := f.defaultValue(gjson.ParseBytes(q.Default), &f.all)
		if err != nil {
			return "", err
		}
		if v.Exists() {
			members.set(q.Name, nodes.ResultValue(v))
		}
	}
	return members.json(), nil
}

// defaultValue evaluates what is an expression in a default.
func (f *draft) defaultValue(def gjson.Result, p *parameters) (gjson.Result, error) {
	if !strings.Contains(def.Raw, `"=`) {
		return def, nil
	}
	v, err := f.resolve(def, names{"$parameter": nodes.WireValue(p.json())})
	if v.Kind() == nodes.Undefined {
		return gjson.Result{}, err
	}
	return v.Result(), err
}

// resolve gives a value of a routing, with the expressions in it evaluated; what is undefined is left out of objects.
func (f *draft) resolve(r gjson.Result, seen names) (nodes.Value, error) {
	switch {
	case !r.Exists():
		return nodes.Value{}, nil
	case r.Type == gjson.String && strings.HasPrefix(r.Str, "="):
		return f.evaluate(r.Str[1:], seen)
	case !r.IsObject() && !r.IsArray() || !strings.Contains(r.Raw, `"=`):
		return nodes.ResultValue(r), nil
	}
	var (
		failed error
		list   []string
		b      nodes.ObjectBuilder
	)
	r.ForEach(func(key, member gjson.Result) bool {
		name, err := f.resolve(key, seen)
		if err == nil {
			var v nodes.Value
			if v, err = f.resolve(member, seen); err == nil && v.Kind() != nodes.Undefined {
				b.Set(name.Text(), v)
				list = append(list, v.JSON())
			}
		}
		failed = err
		return err == nil
	})
	if failed != nil {
		return nodes.Value{}, failed
	}
	if r.IsArray() {
		return nodes.WireValue("[" + strings.Join(list, ",") + "]"), nil
	}
	return nodes.WireValue(b.String()), nil
}

func (f *draft) evaluate(source string, seen names) (nodes.Value, error) {
	d := f.run
	e := d.compiled[source]
	if e == nil {
		var err error
		if e, err = d.compiler.CompileExpression(source); err != nil {
			return nodes.Value{}, nodes.Errorf("an expression of the node's description cannot be used: %w", err)
		}
		d.compiled[source] = e
	}
	v, err := d.http.call.Engine.Evaluate(e, f.item, seen.mentioned(source))
	if v.Kind() == nodes.Foreign { // a date
		v = nodes.WireValue(v.JSON())
	}
	return v, err
}

// mentioned are the names that stand in the source of an expression: each goes along with every evaluation, and $response, for
// one, can be large and many entries are evaluated.
func (n names) mentioned(source string) names {
	some := names{}
	for name, v := range n {
		for rest := source; ; {
			_, after, found := strings.Cut(rest, name)
			if !found {
				break
			}
			if c, _ := utf8.DecodeRuneInString(after); c != '_' && c != '$' && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
				some[name] = v
				break
			}
			rest = after
		}
	}
	return some
}

// merged adds a value to another: objects and lists member by member, anything else takes the place of what was there (lodash's
// merge).
func merged(into, from gjson.Result) string {
	if !(into.IsObject() && from.IsObject()) && !(into.IsArray() && from.IsArray()) {
		return from.Raw
	}
	members := fieldsOf(into)
	for _, m := range fieldsOf(from) {
		if into.IsArray() && m.value.Kind() == nodes.Null { // a hole
			continue
		}
		if i := slices.IndexFunc(members, func(old field) bool { return old.name == m.name }); i >= 0 {
			m.value = nodes.WireValue(merged(members[i].value.Result(), m.value.Result()))
		}
		members.set(m.name, m.value)
	}
	if into.IsObject() {
		return members.json()
	}
	list := make([]string, len(members))
	for i, m := range members {
		list[i] = m.value.JSON()
	}
	return "[" + strings.Join(list, ",") + "]"
}

// settings reads how the request is sent: the collection that every declarative node has, and the routing's own settings.
func (f *draft) settings(x *exchange) {
	o := f.all.values["requestOptions"]
	x.connection.Insecure = o.Get("allowUnauthorizedCerts").Bool() || f.request.Get("skipSslCertificateValidation").Bool()
	x.connection.Proxy = o.Get("proxy").String()
	for _, ms := range []gjson.Result{f.request.Get("timeout"), o.Get("timeout")} {
		if ms.Num > 0 {
			x.timeout = milliseconds(ms.Num)
		}
	}
	x.lists = f.request.Get("arrayFormat").Str
	lenient := f.request.Get("ignoreHttpStatusErrors")
	x.form.neverError = lenient.Bool() || lenient.Get("ignore").Bool()
	if x.redirects = maxRedirects; f.request.Get("disableFollowRedirect").Bool() {
		x.redirects = 0
	}
	if slices.Contains([]string{"arraybuffer", "stream", "blob"}, f.request.Get("encoding").Str) {
		x.form.kind = "file"
	}
}

// message is the request in the form in which it is sent; m has what the credential adds.
func (f *draft) message(x *exchange, m message, r gjson.Result) (message, error) {
	m.method = strings.ToUpper(r.Get("method").String())
	if m.method == "" {
		m.method = "GET"
	}
	m.url = joined(r.Get("baseURL").String(), r.Get("url").String())
	if !strings.HasPrefix(m.url, "http://") && !strings.HasPrefix(m.url, "https://") {
		return m, nodes.Errorf("Invalid URL: %s. URL must start with \"http\" or \"https\".", m.url)
	}
	secret := m.query
	m.query = fieldsOf(r.Get("qs"))
	for _, q := range secret {
		m.query.set(q.name, q.value)
	}
	own := m.header
	m.header = nil
	for _, h := range fieldsOf(r.Get("headers")) {
		if !h.value.IsNil() {
			m.header.setHeader(h.name, strings.NewReplacer("\r", "", "\n", "").Replace(textOf(h.value)))
		}
	}
	x.keepHeaders(m.header, f.secretHeaders)
	for _, h := range own {
		m.header.setHeader(h.name, h.value.Str())
	}
	if m.header.getHeader("accept") == "" {
		m.header.setHeader("accept", "application/json")
	}
	f.body(&m, r.Get("body"), strings.EqualFold(r.Get("method").String(), "GET"))
	return m, nil
}

func (f *draft) body(m *message, b gjson.Result, get bool) {
	if m.body.kind == jsonBody { // of the credential
		b = gjson.Parse(merged(gjson.Parse(b.Raw), gjson.Parse(m.body.json)))
	}
	m.body = body{}
	switch {
	case !b.IsObject() && !b.IsArray() || b.Raw == "{}": // n8n sends no other body either
	case get: // one that is GET because nothing is said keeps its body, as in n8n
	case strings.HasPrefix(m.header.getHeader("content-type"), "multipart/form-data"):
		m.body = body{kind: multipartBody, parts: partsOf(fieldsOf(b))}
	case strings.HasPrefix(m.header.getHeader("content-type"), formType):
		m.body = body{kind: rawBody, contentType: formType, text: strings.ReplaceAll(fieldsOf(b).encode("brackets"), "%20", "+")}
	default:
		m.body = body{kind: jsonBody, json: b.Raw}
	}
}

// partsOf are the fields of a form, those of objects and lists under names such as a[b] and a[].
func partsOf(f fields) []part {
	var parts []part
	for pair := range strings.SplitSeq(f.encode("brackets"), "&") {
		name, value, _ := strings.Cut(pair, "=")
		parts = append(parts, part{name: unescape(name), text: unescape(value)})
	}
	return parts
}

// joined puts an address behind a base; one that is whole stands alone.
func joined(base, at string) string {
	switch {
	case strings.HasPrefix(at, "http://") || strings.HasPrefix(at, "https://") || base == "":
		return address(at)
	case at == "":
		return address(base)
	}
	return address(strings.TrimRight(base, "/") + "/" + strings.TrimLeft(at, "/"))
}
