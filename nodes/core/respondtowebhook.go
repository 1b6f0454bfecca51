package core

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// respondToWebhook answers the call that started the run, while the run goes on.
type respondToWebhook struct{}

var (
	_ nodes.Node     = respondToWebhook{}
	_ nodes.Variable = respondToWebhook{}
)

// Outputs is one for the items, and one for the answer: always in version 1.3, later where it is asked for.
func (respondToWebhook) Outputs(version float64, params *nodes.Template) int {
	if version == 1.3 || version > 1.3 && params.Member("enableResponseOutput").Value().Truthy() {
		return 2
	}
	return 1
}

// Execute answers and hands the items on. A failure is one of all items together.
func (n respondToWebhook) Execute(ctx context.Context, call *nodes.Call) error {
	answer, err := n.answer(ctx, call)
	if err != nil {
		if ctx.Err() != nil || call.OnError == nodes.StopWorkflow || call.OnError == "" {
			return err
		}
		emitFailure(call, nodes.AsError(err))
		return nil
	}
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	if n.Outputs(call.Version, call.Params) > 1 {
		call.Emit(1, answer)
	}
	return nil
}

// emitFailure gives one error item, which comes of all items.
func emitFailure(call *nodes.Call, e *nodes.Error) {
	parents := make([]nodes.Parent, call.Input(0).Len())
	for i := range parents {
		parents[i] = nodes.From(i, 0)
	}
	var b nodes.ObjectBuilder
	b.Set("error", nodes.StringValue(e.Message))
	call.Emit(0, nodes.NewItem(b.String()).WithParents(parents...).WithError(e))
}

// answer sends the answer, and returns it as an item {response: {body?, headers, statusCode}}.
func (n respondToWebhook) answer(ctx context.Context, call *nodes.Call) (nodes.Item, error) {
	caller, _ := call.Engine.(nodes.Caller)
	if call.Version > 1 && (caller == nil || !caller.Called()) {
		e := nodes.Errorf("No Webhook node found in the workflow")
		e.Description = "Insert a Webhook node to your workflow and set the “Respond” parameter to “Using Respond to Webhook Node” "
		return nodes.Item{}, e
	}
	with, err := call.Param("respondWith").Option(0, "firstIncomingItem",
		"allIncomingItems", "binary", "firstIncomingItem", "json", "jwt", "noData", "redirect", "text")
	if err != nil {
		return nodes.Item{}, err
	}
	r := nodes.Response{Status: http.StatusOK, Header: http.Header{}}
	options := call.Param("options")
	if err := addHeaders(r.Header, options); err != nil {
		return nodes.Item{}, err
	}
	if with == "redirect" {
		r.Status = http.StatusTemporaryRedirect
		if err := setLocation(call, r.Header); err != nil {
			return nodes.Item{}, err
		}
	}
	if status, err := options.Get("responseCode").Number(0, 0); err != nil {
		return nodes.Item{}, err
	} else if status != 0 {
		r.Status = int(status)
	}
	v, err := n.value(ctx, call, with)
	if err != nil {
		return nodes.Item{}, err
	}
	item := responseItem(r, v)
	streams, err := n.streams(call, caller, with)
	switch {
	case err != nil:
		return nodes.Item{}, err
	case streams:
		return item, n.stream(ctx, call, caller, with, v)
	case with == "binary":
		file, err := respondFile(call)
		if err != nil {
			return nodes.Item{}, err
		}
		setFile(&r, file)
	default:
		setBody(&r, v)
	}
	call.Reply(r)
	return item, nil
}

func (respondToWebhook) streams(call *nodes.Call, caller nodes.Caller, with string) (bool, error) {
	if caller == nil || !caller.Streams() || call.Version < 1.5 {
		return false, nil
	}
	switch with {
	case "allIncomingItems", "firstIncomingItem", "text", "json", "jwt":
		return call.Param("options").Get("enableStreaming").Bool(0, true)
	}
	return false, nil
}

