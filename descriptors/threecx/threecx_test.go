package threecx_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
	"github.com/cordboard/cordboard/schemas"
)

func TestCounts(t *testing.T) {
	t.Parallel()
	nodes, err := mustSet(t).Nodes()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1: 124 resources, 548 operations, GET 298 POST 156 PATCH 61 DELETE 33, status 200 321 201 25 204 202, 464 take something",
		"2: 132 resources, 601 operations, GET 322 POST 180 PATCH 65 DELETE 34, status 200 355 201 26 204 220, 517 take something",
	}
	for i, node := range nodes {
		var methods, statuses = map[string]int{}, map[int]int{}
		operations, takes := 0, 0
		eachOperation(t, node, func(op *descriptors.Operation) {
			operations++
			methods[op.Request.Method]++
			statuses[op.Response.Status]++
			if len(op.Properties) > 0 || op.Request.Body {
				takes++
			}
		})
		got := fmt.Sprintf("%g: %d resources, %d operations, GET %d POST %d PATCH %d DELETE %d, status 200 %d 201 %d 204 %d, %d take something",
			node.Versions[0], len(node.Resources), operations, methods["GET"], methods["POST"], methods["PATCH"], methods["DELETE"],
			statuses[200], statuses[201], statuses[204], takes)
		if got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
}

// TestNames compares every operation of API 20.0.7 with the names that workflow files hold.
func TestNames(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("testdata/n8n-names-20.0.7.txt")
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := mustSet(t).Nodes()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	eachOperation(t, nodes[0], func(op *descriptors.Operation) {
		var parameters []string
		for _, p := range op.Properties {
			if p.Name == "options" && p.In == "" {
				continue
			}
			words := []string{p.Name, p.Type, p.In}
			if p.Required {
				words = append(words, "required")
			}
			var options []string
			for _, o := range p.Options {
				options = append(options, strings.Trim(string(o.Value), `"`))
			}
			if options != nil {
				words = append(words, strings.Join(options, "/"))
			}
			parameters = append(parameters, strings.Join(words, " "))
		}
		lines = append(lines, strings.Join([]string{op.Resource, op.Name, op.ID, op.Request.Method, op.Request.Path, strings.Join(parameters, ", ")}, "|"))
	})
	slices.Sort(lines)
	want := strings.Split(strings.TrimSuffix(string(golden), "\n"), "\n")
	slices.Sort(want)
	if len(lines) != 548 || len(want) != 548 {
		t.Fatalf("got %d operations and %d names, want 548 of both", len(lines), len(want))
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("got  %s\nwant %s", lines[i], want[i])
		}
	}
}

func TestQueryOptionsCollection(t *testing.T) {
	t.Parallel()
	for version, own := range map[float64]int{1: 8, 2: 9} {
		node := mustNode(t, version)
		collections, bodies := 0, 0
		eachOperation(t, node, func(op *descriptors.Operation) {
			query := slices.ContainsFunc(op.Properties, func(p descriptors.Property) bool { return p.In == "query" })
			i := slices.IndexFunc(op.Properties, func(p descriptors.Property) bool { return p.Name == "options" })
			switch {
			case i >= 0 && op.Properties[i].In == "body":
				bodies++
				if query {
					t.Errorf("%s has both", op.ID)
				}
			case i >= 0:
				collections++
			}
			if query != (i >= 0 && op.Properties[i].In == "") {
				t.Errorf("%s: query options %v, collection %v", op.ID, query, !query)
			}
		})
		if bodies != own || collections == 0 {
			t.Errorf("version %g: %d operations have a body property options, want %d", version, bodies, own)
		}
	}
}

// TestAllSchemas compiles the schema of every operation and answer, and holds it against what a page shows as an example.
func TestAllSchemas(t *testing.T) {
	t.Parallel()
	set := mustSet(t)
	for _, version := range []float64{1, 2} {
		compiler := schemas.NewCompiler(set.Schema)
		node := mustNode(t, version)
		eachOperation(t, node, func(op *descriptors.Operation) {
			schema, err := compiler.CompileRaw(op.Schema)
			if err != nil {
				t.Fatalf("%s: %v", op.ID, err)
			}
			if len(op.Response.Schema) > 0 {
				if _, err := compiler.CompileRaw(op.Response.Schema); err != nil {
					t.Fatalf("%s: answer: %v", op.ID, err)
				}
			}
			var page bytes.Buffer
			if err := descriptors.Show(&page, set, threecx.Type, version, op.Resource, op.Name); err != nil {
				t.Fatalf("%s: %v", op.ID, err)
			}
			_, after, _ := strings.Cut(page.String(), "PARAMETERS IN A WORKFLOW\n")
			snippet, _, _ := strings.Cut(after, "\n\n")
			if !gjson.Valid(snippet) {
				t.Fatalf("%s: the snippet is not JSON: %s", op.ID, snippet)
			}
			if found := schemas.ValidateJSON(schema, snippet); found != nil {
				t.Errorf("%s: the snippet is not valid: %v", op.ID, found)
			}
		})
	}
}

