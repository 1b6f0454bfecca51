package core

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

const jsonType = "application/json; charset=utf-8"

// webhook starts a run for every HTTP request to its address.
type webhook struct{}

var _ nodes.Webhook = webhook{}

// Execute passes the items through: those that a request became, or that a run was given.
func (webhook) Execute(ctx context.Context, call *nodes.Call) error { return noOp{}.Execute(ctx, call) }

// Routes returns the node's address. Where it has parts such as :id, n8n puts the node's webhookId before it; that is for
// the server to do.
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
	method, err := webhookMethod(call)
	if err != nil {
		return nil, err
	}
	return []nodes.Route{{Method: method, Path: path}}, nil
}

// webhookMethod returns the method. Several need an output each.
func webhookMethod(call *nodes.Call) (string, error) {
	v, err := call.Param("httpMethod").Value(0)
	if err != nil {
		return "", err
	}
	switch v.Kind() {
	case nodes.Undefined:
		return http.MethodGet, nil
	case nodes.Array:
		list := v.Result().Array()
		if len(list) == 1 {
			return list[0].Str, nil
		}
		return "", nodes.Errorf("a webhook with several methods is not available yet: make a webhook node for each").WithParam("httpMethod", "")
	}
	multiple, err := call.Param("multipleMethods").Bool(0, false)
	if err == nil && multiple && v.Kind() == nodes.String {
		return strings.ToUpper(v.Str()), nil
	}
	return strings.ToUpper(v.Text()), err
}

// checkWebhook refuses what cannot be served, before anything listens.
func checkWebhook(call *nodes.Call) error {
	mode, err := call.Param("responseMode").String(0, "onReceived")
	if err != nil {
		return err
	}
	switch mode {
	case "onReceived", "lastNode":
	case "responseNode", "streaming":
		return nodes.Errorf("the response mode %s is not available yet: use onReceived or lastNode", mode).WithParam("responseMode", "")
	default:
		return nodes.Errorf("the response mode must be onReceived or lastNode, and is %q", mode).WithParam("responseMode", "")
	}
	auth, err := call.Param("authentication").String(0, "none")
	if err != nil {
		return err
	}
	switch auth {
	case "none", "basicAuth", "headerAuth":
		return nil
	case "jwtAuth":
		return nodes.Errorf("the authentication jwtAuth is not available yet: use basicAuth or headerAuth").WithParam("authentication", "")
	}
	return nodes.Errorf("the authentication must be none, basicAuth or headerAuth, and is %q", auth).WithParam("authentication", "")
}

// Receive checks who calls and makes the run's item of the request.
func (webhook) Receive(ctx context.Context, call *nodes.Call, req *http.Request, pathParams map[string]string) (nodes.Received, error) {
	if refused, err := admit(ctx, call, req, "authentication"); refused != nil || err != nil {
		return nodes.Received{Reject: refused}, err
	}
	item, refused, err := requestItem(ctx, call, req, pathParams)
	if refused != nil || err != nil {
		return nodes.Received{Reject: refused}, err
	}
	received := nodes.Received{Items: nodes.ItemsOf(item)}
	mode, err := call.Param("responseMode").String(0, "onReceived")
	if err != nil {
		return received, err
	}
	if received.Wait = mode == "lastNode"; received.Wait {
		return received, nil
	}
	received.Answer, err = immediateAnswer(call)
	if err == nil {
		err = allowOrigin(call, req, received.Answer.Header)
	}
	return received, err
}

// immediateAnswer is what the caller gets once the run is durable.
func immediateAnswer(call *nodes.Call) (nodes.Response, error) {
	r, err := responseHead(call)
	if err != nil {
		return r, err
	}
	options := call.Param("options")
	none, err := options.Get("noResponseBody").Bool(0, false)
	if err != nil || none {
		return r, err
	}
	text, err := options.Get("responseData").String(0, "")
	if err != nil {
		return r, err
	}
	if text != "" {
		setDefault(r.Header, "Content-Type", "text/html; charset=utf-8")
		r.Body = []byte(text)
		return r, nil
	}
	setDefault(r.Header, "Content-Type", jsonType)
	r.Body = []byte(`{"message":"Workflow was started"}`)
	return r, nil
}

