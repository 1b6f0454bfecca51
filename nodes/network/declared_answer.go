package network

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// entry is what becomes an item: JSON ("" where n8n has undefined), and binary data.
type entry struct {
	json   string
	binary *nodes.Binary
}

func (e entry) item() nodes.Item {
	if e.json == "" || e.json == `""` { // an answer without a body
		return nodes.NewItem("{}").WithBinary(e.binary)
	}
	return itemOf(gjson.Parse(e.json)).WithBinary(e.binary)
}

// perform sends the request, page by page where that is asked for, and makes items of what comes back.
func (f *draft) perform(ctx context.Context, x *exchange) ([]nodes.Item, error) {
	list, err := f.fetch(ctx, x)
	if err != nil {
		return nil, err
	}
	if most := f.maxResults(); most >= 0 && len(list) > most {
		list = list[:most]
	}
	items := make([]nodes.Item, len(list))
	for i, e := range list {
		items[i] = e.item()
	}
	return items, nil
}

// maxResults is -1 for all.
func (f *draft) maxResults() int {
	if f.most.IsNil() || f.most.Kind() == nodes.String && f.most.Str() == "" {
		return -1
	}
	return wholeNumber(f.most)
}

// wholeNumber reads a number, or the text of one, as 0 or more.
func wholeNumber(v nodes.Value) int {
	n, err := strconv.ParseFloat(strings.TrimSpace(v.Text()), 64)
	if err != nil || math.IsNaN(n) {
		return 0
	}
	return int(max(min(n, 1e9), 0))
}

