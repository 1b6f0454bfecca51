package core

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// webhook starts a run for every HTTP request to its address.
type webhook struct{}

var (
	_ nodes.Webhook  = webhook{}
	_ nodes.Variable = webhook{}
)

// Execute passes the items through: those that a request became, or that a run was given.
func (webhook) Execute(ctx context.Context, call *nodes.Call) error { return noOp{}.Execute(ctx, call) }

// Outputs is one for each method.
func (webhook) Outputs(_ float64, params *nodes.Template) int {
	if !params.Member("multipleMethods").Value().Truthy() {
		return 1
	}
	methods := params.Member("httpMethod").Value()
	if methods.Kind() != nodes.Array {
		return len(defaultMethods)
	}
	return max(1, len(methods.Result().Array()))
}

// Routes returns the node's addresses. Where the path has parts such as :id, n8n puts the node's webhookId before it; that is
// for the server to do.
func (webhook) Routes(call *nodes.Call) ([]nodes.Route, error) {
	if err := checkWebhook(call); err != nil {
		return nil, err
	}
	path, err := call.Param("path").String(0, "")
	if err != nil {
		return nil, err
	}
	path = strings.Trim(path, "/")
	if path == "" {
		return nil, nodes.Errorf("the webhook has no path").WithParam("path", "")
	}
	methods, err := webhookMethods(call)
	if err != nil {
		return nil, err
	}
	allowed, err := call.Param("options").Get("allowedOrigins").String(0, "*")
	if err != nil {
		return nil, err
	}
	var origins []string
	if list := splitNames(allowed); allowed != "" && !slices.Contains(list, "*") {
		origins = list
	}
	routes := make([]nodes.Route, len(methods))
	for i, m := range methods {
		routes[i] = nodes.Route{Method: m, Path: path, Origins: origins}
	}
	return routes, nil
}

var defaultMethods = []string{http.MethodGet, http.MethodPost}

// webhookMethods returns the methods; with multipleMethods each has an output of its own.
func webhookMethods(call *nodes.Call) ([]string, error) {
	multiple, err := call.Param("multipleMethods").Bool(0, false)
	if err != nil {
		return nil, err
	}
	v, err := call.Param("httpMethod").Value(0)
	if err != nil {
		return nil, err
	}
	switch {
	case v.Kind() == nodes.Undefined && multiple:
		return defaultMethods, nil
	case v.Kind() == nodes.Undefined:
		return defaultMethods[:1], nil
	case v.Kind() != nodes.Array:
		return []string{strings.ToUpper(v.Text())}, nil
	}
	var methods []string
	for _, m := range v.Result().Array() {
		methods = append(methods, strings.ToUpper(m.Str))
	}
	if !multiple && len(methods) > 1 || len(methods) == 0 {
		return nil, nodes.Errorf("the method must be one, or with multipleMethods a list of them").WithParam("httpMethod", "")
	}
	return methods, nil
}

// checkWebhook refuses what cannot be served, before anything listens.
func checkWebhook(call *nodes.Call) error {
	if _, err := call.Param("responseMode").Option(0, "onReceived", "onReceived", "lastNode", "responseNode", "streaming"); err != nil {
		return err
	}
	auth, err := call.Param("authentication").String(0, "none")
	if err != nil {
		return err
	}
	switch auth {
	case "none", "basicAuth", "headerAuth", "jwtAuth":
		return nil
	case "n8nOAuth2":
		return nodes.Errorf("the authentication n8nOAuth2 is n8n's own and not available: use basicAuth, headerAuth or jwtAuth").WithParam("authentication", "")
	}
	return nodes.Errorf("the authentication must be none, basicAuth, headerAuth or jwtAuth, and is %q", auth).WithParam("authentication", "")
}

// Receive checks who calls and makes the run's item of the request.
func (webhook) Receive(ctx context.Context, call *nodes.Call, req *http.Request, pathParams map[string]string) (nodes.Received, error) {
	mode, err := call.Param("responseMode").String(0, "onReceived")
	if err != nil {
		return nodes.Received{}, err
	}
	if refused := checkMode(call, mode); refused != nil {
		return nodes.Received{Reject: refused}, nil
	}
	jwt, refused, err := admit(ctx, call, req, "authentication")
	if refused != nil || err != nil {
		return nodes.Received{Reject: refused}, err
	}
	item, refused, err := requestItem(ctx, call, req, pathParams, jwt)
	if refused != nil || err != nil {
		return nodes.Received{Reject: refused}, err
	}
	received := nodes.Received{Items: nodes.ItemsOf(item), Wait: mode != "onReceived", Stream: mode == "streaming"}
	if methods, err := webhookMethods(call); err == nil {
		received.Output = max(0, slices.Index(methods, req.Method))
	}
	if received.Reject, err = onlyRunIf(ctx, call, received.Items); received.Reject != nil || err != nil {
		return received, err
	}
	if mode == "onReceived" {
		received.Answer, err = immediateAnswer(call)
		return received, err
	}
	received.Answer = nodes.Response{Header: http.Header{}}
	return received, addHeaders(received.Answer.Header, call.Param("options"))
}

const respondNode = "n8n-nodes-base.respondToWebhook"

// checkMode refuses calls where the answer has no node that would give it, or a node is there whose answer nobody takes.
func checkMode(call *nodes.Call, mode string) *nodes.Response {
	around, ok := call.Engine.(nodes.Caller)
	if !ok || mode == "streaming" {
		return nil
	}
	var r nodes.Response
	switch has := around.Leads(respondNode); {
	case has && mode != "responseNode":
		r = message(http.StatusInternalServerError, 0, "Unused Respond to Webhook node found in the workflow")
	case !has && mode == "responseNode":
		r = message(http.StatusInternalServerError, 0, "No Respond to Webhook node found in the workflow")
	default:
		return nil
	}
	return &r
}

