package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/server/api"
	"github.com/cordboard/cordboard/store"
)

func workflowsRemoveCommand() *cobra.Command {
	var s storing
	cmd := &cobra.Command{
		Use: "remove ID|NAME", Short: "Remove a workflow with all its executions", Args: exactArgs(1, "the workflow's id or name"),
		Long: "Remove removes a workflow, what it remembers, and its executions with their data. One that is active is to be deactivated before, and\n" +
			"its executions must have ended (cordboard executions stop).",
	}
	s.addStoreFlags(cmd)
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		w, err := workflowNamed(cmd.Context(), db, args[0])
		if err == nil {
			w, err = s.followed(cmd, db, w)
		}
		if err == nil {
			err = removable(cmd.Context(), db, w)
		}
		if err != nil {
			return err
		}
		gone, err := api.ExecutionsOf(cmd.Context(), db, w.ID)
		if err == nil {
			err = db.DeleteWorkflow(cmd.Context(), w.ID)
		}
		if err != nil {
			return err
		}
		return s.removeBinary(gone)
	})
	return cmd
}

// follows is how long it takes at most until servers that run follow what was deactivated.
const follows = 7 * time.Second

// followed waits until servers that run serve a workflow no longer which was deactivated just now: a call that comes meanwhile would begin an
// execution of a workflow that is gone. It returns the workflow as it is then.
func (s *storing) followed(cmd *cobra.Command, db *store.Store, w store.Workflow) (store.Workflow, error) {
	alive, err := db.ServerAlive(cmd.Context(), serverSilent)
	if err != nil || !alive || w.Active {
		return w, err
	}
	since, err := db.Unchanged(cmd.Context(), w.ID)
	left := follows - since
	if err != nil || left <= 0 {
		return w, err
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "waiting until no server that runs serves it any more")
	if err := nodes.Pause(cmd.Context(), min(left, follows)); err != nil {
		return w, &exitError{exitStopped, err}
	}
	return db.Workflow(cmd.Context(), w.ID)
}

// removable refuses what the REST API does.
func removable(ctx context.Context, db *store.Store, w store.Workflow) error {
	alive, err := db.ServerAlive(ctx, serverSilent)
	switch {
	case err != nil:
		return err
	case w.Source != "" && w.Active && alive:
		return servedFile(w)
	case w.Source == "" && w.Active:
		return fmt.Errorf("workflow %q is active: deactivate it first (cordboard workflows deactivate %s)", w.Name, w.ID)
	}
	open, err := db.Executions(ctx, store.Filter{WorkflowIDs: []string{w.ID}, Statuses: []string{store.New, store.Running, store.Waiting}, Limit: 1})
	if err != nil || len(open) == 0 {
		return err
	}
	return fmt.Errorf("workflow %q has executions that have not ended, such as %d (%s): wait for them, or stop them (cordboard executions stop %[2]d)", w.Name, open[0].ID, open[0].Status)
}

// servedFile is the error of what is not the database's to change while a server serves a file.
func servedFile(w store.Workflow) error {
	return fmt.Errorf("workflow %q comes from a file that the server was started with, %s: change the file and start the server again, or start it without the file", w.Name, w.Source)
}

// removeBinary removes the binary data of executions that are gone.
func (s *storing) removeBinary(gone []store.Execution) (err error) {
	for _, x := range gone {
		if x.Binary != "" && filepath.Base(x.Binary) == x.Binary {
			err = errors.Join(err, os.RemoveAll(filepath.Join(s.dataDir, "binary", x.Binary)))
		}
	}
	return err
}
