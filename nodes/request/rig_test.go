package request

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// rig runs operations as the engine would, against a server that really listens.
type rig struct {
	t    *testing.T
	x    *Executor
	node *descriptors.Node
	call nodes.Call // copied for each run
	eng  *engine

	mu    sync.Mutex
	waits []time.Duration // pauses that were asked for; none is waited for
}

// engine is the part of the engine that requests need.
type engine struct {
	nodes.Engine
	credential nodes.Credential

	mu     sync.Mutex
	asked  int
	renews int
}

func (e *engine) Access(ctx context.Context, _ string) (nodes.Access, error) {
	e.mu.Lock()
	e.asked++
	e.mu.Unlock()
	return e.credential.Access(ctx)
}

func (e *engine) Renew(ctx context.Context, _ string, generation uint64) (nodes.Access, error) {
	e.mu.Lock()
	e.renews++
	e.mu.Unlock()
	return e.credential.Renew(ctx, generation)
}

// fixed is a credential with one token that never changes.
type fixed nodes.Access

func (f fixed) Access(context.Context) (nodes.Access, error)        { return nodes.Access(f), nil }
func (f fixed) Renew(context.Context, uint64) (nodes.Access, error) { return nodes.Access(f), nil }

func newRig(t *testing.T, d *descriptors.Node, c nodes.Credential) *rig {
	t.Helper()
	r := &rig{t: t, x: New(), node: d, eng: &engine{credential: c}}
	r.x.pause = func(ctx context.Context, d time.Duration) error {
		r.mu.Lock()
		r.waits = append(r.waits, d)
		r.mu.Unlock()
		return context.Cause(ctx)
	}
	r.call = nodes.Call{Name: "3CX", Type: d.Type, Engine: r.eng, Log: slog.New(slog.DiscardHandler), OnError: nodes.StopWorkflow}
	t.Cleanup(r.x.Close)
	return r
}

// run executes an operation for items whose checked parameters are given; "!" stands for one that did not pass.
func (r *rig) run(op *descriptors.Operation, params ...string) ([]nodes.Item, error) {
	r.t.Helper()
	return r.runIn(r.t.Context(), op, params...)
}

func (r *rig) runIn(ctx context.Context, op *descriptors.Operation, params ...string) ([]nodes.Item, error) {
	r.t.Helper()
	call := r.call
	call.Operation = op
	for _, p := range params {
		checked := nodes.CheckedParams{JSON: p}
		if p == "!" {
			checked = nodes.CheckedParams{Err: nodes.Errorf("its parameters did not pass")}
		} else if !gjson.Valid(p) {
			r.t.Fatalf("the test's parameters are no JSON: %s", p)
		}
		call.Checked = append(call.Checked, checked)
	}
	err := r.x.Execute(ctx, r.node, &call)
	outputs, _, _ := call.Outcome()
	var list []nodes.Item
	for _, items := range outputs {
		for _, it := range items.All() {
			list = append(list, it)
		}
	}
	return list, err
}

// want runs an operation and compares all that comes out: an item's JSON each, or the whole error.
func (r *rig) want(op *descriptors.Operation, params string, want ...string) {
	r.t.Helper()
	items, err := r.run(op, params)
	if err != nil {
		r.t.Errorf("%s: %v", params, err)
	}
	if got := strings.Join(texts(items), "\n"); got != strings.Join(want, "\n") {
		r.t.Errorf("%s:\n%s\nwant\n%s", params, got, strings.Join(want, "\n"))
	}
}

func (r *rig) wantError(err error, base, want string) {
	r.t.Helper()
	got := "nil"
	if err != nil {
		got = err.Error()
	}
	if base != "" {
		got = strings.ReplaceAll(got, base, "URL")
	}
	if got != want {
		r.t.Errorf("the error is\n%s\nwant\n%s", got, want)
	}
}

func texts(items []nodes.Item) []string {
	list := make([]string, len(items))
	for i, it := range items {
		list[i] = it.JSON()
	}
	return list
}

