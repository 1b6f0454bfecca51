package network

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// credential adds what the credential in force asks for, and shows its fields to the routing's expressions.
func (f *draft) credential(ctx context.Context, x *exchange) error {
	for i := range f.run.node.Credentials {
		use := &f.run.node.Credentials[i]
		if !f.all.meets(use.Show, use.Hide, gjson.Result{}) {
			continue
		}
		a, err := x.access(ctx, use.Type)
		if !use.Required && errors.Is(err, nodes.ErrNoCredential) {
			continue
		}
		if err != nil {
			return err
		}
		f.seen = f.seen.with("$credentials", credentialFields(use, a))
		if use.Outside {
			return x.apply(ctx, use.Type)
		}
		return f.authenticate(x, use, a)
	}
	return nil
}

// credentialFields is $credentials.
func credentialFields(use *descriptors.CredentialUse, a nodes.Access) nodes.Value {
	var all fields
	for _, q := range use.Fields {
		all.set(q.Name, nodes.ResultValue(gjson.ParseBytes(q.Default)))
	}
	for _, given := range []map[string]string{a.Fields, a.Secrets} {
		for name, text := range given {
			v := nodes.StringValue(text)
			i := slices.IndexFunc(use.Fields, func(q descriptors.CredentialField) bool { return q.Name == name })
			if r := gjson.Parse(text); i >= 0 && (use.Fields[i].Type == "boolean" && r.IsBool() || use.Fields[i].Type == "number" && r.Type == gjson.Number) {
				v = nodes.ResultValue(r)
			}
			all.set(name, v)
		}
	}
	return nodes.WireValue(all.json())
}

// authenticate does n8n's generic authentication: values of the credential in headers, query, body, or as user and password.
func (f *draft) authenticate(x *exchange, use *descriptors.CredentialUse, a nodes.Access) error {
	if a.Token != "" {
		x.token(use.Type, a)
		return nil
	}
	if len(use.Authenticate) == 0 {
		return nil
	}
	auth := gjson.ParseBytes(use.Authenticate)
	if auth.Get(`\$function`).Exists() {
		n, err := f.functionAt("authenticate", auth)
		f.signs = &signing{n, credentialFields(use, a)}
		return err
	}
	if name := functionIn(auth); name != "" {
		return notCarried("authenticate", name)
	}
	v, err := f.resolve(gjson.ParseBytes(use.Authenticate), f.seen)
	if err != nil {
		return err
	}
	r := v.Result()
	for _, h := range fieldsOf(r.Get("headers")) {
		x.header(strings.ToLower(h.name), textOf(h.value))
	}
	if user := r.Get("auth"); user.Exists() {
		x.header("authorization", basic(user.Get("username").String(), user.Get("password").String()))
	}
	for _, q := range fieldsOf(r.Get("qs")) {
		x.message.query.set(q.name, q.value)
	}
	if b := r.Get("body"); b.Exists() {
		x.message.body = body{kind: jsonBody, json: b.Raw}
	}
	return nil
}

// functionIn is the name of a function that stands in a description, "" if there is none.
func functionIn(r gjson.Result) string {
	if name := r.Get(`\$function`); name.Exists() {
		return name.Str
	}
	found := ""
	if r.IsObject() || r.IsArray() {
		r.ForEach(func(_, member gjson.Result) bool {
			found = functionIn(member)
			return found == ""
		})
	}
	return found
}

// keepHeaders notes which of the headers that a description makes are of the credential, or hold a secret: they go to no other
// server.
func (x *exchange) keepHeaders(headers fields, secret []string) {
	for _, h := range headers {
		if (containsFold(secret, h.name) || holdsSecret(h.value.Str(), x.auth.secrets)) && !containsFold(x.auth.headers, h.name) {
			x.auth.headers = append(x.auth.headers, h.name)
		}
	}
}

// containsFold reports whether a header is one of these.
func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
