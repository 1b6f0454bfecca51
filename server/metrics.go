package server

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cordboard/cordboard/runtime"
)

// Metrics counts what a server does, for Prometheus (/metrics): Observe is an observer of cordboard.Options. They name no workflow and
// no caller.
type Metrics struct {
	registry *prometheus.Registry
	ended    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	answers  *prometheus.CounterVec
}

// NewMetrics returns metrics, those of the process among them.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cordboard_executions_total", Help: "Executions that ended or were laid down to wait, by status.",
		}, []string{"status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cordboard_execution_duration_seconds", Help: "How long executions took, from their beginning to their end or wait.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 60, 300, 1800},
		}, []string{"status"}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cordboard_webhook_responses_total", Help: "Answers to calls of webhooks, by HTTP status.",
		}, []string{"code"}),
	}
	m.registry.MustRegister(m.ended, m.took, m.answers, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Observe takes an event.
func (m *Metrics) Observe(e runtime.Event) {
	if e.Kind != "run.finished" || e.Depth > 0 {
		return
	}
	m.ended.WithLabelValues(string(e.Status)).Inc()
	m.took.WithLabelValues(string(e.Status)).Observe(e.Duration.Seconds())
}

// scrapeTimeout bounds what the database is asked for.
const scrapeTimeout = 5 * time.Second

// handler answers with the metrics, and those of this server.
func (m *Metrics) handler(s *Server) http.Handler {
	queue := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cordboard_queue_length", Help: "Executions that nobody has begun; -1 where the database does not answer.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
		defer cancel()
		n, err := s.store.QueueLength(ctx)
		if err != nil {
			return -1
		}
		return float64(n)
	})
	running := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cordboard_executions_running", Help: "Executions under way in this process.",
	}, func() float64 { return float64(s.executions.count()) })
	m.registry.MustRegister(queue, running)
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 2 * scrapeTimeout})
}

func (e *executions) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.open)
}

// counted counts the answer to a call of a webhook.
func (s *Server) counted(w http.ResponseWriter, req *http.Request) http.ResponseWriter {
	if s.extra == nil || s.extra.observed == nil || !strings.HasPrefix(req.URL.Path, "/webhook") {
		return w
	}
	return &countedWriter{ResponseWriter: w, answers: s.extra.observed.answers}
}

type countedWriter struct {
	http.ResponseWriter
	answers *prometheus.CounterVec
	done    bool
}

// Unwrap lets http.ResponseController find the writer's abilities.
func (c *countedWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// WriteHeader is http.ResponseWriter's.
func (c *countedWriter) WriteHeader(status int) {
	if !c.done && status >= 200 {
		c.done = true
		c.answers.WithLabelValues(strconv.Itoa(status)).Inc()
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write is io.Writer's.
func (c *countedWriter) Write(p []byte) (int, error) {
	if !c.done {
		c.WriteHeader(http.StatusOK)
	}
	return c.ResponseWriter.Write(p)
}
