package core

import (
	"strings"

	"github.com/kaptinlin/jsonrepair"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// rawFields are fields given as JSON text, with expressions in it or as one.
type rawFields struct {
	call  *nodes.Call
	value nodes.Param
	// texts and codes are the pieces of a text with expressions: texts[0] codes[0] texts[1] …
	texts []string
	codes []nodes.Expression
}

// unsetJSON are the fields where the workflow gives none.
const unsetJSON = `{"my_field_1":"value","my_field_2":1}`

// splitter is an expression that can be taken apart. In JSON text the pieces are printed otherwise than in other texts:
// objects as JSON, undefined by its name.
type splitter interface {
	Split() (texts []string, codes []nodes.Expression, err error)
}

func newRawFields(call *nodes.Call) *rawFields {
	r := &rawFields{call: call, value: call.Param("jsonOutput")}
	if s, ok := call.Params.Member("jsonOutput").Expression().(splitter); ok {
		if texts, codes, err := s.Split(); err == nil {
			r.texts, r.codes = texts, codes
		}
	}
	return r
}

func (r *rawFields) apply(i int, base string) (string, error) {
	fields, err := r.object(i)
	if err != nil {
		return "", err
	}
	dots, err := r.call.Param("options").Get("dotNotation").Bool(i, true)
	if err != nil {
		return "", err
	}
	if base == "{}" && !(dots && strings.Contains(fields, ".")) {
		return fields, nil
	}
	gjson.Parse(fields).ForEach(func(k, v gjson.Result) bool {
		base, err = assign(base, k.Str, v.Raw, dots)
		return err == nil
	})
	if err != nil {
		return "", err
	}
	return nodes.Normalize(base)
}

// object returns the item's JSON object in wire form.
func (r *rawFields) object(i int) (string, error) {
	v, err := r.resolve(i)
	if err != nil {
		return "", err
	}
	if v.IsNil() || v.Str() == "null" {
		return "", nodes.Errorf("Cannot convert undefined or null to object").At(i)
	}
	text := v.JSON()
	if v.Kind() == nodes.String {
		if text, err = nodes.Normalize(v.Str()); err != nil {
			text, err = repairJSON(v.Str())
		}
		if err != nil {
			e := nodes.Errorf("The 'JSON Output' in item %d contains invalid JSON", i).At(i)
			e.Description = v.Str()
			return "", e
		}
	}
	if !gjson.Parse(text).IsObject() {
		return "", nodes.Errorf("The 'JSON Output' in item %d does not contain a valid JSON object", i).At(i)
	}
	return text, nil
}

// resolve returns the parameter's value: one expression alone keeps its type, in text each is printed for JSON.
func (r *rawFields) resolve(i int) (nodes.Value, error) {
	if len(r.codes) == 0 || len(r.codes) == 1 && r.texts[0] == "" && r.texts[1] == "" {
		if !r.value.IsSet() {
			return nodes.StringValue(unsetJSON), nil
		}
		return r.value.Value(i)
	}
	var b strings.Builder
	for n, code := range r.codes {
		b.WriteString(r.texts[n])
		v, err := r.call.Engine.Evaluate(code, i, nil)
		if err != nil {
			return v, nodes.AsError(err).At(i)
		}
		switch v.Kind() {
		case nodes.Array, nodes.Object, nodes.Foreign:
			b.WriteString(v.JSON())
		default:
			b.WriteString(v.Text())
		}
	}
	b.WriteString(r.texts[len(r.codes)])
	return nodes.StringValue(b.String()), nil
}

// repairJSON mends sloppy JSON: missing quotes, commas and brackets, comments, Python's words. n8n does so wherever text
// with expressions in it is to be JSON.
func repairJSON(text string) (string, error) {
	mended, err := jsonrepair.Repair(text)
	if err != nil {
		return "", err
	}
	return nodes.Normalize(mended)
}
