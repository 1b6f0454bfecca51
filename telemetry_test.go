package cordboard_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// span is what came of one; text is its name and its status's message.
type span struct{ parent, text string }

func spanOf(s *trace.Span) span {
	return span{string(s.GetParentSpanId()), s.GetName() + " " + s.GetStatus().GetMessage()}
}

// TestTelemetry runs the program with OpenTelemetry's environment variables and reads the spans that come to the collector.
func TestTelemetry(t *testing.T) {
	t.Parallel()
	var (
		mu    sync.Mutex
		spans []span
		ids   = map[string]string{}
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(r.Body)
		}
		text, err := io.ReadAll(body)
		var request collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(text, &request) != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %d bytes, %v", r.URL.Path, len(text), err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range request.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, made := range scope.GetSpans() {
					ids[string(made.GetSpanId())] = made.GetName()
					spans = append(spans, spanOf(made))
				}
			}
		}
	}))
	defer server.Close()
	b := newBed(t, pbxsim.Options{})
	dir := folder(t, map[string]string{"caller.json": caller(`{"workflowId":"broken"}`), "broken.json": called("broken", breaks, "")})
	cmd := b.command(t, "run", filepath.Join(dir, "caller.json"))
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL)
	if r := finish(t, cmd); r.code != 1 {
		t.Fatalf("got %+v", r)
	}
	mu.Lock()
	defer mu.Unlock()
	var got []string
	for _, s := range spans {
		got = append(got, strings.TrimSpace(ids[s.parent]+" > "+s.text))
	}
	slices.Sort(got)
	want := []string{
		"> workflow Caller it broke", "step Call > workflow Called broken it broke", "workflow Called broken > step In",
		"workflow Called broken > step Work it broke", "workflow Caller > step Call it broke", "workflow Caller > step Start",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestEndlessCircle: a circle of nodes comes to the bound of steps.
func TestEndlessCircle(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"f.json": `{"settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
		{"name":"A","type":"n8n-nodes-base.noOp","typeVersion":1,"position":[200,0],"parameters":{}}],
		"connections":{"Start":{"main":[[{"node":"A","type":"main","index":0}]]},"A":{"main":[[{"node":"A","type":"main","index":0}]]}}}`})
	_, err := runIn(t, cordboard.Options{MaxSteps: 500}, filepath.Join(dir, "f.json"))
	if want := `node "A": the run has had 500 steps, the most that it may have: its nodes may go round in a circle`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
