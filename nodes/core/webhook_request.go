package core

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// requestItem makes the item of a request: {headers, params, query, body, webhookUrl, executionMode, jwtPayload?}. refused is
// the answer to a body that cannot be read; jwt what the caller's token says.
func requestItem(ctx context.Context, call *nodes.Call, req *http.Request, pathParams map[string]string, jwt string) (it nodes.Item, refused *nodes.Response, err error) {
	body, binary, err := readBody(ctx, call, req)
	if e := (*badBody)(nil); errors.As(err, &e) {
		return it, &e.answer, nil
	}
	if err != nil {
		return it, nil, err
	}
	if body == "" && call.Version > 1 { // version 1 has no body then
		body = "{}"
		if raw, err := call.Param("options").Get("rawBody").Bool(0, false); err == nil && raw {
			body = ""
		}
	}
	mode := "production"
	if strings.Contains(req.URL.Path, "/webhook-test/") {
		mode = "test"
	}
	var b, params nodes.ObjectBuilder
	b.Raw("headers", headersJSON(req))
	for _, name := range slices.Sorted(maps.Keys(pathParams)) {
		params.Set(name, nodes.StringValue(pathParams[name]))
	}
	b.Raw("params", params.String())
	b.Raw("query", queryJSON(req.URL.RawQuery))
	if body != "" {
		b.Raw("body", body)
	}
	address, err := webhookURL(call, req)
	if err != nil {
		return it, nil, err
	}
	b.Set("webhookUrl", nodes.StringValue(address))
	b.Set("executionMode", nodes.StringValue(mode))
	if jwt != "" {
		b.Raw("jwtPayload", jwt)
	}
	json, err := nodes.Normalize(b.String())
	return nodes.NewItem(json).WithBinary(binary), nil, err
}

// headersJSON writes the headers with names in lower case, in the order of names: HTTP libraries do not keep theirs.
func headersJSON(req *http.Request) string {
	var b nodes.ObjectBuilder
	b.Set("host", nodes.StringValue(req.Host))
	names := make([]string, 0, len(req.Header)+1)
	if len(req.TransferEncoding) > 0 { // which is not left among the others
		names = append(names, "Transfer-Encoding")
	}
	for name := range req.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		sep := ", "
		if name == "Cookie" {
			sep = "; "
		}
		values := req.Header[name]
		if name == "Transfer-Encoding" {
			values = req.TransferEncoding
		}
		b.Set(strings.ToLower(name), nodes.StringValue(fromLatin1(strings.Join(values, sep))))
	}
	return b.String()
}

// fromLatin1 is the text of a header's bytes.
func fromLatin1(bytes string) string {
	if !strings.ContainsFunc(bytes, func(r rune) bool { return r > '~' }) {
		return bytes
	}
	var b strings.Builder
	for i := range len(bytes) {
		b.WriteRune(rune(bytes[i]))
	}
	return b.String()
}

// webhookURL is the webhook's address: the one that was called, with the names of its parameters in place of their values.
func webhookURL(call *nodes.Call, req *http.Request) (string, error) {
	scheme := "http"
	if req.TLS != nil {
		scheme = "https"
	}
	path, err := call.Param("path").String(0, "")
	if err != nil {
		return "", err
	}
	called, own := strings.Split(strings.Trim(req.URL.EscapedPath(), "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	if n := len(called) - len(own); n >= 0 && path != "" {
		called = append(called[:n:n], own...)
	}
	return scheme + "://" + req.Host + "/" + strings.Join(called, "/"), nil
}

// fieldLists are values in JSON by name, in the order of the names; several of a name become a list.
type fieldLists struct {
	names  []string
	values map[string][]string
}

func (f *fieldLists) add(name, json string) {
	if f.values == nil {
		f.values = map[string][]string{}
	}
	if _, ok := f.values[name]; !ok {
		f.names = append(f.names, name)
	}
	f.values[name] = append(f.values[name], json)
}

func (f *fieldLists) write(b *nodes.ObjectBuilder) {
	for _, name := range f.names {
		if list := f.values[name]; len(list) > 1 {
			b.Raw(name, "["+strings.Join(list, ",")+"]")
		} else {
			b.Raw(name, list[0])
		}
	}
}
