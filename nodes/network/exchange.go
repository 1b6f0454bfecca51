package network

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/request"
)

// exchange is the request of one item and what is to become of the answer.
type exchange struct {
	run  *httpRun
	item int

	message    message
	sent       string // the method of the last request; a function can make it another than the message's
	lists      string // how lists are written in the query
	connection request.Connection
	timeout    time.Duration
	redirects  int // how many are followed; 0: none
	onlyGet    bool
	form       format
	pages      *pagination
	auth       authentication
	// perform, if set, is all that is to be done, in place of a request with what HTTP Request makes of its answer.
	perform func(ctx context.Context) ([]nodes.Item, error)
}

// message is a request as it is to be sent.
type message struct {
	method, url string
	query       fields
	header      fields
	body        body
}

// format says how answers are read and shown.
type format struct {
	kind       string // autodetect, json, text or file
	property   string // where text and files go
	full       bool
	neverError bool
	split      bool   // a list becomes an item each
	textName   string // what messages call the format that takes anything
	legacy     bool   // of versions 1 and 2
}

// reader reads the parameters of one item; the first error stays.
type reader struct {
	call *nodes.Call
	item int
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) text(p nodes.Param, def string) string {
	v, err := p.String(r.item, def)
	if err != nil {
		r.fail(err)
	}
	return v
}

func (r *reader) yes(p nodes.Param, def bool) bool {
	v, err := p.Bool(r.item, def)
	if err != nil {
		r.fail(err)
	}
	return v
}

func (r *reader) number(p nodes.Param, def float64) float64 {
	v, err := p.Number(r.item, def)
	if err != nil {
		r.fail(err)
	}
	return v
}

func (r *reader) value(p nodes.Param) nodes.Value {
	v, err := p.Value(r.item)
	if err != nil {
		r.fail(err)
	}
	return v
}

// pairs are the entries {name, value} of a list of fields; where the workflow sets none n8n has one without a name.
func (r *reader) pairs(list nodes.Param) fields { return r.pairsBy((*fields).set, list) }

func (r *reader) pairsBy(set func(f *fields, name string, v nodes.Value), list nodes.Param) fields {
	var f fields
	for _, p := range r.elements(list) {
		value := r.value(p.Get("value"))
		if !p.Get("value").IsSet() {
			value = nodes.StringValue("")
		}
		set(&f, r.text(p.Get("name"), ""), value)
	}
	return f
}

func (r *reader) elements(list nodes.Param) []nodes.Param {
	all, err := list.List(r.item)
	if err != nil {
		r.fail(err)
	}
	return all
}

// object reads an object from a field that holds it as JSON text.
func (r *reader) object(p nodes.Param, label string) gjson.Result {
	v := r.value(p)
	if v.Kind() == nodes.Object { // as text it is no JSON to n8n
		r.fail(invalidJSON(label, nil))
		return gjson.Result{}
	}
	text, err := nodes.Normalize(strings.TrimSpace(v.Str()))
	if err != nil {
		r.fail(invalidJSON(label, err))
	}
	o := gjson.Parse(text)
	if o.Type == gjson.Null && err == nil {
		r.fail(nodes.Errorf("Cannot convert undefined or null to object"))
	}
	if !o.IsObject() && !o.IsArray() { // has no fields
		return gjson.Result{}
	}
	return o
}

func invalidJSON(label string, cause error) error {
	e := nodes.Errorf("The value in the %q field is not valid JSON", label)
	if cause != nil {
		e.Description = cause.Error()
	}
	return e
}

// prepare reads the parameters of an item.
func (r *httpRun) prepare(ctx context.Context, i int) (*exchange, error) {
	r.eval.Lock()
	defer r.eval.Unlock()
	x := &exchange{run: r, item: i, form: format{kind: "autodetect", split: true}}
	x.connection.PublicOnly = r.node.options.PublicOnly
	in := &reader{call: r.call, item: i}
	if err := x.address(in); err != nil {
		return nil, err
	}
	if r.call.Version < 3 {
		x.readOld(in)
	} else {
		x.readNew(in)
	}
	if in.err != nil {
		return nil, in.err
	}
	if x.pages != nil {
		x.pages.request = x.message.describe() // before the credential is in it
	}
	if err := x.authenticate(ctx, in); err != nil {
		return nil, err
	}
	if err := x.checkHeaders(); err != nil {
		return nil, err
	}
	x.accept()
	return x, nil
}

// address reads the URL.
func (x *exchange) address(in *reader) error {
	v := in.value(in.call.Param("url"))
	if in.err != nil {
		return in.err
	}
	if v.IsNil() || v.Kind() == nodes.String && strings.TrimSpace(v.Str()) == "" {
		return nodes.Errorf("Parameter \"URL\" is required").WithParam("url", "")
	}
	if v.Kind() != nodes.String {
		return nodes.Errorf("URL parameter must be a string, got %s", v.Kind())
	}
	text := strings.TrimSpace(v.Str())
	if !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") {
		return nodes.Errorf("Invalid URL: %s. URL must start with \"http\" or \"https\".", text)
	}
	x.message.url = address(text)
	return nil
}

