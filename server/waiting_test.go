package server

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/store"
)

// waitFlow is a workflow that waits between its webhook and its last node.
func (r *rig) waitFlow(path, mode, parameters string) {
	r.t.Helper()
	flow, err := r.rt.Load(r.t.Context(), "wait.json", fmt.Appendf(nil, `{"id":%[1]q,"name":"w","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":%[1]q,"responseMode":%[2]q}},
		{"name":"Wait","type":"n8n-nodes-base.wait","typeVersion":1.1,"position":[200,0],"parameters":%[3]s},
		{"name":"Work","type":"test.node","typeVersion":1,"position":[400,0],"parameters":{}}],
		"connections":{"Hook":{"main":[[{"node":"Wait","type":"main","index":0}]]},"Wait":{"main":[[{"node":"Work","type":"main","index":0}]]}}}`,
		path, mode, parameters))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.AddFile(r.t.Context(), flow); err != nil {
		r.t.Fatal(err)
	}
}

// waits returns the id of the run that waits, once there is one.
func (r *rig) waits() string {
	r.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		list, err := r.store.Executions(r.t.Context(), store.Filter{Statuses: []string{store.Waiting}})
		if err != nil {
			r.t.Fatal(err)
		}
		if len(list) > 0 {
			return strconv.FormatInt(list[0].ID, 10)
		}
		select {
		case <-tick.C:
		case <-r.t.Context().Done():
			r.t.Fatal("no run waits")
		}
	}
}

// query hands on what came with the call.
func query(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Inputs[0].All() {
		call.EmitFrom(0, i, it.WithJSON(`{"got":`+it.Get("query").Raw+`,"body":`+it.Get("body").Raw+`}`))
	}
	return nil
}

func TestWaitForCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, query, nil)
	r.waitFlow("plain", "onReceived", `{"resume":"webhook","options":{}}`)
	r.waitFlow("last", "lastNode", `{"resume":"webhook","httpMethod":"POST","responseMode":"lastNode","options":{"webhookSuffix":"ok"}}`)
	r.waitFlow("limited", "lastNode", `{"resume":"webhook","limitWaitTime":true,"resumeAmount":0.01,"resumeUnit":"seconds","options":{}}`)
	r.listen()

	if got := r.ask("GET", "/webhook-waiting/nope", ""); !strings.HasPrefix(got, `404 {"code":404`) {
		t.Errorf("no such run: got %s", got)
	}
	if got := r.ask("GET", "/webhook/plain", ""); got != `200 {"message":"Workflow was started"}` {
		t.Errorf("start: got %s", got)
	}
	id := r.waits()
	if got := r.ask("POST", "/webhook-waiting/"+id, ""); !strings.HasPrefix(got, "404 ") {
		t.Errorf("wrong method: got %s", got)
	}
	if got := r.ask("GET", "/webhook-waiting/"+id+"?a=1", ""); got != `200 {"message":"Workflow was started"}` {
		t.Errorf("call: got %s", got)
	}

	// Who started the run and who woke it both get what its last node gives.
	started := make(chan string, 1)
	go func() { started <- r.ask("GET", "/webhook/last", "") }()
	id = r.waits()
	if got := r.ask("POST", "/webhook-waiting/"+id, ""); !strings.HasPrefix(got, "404 ") {
		t.Errorf("without the suffix: got %s", got)
	}
	want := `200 {"got":{"a":"2"},"body":{}}`
	if got := r.ask("POST", "/webhook-waiting/"+id+"/ok?a=2", ""); got != want {
		t.Errorf("call: got %s, want %s", got, want)
	}
	if got := <-started; got != want {
		t.Errorf("start: got %s, want %s", got, want)
	}

	// Of many calls at once one wins.
	go func() { started <- r.ask("GET", "/webhook/last", "") }()
	id = r.waits()
	answers := make(chan string, 10)
	for range cap(answers) {
		go func() { answers <- r.ask("POST", "/webhook-waiting/"+id+"/ok?a=4", "") }()
	}
	won := 0
	for range cap(answers) {
		switch got := <-answers; {
		case strings.HasPrefix(got, "200 "):
			won++
		case !strings.HasPrefix(got, "409 ") && !strings.HasPrefix(got, "404 "):
			t.Errorf("got %s", got)
		}
	}
	<-started
	if won != 1 {
		t.Errorf("%d calls won", won)
	}

	// Nobody calls: the run goes on with its own items.
	if got := r.ask("GET", "/webhook/limited?a=3", ""); got != `200 {"got":{"a":"3"},"body":{}}` {
		t.Errorf("limited: got %s", got)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
}
