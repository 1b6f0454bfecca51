package network

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// declared is a node in n8n's declarative style: the routing of its descriptor's properties says what it sends and what becomes of
// the answers. It sends as HTTP Request does. What routing means is held to cases recorded from n8n (testdata/declarative).
type declared struct {
	options Options
	node    *descriptors.Node
	// library is the program of the node's functions, made when one of them is first needed.
	library func() (string, error)
}

var _ nodes.Outward = declared{}

// Declared returns the behaviour of a node whose descriptor has a routing.
func Declared(d *descriptors.Node, o Options) nodes.Node {
	return declared{o, d, sync.OnceValues(func() (string, error) { return libraryOf(d.Routing.Code) })}
}

// Execute is nodes.Node's.
func (n declared) Execute(ctx context.Context, call *nodes.Call) error {
	compiler, ok := call.Engine.(nodes.Compiler)
	if !ok {
		return errors.New("declarative nodes need an engine that compiles expressions")
	}
	d := &declaredRun{node: n.node, library: n.library, token: rand.Text(), compiler: compiler, compiled: map[string]nodes.Expression{}}
	d.http = &httpRun{node: httpRequest{n.options}, call: call, prepareItem: d.prepare, common: call.Param("requestOptions")}
	defer d.http.busy.Wait()
	return d.http.run(ctx)
}

// declaredRun is one execution of the node.
type declaredRun struct {
	node     *descriptors.Node
	library  func() (string, error)
	token    string // tells executions apart
	http     *httpRun
	compiler nodes.Compiler
	compiled map[string]nodes.Expression // by source
}

// names are what an expression sees beside what all expressions do.
type names map[string]nodes.Value

// with returns the names and one more.
func (n names) with(name string, v nodes.Value) names {
	more := make(names, len(n)+1)
	for k, v := range n {
		more[k] = v
	}
	more[name] = v
	return more
}

// draft is the request of an item in the making.
type draft struct {
	run  *declaredRun
	item int
	all  parameters
	// seen are the names that the expressions of requests see, later those of what becomes of the answer.
	seen, later names

	request gjson.Result // method, url, baseURL, headers, qs, body and how to send them
	// credentialOnly is what the credential alone adds to a request.
	credentialOnly message
	secretHeaders  []string // those that an expression makes of the credential
	pagination     gjson.Result
	paginate       bool
	most           nodes.Value // maxResults; undefined for all
	receive        []receive

	// What functions of the package have a hand in: the parameter at hand, those before the request, the one that asks for the pages, and
	// the one of the credential; the request before they worked on it, a body of theirs that is no JSON, and the parameters as they get them; whether what
	// they see has something of the credential in it, and whether a function that sees some made the body.
	param  string
	before []function
	pager  *function
	signs  *signing
	origin gjson.Result
	given  *givenBody
	whole  string

	showsSecret, secretBody bool
}

// coded reports whether functions have the last word on the request.
func (f *draft) coded() bool { return len(f.before) > 0 || f.signs != nil || f.pager != nil }

// receive is a rule of what becomes of an answer.
type receive struct {
	rule  gjson.Result
	value nodes.Value // $value
	// function, if set, is the rule.
	function *function
}

// prepare makes the request of an item.
func (d *declaredRun) prepare(ctx context.Context, i int) (*exchange, error) {
	d.http.eval.Lock()
	defer d.http.eval.Unlock()
	x := &exchange{run: d.http, item: i, redirects: maxRedirects, form: format{kind: "text"}, timeout: defaultTimeout}
	x.connection.PublicOnly = d.http.node.options.PublicOnly
	f := &draft{run: d, item: i, request: gjson.Parse("{}")}
	if err := f.fill(ctx, x); err != nil {
		return nil, x.redacted(err)
	}
	x.perform = func(ctx context.Context) ([]nodes.Item, error) {
		list, err := f.perform(ctx, x)
		if err != nil {
			return nil, plainly(err)
		}
		return list, nil
	}
	return x, nil
}

