package network

import (
	"net/http"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// readOld reads the parameters of versions 1 and 2.
func (x *exchange) readOld(in *reader) {
	call, m := in.call, &x.message
	options := call.Param("options")
	m.method = strings.ToUpper(in.text(call.Param("requestMethod"), http.MethodGet))
	x.form.legacy, x.form.textName = true, "String"
	x.form.kind = in.text(call.Param("responseFormat"), "json")
	if x.form.kind == "string" {
		x.form.kind = "text"
	}
	x.form.property = in.text(call.Param("dataPropertyName"), "data")
	x.form.full = in.yes(options.Get("fullResponse"), false)
	x.form.neverError = in.yes(options.Get("ignoreResponseCode"), false)
	x.form.split = in.yes(options.Get("splitIntoItems"), false)
	x.readConnection(in, call.Param("allowUnauthorizedCerts"))
	if in.yes(options.Get("followAllRedirects"), false) {
		x.redirects = maxRedirects
	} else if in.yes(options.Get("followRedirect"), true) {
		x.redirects, x.onlyGet = maxRedirects, true
	}
	asJSON := in.yes(call.Param("jsonParameters"), false)
	var header fields
	if asJSON {
		m.query = in.oldObject(call.Param("queryParametersJson"), "Query Parameters")
		header = in.oldObject(call.Param("headerParametersJson"), "Headers")
	} else {
		m.query = in.pairs(call.Param("queryParametersUi").Get("parameter"))
		header = in.pairs(call.Param("headerParametersUi").Get("parameter"))
	}
	x.headers(header, true)
	switch m.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		x.readOldBody(in, asJSON)
	}
}

// oldObject reads a field that may be an object or its text.
func (r *reader) oldObject(p nodes.Param, label string) fields {
	v := r.value(p)
	if v.Kind() == nodes.String {
		if strings.TrimSpace(v.Str()) == "" {
			return nil
		}
		text, err := nodes.Normalize(v.Str())
		if err != nil {
			r.fail(nodes.Errorf("The data in %q is no valid JSON. Set Body Content Type to \"RAW/Custom\" for XML or other types of payloads", label))
			return nil
		}
		v = nodes.WireValue(text)
	}
	if r := v.Result(); r.IsObject() || r.IsArray() {
		return fieldsOf(r)
	}
	return nil // has no fields
}

func (x *exchange) readOldBody(in *reader, asJSON bool) {
	call := in.call
	options := call.Param("options")
	kind := in.text(options.Get("bodyContentType"), "json")
	b := &x.message.body
	if x.message.method == http.MethodDelete { // has no such option
		kind = "json"
	}
	if asJSON && in.yes(call.Param("sendBinaryData"), false) {
		x.readOldBinary(in, kind)
		return
	}
	var given fields
	isGiven := false // if nothing is in it, too
	if asJSON {
		v := in.value(call.Param("bodyParametersJson"))
		if kind == "raw" {
			b.kind, b.text, b.contentType = rawBody, textOf(v), in.text(options.Get("bodyContentCustomMimeType"), "")
			switch {
			case b.contentType == "":
				b.contentType = formType
			case v.Kind() == nodes.String && strings.Contains(strings.ToLower(b.contentType), "application/json"):
				b.text = rawJSON(v.Str())
			}
			return
		}
		if v.Kind() == nodes.String && strings.TrimSpace(v.Str()) != "" {
			text, err := nodes.Normalize(v.Str())
			if err != nil {
				in.fail(nodes.Errorf("The data in \"Body Parameters\" is no valid JSON. Set Body Content Type to \"RAW/Custom\" for XML or other types of payloads"))
				return
			}
			v = nodes.WireValue(text)
		}
		if kind == "json" && !v.IsNil() && v.JSON() != `""` {
			b.kind, b.json = jsonBody, v.JSON()
			return
		}
		given, isGiven = fieldsOf(v.Result()), v.Raw() != ""
	} else {
		list := call.Param("bodyParametersUi").Get("parameter")
		given, isGiven = in.pairs(list), list.IsSet()
	}
	if len(given) == 0 && !isGiven {
		return
	}
	switch kind {
	case "form-urlencoded":
		b.kind, b.fields = formBody, given
	case "multipart-form-data":
		b.kind = multipartBody
		for _, f := range given {
			b.parts = append(b.parts, part{name: f.name, text: textOf(f.value)})
		}
	default:
		b.kind, b.json = jsonBody, given.json()
	}
}

// readOldBinary reads names of binary data: one, or for a form several as name:binary with commas between them.
func (x *exchange) readOldBinary(in *reader, kind string) {
	b := &x.message.body
	if kind != "raw" && kind != "multipart-form-data" {
		in.fail(nodes.Errorf(`Sending binary data is only supported when option "Body Content Type" is set to "RAW/CUSTOM" or "FORM-DATA/MULTIPART"!`))
		return
	}
	names := in.text(in.call.Param("binaryPropertyName"), "data")
	if kind != "multipart-form-data" {
		b.kind, b.file = fileBody, in.file(strings.TrimSpace(names))
		b.contentType = formType
		return
	}
	b.kind = multipartBody
	for _, name := range strings.Split(names, ",") {
		formName, key, ok := strings.Cut(strings.TrimSpace(name), ":")
		if !ok {
			key = formName
		}
		f := in.file(key)
		b.parts = append(b.parts, part{name: formName, file: &f})
	}
}

// textOf is a value as text: objects and lists as JSON.
func textOf(v nodes.Value) string {
	if raw := v.Raw(); raw != "" {
		return raw
	}
	if v.Kind() == nodes.Undefined {
		return ""
	}
	return v.Text()
}