// validateCases are for Users Bulk Update unless they name another operation.
var validateCases = []struct {
	name, resource, operation, value string
	version                          float64
	want                             []string
}{
	{name: "right", value: `{"ids":[1,2],"user":{"Number":"100","Groups":[{"GroupId":1,"Rights":{"RoleName":"users"}}]}}`},
	{name: "unknown members pass", value: `{"ids":[1],"user":{"Nmuber":"100"},"more":1}`},
	{name: "null where nullable stands beside allOf", value: `{"ids":[],"user":{"BreakTime":null,"CallUsRequirement":null,"QueueStatus":null}}`},
	{name: "no null where it does not", value: `{"ids":null,"user":{"Id":null}}`, want: []string{
		"/ids must be a list, is null", "/user/Id must be a whole number, is null",
	}},
	{name: "enum", value: `{"user":{"QueueStatus":"LogedIn"}}`, want: []string{
		`/user/QueueStatus must be one of "LoggedOut", "LoggedIn", is the text "LogedIn"; did you mean "LoggedIn"?`,
	}},
	{name: "flags", value: `{"user":{"TranscriptionMode":"Voicemail,Recordings","OfficeHoursProps":["GlobalSchedule, BlockOutboundCalls"]}}`},
	{name: "wrong flags", value: `{"user":{"TranscriptionMode":"Voicemail,Recording"}}`, want: []string{
		`/user/TranscriptionMode must be one of "Nothing", "Voicemail", "Recordings", "Both", "Inherit", is the text "Voicemail,Recording"`,
	}},
	{name: "int32", value: `{"ids":[2147483647,2147483648,-2147483649,1.5,"7"]}`, want: []string{
		"/ids/1 must be from -2147483648 to 2147483647, is the number 2147483648",
		"/ids/2 must be from -2147483648 to 2147483647, is the number -2147483649",
		"/ids/3 must be a whole number, is the number 1.5",
		`/ids/4 must be a whole number, is the text "7"`,
	}},
	{name: "deep", value: `{"user":{"Groups":[{"GroupId":1},{"GroupId":"x","Rights":{"CanSeeGroupCalls":"yes"}}],"AuthPassword":1234}}`, want: []string{
		"/user/AuthPassword must be text or null, is a number",
		`/user/Groups/1/GroupId must be a whole number or null, is the text "x"`,
		`/user/Groups/1/Rights/CanSeeGroupCalls must be true or false or null, is the text "yes"`,
	}},
	{name: "recursion", value: `{"user":{"ForwardingProfiles":[{"AvailableRoute":{"NoAnswer":{"ForwardInternal":{"Tags":"x"}}}}]}}`},
	{name: "No", resource: "Crm Integration", operation: "Update Crm Integration", value: `{"PhonebookPriorityOptions":null}`},
	{name: "path", resource: "Report Call Log Data", operation: "Get Call Log Data", value: `{"periodFrom":"2026-01-01","sourceType":0,"$top":-1,"$select":["Id",1]}`, want: []string{
		`/$select/1 must be text, is the number 1`,
		`/$top must be at least 0, is the number -1`,
		`/callTimeFilterFrom is required, and is not set`, `/callTimeFilterTo is required, and is not set`,
		`/callTimeFilterType is required, and is not set`, `/callsType is required, and is not set`,
		`/destinationFilter is required, and is not set`, `/destinationType is required, and is not set`,
		`/hidePcalls is required, and is not set`,
		`/periodFrom must be a date and time with Z or an offset, such as 2026-01-31T09:30:00Z, is the text "2026-01-01"`,
		`/periodTo is required, and is not set`, `/sourceFilter is required, and is not set`,
	}},
	{name: "bases", version: 2, value: `{"ids":[1],"user":{"Number":100,"CallUsRequirement":"All"}}`, want: []string{
		`/user/CallUsRequirement must be one of "Both", "Name", "Email", "None", is the text "All"`,
		`/user/Number must be text or null, is the number 100`,
	}},
	{name: "huge", value: `{"ids":[1e5000000]}`, want: []string{"/ids/0 is too large for a number: 1e5000000"}},
}

func TestValidate(t *testing.T) {
	t.Parallel()
	set := mustSet(t)
	compiler := schemas.NewCompiler(set.Schema)
	for _, c := range validateCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.resource == "" {
				c.resource, c.operation = "Users", "Bulk Update"
			}
			op := mustOperation(t, set, max(c.version, 1), c.resource, c.operation)
			schema, err := compiler.CompileRaw(op.Schema)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range schemas.ValidateJSON(schema, c.value) {
				got = append(got, v.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		})
	}
}