// Respond makes the answer of the last node's items.
func (webhook) Respond(call *nodes.Call, result nodes.Result) (nodes.Response, error) {
	if result.Reply != nil {
		return *result.Reply, nil
	}
	if result.Err != nil {
		return nodes.Response{Status: http.StatusInternalServerError, Header: http.Header{"Content-Type": {jsonType}}, Body: []byte(`{"message":"Error in workflow"}`)}, nil //nolint:nilerr // what went wrong is for the log, not for the caller
	}
	r, err := responseHead(call)
	if err != nil {
		return r, err
	}
	kind, err := call.Param("responseData").String(0, "firstEntryJson")
	if err != nil {
		return r, err
	}
	switch kind {
	case "noData":
		setDefault(r.Header, "Content-Type", jsonType)
		return r, nil
	case "allEntries":
		setDefault(r.Header, "Content-Type", jsonType)
		r.Body = append(r.Body, '[')
		for i, it := range result.Items.All() {
			if i > 0 {
				r.Body = append(r.Body, ',')
			}
			r.Body = append(r.Body, it.JSON()...)
		}
		r.Body = append(r.Body, ']')
		return r, nil
	case "firstEntryJson", "firstEntryBinary":
	default:
		return r, nodes.Errorf("the response data must be allEntries, firstEntryJson, firstEntryBinary or noData, and is %q", kind).WithParam("responseData", "")
	}
	if result.Items.Len() == 0 {
		return message(http.StatusInternalServerError, "No item to return was found"), nil
	}
	if kind == "firstEntryBinary" {
		return binaryAnswer(call, r, result.Items.At(0))
	}
	return firstItemAnswer(call, r, result.Items.At(0))
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
	r.Body = []byte(value.Raw)
	if value.Type == gjson.String { // the text itself
		r.Body = []byte(value.Str)
		setDefault(r.Header, "Content-Type", "text/html; charset=utf-8")
	}
	if contentType != "" {
		if strings.HasPrefix(contentType, "text/") && !strings.Contains(contentType, "charset") {
			contentType += "; charset=utf-8"
		}
		r.Header.Set("Content-Type", contentType)
	}
	setDefault(r.Header, "Content-Type", jsonType)
	return r, nil
}

// responseHead is the status and the headers that the node sets.
func responseHead(call *nodes.Call) (nodes.Response, error) {
	r := nodes.Response{Status: http.StatusOK, Header: http.Header{}}
	options := call.Param("options")
	code := call.Param("responseCode")
	if call.Version >= 2 {
		values := options.Get("responseCode").Get("values")
		if code = values.Get("customCode"); !code.IsSet() {
			code = values.Get("responseCode")
		}
	}
	status, err := code.Number(0, http.StatusOK)
	if err != nil {
		return r, err
	}
	if status < 100 || status > 599 {
		return r, nodes.Errorf("the response code must be from 100 to 599, and is %v", status).WithParam("responseCode", "")
	}
	r.Status = int(status)
	headers, err := options.Get("responseHeaders").Get("entries").List(0)
	if err != nil {
		return r, err
	}
	for _, h := range headers {
		name, err := h.Get("name").String(0, "")
		if err != nil {
			return r, err
		}
		value, err := h.Get("value").String(0, "")
		if err != nil {
			return r, err
		}
		if name != "" {
			r.Header.Set(name, value)
		}
	}
	return r, nil
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}

// message is an answer {"code", "message"}, as n8n words failures.
func message(status int, text string) nodes.Response {
	body := fmt.Appendf(nil, `{"code":0,"message":`)
	body = append(nodes.AppendString(body, text), '}')
	return nodes.Response{Status: status, Header: http.Header{"Content-Type": {jsonType}}, Body: body}
}
