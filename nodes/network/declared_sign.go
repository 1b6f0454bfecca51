package network

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// signing is the function by which a credential goes into requests, and what it gets of the credential.
type signing struct {
	function function
	fields   nodes.Value
}

// sign lets the credential's function work on a request. What it adds is as secret as what it was made of.
func (f *draft) sign(ctx context.Context, x *exchange, request gjson.Result, given *givenBody) (gjson.Result, *givenBody, error) {
	shown := fieldsOf(gjson.Parse(f.shown(request)))
	shown.set("returnFullResponse", nodes.BoolValue(true))
	more := fields{{"credentials", f.signs.fields}, {"request", nodes.WireValue(shown.json())}, {"given", given.json()}}
	value, err := f.functions(ctx, x, "authenticate", []function{f.signs.function}, more, nil)
	if err != nil {
		e := *nodes.AsError(err)
		if e.HTTPCode == "none" {
			e.HTTPCode = ""
		}
		return request, given, &e
	}
	signed, body, err := f.requestOf(value, given)
	if err != nil {
		return request, given, err
	}
	if now := methodOf(signed); now != methodOf(request) {
		return request, given, f.signs.function.failed("changes the method of the request, to %q", now)
	}
	for _, place := range []string{"headers", "qs"} {
		for _, now := range fieldsOf(signed.Get(place)) {
			if now.value.JSON() == request.Get(place).Get(gjson.Escape(now.name)).Raw {
				continue
			}
			if place == "headers" && !containsFold(x.auth.headers, now.name) {
				x.auth.headers = append(x.auth.headers, now.name)
			}
			if text := textOf(now.value); !slices.Contains(x.auth.secrets, text) {
				x.auth.secrets = append(x.auth.secrets, text)
			}
		}
	}
	f.secretBody = f.secretBody || bodyChanged(request, signed, given, body)
	return signed, body, nil
}

func methodOf(request gjson.Result) string {
	return strings.ToUpper(cmp.Or(request.Get("method").String(), "GET"))
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
