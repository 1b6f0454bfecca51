package network

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
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
		{"parameters", nodes.WireValue(f.whole)}, {"item", nodes.NumberValue(float64(f.item))},
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
	request, given, err := f.requestOf(question.Get("request"), f.given)
	if err != nil {
		return err
	}
	f.markChanged(x, request, given)
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
		request, given, err := f.requestOf(value, nil)
		if err != nil {
			return err
		}
		f.markChanged(x, request, given)
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

// givenBody is a body that is no JSON, and the form in which functions get it.
type givenBody struct {
	body
	shown gjson.Result
}

// json is undefined where there is none.
func (g *givenBody) json() nodes.Value {
	if g == nil {
		return nodes.Value{}
	}
	return nodes.ResultValue(g.shown)
}

// requestOf reads the request that a function gave; a body that is no JSON comes beside it, was if it is as the function got it.
func (f *draft) requestOf(r gjson.Result, was *givenBody) (gjson.Result, *givenBody, error) {
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
	given, err := givenOf(r.Get("body"))
	switch b := r.Get("body"); {
	case b.Get("given").Bool():
		given = was
	case b.Get("json").Exists():
		all.set("body", nodes.WireValue(b.Get("json").Raw))
	}
	return gjson.Parse(all.json()), given, err
}

func givenOf(b gjson.Result) (*givenBody, error) {
	given := &givenBody{shown: b}
	switch {
	case b.Get("text").Exists():
		given.body = body{kind: rawBody, contentType: formType, text: b.Get("text").Str}
	case b.Get("bytes").Exists():
		text, err := base64.StdEncoding.DecodeString(b.Get("bytes").Str)
		if err != nil {
			return nil, err
		}
		given.body = body{kind: rawBody, contentType: formType, text: string(text)}
	case b.Get("parts").Exists():
		given.body = body{kind: multipartBody}
		for _, p := range b.Get("parts").Array() {
			of := part{name: p.Get("name").Str, text: p.Get("text").Str}
			if bytes := p.Get("bytes"); bytes.Exists() {
				of.file = &nodes.File{Data: bytes.Str, MimeType: p.Get("type").Str, FileName: p.Get("fileName").Str}
			}
			given.parts = append(given.parts, of)
		}
	default:
		return nil, nil
	}
	return given, nil
}

// markChanged notes what a function made of the request, its headers and its body: it may come of a secret that the function saw.
func (f *draft) markChanged(x *exchange, request gjson.Result, given *givenBody) {
	for _, h := range fieldsOf(request.Get("headers")) {
		if h.value.JSON() != f.request.Get("headers").Get(gjson.Escape(h.name)).Raw && !containsFold(f.secretHeaders, h.name) {
			f.secretHeaders = append(f.secretHeaders, h.name)
		}
	}
	if f.showsSecret || holdsSecret(f.request.Raw, x.auth.secrets) {
		f.secretBody = f.secretBody || bodyChanged(f.request, request, f.given, given)
	}
}

// bodyChanged reports whether a function made another body than the one that it got.
func bodyChanged(before, after gjson.Result, was, given *givenBody) bool {
	text := func(r gjson.Result) string { return cmp.Or(r.Get("body").Raw, "{}") }
	return given != was || given == nil && text(before) != text(after)
}

// ready is a request as functions left it, with what the credential adds.
func (f *draft) ready(ctx context.Context, x *exchange, request gjson.Result, given *givenBody) (message, error) {
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
		m.body = given.body
	}
	m.body.secret = f.secretBody && m.body.kind != noBody
	return m, f.stays(x, &m)
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
	more := fields{{"request", nodes.WireValue(f.shown(f.request))}, {"paging", nodes.WireValue(paging.json())}, {"given", f.given.json()}}
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
