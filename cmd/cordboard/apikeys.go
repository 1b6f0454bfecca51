package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/server/api"
	"github.com/cordboard/cordboard/store"
)

func apikeysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "apikeys", Short: "Make, list and remove keys of the REST API", Args: cobra.NoArgs, RunE: needsSubcommand}
	cmd.AddCommand(apikeysAddCommand(), apikeysListCommand(), apikeysRemoveCommand())
	return cmd
}

func apikeysAddCommand() *cobra.Command {
	var s storing
	var label, expires string
	var scopes []string
	cmd := &cobra.Command{
		Use: "add --label LABEL", Short: "Make a key and print it, this once", Args: exactArgs(0, "no arguments"),
		Long: "Add makes an API key and prints it. The database keeps its hash alone: who loses the key makes another one.\n\nScopes: " + strings.Join(api.Scopes(), ", "),
	}
	s.addStoreFlags(cmd)
	cmd.Flags().StringVar(&label, "label", "", "what the key is for")
	cmd.Flags().StringSliceVar(&scopes, "scope", []string{"*"}, "what it may do, such as workflow:read (may be repeated); * is all")
	cmd.Flags().StringVar(&expires, "expires", "", "after how long it ends, such as 90d or 12h (default never)")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, _ []string) error {
		if label == "" {
			return errors.New("say what the key is for: --label")
		}
		key := store.APIKey{Label: label, Scopes: scopes}
		for _, scope := range scopes {
			if !api.IsScope(scope) {
				return fmt.Errorf("--scope: there is no scope %q; there are %s", scope, strings.Join(api.Scopes(), ", "))
			}
		}
		if expires != "" {
			d, err := parseDays(expires)
			if err != nil {
				return fmt.Errorf("--expires: %w", err)
			}
			key.ExpiresAt = time.Now().Add(d)
		}
		text, key, err := db.AddAPIKey(cmd.Context(), key)
		if err != nil {
			return err
		}
		scope := "it may do " + strings.Join(scopes, ", ")
		if slices.Contains(scopes, "*") {
			scope = "it may do everything; --scope limits it"
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "API key %s (%s): %s. It expires: %s. It is printed this once:\n", key.ID, key.Label, scope, expiry(key))
		fmt.Fprintln(cmd.OutOrStdout(), text)
		return nil
	})
	return cmd
}

// expiry says when a key ends, for people.
func expiry(k store.APIKey) string {
	if k.ExpiresAt.IsZero() {
		return "never"
	}
	return when(k.ExpiresAt)
}

var days = regexp.MustCompile(`^(\d{1,5})d$`)

// parseDays reads a duration above 0: Go's ("12h"), or days ("90d").
func parseDays(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if m := days.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1]) // they are digits
		d, err = time.Duration(n)*24*time.Hour, nil
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is no time span: write 90d or 12h", text)
	}
	return d, nil
}

func apikeysListCommand() *cobra.Command {
	var s storing
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the keys: what they may do, never the keys themselves", Args: exactArgs(0, "no arguments")}
	s.addStoreFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, _ []string) error {
		list, err := db.APIKeys(cmd.Context())
		if err != nil {
			return err
		}
		out, rows := []map[string]any{}, [][]any{}
		for _, k := range list {
			out = append(out, map[string]any{"id": k.ID, "label": k.Label, "scopes": k.Scopes, "createdAt": when(k.CreatedAt), "expiresAt": when(k.ExpiresAt)})
			rows = append(rows, []any{k.ID, when(k.CreatedAt), expiry(k), strings.Join(k.Scopes, ","), k.Label})
		}
		if asJSON {
			return printJSON(cmd.OutOrStdout(), out)
		}
		return table(cmd.OutOrStdout(), "ID\tMADE\tEXPIRES\tSCOPES\tLABEL", rows)
	})
	return cmd
}

func apikeysRemoveCommand() *cobra.Command {
	var s storing
	cmd := &cobra.Command{Use: "remove ID|LABEL", Short: "Remove a key: it is refused from then on", Args: exactArgs(1, "the key's id or label")}
	s.addStoreFlags(cmd)
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		err := db.RemoveAPIKey(cmd.Context(), args[0])
		if errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("%w; see: cordboard apikeys list", err)
		}
		return err
	})
	return cmd
}
