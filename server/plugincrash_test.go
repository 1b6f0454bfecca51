package server

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin"
	"github.com/cordboard/cordboard/store"
)

// moody is a plugin's node that does what the caller says: it passes items on, holds them until it is cancelled, or crashes.
func moody() nodes.Type {
	var held atomic.Int32
	work := nodeFunc(func(ctx context.Context, call *nodes.Call) error {
		switch call.Input(0).At(0).Get("query.do").Str {
		case "crash":
			fmt.Fprintln(os.Stderr, "out of luck")
			os.Exit(3)
		case "hold":
			held.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}
		call.EmitFrom(0, 0, nodes.NewItem(fmt.Sprintf(`{"held":%d}`, held.Load())))
		return nil
	})
	return nodes.Type{Descriptor: &descriptors.Node{Type: "test.moody", DisplayName: "Moody", Versions: []float64{1}}, Node: work}
}

// TestPluginCrashInARun: the runs that were in the plugin end and say why, their steps are not repeated, others go on, and the plugin is
// started again for the next one.
func TestPluginCrashInARun(t *testing.T) {
	t.Parallel()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trusted, _, err := plugin.TrustPinned(path)
	if err != nil {
		t.Fatal(err)
	}
	host := plugin.NewHost(trusted, nil)
	t.Cleanup(host.Close)
	types, err := host.Types(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	r := newRig(t, gated(entered, leave), nil, types...)
	flow := func(name, nodeType string) {
		t.Helper()
		text := fmt.Sprintf(`{"id":%q,"name":%q,"settings":{"executionOrder":"v1"},"nodes":[
			{"name":"Hook","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":%q,"responseMode":"lastNode"}},
			{"name":"Work","type":%q,"typeVersion":1,"position":[200,0],"parameters":{}}],
			"connections":{"Hook":{"main":[[{"node":"Work","type":"main","index":0}]]}}}`, name, name, name, nodeType)
		f, err := r.rt.Load(t.Context(), name+".json", []byte(text))
		if err == nil {
			err = r.AddFile(t.Context(), f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	flow("moody", "test.moody")
	flow("other", "test.node")
	r.listen()
	answers := map[string]chan string{}
	for _, call := range []string{"/webhook/other?n=1", "/webhook/moody?do=hold"} {
		c := make(chan string, 1)
		answers[call] = c
		go func() { c <- r.ask("GET", call, "") }()
	}
	<-entered
	for got := ""; got != `200 {"held":1}`; got = r.ask("GET", "/webhook/moody?do=pass", "") {
		if got != "" && got != `200 {"held":0}` {
			t.Fatal(got)
		}
	}
	if got := r.ask("GET", "/webhook/moody?do=crash", ""); !strings.HasPrefix(got, "500 ") {
		t.Errorf("the call that crashed it: %s", got)
	}
	if got := <-answers["/webhook/moody?do=hold"]; !strings.HasPrefix(got, "500 ") {
		t.Errorf("the call beside it: %s", got)
	}
	if got := r.ask("GET", "/webhook/moody?do=pass", ""); got != `200 {"held":0}` {
		t.Errorf("the next call: %s", got)
	}
	close(leave)
	if got := <-answers["/webhook/other?n=1"]; !strings.HasPrefix(got, "200 ") {
		t.Errorf("the call that is not its: %s", got)
	}
	list, err := r.store.Executions(t.Context(), store.Filter{Statuses: []string{store.Error, store.Crashed}})
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, x := range list {
		run, err := r.Retell(t.Context(), x)
		if err != nil || run.Err == nil || !strings.Contains(run.Err.Error(), "crashed while it worked on this node") || !strings.Contains(run.Err.Error(), "out of luck") {
			t.Errorf("execution %d: %v, %v", x.ID, run, err)
		}
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
}
