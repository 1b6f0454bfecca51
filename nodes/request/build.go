package request

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// Request is an HTTP request as built from a descriptor and parameters, without address and token.
type Request struct {
	Method string
	// Path is escaped and begins with "/"; Query is escaped, without "?".
	Path, Query string
	Header      map[string]string
	// Body is JSON; HasBody tells {} from no body.
	Body    string
	HasBody bool
}

// build makes the request of the item's parameters; replace gives other values, as JSON, for single parameters.
func (w *worker) build(replace map[string]string) (*Request, error) {
	req, err := Build(w.node, w.op, w.params, replace)
	if err != nil {
		return nil, err
	}
	if w.options.rawQuery != "" {
		req.Query = strings.TrimPrefix(req.Query+"&"+w.options.rawQuery, "&")
	}
	if w.options.body.Exists() {
		req.Body, req.HasBody = merge(req.Body, w.options.body), true
	}
	return req, nil
}

// Build makes the request of an operation from checked parameters, one object by property name; replace gives other
// values, as JSON, for single ones. A parameter that is not there is not sent; in a body null, false, 0, "" and [] are sent
// as they are, in a query what has no text is left out. Errors name the parameter.
func Build(d *descriptors.Node, op *descriptors.Operation, params gjson.Result, replace map[string]string) (*Request, error) {
	req := &Request{Method: op.Request.Method, HasBody: op.Request.Body}
	dialect := dialectOf(d.Dialect)
	values := propertyValues(op, params, replace)
	var (
		err   error
		body  nodes.ObjectBuilder
		query strings.Builder
	)
	if req.Path, err = buildPath(d.BasePath, op, values, dialect); err != nil {
		return nil, err
	}
	for i, v := range values {
		p := &op.Properties[i]
		if !v.Exists() {
			continue
		}
		switch p.In {
		case "query":
			if text := dialect.queryValue(p, v); text != "" {
				if query.Len() > 0 {
					query.WriteByte('&')
				}
				query.WriteString(escapeName(p.Name) + "=" + escape(text))
			}
		case "header":
			if err := setHeader(req, p.Name, v); err != nil {
				return nil, err
			}
		case "body":
			body.Raw(p.Name, v.Raw)
		}
	}
	req.Query = query.String()
	if req.HasBody {
		req.Body = body.String()
	}
	return req, nil
}

// propertyValues are the parameters' values in the order of the operation's properties.
func propertyValues(op *descriptors.Operation, params gjson.Result, replace map[string]string) []gjson.Result {
	values := make([]gjson.Result, len(op.Properties))
	set := func(name string, v gjson.Result) {
		for i := range op.Properties {
			if op.Properties[i].Name == name {
				values[i] = v
				return
			}
		}
	}
	params.ForEach(func(key, v gjson.Result) bool {
		set(key.Str, v)
		return true
	})
	for name, raw := range replace {
		set(name, gjson.Parse(raw))
	}
	return values
}

// buildPath fills the placeholders of the path in one pass, so that a value which looks like a placeholder stays a value.
func buildPath(base string, op *descriptors.Operation, values []gjson.Result, dialect dialect) (string, error) {
	var b strings.Builder
	b.WriteString(base)
	for rest := op.Request.Path; ; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		var name string
		name, rest, _ = strings.Cut(after, "}")
		text, err := pathText(op, name, values, dialect)
		if err != nil {
			return "", nodes.AsError(err).WithParam(name, "")
		}
		b.WriteString(text)
	}
}

func pathText(op *descriptors.Operation, name string, values []gjson.Result, dialect dialect) (string, error) {
	for i := range op.Properties {
		if p := &op.Properties[i]; p.In == "path" && p.Name == name && values[i].Exists() {
			return dialect.pathValue(p, values[i])
		}
	}
	return "", nodes.Errorf("is required: it is part of the path %s", op.Request.Path)
}

func setHeader(req *Request, name string, v gjson.Result) error {
	text := v.String()
	if text == "" {
		return nil
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return nodes.Errorf("holds a character that a header cannot hold").WithParam(name, "")
	}
	if req.Header == nil {
		req.Header = map[string]string{}
	}
	req.Header[name] = text
	return nil
}

// merge adds the members of more to an object; a member of the same name is replaced.
func merge(object string, more gjson.Result) string {
	var b nodes.ObjectBuilder
	gjson.Parse(object).ForEach(func(key, v gjson.Result) bool {
		if !more.Get(gjson.Escape(key.Str)).Exists() {
			b.Raw(key.Str, v.Raw)
		}
		return true
	})
	more.ForEach(func(key, v gjson.Result) bool {
		b.Raw(key.Str, v.Raw)
		return true
	})
	return b.String()
}

// escape percent-encodes as JavaScript's encodeURIComponent does (ECMA-262, 19.2.6.4).
func escape(text string) string { return escapeBut(text, "-_.!~*'()") }

// escapeName escapes a query parameter's name and leaves "$", which begins OData's options.
func escapeName(name string) string { return escapeBut(name, "-_.!~*'()$") }

func escapeBut(text, bare string) string {
	const digits = "0123456789ABCDEF"
	plain := func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(bare, c) >= 0
	}
	i := 0
	for i < len(text) && plain(text[i]) {
		i++
	}
	if i == len(text) {
		return text
	}
	dst := append(make([]byte, 0, len(text)+16), text[:i]...)
	for ; i < len(text); i++ {
		if c := text[i]; plain(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(dst)
}
