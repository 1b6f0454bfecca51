package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/server/api"
	"github.com/cordboard/cordboard/store"
)

const (
	// stopTimeout is how long a server is waited for that is to stop an execution, stopKey how long the key is good with which it is asked.
	stopTimeout = 30 * time.Second
	stopKey     = time.Minute
	// stopSilent is how many executions of servers that are gone are looked through.
	stopSilent = 100_000
)

func executionsStopCommand() *cobra.Command {
	var s storing
	var at string
	cmd := &cobra.Command{
		Use: "stop ID", Short: "End an execution that is queued, waits or is under way: it is canceled then", Args: exactArgs(1, "the execution's id"),
		Long: "Stop ends an execution that has not ended. One that is under way is stopped by the server that works on it, which is asked by its REST\n" +
			"API with a key of its own, good for this once. One of a server that is gone is not taken up again.",
	}
	s.addStoreFlags(cmd)
	cmd.Flags().StringVar(&at, "server", "http://127.0.0.1:5678", "where the server listens that works on it")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		x, err := named(cmd, db, args[0])
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), stopTimeout)
		defer cancel()
		if err = db.Cancel(ctx, x.ID); !errors.Is(err, store.ErrLost) {
			return err
		}
		if x, err = db.Execution(ctx, x.ID); err != nil { // it may have ended meanwhile
			return err
		}
		if !x.StoppedAt.IsZero() {
			return fmt.Errorf("execution %d has ended already, it is %s: there is nothing to stop", x.ID, x.Status)
		}
		if done, err := stopSilenced(ctx, db, x); done || err != nil {
			return err
		}
		return askToStop(ctx, db, at, x.ID)
	})
	return cmd
}

// stopSilenced ends an execution whose server is gone, so that no other takes it up.
func stopSilenced(ctx context.Context, db *store.Store, x store.Execution) (done bool, err error) {
	gone, err := db.Orphans(ctx, "", serverSilent, stopSilent)
	if err != nil || !slices.ContainsFunc(gone, func(o store.Execution) bool { return o.ID == x.ID }) {
		return false, err
	}
	held, err := db.TakeOver(ctx, store.Held{ID: x.ID, Owner: x.Owner, Attempt: x.Attempt}, "cordboard executions stop")
	if err != nil {
		return false, err
	}
	_, err = db.Finish(ctx, held, store.Ending{Status: store.Canceled})
	return err == nil, err
}

// askToStop has the server stop an execution which it works on.
func askToStop(ctx context.Context, db *store.Store, at string, id int64) (err error) {
	key := store.APIKey{Label: fmt.Sprintf("executions stop %d", id), Scopes: []string{"execution:stop"}, ExpiresAt: time.Now().Add(stopKey)}
	text, key, err := db.AddAPIKey(ctx, key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.RemoveAPIKey(context.WithoutCancel(ctx), key.ID)) }()
	address := fmt.Sprintf("%s%sexecutions/%d/stop", strings.TrimSuffix(at, "/"), api.Prefix, id)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return fmt.Errorf("--server %s: it must be an address such as http://127.0.0.1:5678", shownAddress(at))
	}
	req.Header.Set("X-N8N-API-KEY", text)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // the key is for no other server
	res, err := client.Do(req)
	if err != nil {
		return unanswered(req, err, "the execution is under way: say with --server where the server listens that works on it")
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK { // anyone may answer so: the database knows
		x, err := db.Execution(ctx, id)
		if err != nil || !x.StoppedAt.IsZero() {
			return err
		}
	}
	hint := "is it the server of this database? --server says which one to ask"
	var refusal struct{ Message, Hint string }
	if body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)); json.Unmarshal(body, &refusal) == nil && res.StatusCode == http.StatusConflict {
		hint = strings.TrimSpace(refusal.Message + " " + refusal.Hint)
	}
	return answered(req, res, hint)
}

// unanswered is the error of a request that a command made, and that got no answer.
func unanswered(req *http.Request, err error, hint string) error {
	var wrap *url.Error
	if errors.As(err, &wrap) { // its text repeats the address
		err = wrap.Err
	}
	return fmt.Errorf("%s %s: %w; %s", req.Method, shownAddress(req.URL.String()), err, hint)
}

// answered is the error of a request that a command made, and that got an answer of no use.
func answered(req *http.Request, res *http.Response, hint string) error {
	return fmt.Errorf("%s %s answered %s; %s", req.Method, shownAddress(req.URL.String()), res.Status, hint)
}

// shownAddress is an address for messages: without user, password and query, which may be secrets.
func shownAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(the address cannot be read)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