// parents are the input items that items came of.
func parents(items []nodes.Item) (list []int) {
	for _, it := range items {
		for p := range it.Parents() {
			list = append(list, p.Item())
		}
	}
	return list
}

func startPBX(t *testing.T, o pbxsim.Options) *pbxsim.Server {
	t.Helper()
	s := pbxsim.New(o)
	if err := s.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// pbxRig runs operations of the newest API version against the simulator, with real credentials and leases.
func pbxRig(t *testing.T, sim *pbxsim.Server, secret string) *rig {
	t.Helper()
	return newRig(t, threeCXNode(t, 2), pbxCredential(t, sim.URL(), secret))
}

func pbxCredential(t *testing.T, url, secret string) nodes.Credential {
	t.Helper()
	data, err := json.Marshal(map[string]string{"baseUrl": url, "clientId": "900", "clientSecret": secret})
	if err != nil {
		t.Fatal(err)
	}
	s := credentials.NewSet(credentials.NewLeases(t.TempDir()))
	s.Add(credentials.Credential{ID: "1", Name: "PBX", Type: "threeCXOAuth2Api", Data: data})
	c, err := s.Find("1", "", "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func threeCXNode(t testing.TB, version float64) *descriptors.Node {
	t.Helper()
	set, err := threecx.Set()
	if err != nil {
		t.Fatal(err)
	}
	list, err := set.Nodes()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		if n.Versions[0] == version {
			return n
		}
	}
	t.Fatalf("no version %v", version)
	return nil
}

// pbxOp finds an operation of the newest version by the API's id for it.
func pbxOp(t testing.TB, id string) *descriptors.Operation {
	t.Helper()
	set, err := threecx.Set()
	if err != nil {
		t.Fatal(err)
	}
	n := threeCXNode(t, 2)
	for _, r := range n.Resources {
		for _, o := range r.Operations {
			if o.ID != id {
				continue
			}
			op, err := set.Operation(n.Type, 2, r.Name, o.Name)
			if err != nil {
				t.Fatal(err)
			}
			return op
		}
	}
	t.Fatalf("no operation %s", id)
	return nil
}

// Operations of a small API, for servers made in the test.
var thingProperties = []descriptors.Property{
	{Name: "id", Type: "string", In: "path"}, {Name: "ids", Type: "json", In: "body"}, {Name: "AuthPassword", Type: "string", In: "body"},
	{Name: "$top", Type: "number", In: "query"}, {Name: "$skip", Type: "number", In: "query"},
}

func readThing() *descriptors.Operation {
	return &descriptors.Operation{
		Resource: "Things", Name: "Get Thing", Request: descriptors.Request{Method: http.MethodGet, Path: "/things/{id}"},
		Properties: thingProperties, Response: descriptors.Response{Status: 200, Kind: "entity"},
	}
}

func writeThing() *descriptors.Operation {
	return &descriptors.Operation{
		Resource: "Things", Name: "Change Thing", Writes: true,
		Request:    descriptors.Request{Method: http.MethodPost, Path: "/things/{id}", Body: true},
		Properties: thingProperties, Response: descriptors.Response{Status: 200, Kind: "entity"},
	}
}

func listThings() *descriptors.Operation {
	return &descriptors.Operation{
		Resource: "Things", Name: "List Thing", Request: descriptors.Request{Method: http.MethodGet, Path: "/things"},
		Properties: thingProperties, Response: descriptors.Response{Status: 200, Kind: "collection"},
	}
}

// serve starts a server for one test and a rig for it in a dialect.
func serve(t *testing.T, dialect string, h http.HandlerFunc) (*rig, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return thingRig(t, dialect, server.URL), server
}

func thingRig(t *testing.T, dialect, base string) *rig {
	t.Helper()
	d := &descriptors.Node{Type: "things", Dialect: dialect, BasePath: "/api", Credentials: []descriptors.CredentialUse{{Type: "thingsApi"}}}
	return newRig(t, d, fixed{BaseURL: base, Token: "tok-hunter2", Generation: 1})
}

// lastSegment is what a request for a thing is about.
func lastSegment(r *http.Request) string {
	return r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
}

func answerJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
