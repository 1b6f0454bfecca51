package network_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/runtime/binary"
)

func benchServer(b *testing.B) *httptest.Server {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":12345,"name":"somebody","tags":["a","b"]}`)
	}))
	b.Cleanup(server.Close)
	return server
}

const benchRequests = 10_000

// BenchmarkBare sends requests with net/http alone.
func BenchmarkBare(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			server := benchServer(b)
			t := http.DefaultTransport.(*http.Transport).Clone()
			t.MaxIdleConnsPerHost = 64
			client := &http.Client{Transport: t}
			defer client.CloseIdleConnections()
			for b.Loop() {
				todo := make(chan int)
				var busy sync.WaitGroup
				for range workers {
					busy.Go(func() {
						for i := range todo {
							res, err := client.Get(fmt.Sprintf("%s/%d", server.URL, i))
							if err != nil {
								b.Error(err)
								return
							}
							_, _ = io.Copy(io.Discard, res.Body)
							_ = res.Body.Close()
						}
					})
				}
				for i := range benchRequests {
					todo <- i
				}
				close(todo)
				busy.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchRequests, "µs/request")
		})
	}
}

// BenchmarkNode sends the same requests with the node: one at a time by a batch of one, and 16 as it does by itself.
func BenchmarkNode(b *testing.B) {
	for name, options := range map[string]string{"1": `{"batching":{"batch":{"batchSize":1,"batchInterval":0}}}`, "16": `{}`} {
		b.Run(name, func(b *testing.B) {
			server := benchServer(b)
			engine := newEngine(b, gjson.Result{})
			flow := workflow(`{"url":"=`+server.URL+`/{{ $json.i }}","options":`+options+`}`, manyItems(benchRequests), "")
			for b.Loop() {
				r := execute(b, b.Context(), engine, flow, runtime.RunOptions{})
				if n := items(r).Get("#").Int(); n != benchRequests {
					b.Fatalf("%d items: %s", n, failure(r).Raw)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchRequests, "µs/request")
		})
	}
}

// BenchmarkDownload takes in a file of 2 GiB.
func BenchmarkDownload(b *testing.B) {
	const size = 2 << 30
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.CopyN(w, endless{}, size)
	}))
	defer server.Close()
	engine := newEngine(b, gjson.Result{})
	b.SetBytes(size)
	for b.Loop() {
		store := binary.New(b.TempDir())
		r := execute(b, b.Context(), engine, workflow(`{"url":"`+server.URL+`"}`, `[{"json":{}}]`, ""), runtime.RunOptions{Binary: store})
		if got := items(r).Get("0.binary.data.bytes").Int(); got != size {
			b.Fatalf("%d bytes: %s", got, failure(r).Raw)
		}
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
	}
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-of-the-system")
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		_, peak, _ := strings.Cut(string(status), "VmHWM:")
		var kilobytes float64
		if _, err := fmt.Sscan(peak, &kilobytes); err == nil {
			b.ReportMetric(kilobytes/1024, "MiB-peak")
		}
	}
}
