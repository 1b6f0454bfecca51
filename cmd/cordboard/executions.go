package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/server"
	"github.com/cordboard/cordboard/store"
)

// serverSilent is after how long of silence a server is taken to be gone.
const serverSilent = 20 * time.Second

func executionsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "executions", Short: "List, show, retry, stop and remove executions", Args: cobra.NoArgs, RunE: needsSubcommand}
	cmd.AddCommand(executionsListCommand(), executionsShowCommand(), executionsRetryCommand(), executionsStopCommand(), executionsPruneCommand())
	return cmd
}

func executionsListCommand() *cobra.Command {
	var s storing
	var status, workflow string
	var limit int
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the executions, the newest first", Args: exactArgs(0, "no arguments")}
	s.addStoreFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&status, "status", "", "those with this status: new, running, waiting, success, error, canceled or crashed")
	f.StringVar(&workflow, "workflow", "", "those of the workflow with this id or name")
	f.IntVar(&limit, "limit", 100, "how many at most")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, _ []string) error {
		known := []string{store.New, store.Running, store.Waiting, store.Success, store.Error, store.Canceled, store.Crashed}
		if status != "" && !slices.Contains(known, status) {
			return fmt.Errorf("--status: there are %s, and not %q", strings.Join(known, ", "), status)
		}
		if limit < 1 {
			return errors.New("--limit: at least 1")
		}
		filter := store.Filter{Limit: limit}
		if status != "" {
			filter.Statuses = []string{status}
		}
		if workflow != "" {
			w, err := workflowNamed(cmd.Context(), db, workflow)
			if err != nil {
				return err
			}
			filter.WorkflowIDs = []string{w.ID}
		}
		list, err := db.Executions(cmd.Context(), filter)
		if err != nil {
			return err
		}
		names := map[string]string{}
		if !asJSON {
			if names, err = workflowNames(cmd.Context(), db); err != nil {
				return err
			}
		}
		out, rows := []map[string]any{}, [][]any{}
		for _, x := range list {
			out = append(out, map[string]any{
				"id": x.ID, "workflowId": x.WorkflowID, "status": x.Status, "mode": x.Mode, "retryOf": x.RetryOf,
				"startedAt": when(x.StartedAt), "stoppedAt": when(x.StoppedAt),
			})
			rows = append(rows, []any{x.ID, x.Status, x.Mode, when(x.StartedAt), took(x), x.WorkflowID, names[x.WorkflowID]})
		}
		if asJSON {
			return printJSON(cmd.OutOrStdout(), out)
		}
		return table(cmd.OutOrStdout(), "ID\tSTATUS\tMODE\tSTARTED\tTOOK\tWORKFLOW\tNAME", rows)
	})
	return cmd
}

// workflowNames are the names of the workflows by id.
func workflowNames(ctx context.Context, db *store.Store) (map[string]string, error) {
	list, err := db.Workflows(ctx, store.WorkflowFilter{})
	names := map[string]string{}
	for _, w := range list {
		names[w.ID] = w.Name
	}
	return names, err
}

func took(x store.Execution) string {
	if x.StartedAt.IsZero() || x.StoppedAt.IsZero() {
		return "-"
	}
	return x.StoppedAt.Sub(x.StartedAt).String()
}

// engine is a server that serves nothing: it reads executions. close ends it.
func (s *storing) engine(cmd *cobra.Command, db *store.Store) (srv *server.Server, closeAll func(), err error) {
	s.stored = listedCredentials{storedCredentials{db}}
	rt, closeAll, err := s.open(cmd, nil)
	if err != nil {
		return nil, nil, err
	}
	if srv, err = server.New(rt, server.Options{Store: db, DataDir: s.dataDir}); err != nil {
		closeAll()
	}
	return srv, closeAll, err
}

// named is the execution that a command names.
func named(cmd *cobra.Command, db *store.Store, text string) (store.Execution, error) {
	id, err := server.ParseID(text)
	if err != nil {
		return store.Execution{}, err
	}
	return db.Execution(cmd.Context(), id)
}