// fill makes the request of what the description and the item's parameters say.
func (f *draft) fill(ctx context.Context, x *exchange) error {
	var err error
	if f.all, err = f.parameters(); err != nil {
		return err
	}
	f.later = names{"$parameter": nodes.WireValue(f.all.json()), "$version": nodes.NumberValue(f.run.http.call.Version)}
	f.seen = f.later.with("$value", nodes.Value{})
	if err := f.credential(ctx, x); err != nil {
		return err
	}
	f.credentialOnly = x.message
	if err := f.collect(); err != nil {
		return err
	}
	if routing := f.run.node.Routing; routing != nil && routing.Code != nil {
		if err := f.fillWhole(); err != nil {
			return err
		}
	}
	f.settings(x)
	f.origin = f.request
	if err := f.findPager(); err != nil || f.coded() {
		return err
	}
	m, err := f.message(x, x.message, f.request)
	x.message = m
	if err == nil {
		err = x.checkHeaders()
	}
	return err
}

// plainly makes an error stand in an item as its message alone, as n8n has it for these nodes.
func plainly(err error) error {
	var shown *shownError
	if errors.As(err, &shown) {
		e := *shown.err
		return &e
	}
	return err
}

// collect goes through the parameters, in the order of the properties.
func (f *draft) collect() error {
	if routing := f.run.node.Routing; routing != nil {
		if len(routing.Defaults) > 0 {
			if err := f.merge(gjson.ParseBytes(routing.Defaults), f.seen); err != nil {
				return err
			}
		}
		f.pagination = gjson.GetBytes(routing.Operations, "pagination")
	}
	for i := range f.run.node.Properties {
		p := &f.run.node.Properties[i]
		if !f.all.shows(p, gjson.Result{}) {
			continue
		}
		f.param = p.Name
		if t := f.run.http.call.Params.Member(p.Name); p.Required && t.Constant() && f.all.values[p.Name].String() == "" {
			return nodes.Errorf("is required").WithParam(p.Name, "")
		}
		if err := unknownOperation(p, f.all.values[p.Name]); err != nil {
			return err
		}
		if err := f.property(p, nodes.ResultValue(f.all.values[p.Name]), f.seen); err != nil {
			e := nodes.AsError(err)
			if e.Parameter == "" {
				e = e.WithParam(p.Name, "")
			}
			return e
		}
	}
	return nil
}

// unknownOperation refuses a resource or an operation that the node does not have. n8n asks the base address then, with the credential.
func unknownOperation(p *descriptors.Property, v gjson.Result) error {
	if p.Name != "resource" && p.Name != "operation" || len(p.Options) == 0 {
		return nil
	}
	names := make([]string, len(p.Options))
	for i, o := range p.Options {
		if names[i] = gjson.ParseBytes(o.Value).String(); names[i] == v.String() {
			return nil
		}
	}
	return nodes.Errorf("must be one of %s, and is %q", strings.Join(names, ", "), v.String()).WithParam(p.Name, "")
}

