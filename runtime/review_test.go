package runtime_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReview(t *testing.T) {
	t.Parallel()
	n := func(name, typ, version, parameters string) string {
		return `{"name":"` + name + `","type":"n8n-nodes-base.` + typ + `","typeVersion":` + version + `,"position":[0,0],"parameters":` + parameters + `}`
	}
	to := func(from string, list ...string) string {
		var edges []string
		for _, name := range list {
			edges = append(edges, `{"node":"`+name+`","type":"main","index":0}`)
		}
		return `"` + from + `":{"main":[[` + strings.Join(edges, ",") + `]]}`
	}
	const start = `{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}}`
	flow := func(list, connections string) string {
		return `{"name":"f","settings":{"executionOrder":"v1"},"nodes":[` + start + `,` + list + `],"connections":{` + connections + `}}`
	}
	for name, c := range map[string]struct{ flow, want string }{
		"nothing wrong": {flow(n("A", "noOp", "1", "{}"), to("Start", "A")), ""},
		"unreachable": {flow(n("A", "noOp", "1", "{}")+","+n("B", "noOp", "1", "{}"), to("A", "B")),
			`f.json: node "A": no way leads here from a trigger: the node is never run (connect it, or remove it)
f.json: node "B": no way leads here from a trigger: the node is never run (connect it, or remove it)`},
		"names what comes later": {flow(n("A", "set", "3.4", `{"mode":"raw","jsonOutput":"={{ $('B').first().json }}"}`)+","+n("B", "noOp", "1", "{}"), to("Start", "A")+","+to("A", "B")),
			`f.json: node "A": the expression {{ $('B').first().json }} names the node "B", which runs only after this one`},
		"names what never runs": {flow(n("A", "set", "3.4", `{"mode":"raw","jsonOutput":"={{ $('B').first().json }}"}`)+","+n("B", "noOp", "1", "{}"), to("Start", "A")),
			`f.json: node "A": the expression {{ $('B').first().json }} names the node "B", which is never run
f.json: node "B": no way leads here from a trigger: the node is never run (connect it, or remove it)`},
		"names its own loop": {flow(n("L", "splitInBatches", "3", `{"options":{}}`)+","+n("A", "set", "3.4", `{"mode":"raw","jsonOutput":"={{ $('L').context }}"}`),
			to("Start", "L")+`,"L":{"main":[[],[{"node":"A","type":"main","index":0}]]},`+to("A", "L")), ""},
		"endless": {flow(n("A", "noOp", "1", "{}")+","+n("B", "set", "3.4", "{}")+","+n("C", "noOp", "1", "{}"), to("Start", "A")+","+to("A", "B", "C")+","+to("B", "A")),
			`f.json: node "A": the node is part of a circle that nothing ends (lead the way out through an If, or count with Split In Batches)`},
		"no such function": {flow(n("A", "set", "3.4", `{"mode":"raw","jsonOutput":"={{ $json.a.toTitelCase($jsn) }}"}`), to("Start", "A")),
			`f.json: node "A": the expression {{ $json.a.toTitelCase($jsn) }}: there is no function toTitelCase(); is toTitleCase meant?
f.json: node "A": the expression {{ $json.a.toTitelCase($jsn) }}: there is no variable $jsn; is $json meant?`},
		"misspelt": {flow(n("A", "splitOut", "1", `{"fieldToSplitOut":"a","optoins":{}}`), to("Start", "A")),
			`f.json: node "A": parameter "optoins": n8n-nodes-base.splitOut has no such parameter, it is ignored; the nearest is "options"`},
		"misspelt inside": {flow(n("A", "splitOut", "1", `{"fieldToSplitOut":"a","options":{"destinationFieldNam":"x"}}`), to("Start", "A")),
			`f.json: node "A": parameter "options.destinationFieldNam": options has no such parameter, it is ignored; the nearest is "destinationFieldName"`},
		"no such option": {flow(n("A", "wait", "1.1", `{"resume":"timeIntervall"}`), to("Start", "A")),
			`f.json: node "A": parameter "resume": there is no option "timeIntervall"; the nearest is "timeInterval"; there are timeInterval, specificTime, webhook, form`},
		"option as an expression": {flow(n("A", "wait", "1.1", `{"resume":"={{ 'x' }}"}`), to("Start", "A")), ""},
		"not in force":            {flow(n("A", "wait", "1.1", `{"resume":"webhook","unit":"years"}`), to("Start", "A")), ""},
		"no number": {flow(n("A", "wait", "1.1", `{"resume":"timeInterval","amount":"soon"}`), to("Start", "A")),
			`f.json: node "A": parameter "amount": must be a number, and is "soon"`},
		"required": {flow(n("A", "wait", "1.1", `{"resume":"specificTime"}`), to("Start", "A")),
			`f.json: node "A": parameter "dateTime": the parameter is required`},
		"other version": {flow(n("A", "executeWorkflow", "1", `{"workflowId":"x","workflowInputs":{}}`), to("Start", "A")),
			`f.json: node "A": parameter "workflowInputs": typeVersion 1 has no such parameter, it is ignored`},
	} {
		plan := newBench(t).compile(t, []byte(c.flow))
		var lines []string
		for _, p := range plan.Review() {
			lines = append(lines, p.String())
		}
		if got := strings.Join(lines, "\n"); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// TestReviewOfRecorded: of the workflows that n8n ran, those that are right get no error.
func TestReviewOfRecorded(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/flows/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range newBench(t).compile(t, text).Review() {
			if p.Severity == "error" && !strings.Contains(file, "wait-unit") {
				t.Errorf("%s: %s", file, p)
			}
		}
	}
}
