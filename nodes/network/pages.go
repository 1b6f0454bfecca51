package network

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// pagination is how the pages of an answer are asked for.
type pagination struct {
	param     nodes.Param
	nextURL   bool
	complete  string // responseIsEmpty, receiveSpecificStatusCodes or other
	statuses  []int
	maxPages  int // 0: no bound
	interval  time.Duration
	parameter []pageParameter
	request   nodes.Value // $request
}

// pageParameter is set anew for each page; its value is an expression at index of the workflow's list.
type pageParameter struct{ place, name, index string }

const (
	maxIdentical = 4      // answers in a row that are the same
	maxPages     = 10_000 // where the workflow sets no bound
)

func (x *exchange) readPages(in *reader, p nodes.Param) {
	if !p.IsSet() {
		return
	}
	mode := in.text(p.Get("paginationMode"), "updateAParameterInEachRequest")
	if mode == "off" {
		return
	}
	pages := &pagination{param: p, nextURL: mode == "responseContainsNextURL"}
	pages.complete = in.text(p.Get("paginationCompleteWhen"), "responseIsEmpty")
	pages.interval = milliseconds(in.number(p.Get("requestInterval"), 0))
	pages.maxPages = maxPages
	if in.yes(p.Get("limitPagesFetched"), false) {
		pages.maxPages = int(in.number(p.Get("maxRequests"), 100))
	}
	if pages.complete == "receiveSpecificStatusCodes" {
		for code := range strings.SplitSeq(in.text(p.Get("statusCodesWhenComplete"), ""), ",") {
			if n, err := strconv.Atoi(strings.TrimSpace(code)); err == nil {
				pages.statuses = append(pages.statuses, n)
			}
		}
	}
	if !pages.nextURL {
		pages.readParameters(in)
	}
	x.pages = pages
}

func (p *pagination) readParameters(in *reader) {
	list := in.elements(p.param.Get("parameters").Get("parameters"))
	for i, el := range list {
		name := in.text(el.Get("name"), "")
		if name == "" {
			in.fail(nodes.Errorf("Parameter name must be set for parameter [%d] in pagination settings", i+1))
			return
		}
		p.parameter = append(p.parameter, pageParameter{in.text(el.Get("type"), "qs"), name, strconv.Itoa(i)})
	}
	if len(list) == 0 {
		in.fail(nodes.Errorf("At least one entry with 'Name' and 'Value' filled must be included in 'Parameters' to use 'Update a Parameter in Each Request' mode "))
	}
}

// scope are the names that the expressions of pagination see.
type scope struct{ page, request, response nodes.Value }

func (s scope) names() map[string]nodes.Value {
	return map[string]nodes.Value{"$pageCount": s.page, "$request": s.request, "$response": s.response}
}

// evaluate gives the value of a parameter inside options.pagination.pagination with the names of pagination in sight.
func (x *exchange) evaluate(s scope, way ...string) (nodes.Value, error) {
	x.run.eval.Lock()
	defer x.run.eval.Unlock()
	t := x.run.call.Params
	for _, name := range append([]string{"options", "pagination", "pagination"}, way...) {
		t = t.Member(name)
	}
	return t.Resolve(func(e nodes.Expression) (nodes.Value, error) {
		return x.run.call.Engine.Evaluate(e, x.item, s.names())
	})
}

// fetchPages sends a request for each page until the last.
func (x *exchange) fetchPages(ctx context.Context) ([]nodes.Item, error) {
	var (
		items []nodes.Item
		seen  repeats
	)
	s := scope{page: nodes.NumberValue(0), request: x.pages.request, response: nodes.WireValue(`{}`)}
	for count := 1; ; count++ {
		m, err := x.page(s)
		if err != nil {
			return nil, err
		}
		a, err := x.send(ctx, m, x.form.kind)
		if err != nil {
			return nil, err
		}
		if err := seen.check(a); err != nil {
			return nil, err
		}
		s.page, s.response = nodes.NumberValue(float64(count)), a.value()
		done, err := x.complete(a, s)
		if err != nil {
			return nil, err
		}
		if !a.ok() && !slices.Contains(x.pages.statuses, a.status) { // n8n's neverError is not for pages
			return nil, x.refused(a)
		}
		page, err := x.items(a)
		if err != nil {
			return nil, err
		}
		items = append(items, page...)
		if done || count >= x.pages.maxPages {
			return items, nil
		}
		if err := nodes.Pause(ctx, x.pages.interval); err != nil {
			return nil, err
		}
	}
}

// repeats counts the answers in a row that are the same.
type repeats struct {
	last  string
	count int
}