func TestEntities(t *testing.T) {
	t.Parallel()
	set := mustSet(t)
	compiler := schemas.NewCompiler(set.Schema)
	for _, c := range []struct{ schema, value, want string }{
		{"Pbx.CrmAuthentication", `{"Type":"No","Values":["a",null]}`, ""},
		{"Pbx.CrmAuthentication", `{"Type":null}`, ""},
		{"Pbx.CrmAuthentication", `{"Type":false}`, "/Type must be text or null, is false"},
		{"Pbx.QualityParty", `{"MOSFromPBX":"NaN","RTT":1.5,"RxLost":null,"TxLost":"-INF"}`, ""},
		{"Pbx.QualityParty", `{"RTT":"many"}`, `/RTT must be a number, or one of "-INF", "INF", "NaN", is the text "many"`},
		{"Pbx.CallLogData", `{"CallCost":1.25,"RingingDuration":"PT1M2.5S","StartTime":"2026-01-01T00:00:00+02:00"}`, ""},
		{"Pbx.CallLogData", `{"StartTime":"2026-01-01T00:00:00"}`,
			`/StartTime must be a date and time with Z or an offset, such as 2026-01-31T09:30:00Z, is the text "2026-01-01T00:00:00"`},
		{"Pbx.CallLogData", `{"RingingDuration":"1:30"}`, `/RingingDuration must be an ISO 8601 duration such as P1DT2H30M, is the text "1:30"`},
		{"Pbx.Period", `{"Start":"08:00:00"}`, ""},
		{"Pbx.Holiday", `{"Day":256}`, "/Day must be from 0 to 255, is the number 256"},
		{"Pbx.User", `{"Blfs":"` + strings.Repeat("x", 20481) + `"}`, "/Blfs must have at most 20480 characters, has 20481"},
	} {
		schema, err := compiler.Compile("cordboard://threecx/20.0.7/" + c.schema)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range schemas.ValidateJSON(schema, c.value) {
			got = append(got, v.String())
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s: got  %s\nwant %s", c.schema, strings.Join(got, "\n"), c.want)
		}
	}
}

// TestNoSentences guards what may not be in the repository: of 3CX's documents only names, types and limits.
func TestNoSentences(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"20.0.7.jsonl", "20.0.10.jsonl", "../../schemas/threecx/20.0.7.jsonl", "../../schemas/threecx/20.0.10.jsonl"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, operations, _ := bytes.Cut(text, []byte("\n"))
		if strings.HasPrefix(name, "..") {
			operations = text
		}
		for _, keyword := range []string{`"description":"`, `"title":"`, `"default":`, `"example":`} {
			if bytes.Contains(operations, []byte(keyword)) {
				t.Errorf("%s holds %s", name, keyword)
			}
		}
		if len(text) > 2<<20 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	for _, p := range descriptors.Lint("threecx", mustSet(t)) {
		t.Error(p)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	set := mustSet(t)
	compiler := schemas.NewCompiler(set.Schema)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, name := range []string{"Update User", "Bulk Update", "Batch Delete"} {
				op, err := set.Operation("custom.THREECX", 2, "Users", name)
				if err != nil {
					t.Error(err)
					return
				}
				schema, err := compiler.CompileRaw(op.Schema)
				if err != nil {
					t.Error(err)
					return
				}
				if found := schemas.Validate(schema, map[string]any{"Id": json.Number("1")}); found != nil {
					t.Error(found)
				}
			}
		})
	}
	group.Wait()
	if set.Hash() != mustSet(t).Hash() || len(set.Hash()) != 64 {
		t.Error("the hash is not that of the content")
	}
}

func mustNode(tb testing.TB, version float64) *descriptors.Node {
	tb.Helper()
	nodes, err := mustSet(tb).Nodes()
	if err != nil {
		tb.Fatal(err)
	}
	node, err := descriptors.PickVersion(nodes, "N8N-nodes-3cx.ThreeCX", version)
	if err != nil {
		tb.Fatal(err)
	}
	return node
}

func eachOperation(tb testing.TB, node *descriptors.Node, do func(*descriptors.Operation)) {
	tb.Helper()
	set := mustSet(tb)
	for _, r := range node.Resources {
		for _, summary := range r.Operations {
			op := mustOperation(tb, set, node.Versions[0], r.Name, summary.Name)
			if op.ID != summary.ID || op.Request.Method != summary.Method || op.Request.Path != summary.Path || op.Writes != summary.Writes {
				tb.Fatalf("the index says %+v of %+v", summary, op)
			}
			do(op)
		}
	}
}
