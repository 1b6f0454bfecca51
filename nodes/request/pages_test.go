package request

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// queries are the queries of the requests of an operation.
func queries(sim *pbxsim.Server, operation string) []string {
	var list []string
	for _, r := range sim.Requests() {
		if r.Operation == operation {
			list = append(list, r.Query)
		}
	}
	return list
}

func TestReturnAll(t *testing.T) {
	t.Parallel()
	op := pbxOp(t, "ListUser")
	all := func(faults pbxsim.Faults, params string) (got []string, queried string) {
		sim := startPBX(t, pbxsim.Options{Faults: faults})
		items, err := pbxRig(t, sim, "secret").run(op, params)
		if err != nil {
			t.Fatalf("%s: %v", params, err)
		}
		for _, it := range items {
			got = append(got, it.Get("Id").Raw)
		}
		return got, strings.Join(queries(sim, "ListUser"), "\n")
	}
	whole, _ := all(pbxsim.Faults{}, `{"requestOptions":{"returnAll":true}}`)
	if len(whole) < 10 {
		t.Fatalf("the simulator has %d users", len(whole))
	}
	n := len(whole)
	for _, c := range []struct {
		name, params string
		faults       pbxsim.Faults
		from, to     int
		queries      string
	}{
		{"cap", `{"$top":3,"requestOptions":{"returnAll":true}}`, pbxsim.Faults{}, 0, 3, "$top=3&$skip=0"},
		{"skip", `{"$skip":2,"$top":3,"requestOptions":{"returnAll":true}}`, pbxsim.Faults{}, 2, 5, "$top=3&$skip=2"},
		{"nothing", `{"$top":0,"requestOptions":{"returnAll":true}}`, pbxsim.Faults{}, 0, 0, ""},
		{"beyond", `{"$skip":100000,"requestOptions":{"returnAll":true}}`, pbxsim.Faults{}, 0, 0, "$top=100&$skip=100000"},
		{"next links", `{"$top":7,"requestOptions":{"returnAll":true}}`, pbxsim.Faults{PageSize: 4}, 0, 7, ""},
		{"adapts", `{"$top":7,"requestOptions":{"returnAll":true}}`, pbxsim.Faults{TopLimit: 3}, 0, 7, "$top=7&$skip=0\n$top=3&$skip=0\n$top=3&$skip=3\n$top=1&$skip=6"},
		{"adapts, all", `{"requestOptions":{"returnAll":true}}`, pbxsim.Faults{TopLimit: 4}, 0, n, ""},
		{"next links, all", `{"requestOptions":{"returnAll":true}}`, pbxsim.Faults{PageSize: 4}, 0, n, ""},
	} {
		got, queried := all(c.faults, c.params)
		if fmt.Sprint(got) != fmt.Sprint(whole[c.from:c.to]) {
			t.Errorf("%s: %v, want %v", c.name, got, whole[c.from:c.to])
		}
		if c.queries != "" && queried != c.queries {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, queried, c.queries)
		}
	}
}

func TestEmptyCollection(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{NoSeed: true})
	r := pbxRig(t, sim, "secret")
	r.want(pbxOp(t, "ListSbc"), `{"requestOptions":{"returnAll":true}}`)
	r.want(pbxOp(t, "ListSbc"), `{"requestOptions":{"splitItems":true}}`)
}

// TestNextLinks follows the query of a next link only, and never in a circle.
func TestNextLinks(t *testing.T) {
	t.Parallel()
	var seen []string
	r, server := serve(t, "odata", func(w http.ResponseWriter, q *http.Request) {
		seen = append(seen, q.URL.String())
		switch q.URL.Query().Get("page") {
		case "":
			answerJSON(w, 200, `{"value":[{"n":1}],"@odata.nextLink":"https://elsewhere.example.com/other?page=2"}`)
		case "2": // an empty page is not the last one where the server names another
			answerJSON(w, 200, `{"value":[],"@odata.nextLink":"things?page=3"}`)
		case "3":
			answerJSON(w, 200, `{"value":[{"n":2,"@odata.id":"x"}]}`)
		}
	})
	r.want(listThings(), `{"requestOptions":{"returnAll":true,"simplify":true}}`, `{"n":1}`, `{"n":2}`)
	if got := strings.Join(seen, " "); got != "/api/things?$top=100&$skip=0 /api/things?page=2 /api/things?page=3" {
		t.Error(got)
	}
	for _, link := range []string{"?page=1", "https://h/no-query", ":bad"} {
		r, _ := serve(t, "odata", func(w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, 200, `{"value":[{}],"@odata.nextLink":"`+link+`"}`)
		})
		_, err := r.run(listThings(), `{"requestOptions":{"returnAll":true}}`)
		r.wantError(err, server.URL, "item 0: Things: List Thing: the answer's @odata.nextLink leads to no further page")
	}
}

