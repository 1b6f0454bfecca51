package core

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"iter"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// requestItem makes the item of a request: {headers, params, query, body, webhookUrl, executionMode}. refused is the answer
// to a body that cannot be read.
func requestItem(ctx context.Context, call *nodes.Call, req *http.Request, pathParams map[string]string) (it nodes.Item, refused *nodes.Response, err error) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			r := message(http.StatusRequestEntityTooLarge, "the request's body is too large")
			return it, &r, nil
		}
		r := message(http.StatusBadRequest, "the request's body could not be read")
		return it, &r, nil
	}
	body, binary, refused, err := requestBody(ctx, call, req, raw)
	if refused != nil || err != nil {
		return it, refused, err
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
	if body == "" && call.Version >= 2 { // version 1 has no body then
		body = "{}"
	}
	if body != "" {
		b.Raw("body", body)
	}
	address, err := webhookURL(call, req)
	if err != nil {
		return it, nil, err
	}
	b.Set("webhookUrl", nodes.StringValue(address))
	b.Set("executionMode", nodes.StringValue(mode))
	json, err := nodes.Normalize(b.String())
	return nodes.NewItem(json).WithBinary(binary), nil, err
}

// headersJSON writes the headers with names in lower case, in the order of names: HTTP libraries do not keep theirs.
func headersJSON(req *http.Request) string {
	var b nodes.ObjectBuilder
	b.Set("host", nodes.StringValue(req.Host))
	names := make([]string, 0, len(req.Header))
	for name := range req.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		sep := ", "
		if name == "Cookie" {
			sep = "; "
		}
		b.Set(strings.ToLower(name), nodes.StringValue(strings.Join(req.Header[name], sep)))
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
	called, own := strings.Split(req.URL.Path, "/"), strings.Split(strings.Trim(path, "/"), "/")
	if n := len(called) - len(own); n > 0 && strings.Contains(path, ":") {
		called = append(called[:n:n], own...)
	}
	return scheme + "://" + req.Host + strings.Join(called, "/"), nil
}

// maxQuery is how many pairs of a query are read.
const maxQuery = 1000

// queryJSON writes a query as an object; a name that comes several times has a list, as has name[], and name[key] leads
// into an object.
func queryJSON(query string) string {
	json, n := "{}", 0
	for name, value := range urlPairs(query) {
		if n++; n > maxQuery {
			break
		}
		way, isList := bracketPath(name)
		found := gjson.Parse(json)
		for _, key := range way {
			found = member(found, key)
		}
		text := string(nodes.AppendString(nil, value))
		switch {
		case found.IsArray():
			text = strings.TrimSuffix(found.Raw, "]") + "," + text + "]"
		case found.Exists():
			text = "[" + found.Raw + "," + text + "]"
		case isList:
			text = "[" + text + "]"
		}
		json = assignPath(json, name, way, text)
	}
	return json
}

// formJSON writes URL-encoded fields as an object. Other than in a query, brackets are a part of the name.
func formJSON(form string) string {
	var f fieldLists
	for name, value := range urlPairs(form) {
		f.add(name, string(nodes.AppendString(nil, value)))
	}
	var b nodes.ObjectBuilder
	f.write(&b)
	return b.String()
}

func urlPairs(text string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for pair := range strings.SplitSeq(text, "&") {
			name, value, _ := strings.Cut(pair, "=")
			if name != "" && !yield(unescapeQuery(name), unescapeQuery(value)) {
				return
			}
		}
	}
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

// bracketPath splits a[b][c][]. Indices above 20 stay a part of the name: a query does not make long lists of nothing.
func bracketPath(name string) (way []string, isList bool) {
	base, rest, ok := strings.Cut(name, "[")
	if !ok || base == "" || !strings.HasSuffix(rest, "]") {
		return []string{name}, false
	}
	way = []string{base}
	for key := range strings.SplitSeq(strings.TrimSuffix(rest, "]"), "][") {
		if n, err := strconv.Atoi(key); err == nil && (n > 20 || n < 0) || len(way) > 5 {
			return []string{name}, false
		}
		way = append(way, key)
	}
	if last := len(way) - 1; way[last] == "" {
		return way[:last], true
	}
	return way, false
}

func unescapeQuery(s string) string {
	text, err := url.QueryUnescape(s)
	if err != nil {
		text = s
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// requestBody reads the body by its type: JSON, URL-encoded or multipart fields, XML, plain text. Of any other type it is
// binary data; with rawBody it is binary data beside. json is empty if there is no body to show.
func requestBody(ctx context.Context, call *nodes.Call, req *http.Request, raw []byte) (json string, binary *nodes.Binary, refused *nodes.Response, err error) {
	mediaType, params, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	keepRaw, err := call.Param("options").Get("rawBody").Bool(0, false)
	if err != nil || len(raw) == 0 {
		return "", nil, nil, err
	}
	switch mediaType {
	case "application/json":
		json, err = nodes.Normalize(string(raw))
		if json == "null" {
			json = ""
		}
	case "application/x-www-form-urlencoded":
		json = formJSON(string(raw))
	case "multipart/form-data":
		json, refused, err = multipartBody(raw, params["boundary"])
	case "text/plain":
		json = string(nodes.AppendString(nil, strings.ToValidUTF8(string(raw), "\uFFFD")))
	case "application/xml", "text/xml":
		json, err = xmlJSON(raw)
	default:
		keepRaw = keepRaw || call.Version >= 2
	}
	if err != nil {
		r := unreadable(err)
		return "", nil, &r, nil
	}
	if keepRaw && refused == nil {
		binary, err = binaryBody(ctx, call, raw, mediaType)
	}
	return json, binary, refused, err
}

// unreadable is the answer to a body that is not of its type.
func unreadable(err error) nodes.Response {
	var b nodes.ObjectBuilder
	b.Set("code", nodes.NumberValue(http.StatusUnprocessableEntity))
	b.Set("message", nodes.StringValue("Failed to parse request body"))
	b.Set("hint", nodes.StringValue(err.Error()))
	return nodes.Response{Status: http.StatusUnprocessableEntity, Header: http.Header{"Content-Type": {jsonType}}, Body: []byte(b.String())}
}

// binaryBody keeps a body as binary data, in the run's store if there is one.
func binaryBody(ctx context.Context, call *nodes.Call, raw []byte, mediaType string) (*nodes.Binary, error) {
	name, err := call.Param("options").Get("binaryPropertyName").String(0, "data")
	if err != nil {
		return nil, err
	}
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	file := nodes.File{MimeType: mediaType, Bytes: int64(len(raw))}
	if call.Binary == nil {
		file.Data = base64.StdEncoding.EncodeToString(raw)
		return (*nodes.Binary)(nil).With(name, file), nil
	}
	id, w, err := call.Binary.Create(ctx)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(raw)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	file.ID = id
	return (*nodes.Binary)(nil).With(name, file), nil
}
