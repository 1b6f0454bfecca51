package request

import (
	"net/url"
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
		req.Query = strings.TrimPrefix(req.Query+"&"+strings.TrimLeft(w.options.rawQuery, "?&"), "&")
	}
	if w.options.body.Exists() && w.options.body.Type != gjson.Null {
		if !w.options.body.IsObject() {
			return nil, nodes.Errorf("must be a JSON object").WithParam("requestOptions.body", "")
		}
		req.Body, req.HasBody = merge(req.Body, w.options.body), true
	}
	return req, nil
}

// Build makes the request of an operation from checked parameters, one object by property name. A parameter that is not
// there is not sent; null, false, 0, "" and [] are sent as they are.
func Build(d *descriptors.Node, op *descriptors.Operation, params gjson.Result, replace map[string]string) (*Request, error) {
	req := &Request{Method: op.Request.Method, HasBody: op.Request.Body}
	dialect := dialectOf(d.Dialect)
	path := op.Request.Path
	var (
		body  nodes.ObjectBuilder
		query []string
	)
	for i := range op.Properties {
		p := &op.Properties[i]
		v := params.Get(gjson.Escape(p.Name))
		if raw, ok := replace[p.Name]; ok {
			v = gjson.Parse(raw)
		}
		if !v.Exists() {
			if p.In == "path" {
				return nil, nodes.Errorf("is required: it is part of the path %s", op.Request.Path).WithParam(p.Name, "")
			}
			continue
		}
		switch p.In {
		case "path":
			text, err := dialect.pathValue(p, v)
			if err != nil {
				return nil, nodes.AsError(err).WithParam(p.Name, "")
			}
			path = strings.Replace(path, "{"+p.Name+"}", text, 1)
		case "query":
			if text := dialect.queryValue(p, v); text != "" {
				query = append(query, escape(p.Name)+"="+escape(text))
			}
		case "header":
			if req.Header == nil {
				req.Header = map[string]string{}
			}
			if v.String() != "" {
				req.Header[p.Name] = v.String()
			}
		case "body":
			body.Raw(p.Name, v.Raw)
		}
	}
	req.Path, req.Query = d.BasePath+path, strings.Join(query, "&")
	if req.HasBody {
		req.Body = body.String()
	}
	return req, nil
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

// escape percent-encodes as JavaScript's encodeURIComponent does, but leaves "$", which begins OData's options.
func escape(text string) string {
	const bare = "!'()*$" // url.QueryEscape escapes these, encodeURIComponent does not ("$" aside)
	escaped := strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
	for _, c := range bare {
		escaped = strings.ReplaceAll(escaped, "%"+strings.ToUpper(hex(byte(c))), string(c))
	}
	return escaped
}

func hex(c byte) string {
	const digits = "0123456789ABCDEF"
	return string([]byte{digits[c>>4], digits[c&15]})
}