// property does what a parameter's routing says, that of the chosen value, and those of what is inside.
func (f *draft) property(p *descriptors.Property, value nodes.Value, seen names) error {
	if routing := chosen(p, value); len(routing) > 0 { // what it says does not see $value
		if err := f.route(gjson.ParseBytes(routing), nodes.Value{}, seen.with("$value", nodes.Value{})); err != nil {
			return err
		}
	}
	seen = seen.with("$value", value)
	if err := f.route(gjson.ParseBytes(p.Routing), value, seen); err != nil {
		return err
	}
	switch p.Type {
	case "collection":
		return f.members(p.Properties, value.Result(), false, seen)
	case "fixedCollection":
		for i := range p.Properties {
			group := value.Result().Get(gjson.Escape(p.Properties[i].Name))
			if !group.Exists() {
				continue
			}
			entries := []gjson.Result{group}
			if group.IsArray() {
				entries = group.Array()
			}
			for n, entry := range entries {
				inside := seen.with("$index", nodes.NumberValue(float64(n))).with("$parent", nodes.ResultValue(entry))
				if err := f.members(p.Properties[i].Properties, entry, true, inside); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// chosen is the routing of the value of an options parameter.
func chosen(p *descriptors.Property, value nodes.Value) []byte {
	for _, o := range p.Options {
		if len(o.Routing) > 0 && string(o.Value) == value.JSON() {
			return o.Routing
		}
	}
	return nil
}

// members goes through what is inside of a collection; with defaults also through what the workflow does not set.
func (f *draft) members(list []descriptors.Property, object gjson.Result, defaults bool, seen names) error {
	for i := range list {
		p := &list[i]
		v := object.Get(gjson.Escape(p.Name))
		if !v.Exists() && defaults {
			var err error
			if v, err = f.defaultValue(gjson.ParseBytes(p.Default), &f.all); err != nil {
				return err
			}
		}
		if !v.Exists() || !f.all.shows(p, object) {
			continue
		}
		if err := f.property(p, nodes.ResultValue(v), seen); err != nil {
			return err
		}
	}
	return nil
}

// route takes in one routing.
func (f *draft) route(r gjson.Result, value nodes.Value, seen names) error {
	if !r.Exists() {
		return nil
	}
	if p := r.Get("operations.pagination"); p.Exists() {
		f.pagination = p
	}
	if q := r.Get("request"); q.Exists() {
		if strings.Contains(q.Raw, `"$function"`) {
			return notCarried("request", "in it")
		}
		if err := f.merge(q, seen); err != nil {
			return err
		}
	}
	if send := r.Get("send"); send.Exists() {
		if err := f.send(send, value, seen); err != nil {
			return err
		}
	}
	output := r.Get("output")
	if most := output.Get("maxResults"); most.Exists() {
		v, err := f.resolve(most, seen)
		if err != nil {
			return err
		}
		f.most = v
	}
	for _, rule := range output.Get("postReceive").Array() {
		r := receive{rule: rule, value: value}
		if rule.Get(`\$function`).Exists() {
			n, err := f.functionAt("postReceive", rule)
			if err != nil {
				return err
			}
			r.function = &n
		}
		f.receive = append(f.receive, r)
	}
	return nil
}

func notCarried(what, name string) error {
	e := nodes.Errorf("cannot be used here, and with it this operation: a function (%s: %s) works on it that was not carried over from the node's package", what, name)
	e.Hint = "Import the package anew, or use HTTP Request for this operation. Nothing was sent."
	return e
}

// merge evaluates a part of a request and adds it to what is there.
func (f *draft) merge(part gjson.Result, seen names) error {
	v, err := f.resolve(part, seen)
	if err != nil {
		return err
	}
	f.request = gjson.Parse(merged(f.request, v.Result()))
	f.showsSecret = f.showsSecret || strings.Contains(part.Raw, "$credentials")
	for _, h := range fieldsOf(part.Get("headers")) {
		if strings.Contains(h.value.JSON(), "$credentials") {
			f.secretHeaders = append(f.secretHeaders, h.name)
		}
	}
	return nil
}

// send puts a parameter's value into the body or the query.
func (f *draft) send(send gjson.Result, value nodes.Value, seen names) error {
	for _, r := range send.Get("preSend").Array() {
		n, err := f.functionAt("preSend", r)
		if err != nil {
			return err
		}
		f.before = append(f.before, n)
	}
	if p := send.Get("paginate"); p.Exists() {
		v, err := f.resolve(p, seen)
		if err != nil {
			return err
		}
		f.paginate = v.Truthy()
	}
	f.showsSecret = f.showsSecret || strings.Contains(send.Raw, "$credentials")
	property, err := f.resolve(send.Get("property"), seen)
	if err != nil || property.IsNil() {
		return err
	}
	if v := send.Get("value"); v.Exists() {
		if value, err = f.resolve(v, seen); err != nil {
			return err
		}
	}
	if value.Kind() == nodes.Undefined {
		return nil
	}
	part := fields{{property.Text(), value}}.json()
	if dots := send.Get("propertyInDotNotation"); !dots.Exists() || dots.Bool() {
		var tree jsonTree
		tree.set(property.Text(), value)
		part = tree.json()
	}
	place := "qs"
	if send.Get("type").Str == "body" {
		place = "body"
	}
	f.request = gjson.Parse(merged(f.request, gjson.Parse(`{"`+place+`":`+part+`}`)))
	return nil
}