// readNew reads the parameters of versions 3 and 4.
func (x *exchange) readNew(in *reader) {
	call, m := in.call, &x.message
	options := call.Param("options")
	m.method = strings.ToUpper(in.text(call.Param("method"), http.MethodGet))
	if in.yes(call.Param("sendQuery"), false) {
		if in.text(call.Param("specifyQuery"), "keypair") == "json" {
			m.query = fieldsOf(in.object(call.Param("jsonQuery"), "JSON Query Parameters"))
		} else {
			m.query = in.repeatable(call.Param("queryParameters"))
		}
	}
	if in.yes(call.Param("sendHeaders"), false) {
		var given fields
		if in.text(call.Param("specifyHeaders"), "keypair") == "json" {
			given = fieldsOf(in.object(call.Param("jsonHeaders"), "JSON Headers"))
		} else {
			given = in.parameters(call.Param("headerParameters"))
		}
		x.headers(given, in.yes(options.Get("lowercaseHeaders"), true))
	}
	if in.yes(call.Param("sendBody"), false) {
		x.readBody(in)
	}
	x.lists = in.text(options.Get("queryParameterArrays"), "")
	x.readConnection(in, options.Get("allowUnauthorizedCerts"))
	response := options.Get("response").Get("response")
	x.form.kind = in.text(response.Get("responseFormat"), "autodetect")
	if x.form.property = "data"; x.form.kind != "autodetect" {
		x.form.property = in.text(response.Get("outputPropertyName"), "data")
	}
	x.form.full = in.yes(response.Get("fullResponse"), false)
	x.form.neverError = in.yes(response.Get("neverError"), false)
	x.form.textName = "Text"
	redirect := options.Get("redirect").Get("redirect")
	if in.yes(redirect.Get("followRedirects"), call.Version >= 4 || redirect.IsSet()) {
		if x.redirects = int(in.number(redirect.Get("maxRedirects"), maxRedirects)); x.redirects == 0 {
			x.redirects = maxRedirects
		}
	}
	x.readPages(in, options.Get("pagination").Get("pagination"))
}

// maxRedirects is how many redirects are followed where the workflow does not say it.
const maxRedirects = 21

// parameters reads a collection of fields.
func (r *reader) parameters(p nodes.Param) fields {
	if !p.IsSet() {
		return fields{{"", nodes.StringValue("")}}
	}
	return r.pairs(p.Get("parameters"))
}

// repeatable reads a collection of fields of a query or a form, where a name may come again: from version 4.3 on that makes
// a list, before it the last counts.
func (r *reader) repeatable(p nodes.Param) fields {
	if !p.IsSet() || r.call.Version < 4.3 {
		return r.parameters(p)
	}
	return r.pairsBy((*fields).add, p.Get("parameters"))
}

// headers sets headers. A name without value, null or undefined, is left out; line ends are, too.
func (x *exchange) headers(given fields, lower bool) {
	for _, f := range given {
		if f.name == "" || f.value.IsNil() {
			continue
		}
		name := f.name
		if lower || x.form.legacy {
			name = strings.ToLower(name)
		}
		text := f.value.Text()
		if f.value.Kind() == nodes.Array {
			if text = headerList(name, f.value); text == "" {
				continue
			}
		}
		x.message.header.setHeader(name, strings.NewReplacer("\r", "", "\n", "").Replace(text))
	}
}

// headerList is a list as the value of a header (RFC 9110, 5.3).
func headerList(name string, list nodes.Value) string {
	separator := ", "
	if strings.EqualFold(name, "cookie") {
		separator = "; "
	}
	var texts []string
	for _, el := range list.Result().Array() {
		texts = append(texts, nodes.ResultValue(el).Text())
	}
	return strings.Join(texts, separator)
}

// setHeader sets a header whatever the case of its name.
func (f *fields) setHeader(name, value string) {
	for i := range *f {
		if strings.EqualFold((*f)[i].name, name) {
			(*f)[i].value = nodes.StringValue(value)
			return
		}
	}
	*f = append(*f, field{name, nodes.StringValue(value)})
}

// getHeader returns a header, "" if it is not set.
func (f fields) getHeader(name string) string {
	for _, h := range f {
		if strings.EqualFold(h.name, name) {
			return h.value.Str()
		}
	}
	return ""
}

func (x *exchange) readConnection(in *reader, insecure nodes.Param) {
	options := in.call.Param("options")
	x.connection.Insecure = in.yes(insecure, false)
	x.connection.Proxy = in.text(options.Get("proxy"), "")
	x.timeout = milliseconds(in.number(options.Get("timeout"), 0))
	if x.timeout == 0 {
		x.timeout = defaultTimeout
	}
}

// defaultTimeout is n8n's.
const defaultTimeout = 5 * time.Minute

// checkHeaders refuses names that are none (RFC 9110, 5.6.2).
func (x *exchange) checkHeaders() error {
	for _, h := range x.message.header {
		if strings.Trim(h.name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			e := nodes.Errorf("Header name must be a valid HTTP token [%q]", h.name)
			e.HTTPCode, e.Kind = "ERR_INVALID_HTTP_TOKEN", nodes.APIError
			return e
		}
	}
	return nil
}

// accept asks for what the node can read.
func (x *exchange) accept() {
	if x.message.header.getHeader("accept") != "" {
		return
	}
	accept := "application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7"
	switch x.form.kind {
	case "json":
		accept = "application/json,text/*;q=0.99"
	case "text":
		accept = "application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, */*;q=0.1"
	}
	x.message.header.setHeader("accept", accept)
}
