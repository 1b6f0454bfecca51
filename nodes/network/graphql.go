package network

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// graphQL sends a query for each item, one after the other, and makes an item of each answer.
type graphQL struct{ options Options }

var _ nodes.Outward = graphQL{}

// Writes is nodes.Outward's: a query by POST may hold a mutation.
func (graphQL) Writes(version float64, params *nodes.Template) bool {
	method := params.Member("requestMethod")
	return method.Expression() != nil || method.Value().Str() != http.MethodGet
}

// Execute is nodes.Node's.
func (n graphQL) Execute(ctx context.Context, call *nodes.Call) error {
	r := &httpRun{node: httpRequest(n), call: call}
	for i := range call.Input(0).Len() {
		q, err := r.graphQL(ctx, i)
		if err == nil {
			err = q.tries(ctx)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			continue
		}
		e := nodes.AsError(err).At(i)
		var shown *shownError
		if call.OnError == nodes.StopWorkflow || call.OnError == "" || !errors.As(err, &shown) {
			if err := call.Fail(i, e); err != nil {
				return err
			}
			continue
		}
		var b nodes.ObjectBuilder
		b.Raw("error", gjson.Get(shown.json, "message").Raw)
		call.EmitFrom(0, i, nodes.NewItem(b.String()).WithError(e))
	}
	return nil
}

// graphQuery is the query of one item.
type graphQuery struct {
	*exchange
	answered bool   // by the server, with errors
	emit     func() // hands on what the last try got
}

// graphQL reads the parameters of an item.
func (r *httpRun) graphQL(ctx context.Context, i int) (*graphQuery, error) {
	call, in := r.call, &reader{call: r.call, item: i}
	x := &exchange{run: r, item: i, timeout: defaultTimeout, redirects: maxRedirects, onlyGet: true}
	m := &x.message
	x.form = format{kind: in.text(call.Param("responseFormat"), "json"), property: in.text(call.Param("dataPropertyName"), "data"), textName: "String"}
	x.connection.PublicOnly = r.node.options.PublicOnly
	x.connection.Insecure = in.yes(call.Param("allowUnauthorizedCerts"), false)
	m.method = in.text(call.Param("requestMethod"), http.MethodPost)
	m.url = address(in.text(call.Param("endpoint"), ""))
	if u, err := url.Parse(m.url); in.err == nil && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https") {
		e := nodes.Errorf("Invalid URL").WithParam("endpoint", "")
		e.HTTPCode, e.Kind = "ERR_INVALID_URL", nodes.APIError
		return nil, e
	}
	asJSON := true
	if m.method == http.MethodPost {
		def := "json"
		if call.Version == 1 {
			def = "graphql"
		}
		asJSON = in.text(call.Param("requestFormat"), def) == "json"
	}
	x.headers(in.pairs(call.Param("headerParametersUi").Get("parameter")), true)
	err := in.err
	if err == nil {
		err = x.graphAccess(ctx, in)
	}
	if err == nil {
		err = x.readQuery(in, asJSON)
	}
	if err == nil {
		err = x.checkHeaders()
	}
	return &graphQuery{exchange: x}, err
}

// graphAccess adds what the credential says.
func (x *exchange) graphAccess(ctx context.Context, in *reader) error {
	if in.text(in.call.Param("authentication"), "none") == "customAuth" {
		return x.apply(ctx, "httpCustomAuth")
	}
	return x.authenticate(ctx, in)
}

// readQuery puts the query into the body, with GET into the address as well. What a credential put into the body stays there.
func (x *exchange) readQuery(in *reader, asJSON bool) error {
	call, m := in.call, &x.message
	query := in.text(call.Param("query"), "")
	defaults := [...]struct{ name, value string }{{"accept", "application/json"}, {"content-type", "application/json"}}
	if asJSON {
		variables, operation := nodes.WireValue("{}"), nodes.NullValue
		if m.method == http.MethodPost {
			variables = in.variables(call.Param("variables"))
			if name := in.text(call.Param("operationName"), ""); name != "" {
				operation = nodes.StringValue(name)
			}
		}
		m.body.set("query", nodes.StringValue(query))
		m.body.set("variables", variables)
		m.body.set("operationName", operation)
	} else {
		m.body = body{kind: rawBody, text: query}
		defaults[0].value, defaults[1].value = "*/*", "application/graphql"
	}
	for _, h := range defaults {
		if m.header.getHeader(h.name) == "" {
			m.header.setHeader(h.name, h.value)
		}
	}
	if m.method == http.MethodGet {
		m.query.set("query", nodes.StringValue(query))
	}
	return in.err
}

