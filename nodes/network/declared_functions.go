package network

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/community"
	"github.com/cordboard/cordboard/nodes"
)

//go:embed declared_functions.js
var functionLibrary string

// maxAnswers bounds what the functions of one item ask for: pages and expressions.
const maxAnswers = 1000

// function is one of the node's package that works on requests or answers.
type function struct {
	name, param string
	// at are the names that lead to it from the description, or from the class of a credential, which is then named beside.
	place gjson.Result
}

// libraryOf is the program that runs the functions of a node.
func libraryOf(code *descriptors.Code) (string, error) {
	head := *code
	head.Modules = json.RawMessage("null")
	of, err := json.Marshal(head)
	return "(" + functionLibrary + ")(" + string(code.Modules) + "," + string(of) + "," + community.Modules + ")", err
}

// functionAt reads what stands for a function in a routing.
func (f *draft) functionAt(what string, r gjson.Result) (function, error) {
	if !r.Get("at").IsArray() || f.run.node.Routing.Code == nil {
		return function{}, notCarried(what, r.Get(`\$function`).Str)
	}
	return function{r.Get(`\$function`).Str, f.param, r}, nil
}

// json says where it is, as declared_functions.js reads it.
func (n function) json() string {
	var b nodes.ObjectBuilder
	b.Raw("way", n.place.Get("at").Raw)
	for _, name := range []string{"module", "class"} {
		if v := n.place.Get(name); v.Exists() {
			b.Raw(name, v.Raw)
		}
	}
	return b.String()
}

// failed is the error of a function that does what it must not.
func (n function) failed(format string, args ...any) *nodes.Error {
	var way []string
	for _, name := range n.place.Get("at").Array() {
		way = append(way, name.String())
	}
	e := nodes.Errorf("a function of the node's package (%s, at %s) "+format, append([]any{n.name, strings.Join(way, ".")}, args...)...)
	e.Hint = "Use HTTP Request for this operation."
	return e.WithParam(n.param, "")
}

// functions runs functions in the machine of scripts and gives what the last of them does; more is what they get. What they ask for in
// between, an expression or a page, is answered by running them again from the beginning with the answers so far.
func (f *draft) functions(ctx context.Context, x *exchange, way string, list []function, more fields, a *answer) (gjson.Result, error) {
	args := f.scriptArgs(way, list)
	for _, m := range more {
		args.set(m.name, m.value)
	}
	var (
		known    []string
		failures = map[int]error{}
	)
	for {
		args.set("known", nodes.WireValue("["+strings.Join(known, ",")+"]"))
		text, err := f.script(ctx, args.json(), a)
		if err != nil {
			return gjson.Result{}, err
		}
		r := gjson.Parse(text)
		n := list[min(int(r.Get("which").Int()), len(list)-1)] // the one at work
		if what := r.Get("missing.0"); what.Exists() {
			return r, n.failed("needs %s, which is not available to functions here", what.Str)
		}
		if e := r.Get("error"); e.Exists() {
			return r, x.thrown(n, e, failures)
		}
		needed := r.Get("needed")
		if !needed.Exists() {
			return r.Get("value"), nil
		}
		if len(known) >= maxAnswers {
			return r, n.failed("asks for more than %d pages or expressions", maxAnswers)
		}
		var b nodes.ObjectBuilder
		b.Raw("question", needed.Raw)
		if err := f.answer(ctx, x, gjson.Parse(needed.Str), &b); err != nil {
			if ctx.Err() != nil {
				return r, err
			}
			failures[len(known)] = err
			e := nodes.AsError(x.redacted(err))
			var told nodes.ObjectBuilder
			told.Set("message", nodes.StringValue(e.Message))
			told.Set("description", nodes.StringValue(e.Description))
			told.Set("httpCode", nodes.StringValue(e.HTTPCode))
			b.Raw("error", told.String())
		}
		known = append(known, b.String())
	}
}