func TestPagesWithoutEnd(t *testing.T) {
	t.Parallel()
	asked := 0
	rows := make([]string, 150)
	for i := range rows {
		rows[i] = `{"n":` + strconv.Itoa(i) + `}`
	}
	whole := func(w http.ResponseWriter, _ *http.Request) {
		asked++
		answerJSON(w, 200, `{"value":[`+strings.Join(rows, ",")+`]}`)
	}
	r, _ := serve(t, "odata", whole)
	// A server that knows no $top gives all at once, and so does an operation without one.
	r.want(listThings(), `{"requestOptions":{"returnAll":true}}`, rows...)
	op := listThings()
	op.Properties = nil
	r.want(op, `{"requestOptions":{"returnAll":true}}`, rows...)
	rows = rows[:100]
	r.want(op, `{"requestOptions":{"returnAll":true}}`, rows...)
	if asked != 3 {
		t.Errorf("%d requests", asked)
	}
	r, _ = serve(t, "odata", say(200, "application/json", `{"value":5}`))
	_, err := r.run(listThings(), `{"requestOptions":{"returnAll":true}}`)
	r.wantError(err, "", `item 0: Things: List Thing: the answer has no list "value", so there is nothing to page through`)
	r, _ = serve(t, "odata", say(400, "application/json", `{"error":{"message":"The limit of '0' for Top query"}}`))
	_, err = r.run(listThings(), `{"requestOptions":{"returnAll":true}}`)
	r.wantError(err, "", `item 0: Things: List Thing: 400 Bad Request: The limit of '0' for Top query`)
}

// TestPagesInCircles asks servers that never come to an end by themselves.
func TestPagesInCircles(t *testing.T) {
	t.Parallel()
	const all = `{"requestOptions":{"returnAll":true}}`
	rows := strings.TrimSuffix(strings.Repeat(`{"n":1},`, pageSize), ",")
	asked := 0
	r, server := serve(t, "odata", func(w http.ResponseWriter, q *http.Request) {
		asked++
		switch q.URL.Query().Get("page") {
		case "2":
			answerJSON(w, 200, `{"value":[{}],"@odata.nextLink":"?page=3"}`)
		default:
			answerJSON(w, 200, `{"value":[{}],"@odata.nextLink":"?page=2"}`)
		}
	})
	_, err := r.run(listThings(), all)
	r.wantError(err, server.URL, "item 0: Things: List Thing: the answer's @odata.nextLink leads to no further page")
	if asked != 3 {
		t.Errorf("%d requests", asked)
	}
	r, _ = serve(t, "odata", say(200, "application/json", `{"value":[`+rows+`]}`))
	_, err = r.run(listThings(), all)
	r.wantError(err, "", "item 0: Things: List Thing: the page from $skip=100 on is the same as the one before: the server does not heed $skip, so not all can be read")
	// Chosen fields may well be the same on every page.
	r, _ = serve(t, "odata", func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Query().Get("$skip") == "200" {
			answerJSON(w, 200, `{"value":[]}`)
			return
		}
		answerJSON(w, 200, `{"value":[`+rows+`]}`)
	})
	items, err := r.run(listThings(), `{"$select":"n","requestOptions":{"returnAll":true}}`)
	if err != nil || len(items) != 2*pageSize {
		t.Errorf("%d items, %v", len(items), err)
	}
}