// stream sends what is answered as chunks: begin, item, end, for each item.
func (respondToWebhook) stream(ctx context.Context, call *nodes.Call, caller nodes.Caller, with string, v nodes.Value) error {
	send := func(i int, content string) error {
		for _, c := range []nodes.Chunk{{Type: "begin", Item: i}, {Type: "item", Content: content, Item: i}, {Type: "end", Item: i}} {
			if err := caller.Stream(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}
	switch {
	case with == "allIncomingItems":
		for i, it := range call.Input(0).All() {
			if err := send(i, it.JSON()); err != nil {
				return err
			}
		}
		return nil
	case with == "firstIncomingItem" && call.Input(0).Len() > 0:
		return send(0, call.Input(0).At(0).JSON())
	case v.Kind() == nodes.String:
		return send(0, v.Str())
	}
	return send(0, v.JSON())
}

// value is the body, undefined for none.
func (respondToWebhook) value(ctx context.Context, call *nodes.Call, with string) (nodes.Value, error) {
	items := call.Input(0)
	switch with {
	case "allIncomingItems":
		return underKey(call, listOf(items))
	case "firstIncomingItem":
		if items.Len() == 0 {
			return nodes.Value{}, nil
		}
		return underKey(call, items.At(0).JSON())
	case "text":
		v, err := call.Param("responseBody").Value(0)
		if v = plain(v); v.Kind() == nodes.Undefined && !call.Param("responseBody").IsSet() {
			v = nodes.StringValue("")
		}
		return v, err
	case "json":
		v, err := jsonParam(call.Param("responseBody"))
		if err == nil || v.Kind() != nodes.String {
			return v, err
		}
		e := nodes.Errorf("Invalid JSON in 'Response Body' field").WithParam("responseBody", "")
		e.Description = "Check that the syntax of the JSON in the 'Response Body' parameter is valid"
		return v, e
	case "jwt":
		v, err := jsonParam(call.Param("payload"))
		if err != nil && v.Kind() != nodes.String {
			return v, err
		}
		if err != nil || !v.Result().IsObject() {
			e := nodes.Errorf("Error signing JWT token").WithParam("payload", "")
			e.Description = "'payload' expects a object but we got '" + v.Text() + "'"
			return v, e
		}
		token, err := signToken(ctx, call, v.JSON())
		var b nodes.ObjectBuilder
		b.Set("token", nodes.StringValue(token))
		return nodes.WireValue(b.String()), err
	}
	return nodes.Value{}, nil
}

// jsonParam is a value that may be given as JSON text. Text that is no JSON comes back as it is, with an error.
func jsonParam(p nodes.Param) (nodes.Value, error) {
	v, err := p.Value(0)
	if err != nil {
		return nodes.Value{}, err
	}
	if !p.IsSet() {
		return nodes.WireValue(`{"myField":"value"}`), nil
	}
	if v = plain(v); v.Kind() != nodes.String {
		return v, nil
	}
	if v.Str() == "" {
		return nodes.Value{}, nil
	}
	json, err := nodes.Normalize(v.Str())
	if err != nil {
		return v, err
	}
	return nodes.WireValue(json), nil
}

// underKey puts JSON under the option responseKey, whose dots lead into objects.
func underKey(call *nodes.Call, json string) (nodes.Value, error) {
	key, err := call.Param("options").Get("responseKey").String(0, "")
	if err != nil || key == "" {
		return nodes.WireValue(json), err
	}
	return nodes.WireValue(assignPath("{}", key, splitPath(key), json)), nil
}

var scheme = regexp.MustCompile(`(?i)^[a-z][a-z0-9+.-]*://`)

// setLocation sets where a redirection leads. An address without a scheme gets https, as in n8n.
func setLocation(call *nodes.Call, h http.Header) error {
	v, err := call.Param("redirectURL").Value(0)
	if err != nil {
		return err
	}
	address := v.Str()
	if v.Kind() != nodes.String || address == "" || !validValue(address) {
		return nodes.Errorf("the address to redirect to is none").WithParam("redirectURL", "")
	}
	if !scheme.MatchString(address) {
		address = "https://" + address
	}
	h.Set("Location", address)
	return nil
}

// respondFile is the binary data to answer with: that of a field, or the first of the first item.
func respondFile(call *nodes.Call) (nodes.File, error) {
	source, err := call.Param("responseDataSource").Option(0, "automatically", "automatically", "set")
	if err != nil {
		return nodes.File{}, err
	}
	var files *nodes.Binary
	if call.Input(0).Len() > 0 {
		files = call.Input(0).Head(0).Binary()
	}
	if files.Len() == 0 {
		return nodes.File{}, nodes.Errorf("No binary data exists on the first item!")
	}
	if source == "set" {
		name, err := call.Param("inputFieldName").String(0, "data")
		if err != nil {
			return nodes.File{}, err
		}
		return call.InputFile(0, name)
	}
	for _, f := range files.All() {
		return f, nil
	}
	return nodes.File{}, nil
}

// responseItem is what the second output tells of the answer.
func responseItem(r nodes.Response, v nodes.Value) nodes.Item {
	var headers, response, b nodes.ObjectBuilder
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		headers.Set(strings.ToLower(name), nodes.StringValue(r.Header.Get(name)))
	}
	response.Set("body", v)
	response.Raw("headers", headers.String())
	response.Set("statusCode", nodes.NumberValue(float64(r.Status)))
	b.Raw("response", response.String())
	return nodes.NewItem(b.String())
}