// scriptArgs are what all functions get.
func (f *draft) scriptArgs(way string, list []function) fields {
	call := f.run.http.call
	places := make([]string, len(list))
	for i, n := range list {
		places[i] = n.json()
	}
	return fields{
		{"execution", nodes.StringValue(f.run.token)}, {"way", nodes.StringValue(way)}, {"functions", nodes.WireValue("[" + strings.Join(places, ",") + "]")},
		{"parameters", nodes.WireValue(f.wholeParameters())}, {"item", nodes.NumberValue(float64(f.item))},
		{"node", nodes.StringValue(call.Name)}, {"type", nodes.StringValue(call.Type)}, {"version", nodes.NumberValue(call.Version)},
		{"mode", nodes.StringValue(call.Mode)}, {"zone", nodes.StringValue(call.Engine.Location().String())},
		{"goesOn", nodes.BoolValue(call.OnError == nodes.ContinueRegularOutput || call.OnError == nodes.ContinueErrorOutput)},
	}
}

// script runs the functions once; one item's at a time, as expressions.
func (f *draft) script(ctx context.Context, args string, a *answer) (string, error) {
	engine, ok := f.run.http.call.Engine.(nodes.Scripts)
	if !ok {
		return "", nodes.Errorf("the engine behind this node runs no JavaScript, and functions of its package work on this operation")
	}
	library, err := f.run.library()
	if err != nil {
		return "", err
	}
	f.run.http.eval.Lock()
	defer f.run.http.eval.Unlock()
	host := functionHost{f, a}
	return engine.RunScript(ctx, nodes.Script{Library: library}, args, host.answer)
}

// answer answers what a function asks for.
func (f *draft) answer(ctx context.Context, x *exchange, question gjson.Result, b *nodes.ObjectBuilder) error {
	if source := question.Get("evaluate"); source.Exists() {
		f.run.http.eval.Lock()
		defer f.run.http.eval.Unlock()
		v, err := f.evaluate(source.Str, f.later)
		if err == nil && v.Kind() != nodes.Undefined {
			b.Raw("value", v.JSON())
		}
		return err
	}
	request, given, err := f.requestOf(question.Get("request"))
	if err != nil {
		return err
	}
	m, err := f.ready(ctx, x, request, given)
	if err != nil {
		return err
	}
	list, _, err := f.once(ctx, x, m)
	if err == nil {
		b.Raw("items", itemsJSON(list))
	}
	return plainly(err)
}

// thrown is the error of what a function threw, in the words that n8n has for it.
func (x *exchange) thrown(n function, r gjson.Result, failures map[int]error) error {
	if known := r.Get("known"); known.Exists() && failures[int(known.Int())] != nil {
		return failures[int(known.Int())]
	}
	if breach := r.Get("breach"); breach.Exists() {
		return n.failed("%s", clip(breach.Str))
	}
	api := r.Get("api")
	if !api.Exists() {
		e := nodes.Errorf("%s", clip(r.Get("message").String()))
		e.Description, e.Kind, e.HTTPCode = clip(r.Get("description").String()), nodes.APIError, "none"
		return e
	}
	e := &nodes.Error{Message: api.Get("message").String(), Description: api.Get("description").String(), HTTPCode: api.Get("httpCode").String(), Item: -1, Kind: nodes.APIError}
	if e.Message != "" {
		return e
	}
	if status, err := strconv.Atoi(e.HTTPCode); err == nil && status >= 400 {
		same := nodes.AsError(x.refused(&answer{status: status, text: api.Get("response").Raw}))
		if e.Message = same.Message; e.Description == "" {
			e.Description = same.Description
		}
	} else if e.Message = clip(textIn(api.Get("response"))); e.Message == "" {
		e.Message = "a function of the node's package failed without saying why"
	}
	return e
}

// preSend runs the functions that stand before the request, and makes the request that they leave.
func (f *draft) preSend(ctx context.Context, x *exchange) error {
	f.request, f.given = f.origin, nil
	if len(f.before) > 0 {
		value, err := f.functions(ctx, x, "preSend", f.before, fields{{"request", nodes.WireValue(f.shown(f.request))}}, nil)
		if err != nil {
			return err
		}
		request, given, err := f.requestOf(value)
		if err != nil {
			return err
		}
		f.markChanged(request)
		f.request, f.given = request, given
	}
	f.settings(x)
	m, err := f.ready(ctx, x, f.request, f.given)
	x.message = m
	if err == nil {
		err = x.checkHeaders()
	}
	return err
}

// shown is a request in the form in which functions get it.
func (f *draft) shown(request gjson.Result) string {
	all := fields{{"qs", nodes.WireValue("{}")}, {"body", nodes.WireValue("{}")}, {"headers", nodes.WireValue("{}")}}
	for _, part := range fieldsOf(request) {
		all.set(part.name, part.value)
	}
	timeout := f.all.values["requestOptions"].Get("timeout").Num
	if timeout <= 0 {
		timeout = float64(defaultTimeout.Milliseconds())
	}
	all.set("timeout", nodes.NumberValue(timeout))
	return all.json()
}

