package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	goruntime "runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/server"
	"github.com/cordboard/cordboard/store"
)

// serving are the flags of serve.
type serving struct {
	settings
	listen, database string
	keepFor          time.Duration
	keep             int
	concurrency      int
	noMetrics        bool
}

func serveCommand() *cobra.Command {
	s := &serving{}
	cmd := &cobra.Command{
		Use:   "serve [FILE…]",
		Short: "Answer webhooks and schedules, and keep what was begun",
		Long: "Serve answers the webhooks and runs the other triggers of workflow files, and of the active workflows in the data directory.\n" +
			"An execution is on disk before it is acknowledged; what was under way when the program ended goes on at the next start.",
		RunE: func(cmd *cobra.Command, args []string) error { return s.serve(cmd, args) },
	}
	s.addServerFlags(cmd, &s.database)
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", "127.0.0.1:5678", "address to listen at")
	f.IntVar(&s.concurrency, "concurrency", 0, "how many executions are under way at once, more wait in the queue; 0 for any number, -1 to leave all to workers")
	f.BoolVar(&s.noMetrics, "no-metrics", false, "do not answer /metrics")
	f.DurationVar(&s.keepFor, "keep-executions", 14*24*time.Hour, "how long ended executions are kept; 0 for ever")
	f.IntVar(&s.keep, "keep-executions-count", 10000, "how many ended executions are kept; 0 for any number")
	return cmd
}

func (s *serving) serve(cmd *cobra.Command, files []string) (err error) {
	defer ballast()()
	ctx := cmd.Context()
	log, err := s.logger(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return fmt.Errorf("--listen %s: the address must be HOST:PORT, such as 127.0.0.1:5678", s.listen)
	}
	db, err := s.openStore(ctx, s.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// The address is known once the server listens; WEBHOOK_URL is how n8n is told the one that callers see.
	var base string
	s.serves = true
	s.resumeURL = func(id string) string { return resumeURL(base)(id) }
	s.workflows = storedWorkflows(db)
	if s.database != "" {
		s.tokens = db
	}
	s.stored = storedCredentials{db}
	live, metrics, observe := s.observers(log)
	rt, closeAll, err := s.open(cmd, observe)
	if err != nil {
		return err
	}
	defer closeAll()
	if s.concurrency < 0 && s.database == "" {
		return errors.New("--concurrency -1 leaves all work to workers, which need --database")
	}
	hooks, err := webhookOptions()
	if err != nil {
		return err
	}
	srv, err := server.New(rt, server.Options{
		Store: db, DataDir: s.dataDir, Alone: s.database == "", Log: log, Concurrency: s.concurrency, Retention: server.Retention{Age: s.keepFor, Count: s.keep},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	srv.SetWebhooks(hooks)
	srv.SetAPI(live, metrics)
	if err := s.addFiles(cmd, rt, srv, files); err != nil {
		return err
	}
	if err := srv.Load(ctx); err != nil {
		return err
	}
	l, err := s.listener()
	if err != nil {
		return err
	}
	base = "http://" + l.Addr().String()
	s.tellServed(cmd, srv, log)
	s.tell(cmd.ErrOrStderr(), slog.LevelInfo, "cordboard listens at "+base)
	return srv.Serve(ctx, l)
}

// observers are what is told of the steps of executions, and observe tells them all; metrics are nil if there are to be none.
func (s *serving) observers(log *slog.Logger) (live *server.Live, metrics *server.Metrics, observe func(runtime.Event)) {
	view, live, metrics := &progress{log: log, logging: s.logFormat != ""}, server.NewLive(), server.NewMetrics()
	if s.noMetrics {
		metrics = nil
	}
	return live, metrics, func(e runtime.Event) {
		view.observe(e)
		live.Observe(e)
		if metrics != nil {
			metrics.Observe(e)
		}
	}
}

// addFiles loads the workflow files that are to be served.
func (s *serving) addFiles(cmd *cobra.Command, rt *cordboard.Runtime, srv *server.Server, files []string) error {
	for _, file := range files {
		flow, err := rt.LoadFile(cmd.Context(), file)
		if err != nil {
			return err
		}
		s.printWarnings(cmd.ErrOrStderr(), flow.Problems)
		if err := srv.AddFile(cmd.Context(), flow); err != nil {
			return err
		}
	}
	return nil
}

func (s *serving) listener() (net.Listener, error) {
	l, err := net.Listen("tcp", s.listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--listen %s is in use by another program: give another address", s.listen)
	}
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", s.listen, err)
	}
	return l, nil
}

// tellServed tells what is served now, and from then on what comes to be.
func (s *serving) tellServed(cmd *cobra.Command, srv *server.Server, log *slog.Logger) {
	tell := func(address string) { s.tell(cmd.ErrOrStderr(), slog.LevelInfo, "serving "+address) }
	for _, address := range srv.Addresses() {
		tell(address)
	}
	if s.logFormat != "" { // among records, a record
		tell = func(address string) { log.Info("serving " + address) }
	}
	srv.OnServed(tell)
}

// ballast lets a process that lives long and holds little collect its garbage after 32 MB and not after 4, which is a tenth less work for
// each webhook. It is never touched, so that it takes up addresses and no memory. What it returns is to be called at the end.
func ballast() (drop func()) {
	unused := make([]byte, 32<<20)
	return func() { goruntime.KeepAlive(unused) }
}

// resumeURL is where a waiting execution can be called: at the address that callers see, as n8n is told by WEBHOOK_URL, else at base.
func resumeURL(base string) func(id string) string {
	if outside := strings.TrimSuffix(os.Getenv("WEBHOOK_URL"), "/"); outside != "" {
		base = outside
	}
	return func(id string) string { return base + "/webhook-waiting/" + id }
}

// webhookOptions are n8n's own settings of the environment.
func webhookOptions() (o server.WebhookOptions, err error) {
	o.IdempotencyKeys = true
	for name, set := range map[string]func(n int64){
		"N8N_PAYLOAD_SIZE_MAX":       func(n int64) { o.MaxBody = n << 20 },
		"N8N_FORMDATA_FILE_SIZE_MAX": func(n int64) { o.MaxFile = n << 20 },
		"N8N_PROXY_HOPS":             func(n int64) { o.ProxyHops = int(n) },
	} {
		text := os.Getenv(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return o, fmt.Errorf("%s must be a whole number, and is %q", name, text)
		}
		set(n)
	}
	return o, nil
}

// openStore opens the database: PostgreSQL, or SQLite in the data directory.
func (s *settings) openStore(ctx context.Context, database string) (*store.Store, error) {
	if s.dataDir == "" {
		return nil, errors.New("there is no data directory: give one with --data-dir")
	}
	return store.Open(ctx, store.Options{Dir: s.dataDir, URL: database})
}

// storedWorkflows finds the workflows that others call in the store.
func storedWorkflows(db *store.Store) func(context.Context, string) (name, text string, err error) {
	return func(ctx context.Context, id string) (string, string, error) {
		w, err := db.Workflow(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return "", "", cordboard.ErrNoWorkflow
		}
		name := w.Source
		if name == "" {
			name = w.Name
		}
		return name, w.JSON, err
	}
}
