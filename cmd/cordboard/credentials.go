package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/store"
)

// storing are the flags of commands on what is stored.
type storing struct {
	settings
	database string
}

func (s *storing) addStoreFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.dataDir, "data-dir", defaultDataDir(), "directory with the database, or with its key")
	f.StringVar(&s.database, "database", "", "PostgreSQL's address (postgres://…); SQLite in the data directory without it")
}

// with opens the database for a command.
func (s *storing) with(f func(cmd *cobra.Command, db *store.Store, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		db, err := s.openStore(cmd.Context(), s.database)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		return f(cmd, db, args)
	}
}

// table writes rows for people, below a head if there is one.
func table(w io.Writer, head string, rows [][]any) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if head != "" {
		fmt.Fprintln(t, head)
	}
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, cell)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// when writes a time, "-" for none.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// readFile reads a file, or standard input for "-".
func readFile(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return readStdin(cmd.Context(), cmd)
	}
	return os.ReadFile(name)
}

// storedCredentials finds credentials in a store, for workflows.
type storedCredentials struct{ db *store.Store }

var _ credentials.Source = storedCredentials{}

// findTimeout bounds how long a run waits for the database where a credential is needed.
const findTimeout = 10 * time.Second

// Credential is credentials.Source's.
func (s storedCredentials) Credential(id, name, credentialType string) (credentials.Credential, bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), findTimeout)
	defer cancel()
	if id != "" {
		c, err := s.db.Credential(ctx, id)
		if !errors.Is(err, store.ErrNotFound) {
			return loaded(c), err == nil, err
		}
	}
	if name == "" {
		return credentials.Credential{}, false, nil
	}
	list, err := s.db.CredentialsNamed(ctx, name)
	if err != nil || len(list) == 0 {
		return credentials.Credential{}, false, err
	}
	if credentialType == "" && len(list) > 1 { // a person names it, and no workflow
		return credentials.Credential{}, false, severalCredentials(name, list)
	}
	best := list[0]
	for _, c := range list {
		if c.Type == credentialType {
			best = c
			break
		}
	}
	c, err := s.db.Credential(ctx, best.ID)
	return loaded(c), err == nil, err
}

func loaded(c store.Credential) credentials.Credential {
	return credentials.Credential{ID: c.ID, Name: c.Name, Type: c.Type, Data: c.Data, Source: "stored"}
}

// listedCredentials are those of a store for whoever may know all their names: a person at the command line.
type listedCredentials struct{ storedCredentials }

var _ credentials.Lister = listedCredentials{}

// Credentials is credentials.Lister's.
func (s listedCredentials) Credentials() ([]credentials.Credential, error) {
	ctx, cancel := context.WithTimeout(context.Background(), findTimeout)
	defer cancel()
	list, err := s.db.Credentials(ctx, "", 0)
	out := make([]credentials.Credential, len(list))
	for i, c := range list {
		out[i] = loaded(c)
	}
	return out, err
}

// lazyCredentials opens the database of a data directory when a workflow names a credential that no file has: not each run needs it.
type lazyCredentials struct {
	dir  string
	once sync.Once
	db   *store.Store
	err  error
}

var (
	_ credentials.Source = (*lazyCredentials)(nil)
	_ credentials.Lister = (*lazyCredentials)(nil)
)

// open opens the database, once. A directory without one has no credentials.
func (l *lazyCredentials) open() {
	l.once.Do(func() {
		if _, err := os.Stat(filepath.Join(l.dir, "cordboard.db")); l.dir == "" || errors.Is(err, fs.ErrNotExist) {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), findTimeout)
		defer cancel()
		l.db, l.err = store.Open(ctx, store.Options{Dir: l.dir})
	})
}

// Credential is credentials.Source's.
func (l *lazyCredentials) Credential(id, name, credentialType string) (credentials.Credential, bool, error) {
	if l.open(); l.db == nil {
		return credentials.Credential{}, false, l.err
	}
	return storedCredentials{l.db}.Credential(id, name, credentialType)
}

// Credentials is credentials.Lister's.
func (l *lazyCredentials) Credentials() ([]credentials.Credential, error) {
	if l.open(); l.db == nil {
		return nil, l.err
	}
	return listedCredentials{storedCredentials{l.db}}.Credentials()
}