// ofDescription are the parts of a request on which only the description and the workflow decide.
var ofDescription = []string{"proxy", "skipSslCertificateValidation", "agentOptions", "httpsAgent"}

// requestOf reads the request that a function gave; a body that is no JSON comes beside it.
func (f *draft) requestOf(r gjson.Result) (gjson.Result, *body, error) {
	all := fieldsOf(r.Get("request"))
	for _, name := range ofDescription {
		before := f.origin.Get(name)
		if now := r.Get("request").Get(name); now.Exists() && now.Raw != before.Raw {
			return gjson.Result{}, nil, nodes.Errorf("a function of the node's package sets %s of the request, which is not for it", name)
		}
	}
	if auth := r.Get("request.auth"); auth.IsObject() {
		headers := fieldsOf(r.Get("request.headers"))
		headers.set("authorization", nodes.StringValue(basic(auth.Get("username").String(), auth.Get("password").String())))
		all.set("headers", nodes.WireValue(headers.json()))
	}
	var given *body
	switch b := r.Get("body"); {
	case b.Get("json").Exists():
		all.set("body", nodes.WireValue(b.Get("json").Raw))
	case b.Get("text").Exists():
		given = &body{kind: rawBody, contentType: formType, text: b.Get("text").Str}
	case b.Get("bytes").Exists():
		text, err := base64.StdEncoding.DecodeString(b.Get("bytes").Str)
		if err != nil {
			return gjson.Result{}, nil, err
		}
		given = &body{kind: rawBody, contentType: formType, text: string(text)}
	case b.Get("parts").Exists():
		given = &body{kind: multipartBody}
		for _, p := range b.Get("parts").Array() {
			of := part{name: p.Get("name").Str, text: p.Get("text").Str}
			if bytes := p.Get("bytes"); bytes.Exists() {
				of.file = &nodes.File{Data: bytes.Str, MimeType: p.Get("type").Str, FileName: p.Get("fileName").Str}
			}
			given.parts = append(given.parts, of)
		}
	}
	return gjson.Parse(all.json()), given, nil
}

// markChanged notes the headers that a function made: what is in them may come of a secret that it saw.
func (f *draft) markChanged(request gjson.Result) {
	for _, h := range fieldsOf(request.Get("headers")) {
		if h.value.JSON() != f.request.Get("headers").Get(gjson.Escape(h.name)).Raw && !slices.Contains(f.secretHeaders, h.name) {
			f.secretHeaders = append(f.secretHeaders, h.name)
		}
	}
}

// ready is a request as functions left it, with what the credential adds.
func (f *draft) ready(ctx context.Context, x *exchange, request gjson.Result, given *body) (message, error) {
	if f.signs != nil {
		var err error
		if request, given, err = f.sign(ctx, x, request, given); err != nil {
			return message{}, err
		}
	}
	m, err := f.message(x, f.credentialNow(x), request)
	if err != nil {
		return m, err
	}
	if given != nil {
		m.body = *given
	}
	return m, f.stays(x, &m)
}

// signing is the function by which a credential goes into requests, and what it gets of the credential.
type signing struct {
	function function
	fields   nodes.Value
}

// sign lets the credential's function work on a request. What it adds is as secret as what it was made of.
func (f *draft) sign(ctx context.Context, x *exchange, request gjson.Result, given *body) (gjson.Result, *body, error) {
	shown := fieldsOf(gjson.Parse(f.shown(request)))
	shown.set("returnFullResponse", nodes.BoolValue(true))
	value, err := f.functions(ctx, x, "authenticate", []function{f.signs.function}, fields{{"credentials", f.signs.fields}, {"request", nodes.WireValue(shown.json())}}, nil)
	if err != nil {
		e := *nodes.AsError(err)
		if e.HTTPCode == "none" {
			e.HTTPCode = ""
		}
		return request, given, &e
	}
	signed, body, err := f.requestOf(value)
	if err != nil {
		return request, given, err
	}
	if now := signed.Get("method").String(); !strings.EqualFold(now, request.Get("method").String()) {
		return request, given, f.signs.function.failed("changes the method of the request, to %q", now)
	}
	for _, place := range []string{"headers", "qs"} {
		for _, now := range fieldsOf(signed.Get(place)) {
			if now.value.JSON() == request.Get(place).Get(gjson.Escape(now.name)).Raw {
				continue
			}
			if place == "headers" && !slices.Contains(x.auth.headers, now.name) {
				x.auth.headers = append(x.auth.headers, now.name)
			}
			if text := textOf(now.value); !slices.Contains(x.auth.secrets, text) {
				x.auth.secrets = append(x.auth.secrets, text)
			}
		}
	}
	if body == nil && given != nil && !signed.Get("body").Exists() {
		body = given
	}
	return signed, body, nil
}