// onlyRunIf refuses a call, politely, where the option's expression says no to its item.
func onlyRunIf(ctx context.Context, call *nodes.Call, items nodes.Items) (*nodes.Response, error) {
	around, ok := call.Engine.(nodes.Caller)
	if !ok || !call.Param("options").Get("onlyRunIf").IsSet() {
		return nil, nil
	}
	of := *call
	of.Inputs, of.Engine = []nodes.Items{items}, around.With(ctx, items)
	v, err := of.Param("options").Get("onlyRunIf").Value(0)
	switch {
	case err != nil:
		r := message(http.StatusInternalServerError, 0, "Workflow Webhook Error: Workflow could not be started!")
		return &r, nil //nolint:nilerr // what went wrong is not for the caller
	case v.Truthy() || v.Kind() == nodes.String && v.Str() == "":
		return nil, nil
	}
	r, err := responseHead(call)
	if err != nil {
		return nil, err
	}
	setDefault(r.Header, "Content-Type", jsonType)
	r.Body = []byte(`{"message":"Webhook call received"}`)
	return &r, nil
}

// immediateAnswer is what the caller gets once the run is durable.
func immediateAnswer(call *nodes.Call) (nodes.Response, error) {
	r, err := responseHead(call)
	if err != nil {
		return r, err
	}
	options := call.Param("options")
	none, err := options.Get("noResponseBody").Bool(0, false)
	if err != nil {
		return r, err
	}
	if none {
		setBody(&r, nodes.Value{})
		return r, nil
	}
	v, err := options.Get("responseData").Value(0)
	if err != nil {
		return r, err
	}
	if v.IsNil() || v.Kind() == nodes.String && v.Str() == "" {
		v = nodes.WireValue(`{"message":"Workflow was started"}`)
	}
	setBody(&r, plain(v))
	return r, nil
}

// Respond makes the answer of the last node's items, or where none of the run's nodes has answered.
func (webhook) Respond(call *nodes.Call, result nodes.Result) (nodes.Response, error) {
	if result.Reply != nil {
		return *result.Reply, nil
	}
	if result.Err != nil {
		return nodes.Response{Status: http.StatusInternalServerError, Header: http.Header{"Content-Type": {jsonType}}, Body: []byte(`{"message":"Error in workflow"}`)}, nil //nolint:nilerr // what went wrong is for the log, not for the caller
	}
	mode, err := call.Param("responseMode").String(0, "")
	if err != nil {
		return nodes.Response{}, err
	}
	if mode == "responseNode" {
		return nodes.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {jsonType}}}, nil
	}
	r, err := responseHead(call)
	if err != nil {
		return r, err
	}
	kind, err := call.Param("responseData").Option(0, "firstEntryJson", "allEntries", "firstEntryJson", "firstEntryBinary", "noData")
	switch {
	case err != nil:
	case kind == "noData":
		setBody(&r, nodes.Value{})
	case kind == "allEntries":
		setBody(&r, nodes.WireValue(listOf(result.Items)))
	case kind == "firstEntryBinary":
		return binaryAnswer(call, r, result.Items)
	case result.Items.Len() == 0:
		return message(http.StatusInternalServerError, 0, "No item to return was found"), nil
	default:
		return firstItemAnswer(call, r, result.Items.At(0))
	}
	return r, err
}

// listOf is the JSON of a list of items.
func listOf(items nodes.Items) string {
	b := []byte{'['}
	for i, it := range items.All() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, it.JSON()...)
	}
	return string(append(b, ']'))
}

// firstItemAnswer gives an item's JSON, or one field of it.
func firstItemAnswer(call *nodes.Call, r nodes.Response, it nodes.Item) (nodes.Response, error) {
	options := call.Param("options")
	name, err := options.Get("responsePropertyName").String(0, "")
	if err != nil {
		return r, err
	}
	value := gjson.Parse(it.JSON())
	if name != "" {
		value = lookup(it.JSON(), name, true)
	}
	contentType, err := options.Get("responseContentType").String(0, "")
	if err != nil {
		return r, err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	setBody(&r, nodes.ResultValue(value))
	return r, nil
}

// binaryAnswer gives the first item's binary data.
func binaryAnswer(call *nodes.Call, r nodes.Response, items nodes.Items) (nodes.Response, error) {
	name, err := call.Param("responseBinaryPropertyName").String(0, "data")
	if err != nil {
		return r, err
	}
	if items.Len() == 0 {
		return message(http.StatusInternalServerError, 0, "No item was found to return"), nil
	}
	binary := items.Head(0).Binary()
	if binary.Len() == 0 {
		return message(http.StatusInternalServerError, 0, "No binary data was found to return"), nil
	}
	file, ok := binary.Get(name)
	if !ok {
		return message(http.StatusInternalServerError, 0, "The binary property '"+name+"' which should be returned does not exist"), nil
	}
	setFile(&r, file)
	return r, nil
}

// responseHead is the status and the headers that the node sets.
func responseHead(call *nodes.Call) (nodes.Response, error) {
	r := nodes.Response{Status: http.StatusOK, Header: http.Header{}}
	options := call.Param("options")
	code := call.Param("responseCode")
	if call.Version >= 2 {
		values := options.Get("responseCode").Get("values")
		code = values.Get("responseCode")
		if v, err := code.Value(0); err == nil && v.Kind() == nodes.String && v.Str() == "customCode" {
			code = values.Get("customCode")
		}
	}
	status, err := code.Number(0, http.StatusOK)
	if err != nil {
		return r, err
	}
	r.Status = int(status)
	return r, addHeaders(r.Header, options)
}