func (l *lazyCredentials) close() {
	l.once.Do(func() {})
	if l.db != nil {
		_ = l.db.Close() // it was only read
	}
}

func credentialsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "credentials", Short: "Keep credentials, encrypted, for workflows that name them", Args: cobra.NoArgs, RunE: needsSubcommand}
	cmd.AddCommand(credentialsImportCommand(), credentialsExportCommand(), credentialsListCommand(), credentialsAddCommand(), credentialsRemoveCommand(), credentialsTestCommand(), credentialsAuthorizeCommand())
	return cmd
}

func credentialsImportCommand() *cobra.Command {
	var s storing
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Keep the credentials of n8n's decrypted export (n8n export:credentials --all --decrypted); - is standard input",
		Long: "Import keeps credentials, encrypted; one with the id of a credential that is there takes its place. Where a type is known, fields that it\n" +
			"does not have, values of the wrong kind and what is missing are told on standard error; nothing is refused for it.",
		Args: exactArgs(1, "the file"),
	}
	s.addStoreFlags(cmd)
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		text, err := readFile(cmd, args[0])
		if err != nil {
			return err
		}
		list, err := credentials.Parse(args[0], text)
		if err != nil {
			return err
		}
		check := &checking{s: &s, cmd: cmd}
		for _, c := range list {
			check.imported(c)
			if _, err := db.SaveCredential(cmd.Context(), store.Credential{ID: c.ID, Name: c.Name, Type: c.Type, Data: c.Data}); err != nil {
				return fmt.Errorf("credential %q: %w", c.Name, err)
			}
		}
		fmt.Fprintln(cmd.ErrOrStderr(), "kept: "+descriptors.Plural(len(list), "credential"))
		return nil
	})
	return cmd
}

// exported is a credential in a file of credentials export.
type exported struct {
	ID   string          `json:"id"`
	Name string          `json:"name"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data,omitempty"`
}

func credentialsExportCommand() *cobra.Command {
	var s storing
	var decrypted bool
	var output string
	cmd := &cobra.Command{
		Use: "export", Short: "Write the credentials: their ids, names and types; with --decrypted their secrets too, as n8n imports them",
		Args: exactArgs(0, "no arguments"),
	}
	s.addStoreFlags(cmd)
	cmd.Flags().BoolVar(&decrypted, "decrypted", false, "with secrets, in the clear")
	cmd.Flags().StringVar(&output, "output", "", "file to write to, readable by its owner alone (default standard output)")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, _ []string) error {
		list, err := db.Credentials(cmd.Context(), "", 0)
		if err != nil {
			return err
		}
		out := make([]exported, len(list))
		for i, c := range list {
			out[i] = exported{ID: c.ID, Name: c.Name, Type: c.Type}
			if decrypted {
				if c, err = db.Credential(cmd.Context(), c.ID); err != nil {
					return err
				}
				out[i].Data = c.Data
			}
		}
		if output == "" {
			return printJSON(cmd.OutOrStdout(), out)
		}
		f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		return errors.Join(f.Chmod(0o600), printJSON(f, out), f.Close())
	})
	return cmd
}

func credentialsListCommand() *cobra.Command {
	var s storing
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the credentials, without their secrets", Args: exactArgs(0, "no arguments")}
	s.addStoreFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, _ []string) error {
		list, err := db.Credentials(cmd.Context(), "", 0)
		if err != nil {
			return err
		}
		out, rows := []exported{}, [][]any{}
		for _, c := range list {
			out = append(out, exported{ID: c.ID, Name: c.Name, Type: c.Type})
			rows = append(rows, []any{c.ID, c.Type, when(c.UpdatedAt), c.Name})
		}
		if asJSON {
			return printJSON(cmd.OutOrStdout(), out)
		}
		return table(cmd.OutOrStdout(), "ID\tTYPE\tCHANGED\tNAME", rows)
	})
	return cmd
}