// variables are an object, or its text; empty text stands for none.
func (r *reader) variables(p nodes.Param) nodes.Value {
	v := r.value(p)
	switch v.Kind() {
	case nodes.Object, nodes.Array:
		return v
	case nodes.Undefined:
		return nodes.WireValue("{}")
	case nodes.String:
		if v.Str() == "" {
			return nodes.WireValue("{}")
		}
		text, err := nodes.Normalize(v.Str())
		if err != nil {
			r.fail(nodes.Errorf("Using variables failed:\n%s\n\nWith error message:\n%v", clip(v.Str()), err))
		}
		return nodes.WireValue(text)
	}
	r.fail(nodes.Errorf("Using variables failed:\n%s\n\nGraphQL variables should be either an object or a string.", clip(textOf(v))))
	return nodes.Value{}
}

// tries sends the query, and again after failures if retryOnFail says so: this item alone, so that no mutation is sent twice. Of
// the answers the last counts.
func (q *graphQuery) tries(ctx context.Context) error {
	defer func() {
		if q.emit != nil {
			q.emit()
		}
	}()
	retry := q.run.call.Retry
	for left := retry.Tries - 1; ; left-- {
		q.answered, q.emit = false, nil
		err := q.work(ctx)
		if err == nil {
			return nil
		}
		err = q.redacted(err)
		if retry.Tries <= 1 {
			return err
		}
		if left <= 0 || ctx.Err() != nil || !q.answered && !q.repeatable(err) {
			return &finalError{err}
		}
		if err := nodes.Pause(ctx, retry.Wait); err != nil {
			return err
		}
	}
}

// work sends the query and keeps what comes of the answer for emit. Its status does not count: servers put errors into the body.
func (q *graphQuery) work(ctx context.Context) error {
	a, err := q.send(ctx, q.message, "text")
	if err != nil {
		return err
	}
	var result gjson.Result
	if q.form.kind == "string" {
		if result, err = q.parse(a); err != nil { // then it stays text
			result = gjson.Parse(quote(a.text))
		}
	} else if strings.TrimSpace(a.text) != "" {
		if result, err = q.parse(a); err != nil {
			return err
		}
	}
	failed := graphErrors(result.Get("errors"))
	q.answered = failed != nil
	stops := q.run.call.OnError == nodes.StopWorkflow || q.run.call.OnError == ""
	if failed != nil && stops {
		return failed
	}
	q.emit = func() { q.emitAnswer(a, result) }
	return failed
}

// emitAnswer hands an answer on; of a list each element.
func (q *graphQuery) emitAnswer(a *answer, result gjson.Result) {
	call := q.run.call
	if q.form.kind == "string" {
		var b nodes.ObjectBuilder
		if a.text != "" {
			b.Raw(q.form.property, result.Raw)
		}
		call.EmitFrom(0, q.item, nodes.NewItem(b.String()))
		return
	}
	if !result.IsArray() {
		call.EmitFrom(0, q.item, itemOf(result))
		return
	}
	result.ForEach(func(_, el gjson.Result) bool {
		call.EmitFrom(0, q.item, itemOf(el))
		return true
	})
}

// graphErrors is what the errors of an answer say, nil if there are none.
func graphErrors(list gjson.Result) error {
	var e *nodes.Error
	switch {
	case !list.Exists() || list.Type == gjson.Null || list.Type == gjson.False:
		return nil
	case list.Type == gjson.String:
		e = nodes.Errorf("%s", clip(list.Str))
	case list.IsArray():
		var messages []string
		for _, el := range list.Array() {
			text := el.Get("message").String()
			if text == "" {
				text = nodes.ResultValue(el).Text()
			}
			messages = append(messages, text)
		}
		if e = nodes.Errorf("%s", clip(strings.Join(messages, ", "))); messages == nil {
			e.Message = "the server answers with an empty list of errors, which GraphQL does not allow"
		}
	default:
		e = nodes.Errorf("Unexpected error")
		e.Description = clip(textIn(list))
	}
	e.Kind = nodes.APIError
	return e
}