func (r *repeats) check(a *answer) error {
	if r.count++; a.file != nil || a.text != r.last {
		r.count = 1
	}
	if r.last = a.text; r.count < maxIdentical {
		return nil
	}
	e := nodes.Errorf("The returned response was identical 5x, so requests got stopped")
	e.Description, e.Kind = "Check if \"Pagination Completed When\" has been configured correctly.", nodes.APIError
	return e
}

// page is the request for the page that is due.
func (x *exchange) page(s scope) (message, error) {
	m := x.message
	if x.pages.nextURL {
		v, err := x.evaluate(s, "nextURL")
		if err != nil || v.IsNil() || v.Text() == "" {
			return m, err
		}
		text := v.Text()
		if u, err := url.Parse(text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			e := nodes.Errorf("'%s' is not a valid URL.", text)
			e.Description, e.Kind = "Make sure the \"Next URL\" parameter evaluates to a valid URL.", nodes.APIError
			return m, e
		}
		m.url = address(text)
		return m, x.sameServer(&m)
	}
	m.query, m.header = m.query.clone(), m.header.clone()
	for _, p := range x.pages.parameter {
		v, err := x.evaluate(s, "parameters", "parameters", p.index, "value")
		if err != nil {
			return m, err
		}
		switch p.place {
		case "qs":
			m.query.set(p.name, v)
		case "headers":
			m.header.setHeader(p.name, strings.NewReplacer("\r", "", "\n", "").Replace(textOf(v)))
		case "body":
			m.body.set(p.name, v)
		default:
			return m, nodes.Errorf("must be qs, body or headers, and is %q", p.place).WithParam("options.pagination.pagination.parameters.parameters.type", "")
		}
	}
	return m, nil
}

// sameServer keeps secrets from a server that an answer names and the workflow does not.
func (x *exchange) sameServer(m *message) error {
	from, err := url.Parse(x.message.url)
	if err != nil {
		return err
	}
	to, err := url.Parse(m.url)
	if err != nil {
		return err
	}
	if (to.Host != from.Host || from.Scheme == "https" && to.Scheme == "http") && len(x.auth.secrets) > 0 {
		return nodes.Errorf("the next URL leads to another server, %s, which the credential is not for", to.Host)
	}
	return nil
}

// set sets a member of a body, which becomes JSON if there was none.
func (b *body) set(name string, v nodes.Value) {
	switch b.kind {
	case formBody:
		b.fields = b.fields.clone()
		b.fields.set(name, v)
	case multipartBody:
		b.parts = append(slices.Clone(b.parts), part{name: name, text: textOf(v)})
	case noBody, jsonBody:
		members := fieldsOf(gjson.Parse(b.json))
		members.set(name, v)
		b.kind, b.json = jsonBody, members.json()
	}
}

// complete says whether the page was the last.
func (x *exchange) complete(a *answer, s scope) (bool, error) {
	switch x.pages.complete {
	case "receiveSpecificStatusCodes":
		return slices.Contains(x.pages.statuses, a.status), nil
	case "other":
		v, err := x.evaluate(s, "completeExpression")
		return v.Truthy(), err
	}
	if a.file != nil {
		return a.file.Bytes == 0, nil
	}
	if r := gjson.Parse(a.text); a.kind == "json" && gjson.Valid(a.text) {
		return r.Type == gjson.Null || r.IsArray() && len(r.Array()) == 0, nil
	}
	return strings.TrimSpace(a.text) == "", nil
}

// value is $response: {body, headers, statusCode}.
func (a *answer) value() nodes.Value {
	body := string(nodes.AppendString(nil, a.text))
	if a.kind == "json" {
		if text, err := nodes.Normalize(a.text); err == nil {
			body = text
		}
	}
	return nodes.WireValue(fmt.Sprintf(`{"body":%s,"headers":%s,"statusCode":%d}`, body, headerJSON(a), a.status))
}

// describe is $request: {url, method, qs, headers, body} of the request that the workflow asks for. Credentials are not in it.
func (m message) describe() nodes.Value {
	var b nodes.ObjectBuilder
	switch m.body.kind {
	case jsonBody:
		b.Raw("body", m.body.json)
	case formBody:
		b.Raw("body", m.body.fields.json())
	case rawBody:
		b.Set("body", nodes.StringValue(m.body.text))
	default:
		b.Raw("body", "{}")
	}
	b.Raw("headers", m.header.json())
	b.Set("method", nodes.StringValue(m.method))
	b.Set("uri", nodes.StringValue(m.url))
	b.Set("url", nodes.StringValue(m.url))
	b.Raw("qs", m.query.json())
	return nodes.WireValue(b.String())
}
