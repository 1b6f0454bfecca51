package core

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

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
	for _, name := range slices.Sorted(keysOf(pathParams)) {
		params.Set(name, nodes.StringValue(pathParams[name]))
	}
	b.Raw("params", params.String())
	b.Raw("query", valuesJSON(req.URL.RawQuery))
	b.Raw("body", body)
	b.Set("webhookUrl", nodes.StringValue(webhookURL(req)))
	b.Set("executionMode", nodes.StringValue(mode))
	json, err := nodes.Normalize(b.String())
	return nodes.NewItem(json).WithBinary(binary), nil, err
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
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

// webhookURL is the address that was called.
func webhookURL(req *http.Request) string {
	scheme := "http"
	if req.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + req.Host + req.URL.Path
}

// valuesJSON writes URL-encoded pairs as an object; a name that comes several times has a list. name[] is name, and
// name[key] leads into an object.
func valuesJSON(query string) string {
	json, counts := "{}", map[string]int{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescapeQuery(name), string(nodes.AppendString(nil, unescapeQuery(value)))
		plain, isList := strings.CutSuffix(name, "[]")
		n := counts[plain]
		counts[plain]++
		switch found := lookup(json, plain, false); {
		case n == 0 && isList:
			value = "[" + value + "]"
		case n == 1 && !isList && !found.IsArray():
			value = "[" + found.Raw + "," + value + "]"
		case n > 0 && found.IsArray():
			value = strings.TrimSuffix(found.Raw, "]") + "," + value + "]"
		}
		if next, err := assign(json, plain, value, strings.Contains(plain, "[") && !strings.Contains(plain, ".")); err == nil {
			json = next
		}
	}
	return json
}

func unescapeQuery(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}

// requestBody reads the body by its type: JSON, URL-encoded or multipart fields, text. What is none of these, and every
// body if rawBody is set, becomes binary data.
func requestBody(ctx context.Context, call *nodes.Call, req *http.Request, raw []byte) (json string, binary *nodes.Binary, refused *nodes.Response, err error) {
	mediaType, params, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	keepRaw, err := call.Param("options").Get("rawBody").Bool(0, false)
	if err != nil {
		return "", nil, nil, err
	}
	switch {
	case keepRaw:
		binary, err = binaryBody(ctx, call, raw, mediaType)
		return "{}", binary, nil, err
	case len(raw) == 0:
		return "{}", nil, nil, nil
	case mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"):
		text, err := nodes.Normalize(string(raw))
		if err != nil {
			r := message(http.StatusUnprocessableEntity, "Failed to parse request body")
			return "", nil, &r, nil
		}
		return text, nil, nil, nil
	case mediaType == "application/x-www-form-urlencoded":
		return valuesJSON(string(raw)), nil, nil, nil
	case mediaType == "multipart/form-data":
		json, refused = multipartBody(raw, params["boundary"])
		return json, nil, refused, nil
	case strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "xml") || mediaType == "":
		return string(nodes.AppendString(nil, strings.ToValidUTF8(string(raw), "\uFFFD"))), nil, nil, nil
	}
	binary, err = binaryBody(ctx, call, raw, mediaType)
	return "{}", binary, nil, err
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
