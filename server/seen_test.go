package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/store"
)

// TestSeenInEarlierExecutions holds Remove Duplicates to what n8n 2.40 answered: two nodes that share the workflow's history, one
// after the other. An answer lists the indices of the items by output.
func TestSeenInEarlierExecutions(t *testing.T) {
	t.Parallel()
	const (
		byKey    = `"logic":"removeItemsWithAlreadySeenKeyValues","dedupeValue":"={{ $json.v }}"`
		byNumber = `"logic":"removeItemsUpToStoredIncrementalKey","incrementalDedupeValue":"={{ $json.v }}"`
		byDate   = `"logic":"removeItemsUpToStoredDate","dateDedupeValue":"={{ $json.v }}"`
		workflow = `,"options":{"scope":"workflow"}`
	)
	for _, c := range []struct{ name, parameters, first, second, want string }{
		{"keys", byKey + workflow, `[1,2,1,"1",null,"",{"a":1},2.5]`, `[1,2,1,"1",null,"",{"a":1},2.5]`, `[[0,2,3,1,4,5,6,7],[]] [[],[0,2,3,1,4,5,6,7]]`},
		{"some keys", byKey + workflow, `["b","a"]`, `["z","b","c","a",3,"z"]`, `[[0,1],[]] [[4,0,5,2],[1,3]]`},
		{"by node", byKey + `,"options":{}`, `["a"]`, `["a"]`, `[[0],[]] [[0],[]]`},
		{"history too short", byKey + `,"options":{"scope":"workflow","historySize":3}`, `["a","b","c"]`, `["d","a","b","a"]`,
			`[[0,1,2],[]] The number of items to be processed exceeds the maximum history size. Please increase the history size or reduce the number of items to be processed.`},
		{"numbers", byNumber + workflow, `[5,-1]`, `[9.5,-3,5,7,6.5,5.5]`, `[[0,1],[]] [[5,4,3,0],[1,2]]`},
		{"numbers alike", byNumber + workflow, `[5,3,7,7,"8",6]`, `[5,3,7,7,"8",6]`, `[[1,0,5,2,3,4],[]] [[],[1,0,5,2,3,4]]`},
		{"no number", byNumber + workflow, `[5,"x"]`, `[]`, `The value 'x' is not a number. Please provide a number.`},
		{"dates", byDate + workflow, `["2024-01-02"]`, `["2024-02-05","2024-01-01","2024-02-03","2024-01-02","2023-01-01","2024-02-04"]`, `[[0],[]] [[2,5,0],[4,1,3]]`},
		{"no date", byDate + workflow, `[1704412800000]`, `[]`, `The value '1704412800000' is not a valid date. Please provide a valid date.`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			rt, err := cordboard.New(cordboard.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			history := func(workflow, by string) nodes.History { return db.Seen(workflow, by) }
			var got []string
			for i, items := range []string{c.first, c.second} {
				answer := seenRun(t, rt, history, fmt.Sprint("R", i), c.parameters, items, fmt.Sprint(i+1))
				if again := seenRun(t, rt, history, fmt.Sprint("R", i), c.parameters, items, fmt.Sprint(i+1)); again != answer {
					t.Errorf("the same step again: %s, before %s", again, answer)
				}
				got = append(got, answer)
				if !strings.HasPrefix(answer, "[") {
					break
				}
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// seenRun runs a workflow of one node and returns the indices of the items by output, or the error.
func seenRun(t *testing.T, rt *cordboard.Runtime, history func(string, string) nodes.History, name, parameters, values, id string) string {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(values), &list); err != nil {
		t.Fatal(err)
	}
	var b nodes.ItemsBuilder
	for i, v := range list {
		b.Add(nodes.NewItem(fmt.Sprintf(`{"i":%d,"v":%s}`, i, v)))
	}
	items := b.Items()
	flow, err := rt.Load(t.Context(), "seen.json", fmt.Appendf(nil, `{"id":"seen","name":"seen","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
		{"name":%q,"type":"n8n-nodes-base.removeDuplicates","typeVersion":2,"position":[200,0],"parameters":{"operation":"removeItemsSeenInPreviousExecutions",%s}}],
		"connections":{"Start":{"main":[[{"node":%[1]q,"type":"main","index":0}]]}}}`, name, parameters))
	if err != nil {
		t.Fatal(err)
	}
	x, err := rt.Begin(flow, cordboard.RunOptions{Input: &items, ID: id, Durable: cordboard.Durable{History: history}})
	if err != nil {
		t.Fatal(err)
	}
	result := x.Complete(t.Context())
	defer result.Close()
	if result.Err != nil {
		return result.Err.Message
	}
	var text bytes.Buffer
	if err := result.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	outputs := [][]int{}
	for _, out := range gjson.GetBytes(text.Bytes(), "data.resultData.runData."+name+".0.data.main").Array() {
		indices := []int{}
		for _, it := range out.Array() {
			indices = append(indices, int(it.Get("json.i").Int()))
		}
		outputs = append(outputs, indices)
	}
	answer, err := json.Marshal(outputs)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// remembering is a trigger that keeps something between two lives of the server.
type remembering struct {
	nodeFunc
	found chan string
}

func (r remembering) Listen(ctx context.Context, call *nodes.Call, _ nodes.Start) error {
	text, err := call.History.Latest(ctx, "place")
	if err == nil {
		err = call.History.SetLatest(ctx, "place", text+"x")
	}
	if err != nil {
		return err
	}
	r.found <- text
	<-ctx.Done()
	return nil
}

// TestTriggersRemember: what a trigger keeps is there at the next start, whatever the workflow's setting for missed times.
func TestTriggersRemember(t *testing.T) {
	t.Parallel()
	r := &restarted{rig: &rig{t: t, client: &http.Client{Transport: &http.Transport{}}}, dir: t.TempDir(), flows: []string{
		chainFlow("keeps", `"type":"test.keeps","typeVersion":1,"parameters":{}`, testNode),
	}}
	found := make(chan string, 1)
	r.types = append(testTypes(pass, nil), nodes.Type{Node: remembering{pass, found}, Descriptor: &descriptors.Node{
		Type: "test.keeps", DisplayName: "Keeps", Versions: []float64{1}, Trigger: true,
	}})
	for _, want := range []string{"", "x", "xx"} {
		r.begin()
		if got := <-found; got != want {
			t.Errorf("it found %q, want %q", got, want)
		}
		r.finish()
	}
}
