package network

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// Writes is nodes.Outward's: it goes by the method of the operation that is chosen. Where an expression has a say in what is chosen,
// where a method stands inside of a collection or in the rules of pages, and where a function works on the request, it may write.
func (n declared) Writes(version float64, params *nodes.Template) bool {
	given := parameters{version: version, values: map[string]gjson.Result{}, set: map[string]bool{}}
	deciding := map[string]bool{}
	decide(n.node.Properties, deciding)
	for _, name := range params.Keys() {
		m := params.Member(name)
		if !m.Constant() && deciding[name] {
			return true
		}
		if m.Constant() {
			given.put(name, m.Value().Result(), true)
		}
	}
	if err := given.fill(n.node.Properties, func(def gjson.Result) (gjson.Result, error) { return def, nil }); err != nil {
		return true
	}
	routing := n.node.Routing
	method := gjson.GetBytes(routing.Defaults, "method").Str
	if pageWrites(gjson.GetBytes(routing.Operations, "pagination")) {
		return true
	}
	var list [][]byte
	for i := range n.node.Properties {
		p := &n.node.Properties[i]
		if !given.shows(p, gjson.Result{}) {
			continue
		}
		value := given.values[p.Name]
		if !given.set[p.Name] && deciding[p.Name] && strings.HasPrefix(value.Str, "=") || insideWrites(p.Properties) {
			return true
		}
		list = append(list, chosen(p, nodes.ResultValue(value)), p.Routing)
	}
	for _, r := range list {
		if m := gjson.GetBytes(r, "request.method"); m.Exists() {
			method = m.Str
		}
		if workWrites(r) {
			return true
		}
	}
	return writes(method)
}

// pageWrites reports whether the rules of pages, or a function in their place, can make a request one that writes.
func pageWrites(pagination gjson.Result) bool {
	return pagination.Get(`\$function`).Exists() || writes(pagination.Get("properties.request.method").Str)
}

// decide gathers the parameters that say what is sent: those with values to choose from, and those that put others in force.
func decide(list []descriptors.Property, deciding map[string]bool) {
	for i := range list {
		p := &list[i]
		if p.Type == "options" {
			deciding[p.Name] = true
		}
		for _, conditions := range []map[string][]any{p.Show, p.Hide} {
			for name := range conditions {
				deciding[strings.TrimPrefix(name, "/")] = true
			}
		}
		decide(p.Properties, deciding)
	}
}

// insideWrites reports whether what is inside of a collection can make a request one that writes.
func insideWrites(list []descriptors.Property) bool {
	return slices.ContainsFunc(list, func(p descriptors.Property) bool {
		return routingWrites(p.Routing) || insideWrites(p.Properties) ||
			slices.ContainsFunc(p.Options, func(o descriptors.Option) bool { return routingWrites(o.Routing) })
	})
}

func routingWrites(r []byte) bool {
	return writes(gjson.GetBytes(r, "request.method").Str) || workWrites(r)
}

// workWrites reports whether something beside the method of a routing can make a request one that writes: functions before it, of which
// one stands for a list of one, and pages.
func workWrites(r []byte) bool {
	return len(gjson.GetBytes(r, "send.preSend").Array()) > 0 || pageWrites(gjson.GetBytes(r, "operations.pagination"))
}

// writes reports whether a method is other than the safe ones (RFC 9110, 9.2.1); none is GET.
func writes(method string) bool {
	return method != "" && !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, strings.ToUpper(method))
}
