package request

import (
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

var (
	_ dialect = plain{}
	_ dialect = odata{}
	_ dialect = threeCX{}
)

// plain is the dialect of ordinary JSON APIs.
type plain struct{}

func (plain) pathValue(_ *descriptors.Property, v gjson.Result) (string, error) {
	text := joined(v)
	switch text {
	case "":
		return "", nodes.Errorf("must not be empty: it is a part of the path")
	case ".", "..": // a client or server would fold such a segment away
		return "", nodes.Errorf("must not be %q: it is a part of the path", text)
	}
	return escape(text), nil
}

func (plain) queryValue(_ *descriptors.Property, v gjson.Result) string { return joined(v) }

func (plain) failure(op *descriptors.Operation, a *answer) *nodes.Error {
	body := gjson.Parse(a.body)
	for _, path := range []string{"error.message", "message", "error_description", "error", "detail", "title"} {
		if m := body.Get(path); m.Type == gjson.String && m.Str != "" {
			return apiError(op, a, m.Str)
		}
	}
	return apiError(op, a, "")
}

// joined writes a list with commas between its elements, other values as their text; null is "".
func joined(v gjson.Result) string {
	if !v.IsArray() {
		return textOf(v)
	}
	var parts []string
	for _, el := range v.Array() {
		parts = append(parts, textOf(el))
	}
	return strings.Join(parts, ",")
}

// textOf writes a scalar; numbers keep their digits, but 1e3 and 1.0 are whole numbers and are written as such.
func textOf(v gjson.Result) string {
	if v.Type != gjson.Number {
		return v.String()
	}
	if strings.ContainsAny(v.Raw, ".eE") {
		return nodes.NumberValue(v.Num).Text()
	}
	return v.Raw
}

// odata is the dialect of OData version 4 (OASIS OData URL Conventions, section 2 and 5.1.1.11).
type odata struct{}

// bare reports whether OData writes text of this format without quotes.
func bare(format string) bool {
	switch format {
	case "date-time", "date", "time", "duration", "uuid":
		return true
	}
	return false
}

// pathValue writes a literal: text in single quotes with inner ones doubled, all else bare, null as null.
func (odata) pathValue(p *descriptors.Property, v gjson.Result) (string, error) {
	switch {
	case v.Type == gjson.Null:
		return "null", nil
	case v.IsObject() || v.IsArray():
		return "", nodes.Errorf("must not be an object or a list: it is a part of the path")
	case v.Type != gjson.String:
		return escape(textOf(v)), nil
	case bare(p.Format):
		if v.Str == "" {
			return "", nodes.Errorf("must not be empty: it is a part of the path")
		}
		return escape(v.Str), nil
	}
	return "'" + escape(strings.ReplaceAll(v.Str, "'", "''")) + "'", nil
}

// queryValue writes lists with commas, also those that come as the text of a JSON list, and quotes what is searched for
// if it holds a space and no quotes yet.
func (odata) queryValue(p *descriptors.Property, v gjson.Result) string {
	if text := strings.TrimSpace(v.Str); p.Type == "json" && strings.HasPrefix(text, "[") && gjson.Valid(text) {
		v = gjson.Parse(text)
	}
	text := joined(v)
	if p.Name == "$search" && strings.Contains(text, " ") && !strings.Contains(text, `"`) {
		return `"` + text + `"`
	}
	return text
}

// failure reads {"error": {code, message, details: [{code, message, target}]}}.
func (odata) failure(op *descriptors.Operation, a *answer) *nodes.Error {
	body := gjson.Get(a.body, "error")
	if !body.IsObject() {
		return plain{}.failure(op, a)
	}
	e := apiError(op, a, body.Get("message").String())
	var details []string
	if code := body.Get("code").String(); code != "" && code != e.HTTPCode {
		details = append(details, "code: "+code)
	}
	for _, d := range body.Get("details").Array() {
		var parts []string
		for _, part := range []string{d.Get("target").String(), strings.TrimSpace(d.Get("message").String())} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		details = append(details, "- "+strings.Join(parts, ": "))
	}
	e.Description = short(strings.Join(details, "\n"))
	return e
}
