package descriptors_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
)

// shelf is a node without pages, in n8n's declarative style.
const shelf = `{"type":"acme.shelf","displayName":"Shelf","versions":[1,2],"credentials":[{"type":"oldApi","show":{"auth":["old"]}},{"type":"newApi","show":{"auth":["new"]}}],
	"routing":{"defaults":{"method":"PUT"}},"properties":[
	{"name":"auth","type":"options","options":[{"value":"old"},{"value":"new"}],"default":"new"},
	{"name":"resource","type":"options","options":[{"value":"book"},{"value":"shop"}],"default":"shop"},
	{"name":"operation","type":"options","options":[{"value":"get","routing":{"request":{"url":"=/b/{{ $parameter.id }}","method":"GET"}}},{"value":"sign","routing":{"request":{"url":"/s"},"send":{"preSend":[{"$function":"signed"}]}}}],"show":{"resource":["book"]}},
	{"name":"operation","type":"options","options":[{"value":"old"}],"show":{"resource":["book"]},"versions":[1]},
	{"name":"id","type":"string","required":true,"show":{"resource":["book"],"operation":["get"]}},
	{"name":"how","type":"options","options":[{"value":1},{"value":2}],"default":2,"show":{"resource":["book"],"operation":["get"]}},
	{"name":"far","type":"number","required":true,"show":{"resource":["book"],"how":[2]},"hide":{"id":["x"]}},
	{"name":"near","type":"string","required":true,"show":{"resource":["book"],"how":[1]}},
	{"name":"tags","type":"string","multipleValues":true,"required":true,"default":[],"show":{"operation":["sign"]}},
	{"name":"where","type":"resourceLocator","required":true,"default":{"mode":"list","value":""},"hide":{"operation":["get"]}},
	{"name":"late","type":"boolean","default":false,"show":{"how":[{"_cnd":{"gte":2}}]}}]}`

func shelfSet(t *testing.T) descriptors.Set {
	t.Helper()
	var n descriptors.Node
	if err := json.Unmarshal([]byte(shelf), &n); err != nil {
		t.Fatal(err)
	}
	return descriptors.SetOf(&n)
}

func TestChoices(t *testing.T) {
	t.Parallel()
	set := shelfSet(t)
	list, err := set.Nodes()
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[float64]string{
		1: "[{book [{get GET /b/{{ $parameter.id }} false} {sign PUT /s false} {old false}]} {shop [{ false}]}]",
		2: "[{book [{get GET /b/{{ $parameter.id }} false} {sign PUT /s false}]} {shop [{ false}]}]",
	} {
		if got := strings.Join(strings.Fields(fmt.Sprint(list[0].Choices(version))), " "); got != want {
			t.Errorf("version %v: %s, want %s", version, got, want)
		}
	}
	for name, c := range map[string]struct {
		resource, operation string
		want, fails         string
	}{
		"required, and what a default puts in force": {"book", "get", `{"auth":"new","far":1,"how":2,"id":"text","late":false,"operation":"get","resource":"book"}`, ""},
		"another operation":                          {"book", "sign", `{"auth":"new","operation":"sign","resource":"book","tags":["text"],"where":{"__rl":true,"mode":"id","value":"text"}}`, ""},
		"no operation":                               {"shop", "", `{"auth":"new","resource":"shop","where":{"__rl":true,"mode":"id","value":"text"}}`, ""},
		"by default":                                 {"", "", `{"auth":"new","resource":"shop","where":{"__rl":true,"mode":"id","value":"text"}}`, ""},
		"unknown operation":                          {"book", "gett", "", `resource "book" has no operation "gett"; did you mean "get"?`},
		"unknown resource":                           {"boek", "get", "", `node type "acme.shelf" has no resource "boek"; did you mean "book"?`},
		"missing operation":                          {"book", "", "", `the name of an operation is missing: resource "book" has get, sign`},
		"missing resource":                           {"", "get", "", `the name of a resource of node type "acme.shelf" is missing; it has 2, see: cordboard nodes show acme.shelf`},
		"no operations":                              {"shop", "get", "", `resource "shop" has no operations, so it has no operation "get"`},
	} {
		text, err := descriptors.Example(set, "acme.shelf", 0, c.resource, c.operation)
		if c.fails != "" {
			if err == nil || err.Error() != c.fails {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var flow struct {
			Nodes []struct {
				Parameters  json.RawMessage
				Credentials map[string]any
			}
		}
		if err != nil || json.Unmarshal(text, &flow) != nil {
			t.Fatalf("%s: %v %s", name, err, text)
		}
		var got, want any
		_ = json.Unmarshal(flow.Nodes[1].Parameters, &got) // it was read just now
		if err := json.Unmarshal([]byte(c.want), &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s, want %s (%v)", name, flow.Nodes[1].Parameters, c.want, err)
		}
		if flow.Nodes[1].Credentials["newApi"] == nil || len(flow.Nodes[1].Credentials) != 1 {
			t.Errorf("%s: credentials %v", name, flow.Nodes[1].Credentials)
		}
	}
}

// TestChoicesAlone: of a node without resources the operation is named alone.
func TestChoicesAlone(t *testing.T) {
	t.Parallel()
	var n descriptors.Node
	if err := json.Unmarshal([]byte(`{"type":"acme.store","versions":[1],"properties":[{"name":"operation","type":"options","options":[{"value":"get"},{"value":"set"}],"default":"get"}]}`), &n); err != nil {
		t.Fatal(err)
	}
	for names, want := range map[[2]string]string{
		{"get", "x"}: `node type "acme.store" has operations without resources, so it has no resource "get": name the operation alone`,
		{"nope", ""}: `the node has no operation "nope"; it has get, set`,
		{"", "sett"}: `the node has no operation "sett"; did you mean "set"?`,
		{"", ""}:     `the name of an operation is missing: the node has get, set`,
		{"set", ""}:  "",
		{"", "get"}:  "",
	} {
		got := ""
		if _, err := n.Choice(1, names[0], names[1]); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", names, got, want)
		}
	}
}

// TestChoicePage: a page has what may stand beside an operation, and what cannot be run says so.
func TestChoicePage(t *testing.T) {
	t.Parallel()
	page := func(resource, operation string) string {
		t.Helper()
		var out strings.Builder
		if err := descriptors.Show(&out, shelfSet(t), "acme.shelf", 0, resource, operation); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	got := page("book", "get")
	for _, want := range []string{"GET /b/{{ $parameter.id }}\n", "a credential of the type newApi", "far   number   required; if how is 2, unless id is x", "near  string   required; if how is 1", "late  boolean"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "where") || strings.Contains(got, "cannot be run") {
		t.Errorf("it has what is another operation's:\n%s", got)
	}
	if got := page("book", "sign"); !strings.Contains(got, "It cannot be run: the function signed of the node's package") {
		t.Error(got)
	}
	if got := page("shop", ""); !strings.Contains(got, "Shelf: shop") || !strings.Contains(got, "where") {
		t.Error(got)
	}
}