// once sends one request and applies the rules to its answer.
func (f *draft) once(ctx context.Context, x *exchange, m message) ([]entry, *answer, error) {
	a, err := x.send(ctx, m, x.form.kind)
	if err != nil {
		return nil, nil, err
	}
	if !a.ok() && !x.form.neverError {
		return nil, nil, x.declaredRefusal(a)
	}
	list := []entry{{json: bodyOf(a)}}
	if a.file != nil {
		list[0] = entry{json: "{}", binary: (*nodes.Binary)(nil).With(f.destination(), *a.file)}
	}
	if len(f.receive) == 0 {
		if body := gjson.Parse(list[0].json); body.IsArray() {
			list = entriesOf(body)
		}
		return list, a, nil
	}
	later := f.later.with("$response", f.response(a))
	for _, r := range f.receive {
		if r.function != nil {
			list, err = f.received(ctx, x, *r.function, list, a)
		} else {
			list, err = f.applyAlone(r.rule, list, later.with("$value", r.value))
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return list, a, nil
}

// applyAlone is apply for a goroutine that does not hold the run's lock.
func (f *draft) applyAlone(rule gjson.Result, list []entry, seen names) ([]entry, error) {
	f.run.http.eval.Lock()
	defer f.run.http.eval.Unlock()
	return f.apply(rule, list, seen)
}

// declaredRefusal is refused in the words that n8n has for these nodes.
func (x *exchange) declaredRefusal(a *answer) error {
	e := *nodes.AsError(x.refused(a))
	e.Description = "Request failed with status code " + e.HTTPCode
	for _, path := range []string{"error.message", "message"} {
		if m := gjson.Get(a.text, path); m.Type == gjson.String && m.Str != "" {
			e.Description = clip(m.Str)
		}
	}
	e.Cause = nil
	return &e
}

// bodyOf is the body as JSON, or as a text if it is none.
func bodyOf(a *answer) string {
	if text, err := nodes.Normalize(a.text); err == nil {
		return text
	}
	return string(nodes.AppendString(nil, a.text))
}

// response is $response.
func (f *draft) response(a *answer) nodes.Value {
	body := "{}"
	if a.file == nil {
		body = bodyOf(a)
	}
	var b nodes.ObjectBuilder
	b.Raw("body", body)
	b.Raw("headers", headerJSON(a))
	b.Set("statusCode", nodes.NumberValue(float64(a.status)))
	b.Set("statusMessage", nodes.StringValue(a.reason))
	return nodes.WireValue(b.String())
}

func entriesOf(list gjson.Result) []entry {
	var entries []entry
	list.ForEach(func(_, v gjson.Result) bool {
		entries = append(entries, entry{json: v.Raw})
		return true
	})
	return entries
}

// at follows a dotted name.
func at(r gjson.Result, name string) gjson.Result {
	for _, key := range wayOf(name) {
		r = r.Get(gjson.Escape(key))
	}
	return r
}

// destination is where a rule binaryData puts the answer.
func (f *draft) destination() string {
	for _, r := range f.receive {
		if r.rule.Get("type").Str == "binaryData" {
			v, err := f.resolveAlone(r.rule.Get("properties.destinationProperty"), f.later.with("$value", r.value))
			if err == nil && v.Text() != "" && !v.IsNil() {
				return v.Text()
			}
		}
	}
	return "data"
}

// apply does one rule of postReceive.
func (f *draft) apply(rule gjson.Result, list []entry, seen names) ([]entry, error) {
	if on := rule.Get("enabled"); on.Exists() {
		v, err := f.resolve(on, seen)
		if err != nil || !v.Truthy() {
			return list, err
		}
	}
	properties := rule.Get("properties")
	switch kind := rule.Get("type").Str; kind {
	case "rootProperty":
		return f.rootProperty(properties, list, seen)
	case "limit":
		v, err := f.resolve(properties.Get("maxResults"), seen)
		if err != nil {
			return nil, err
		}
		return list[:min(len(list), wholeNumber(v))], nil
	case "set":
		return f.each(list, seen, func(e entry, seen names) (entry, bool, error) {
			v, err := f.resolve(properties.Get("value"), seen)
			e.json = defined(v)
			return e, true, err
		})
	case "setKeyValue":
		return f.each(list, seen, func(e entry, seen names) (entry, bool, error) {
			v, err := f.resolve(properties, seen.with("$responseItem", nodes.WireValue(e.json)))
			e.json = v.JSON()
			return e, true, err
		})
	case "filter":
		return f.each(list, seen, func(e entry, seen names) (entry, bool, error) {
			v, err := f.resolve(properties.Get("pass"), seen.with("$responseItem", nodes.WireValue(e.json)))
			return e, v.Truthy(), err
		})
	case "sort":
		key, err := f.resolve(properties.Get("key"), seen)
		if err != nil {
			return nil, err
		}
		by := func(e entry) string { return strings.ToLower(gjson.Get(e.json, gjson.Escape(key.Text())).String()) }
		slices.SortStableFunc(list, func(a, b entry) int { return strings.Compare(by(a), by(b)) })
		return list, nil
	case "binaryData": // it is there already
		return list, nil
	default:
		return nil, nodes.Errorf("the node's description has a rule for answers (postReceive) of type %q, which is not known", kind)
	}
}

func (f *draft) each(list []entry, seen names, do func(entry, names) (entry, bool, error)) ([]entry, error) {
	var kept []entry
	for _, e := range list {
		made, keep, err := do(e, seen)
		if err != nil {
			return nil, err
		}
		if keep {
			kept = append(kept, made)
		}
	}
	return kept, nil
}

func defined(v nodes.Value) string {
	if v.Kind() == nodes.Undefined {
		return ""
	}
	return v.JSON()
}

// rootProperty puts in an entry's place what one of its members holds, the elements of a list each for itself.
func (f *draft) rootProperty(properties gjson.Result, list []entry, seen names) ([]entry, error) {
	name, err := f.resolve(properties.Get("property"), seen)
	if err != nil {
		return nil, err
	}
	var out []entry
	for _, e := range list {
		if found := at(gjson.Parse(e.json), name.Text()); found.IsArray() {
			out = append(out, entriesOf(found)...)
		} else {
			out = append(out, entry{json: found.Raw})
		}
	}
	return out, nil
}
