package request

import (
	"net/url"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// dialect is how an API writes what descriptors leave open.
type dialect interface {
	// pathValue is the escaped text of a path parameter.
	pathValue(p *descriptors.Property, v gjson.Result) (string, error)
	// queryValue is the text of a query parameter, not yet escaped; "" is not sent.
	queryValue(p *descriptors.Property, v gjson.Result) string
	// failure reads an error answer and adds what to do.
	failure(op *descriptors.Operation, a *answer) *nodes.Error
}

func dialectOf(name string) dialect {
	switch name {
	case "3cx":
		return threeCX{}
	case "odata":
		return odata{}
	}
	return plain{}
}

// plain is the dialect of ordinary JSON APIs.
type plain struct{}

func (plain) pathValue(_ *descriptors.Property, v gjson.Result) (string, error) {
	if v.Type == gjson.Null || v.String() == "" {
		return "", nodes.Errorf("must not be empty: it is a part of the path")
	}
	if text := v.String(); text == "." || text == ".." { // a client or server would fold such a segment away
		return "", nodes.Errorf("must not be %q: it is a part of the path", text)
	}
	return url.PathEscape(v.String()), nil
}

func (plain) queryValue(_ *descriptors.Property, v gjson.Result) string { return joined(v) }

func (plain) failure(op *descriptors.Operation, a *answer) *nodes.Error {
	body := gjson.ParseBytes(a.body)
	for _, path := range []string{"error.message", "message", "error_description", "error", "detail", "title"} {
		if m := body.Get(path); m.Type == gjson.String && m.Str != "" {
			return apiError(op, a, m.Str)
		}
	}
	return apiError(op, a, "")
}

// joined writes a list with commas between its elements, other values as their text.
func joined(v gjson.Result) string {
	if !v.IsArray() {
		if v.Type == gjson.Number {
			return v.Raw
		}
		return v.String()
	}
	var parts []string
	for _, el := range v.Array() {
		parts = append(parts, el.String())
	}
	return strings.Join(parts, ",")
}

// odata is the dialect of OData version 4 (OASIS OData URL Conventions, section 2 and 5.1.1.11).
type odata struct{ plain }

// bareFormats are formats of text that OData writes without quotes.
var bareFormats = map[string]bool{"date-time": true, "date": true, "time": true, "duration": true, "uuid": true}

// pathValue writes a literal: text in single quotes with inner ones doubled, all else bare, null as null.
func (odata) pathValue(p *descriptors.Property, v gjson.Result) (string, error) {
	switch {
	case v.Type == gjson.Null:
		return "null", nil
	case v.Type == gjson.Number:
		return v.Raw, nil
	case v.Type != gjson.String:
		return v.String(), nil
	case bareFormats[p.Format]:
		if v.Str == "" {
			return "", nodes.Errorf("must not be empty")
		}
		return escape(v.Str), nil
	}
	return "'" + strings.ReplaceAll(escape(strings.ReplaceAll(v.Str, "'", "''")), "$", "%24") + "'", nil
}

func (odata) queryValue(p *descriptors.Property, v gjson.Result) string {
	text := joined(v)
	if p.Name == "$search" && strings.Contains(text, " ") && !strings.HasPrefix(text, `"`) {
		return `"` + text + `"`
	}
	return text
}

// failure reads {"error": {code, message, details: [{code, message, target}]}}.
func (odata) failure(op *descriptors.Operation, a *answer) *nodes.Error {
	body := gjson.GetBytes(a.body, "error")
	if !body.IsObject() {
		return plain{}.failure(op, a)
	}
	e := apiError(op, a, body.Get("message").String())
	var details []string
	if code := body.Get("code").String(); code != "" && code != e.HTTPCode {
		details = append(details, "code: "+code)
	}
	for _, d := range body.Get("details").Array() {
		line := strings.TrimSpace(d.Get("message").String())
		if target := d.Get("target").String(); target != "" {
			line = target + ": " + line
		}
		details = append(details, "- "+line)
	}
	e.Description = strings.Join(details, "\n")
	return e
}
