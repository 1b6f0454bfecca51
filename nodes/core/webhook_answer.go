package core

import (
	"net/http"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

const (
	jsonType = "application/json; charset=utf-8"
	htmlType = "text/html; charset=utf-8"
	// sandbox keeps scripts of a page that a workflow answers away from what else is served at the same address. It is what n8n
	// sends.
	sandbox = "sandbox allow-downloads allow-forms allow-modals allow-orientation-lock allow-pointer-lock allow-popups " +
		"allow-popups-to-escape-sandbox allow-presentation allow-scripts allow-top-navigation-by-user-activation " +
		"allow-top-navigation-to-custom-protocols"
)

// setBody makes a value the body: text as it is, nothing of undefined, JSON of all else. The Content-Type is the one that is
// set, in UTF-8, or goes by the value.
func setBody(r *nodes.Response, v nodes.Value) {
	contentType := jsonType
	switch v.Kind() {
	case nodes.Undefined:
	case nodes.String:
		r.Body, contentType = []byte(v.Str()), htmlType
	default:
		r.Body = []byte(v.JSON())
	}
	if own := r.Header.Get("Content-Type"); own != "" {
		if own, _, _ = strings.Cut(own, ";"); len(r.Body) > 0 {
			contentType = strings.TrimSpace(own) + "; charset=utf-8"
		}
	}
	r.Header.Set("Content-Type", contentType)
	setDefault(r.Header, "Content-Security-Policy", sandbox)
}

// setFile makes binary data the body.
func setFile(r *nodes.Response, f nodes.File) {
	r.File = &f
	if f.MimeType != "" && validValue(f.MimeType) {
		setDefault(r.Header, "Content-Type", f.MimeType)
	}
	setDefault(r.Header, "Content-Security-Policy", sandbox)
}

// addHeaders reads a list of {name, value}: the last of a name counts. What HTTP does not take, such as a line end that would
// begin another header, is left out, as n8n does.
func addHeaders(h http.Header, options nodes.Param) error {
	list, err := options.Get("responseHeaders").Get("entries").List(0)
	if err != nil {
		return err
	}
	for _, entry := range list {
		name, err := entry.Get("name").String(0, "")
		if err != nil {
			return err
		}
		v, err := entry.Get("value").Value(0)
		if err != nil {
			return err
		}
		value := headerText(v, entry.Get("value").IsSet())
		if !validName(name) || !validValue(value) {
			continue
		}
		switch http.CanonicalHeaderKey(name) {
		case "Content-Length", "Transfer-Encoding", "Connection": // the server's
		default:
			h.Set(name, value)
		}
	}
	return nil
}

// headerText is a value as JavaScript writes it into a header.
func headerText(v nodes.Value, set bool) string {
	switch v.Kind() {
	case nodes.Undefined:
		if set {
			return "undefined"
		}
		return ""
	case nodes.Null:
		return "null"
	}
	return v.Text()
}

// validName reports whether a text is a header's name: a token of RFC 9110.
func validName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return name != ""
}

// validValue reports whether HTTP takes a header's value: Latin-1 without control characters. A line end would begin another
// header.
func validValue(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r > 0xff })
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}

// message is an answer {"code", "message"}, as n8n words failures.
func message(status, code int, text string) nodes.Response {
	var b nodes.ObjectBuilder
	b.Set("code", nodes.NumberValue(float64(code)))
	b.Set("message", nodes.StringValue(text))
	return nodes.Response{Status: status, Header: http.Header{"Content-Type": {jsonType}}, Body: []byte(b.String())}
}
