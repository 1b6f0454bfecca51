package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/server"
)

func workerCommand() *cobra.Command {
	var (
		s           settings
		database    string
		concurrency int
	)
	cmd := &cobra.Command{
		Use:   "worker --database URL",
		Short: "Take executions from the queue of several servers",
		Long: "Worker executes what servers with the same PostgreSQL database leave in the queue, and takes over what a dead one was at. It needs the\n" +
			"same encryption key, plugins and, for binary data, the same data directory (a shared file system).",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if database == "" {
				return errors.New("give the database with --database postgres://…: without one there is one server, which does its own work")
			}
			if concurrency <= 0 {
				return fmt.Errorf("--concurrency must be at least 1, and is %d", concurrency)
			}
			defer ballast()()
			log, err := s.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			db, err := s.openStore(cmd.Context(), database)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			s.serves = true
			s.resumeURL = resumeURL("")
			s.workflows, s.tokens, s.stored = storedWorkflows(db), db, storedCredentials{db}
			view := &progress{log: log, logging: s.logFormat != ""}
			rt, closeAll, err := s.open(cmd, view.observe)
			if err != nil {
				return err
			}
			defer closeAll()
			srv, err := server.New(rt, server.Options{Store: db, DataDir: s.dataDir, Log: log, Concurrency: concurrency})
			if err != nil {
				return err
			}
			s.tell(cmd.ErrOrStderr(), slog.LevelInfo, "cordboard works on the queue")
			return srv.Work(cmd.Context())
		},
	}
	s.addServerFlags(cmd, &database)
	cmd.Flags().IntVar(&concurrency, "concurrency", 10, "how many executions are under way at once")
	return cmd
}
