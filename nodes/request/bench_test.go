package request

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

const benchParams = `{"Id":7,"User":{"FirstName":"Nora"},"$select":"Id,Number"}`

var benchBody = `{"@odata.context":"c","Id":7,"Number":"100","FirstName":"Nora","LastName":"North","EmailAddress":"nora@example.com","Groups":[` +
	strings.TrimSuffix(strings.Repeat(`{"GroupId":12,"Name":"Sales","Rights":{"RoleName":"users"}},`, 8), ",") + `]}`

func benchOperation(writes bool) *descriptors.Operation {
	op := &descriptors.Operation{
		Resource: "Users", Name: "Get User", Request: descriptors.Request{Method: http.MethodGet, Path: "/Users({Id})"},
		Properties: []descriptors.Property{prop("Id", "number", "path", "int32"), prop("$select", "json", "query", ""), prop("User", "json", "body", "")},
		Response:   descriptors.Response{Status: 200, Kind: "entity"},
	}
	if writes {
		op.Writes, op.Request.Method, op.Request.Body = true, http.MethodPost, true
	}
	return op
}

// BenchmarkRequest sets steps of 1000 items beside a bare net/http loop with as many goroutines, against the same server. An
// operation (ns/op) is one item; the budget is 1.15 times the bare loop. On a busy machine see BenchmarkOverhead.
func BenchmarkRequest(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, benchBody)
	}))
	defer server.Close()
	for _, writes := range []bool{false, true} {
		op := benchOperation(writes)
		for _, n := range []int{1, 4, 16} {
			name := fmt.Sprintf("%s/concurrency=%d", op.Request.Method, n)
			b.Run(name+"/bare", func(b *testing.B) {
				t := http.DefaultTransport.(*http.Transport).Clone()
				t.MaxIdleConnsPerHost = 64
				defer t.CloseIdleConnections()
				bareLoop(b, t, server.URL, op, n)
			})
			b.Run(name+"/executor", func(b *testing.B) {
				x := New()
				defer x.Close()
				executor(b, x, server.URL, op, n)
			})
		}
	}
}

// canned answers without a network.
type canned struct{}

// RoundTrip is http.RoundTripper's.
func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, ContentLength: int64(len(benchBody)), Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(benchBody)), Request: r,
	}, nil
}

// BenchmarkOverhead is BenchmarkRequest without server, network and scheduler: the difference is what an item costs.
func BenchmarkOverhead(b *testing.B) {
	b.Run("bare", func(b *testing.B) { bareLoop(b, canned{}, "http://127.0.0.1:5001", benchOperation(false), 1) })
	b.Run("executor", func(b *testing.B) {
		x := New()
		x.clients.list = map[clientKey]*http.Client{{}: {Transport: canned{}, CheckRedirect: sameOrigin}}
		executor(b, x, "http://127.0.0.1:5001", benchOperation(false), 1)
	})
}

// bareLoop does what a program written for this one request would do, reading the answer included.
func bareLoop(b *testing.B, t http.RoundTripper, base string, op *descriptors.Operation, concurrency int) {
	client := &http.Client{Transport: t}
	ctx, cancel := context.WithCancel(context.Background()) // a program that can be interrupted
	defer cancel()
	var next atomic.Int64
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range concurrency {
		all.Go(func() {
			for next.Add(1) <= int64(b.N) {
				var body io.Reader
				if op.Request.Body {
					body = strings.NewReader(`{"User":{"FirstName":"Nora"}}`)
				}
				r, err := http.NewRequestWithContext(ctx, op.Request.Method, fmt.Sprintf("%s/xapi/v1/Users(%d)?$select=Id%%2CNumber", base, 7), body)
				if err != nil {
					b.Error(err)
					return
				}
				r.Header.Set("Authorization", "Bearer t")
				r.Header.Set("Accept", "application/json")
				res, err := client.Do(r)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.ReadAll(res.Body)
				res.Body.Close()
			}
		})
	}
	all.Wait()
}

func executor(b *testing.B, x *Executor, base string, op *descriptors.Operation, concurrency int) {
	d := &descriptors.Node{Dialect: "3cx", BasePath: "/xapi/v1", Credentials: []descriptors.CredentialUse{{Type: "c"}}}
	params := strings.TrimSuffix(benchParams, "}") + fmt.Sprintf(`,"requestOptions":{"concurrency":%d}}`, concurrency)
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= 1000 {
		call := &nodes.Call{
			Operation: op, Engine: &engine{credential: fixed{BaseURL: base, Token: "t", Generation: 1}}, Log: slog.New(slog.DiscardHandler),
			Checked: make([]nodes.CheckedParams, min(left, 1000)),
		}
		for i := range call.Checked {
			call.Checked[i].JSON = params
		}
		if err := x.Execute(context.Background(), d, call); err != nil {
			b.Fatal(err)
		}
	}
}
