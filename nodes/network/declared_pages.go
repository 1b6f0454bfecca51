package network

import (
	"context"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

func (f *draft) fetch(ctx context.Context, x *exchange) ([]entry, error) {
	if f.coded() {
		if err := f.preSend(ctx, x); err != nil {
			return nil, err
		}
	}
	if f.pager != nil {
		return f.functionPages(ctx, x)
	}
	if !f.paginate || !f.pagination.Exists() {
		list, _, err := f.once(ctx, x, x.message)
		return list, err
	}
	if f.pagination.Get("type").Str == "offset" {
		return f.offsets(ctx, x)
	}
	return f.pages(ctx, x)
}

// enough reports whether no further page is needed.
func (f *draft) enough(list []entry) bool {
	most := f.maxResults()
	return most >= 0 && len(list) >= most
}

// offsets asks for pages of a size until one is not full.
func (f *draft) offsets(ctx context.Context, x *exchange) ([]entry, error) {
	rules := f.pagination.Get("properties")
	size := int(rules.Get("pageSize").Int())
	place := "qs"
	if rules.Get("type").Str == "body" {
		place = "body"
	}
	var (
		all  []entry
		seen bounds
	)
	for offset := 0; ; offset += size {
		page := fields{{rules.Get("limitParameter").Str, nodes.NumberValue(float64(size))}, {rules.Get("offsetParameter").Str, nodes.NumberValue(float64(offset))}}
		m, err := f.again(ctx, x, fields{{place, nodes.WireValue(page.json())}}.json(), true)
		if err != nil {
			return nil, err
		}
		list, a, err := f.once(ctx, x, m)
		if err != nil {
			return nil, err
		}
		if root := rules.Get("rootProperty").Str; root != "" {
			if list, err = rootOf(list, root); err != nil {
				return nil, err
			}
		}
		all = append(all, list...)
		if len(list) == 0 || len(list) < size || size <= 0 || f.enough(all) {
			return all, nil
		}
		if err := seen.check(a); err != nil {
			return nil, err
		}
	}
}

// rootOf takes the list out of the first entry.
func rootOf(list []entry, root string) ([]entry, error) {
	var found gjson.Result
	if len(list) > 0 {
		found = at(gjson.Parse(list[0].json), root)
	}
	if !found.IsArray() {
		e := nodes.Errorf("The rootProperty %q could not be found on item.", root)
		e.Kind, e.HTTPCode = nodes.APIError, "none"
		return nil, e
	}
	return entriesOf(found), nil
}

// pages asks again as long as the description says so, with what it makes of the answer before.
func (f *draft) pages(ctx context.Context, x *exchange) ([]entry, error) {
	rules := f.pagination.Get("properties")
	response := nodes.WireValue("{}")
	var (
		all  []entry
		seen bounds
	)
	for {
		m, err := f.nextPage(ctx, x, rules, response)
		if err != nil {
			return nil, err
		}
		list, a, err := f.once(ctx, x, m)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		response = f.response(a)
		if f.enough(all) {
			return all, nil
		}
		more, err := f.resolveAlone(rules.Get("continue"), f.seen.with("$response", response))
		if err != nil || !more.Truthy() {
			return all, err
		}
		if err := seen.check(a); err != nil {
			return nil, err
		}
	}
}

func (f *draft) nextPage(ctx context.Context, x *exchange, rules gjson.Result, response nodes.Value) (message, error) {
	v, err := f.resolveAlone(rules.Get("request"), f.seen.with("$response", response))
	if err != nil {
		return message{}, err
	}
	return f.again(ctx, x, v.JSON(), false)
}

// again is the request with some of its parts changed: added to, or, as the pages of a description have it, replaced.
func (f *draft) again(ctx context.Context, x *exchange, parts string, add bool) (message, error) {
	request := gjson.Parse(parts)
	if add {
		request = gjson.Parse(merged(f.request, request))
	} else {
		whole := fieldsOf(f.request)
		for _, part := range fieldsOf(request) {
			whole.set(part.name, part.value)
		}
		request = gjson.Parse(whole.json())
	}
	if f.coded() {
		return f.ready(ctx, x, request, f.given)
	}
	m, err := f.message(x, f.credentialNow(x), request)
	if err != nil {
		return m, err
	}
	return m, x.sameServer(&m)
}

// credentialNow is what the credential adds by now: a token may have been renewed since.
func (f *draft) credentialNow(x *exchange) message {
	m := f.credentialOnly
	if m.header.getHeader("authorization") != "" {
		m.header = m.header.clone()
		m.header.setHeader("authorization", x.message.header.getHeader("authorization"))
	}
	return m
}

// resolveAlone is resolve for a goroutine that does not hold the run's lock.
func (f *draft) resolveAlone(r gjson.Result, seen names) (nodes.Value, error) {
	f.run.http.eval.Lock()
	defer f.run.http.eval.Unlock()
	return f.resolve(r, seen)
}

// bounds end a pagination that does not end by itself, as a service makes it that gives a page again and again.
type bounds struct {
	pages   int
	repeats repeats
}

func (b *bounds) check(a *answer) error {
	if b.pages++; b.pages >= maxPages {
		e := nodes.Errorf("there are more than %d pages", maxPages)
		e.Hint = "Set a limit in place of all results, or use HTTP Request with a pagination of your own."
		return e
	}
	return b.repeats.check(a)
}