func credentialsAddCommand() *cobra.Command {
	var s storing
	var kind, name, data string
	var replace bool
	cmd := &cobra.Command{
		Use: "add --type TYPE --name NAME", Short: "Keep a credential: its fields are a JSON object, in a file or on standard input",
		Long: "Add keeps a credential, encrypted. Where its type is known (those of the built-in nodes and of imported node sets), fields that it does\n" +
			"not have and values of the wrong kind are refused, and what is missing is told on standard error. Standard output gets its id.",
		Args: exactArgs(0, "no arguments: secrets do not belong into a command line"),
	}
	s.addStoreFlags(cmd)
	cmd.Flags().StringVar(&kind, "type", "", "n8n's name of the type, such as httpHeaderAuth")
	cmd.Flags().StringVar(&name, "name", "", "the name by which workflows find it")
	cmd.Flags().BoolVar(&replace, "replace", false, "change the credential of this name and type, if there is one")
	cmd.Flags().StringVar(&data, "data", "-", "file with the fields as a JSON object, - for standard input")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, _ []string) error {
		if kind == "" || name == "" {
			return errors.New("say which credential: --type and --name")
		}
		text, err := readFile(cmd, data)
		if err != nil {
			return fmt.Errorf("--data: %w", err)
		}
		if !json.Valid(text) || !gjson.ParseBytes(text).IsObject() {
			return errors.New("--data: it must be a JSON object with the credential's fields")
		}
		c := store.Credential{Name: name, Type: kind, Data: text}
		there, err := db.CredentialsNamed(cmd.Context(), name)
		if err != nil {
			return err
		}
		for _, old := range there {
			switch {
			case old.Type != kind:
			case !replace:
				return fmt.Errorf("there is a credential %q of type %s already (%s): --replace gives it these fields", name, kind, old.ID)
			default:
				c.ID = old.ID
			}
		}
		if err := (&checking{s: &s, cmd: cmd}).added(credentials.Credential{Name: name, Type: kind, Data: text, Source: "--data"}); err != nil {
			return err
		}
		c, err = db.SaveCredential(cmd.Context(), c)
		if err == nil {
			fmt.Fprintln(cmd.OutOrStdout(), c.ID)
		}
		return err
	})
	return cmd
}

func credentialsRemoveCommand() *cobra.Command {
	var s storing
	cmd := &cobra.Command{Use: "remove NAME|ID", Short: "Remove a credential", Args: exactArgs(1, "the credential's name or id")}
	s.addStoreFlags(cmd)
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		c, err := credentialNamed(cmd.Context(), db, args[0])
		if err != nil {
			return err
		}
		return db.DeleteCredential(cmd.Context(), c.ID)
	})
	return cmd
}

func credentialsTestCommand() *cobra.Command {
	var s storing
	cmd := &cobra.Command{
		Use: "test NAME|ID", Short: "Say whether a credential works, and why not",
		Long: "Test asks the token server of an OAuth2 credential that has no token for one, and connects to the server of a database's, a\n" +
			"queue's or the like. Where there is a token it says so, and asks for no other: that may end the one which others use. Other\n" +
			"credentials are sent along with requests: of these it says only whether they can be read. Exit codes: 0 nothing is wrong with\n" +
			"it, as far as it was asked, 1 it does not work, 2 there is none.",
		Args: exactArgs(1, "the credential's name or id"),
	}
	s.addStoreFlags(cmd)
	cmd.Flags().StringArrayVar(&s.credentialFiles, "credentials", nil, "file with credentials to look in first (may be repeated)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var source credentials.Source
		if s.database != "" {
			db, err := s.openStore(cmd.Context(), s.database)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }() // it was only read
			source = listedCredentials{storedCredentials{db}}
		} else {
			lazy := &lazyCredentials{dir: s.dataDir}
			defer lazy.close()
			source = lazy
		}
		rt, err := cordboard.New(cordboard.Options{CredentialFiles: s.credentialFiles, CredentialSource: source})
		if err != nil {
			return err
		}
		defer func() { _ = rt.Close() }() // it was only read
		tried, err := rt.TestCredential(cmd.Context(), args[0])
		switch {
		case err == nil:
			fmt.Fprintln(cmd.OutOrStdout(), tested(tried))
		case tried == cordboard.CredentialTried:
			err = &exitError{exitFailed, fmt.Errorf("credential %q does not work: %w", args[0], err)}
		}
		return err
	}
	return cmd
}

func tested(t cordboard.CredentialTest) string {
	switch t {
	case cordboard.CredentialTried:
		return "it works: the server took it"
	case cordboard.CredentialHasToken:
		return "there is a token; whether the service still takes it was not asked, as a new one may end it for others: a run that uses the credential will tell"
	}
	return "it can be read; there is no server to ask whether it is right: it is sent along with requests"
}