// service is where the description sends the request, before a function works on it.
func (f *draft) service() (*url.URL, error) {
	return url.Parse(joined(f.origin.Get("baseURL").String(), f.origin.Get("url").String()))
}

// stays refuses a request that would take the credential to another server than the description's.
func (f *draft) stays(x *exchange, m *message) error {
	if len(x.auth.secrets) == 0 {
		return nil
	}
	from, err := f.service()
	if err != nil {
		return errors.New("the description's address cannot be read")
	}
	to, err := url.Parse(m.url)
	if err != nil {
		return nodes.Errorf("a function of the node's package gave an address that cannot be read")
	}
	other := to.Host
	if host := m.header.getHeader("host"); host != "" && !strings.EqualFold(host, to.Host) {
		other = host
	}
	if !strings.EqualFold(other, from.Host) || from.Scheme == "https" && to.Scheme == "http" {
		return nodes.Errorf("a function of the node's package leads the request to another server, %s, which the credential is not for", other)
	}
	return nil
}

// received lets a function of postReceive work on the items.
func (f *draft) received(ctx context.Context, x *exchange, n function, list []entry, a *answer) ([]entry, error) {
	response := f.response(a)
	if a.file != nil {
		all := fieldsOf(response.Result())
		all.set("file", nodes.BoolValue(true))
		all = slices.DeleteFunc(all, func(m field) bool { return m.name == "body" })
		response = nodes.WireValue(all.json())
	}
	value, err := f.functions(ctx, x, "postReceive", []function{n}, fields{{"items", nodes.WireValue(itemsJSON(list))}, {"response", response}}, a)
	if err != nil {
		return nil, err
	}
	return entriesWith(value)
}

// findPager looks for the function that asks for the pages.
func (f *draft) findPager() error {
	if !f.paginate || !f.pagination.Get(`\$function`).Exists() {
		return nil
	}
	n, err := f.functionAt("pagination", f.pagination)
	f.pager = &n
	return err
}

// functionPages lets a function ask for the pages.
func (f *draft) functionPages(ctx context.Context, x *exchange) ([]entry, error) {
	paging := fields{{"paginate", nodes.BoolValue(true)}, {"preSend", nodes.WireValue("[]")}, {"postReceive", nodes.WireValue("[]")}, {"requestOperations", nodes.WireValue("{}")}}
	if most := f.maxResults(); most >= 0 {
		paging.set("maxResults", nodes.NumberValue(float64(most)))
	}
	more := fields{{"request", nodes.WireValue(f.shown(f.request))}, {"paging", nodes.WireValue(paging.json())}}
	value, err := f.functions(ctx, x, "pagination", []function{*f.pager}, more, nil)
	if err != nil {
		return nil, err
	}
	return entriesWith(value)
}

func itemsJSON(list []entry) string {
	items := make([]string, len(list))
	for i, e := range list {
		items[i] = e.object()
	}
	return "[" + strings.Join(items, ",") + "]"
}

// object is an entry as functions get it.
func (e entry) object() string {
	var b nodes.ObjectBuilder
	if e.json != "" {
		b.Raw("json", e.json)
	}
	if e.binary.Len() > 0 {
		b.Raw("binary", string(e.binary.AppendJSON(nil)))
	}
	return b.String()
}

func entriesWith(list gjson.Result) ([]entry, error) {
	var entries []entry
	for _, it := range list.Array() {
		e := entry{json: it.Get("json").Raw}
		if files := it.Get("binary"); files.IsObject() {
			var err error
			if e.binary, err = nodes.ParseBinary(files); err != nil {
				return nil, nodes.Errorf("the binary data of an item that a function of the node's package gave is not in order: %w", err)
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}
