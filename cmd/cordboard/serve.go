package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/server"
	"github.com/cordboard/cordboard/store"
)

// serving are the flags of serve.
type serving struct {
	settings
	listen, database string
	keepFor          time.Duration
	keep             int
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
	s.addFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", "127.0.0.1:5678", "address to listen at")
	f.StringVar(&s.database, "database", "", "PostgreSQL's address (postgres://…), for several servers; SQLite in the data directory without it")
	f.DurationVar(&s.keepFor, "keep-executions", 14*24*time.Hour, "how long ended executions are kept; 0 for ever")
	f.IntVar(&s.keep, "keep-executions-count", 10000, "how many ended executions are kept; 0 for any number")
	return cmd
}

func (s *serving) serve(cmd *cobra.Command, files []string) (err error) {
	ctx := cmd.Context()
	log, err := s.logger(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	db, err := s.openStore(ctx, s.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// The address is known once the server listens; WEBHOOK_URL is how n8n is told the one that callers see.
	base := strings.TrimSuffix(os.Getenv("WEBHOOK_URL"), "/")
	s.serves = true
	s.resumeURL = func(id string) string { return base + "/webhook-waiting/" + id }
	s.workflows = storedWorkflows(db)
	view := &progress{log: log, logging: s.logFormat != ""}
	rt, closeAll, err := s.open(cmd, view.observe)
	if err != nil {
		return err
	}
	defer closeAll()
	srv, err := server.New(rt, server.Options{
		Store: db, DataDir: s.dataDir, Alone: s.database == "", Log: log, Retention: server.Retention{Age: s.keepFor, Count: s.keep},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	for _, file := range files {
		flow, err := rt.LoadFile(ctx, file)
		if err != nil {
			return err
		}
		printWarnings(cmd.ErrOrStderr(), flow.Problems)
		if err := srv.AddFile(ctx, flow); err != nil {
			return err
		}
	}
	if err := srv.Load(ctx); err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	if base == "" {
		base = "http://" + l.Addr().String()
	}
	for _, address := range srv.Addresses() {
		fmt.Fprintln(cmd.ErrOrStderr(), "serving "+address)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "cordboard listens at http://%s\n", l.Addr())
	return srv.Serve(ctx, l)
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