func executionsShowCommand() *cobra.Command {
	var s storing
	var output string
	cmd := &cobra.Command{
		Use: "show ID", Short: "Print what an execution came to: n8n's run object, or the items of its last node", Args: exactArgs(1, "the execution's id"),
	}
	s.addStoreFlags(cmd)
	cmd.Flags().StringVar(&output, "output", "run", "what to print: run or items")
	cmd.Flags().StringVar(&s.pluginDir, "plugin-dir", "", "a further directory with plugins")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		if output != "run" && output != "items" {
			return fmt.Errorf("--output: there are run and items, and not %q", output)
		}
		x, err := named(cmd, db, args[0])
		if err != nil {
			return err
		}
		srv, closeAll, err := s.engine(cmd, db)
		if err != nil {
			return err
		}
		defer closeAll()
		run, err := srv.Retell(cmd.Context(), x)
		if err != nil {
			return fmt.Errorf("execution %d: %w", x.ID, err)
		}
		if output == "items" {
			return runtime.WriteItems(cmd.OutOrStdout(), run.Items())
		}
		return run.WriteJSON(&indenter{w: cmd.OutOrStdout()})
	})
	return cmd
}

func executionsRetryCommand() *cobra.Command {
	var s storing
	var latest bool
	cmd := &cobra.Command{
		Use: "retry ID", Short: "Try a failed execution again from the node that failed, with the old data", Args: exactArgs(1, "the execution's id"),
		Long: "Retry puts a new execution into the queue and prints its id: the server that runs takes it within seconds, else the next one\n" +
			"that starts. It begins at the node that failed, with the data of then.",
	}
	s.addStoreFlags(cmd)
	cmd.Flags().BoolVar(&latest, "latest", false, "with the workflow as it is now, not as it was")
	cmd.Flags().StringVar(&s.pluginDir, "plugin-dir", "", "a further directory with plugins")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		x, err := named(cmd, db, args[0])
		if err != nil {
			return err
		}
		switch {
		case x.Status == store.Success:
			return fmt.Errorf("execution %d succeeded: there is nothing to try again", x.ID)
		case x.StoppedAt.IsZero():
			return fmt.Errorf("execution %d is %s: it has not ended", x.ID, x.Status)
		}
		srv, closeAll, err := s.engine(cmd, db)
		if err != nil {
			return err
		}
		defer closeAll()
		id, err := srv.Retry(cmd.Context(), x, latest)
		if err != nil {
			return fmt.Errorf("execution %d: %w", x.ID, err)
		}
		if alive, err := db.ServerAlive(cmd.Context(), serverSilent); err == nil && !alive {
			fmt.Fprintln(cmd.ErrOrStderr(), "no server runs: the next one that starts takes it")
		}
		fmt.Fprintln(cmd.OutOrStdout(), id)
		return nil
	})
	return cmd
}

func executionsPruneCommand() *cobra.Command {
	var s storing
	var older string
	var keep int
	cmd := &cobra.Command{Use: "prune", Short: "Remove executions that have ended, and their binary data", Args: exactArgs(0, "no arguments")}
	s.addStoreFlags(cmd)
	cmd.Flags().StringVar(&older, "older-than", "", "those that ended this long ago, such as 30d or 12h")
	cmd.Flags().IntVar(&keep, "keep", 0, "all but the newest so many")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, _ []string) error {
		if older == "" && !cmd.Flags().Changed("keep") {
			return errors.New("say which: --older-than 30d, --keep 1000, or both")
		}
		if cmd.Flags().Changed("keep") && keep < 1 {
			return errors.New("--keep: at least 1")
		}
		before := time.Time{}
		if older != "" {
			d, err := parseDays(older)
			if err != nil {
				return fmt.Errorf("--older-than: %w", err)
			}
			before = time.Now().Add(-d)
		}
		gone, err := db.Prune(cmd.Context(), before, keep)
		fmt.Fprintln(cmd.OutOrStdout(), len(gone))
		return errors.Join(err, s.removeBinary(gone))
	})
	return cmd
}
