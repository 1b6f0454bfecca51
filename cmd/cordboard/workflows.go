package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/store"
)

func workflowsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "workflows", Short: "Keep workflows in the data directory or database", Args: cobra.NoArgs, RunE: needsSubcommand}
	cmd.AddCommand(workflowsImportCommand(), workflowsExportCommand(), workflowsListCommand(), workflowsActivateCommand(true), workflowsActivateCommand(false), workflowsRemoveCommand())
	return cmd
}

func workflowsImportCommand() *cobra.Command {
	var s storing
	var active bool
	cmd := &cobra.Command{
		Use: "import FILE…", Short: "Keep workflows of n8n's files: one, an array, or a directory of them",
		Long: "Import keeps the workflows of n8n's exports. One with the id of a workflow that is there becomes its next version, and stays\n" +
			"active if it is and can be served; others are inactive, as n8n imports them. Standard output gets their ids.",
		Args: atLeastOne("files, or directories of them"),
	}
	s.addStoreFlags(cmd)
	cmd.Flags().BoolVar(&active, "active", false, "make active what is active in the files")
	cmd.Flags().StringVar(&s.pluginDir, "plugin-dir", "", "a further directory with plugins")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		var all []imported
		for _, file := range args {
			list, err := readWorkflows(cmd, file)
			if err != nil {
				return err
			}
			all = append(all, list...)
		}
		s.stored = listedCredentials{storedCredentials{db}}
		for _, one := range all { // all of them could be read
			if err := s.stillServable(cmd, db, one); err != nil {
				return fmt.Errorf("%s: %w", one.file, err)
			}
		}
		for _, one := range all {
			id, err := one.keep(cmd.Context(), db, active)
			if err != nil {
				return fmt.Errorf("%s: %w", one.file, err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), id)
		}
		return nil
	})
	return cmd
}

// imported is a workflow of a file.
type imported struct{ file, text string }

// readWorkflows reads a file, standard input, or all files of a directory.
func readWorkflows(cmd *cobra.Command, name string) ([]imported, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		files, err := filepath.Glob(filepath.Join(name, "*.json"))
		if err != nil {
			return nil, err
		}
		var all []imported
		for _, file := range files {
			list, err := readWorkflows(cmd, file)
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: there is no file *.json in this directory", name)
		}
		return all, nil
	}
	text, err := readFile(cmd, name)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	if !json.Valid(text) {
		return nil, fmt.Errorf("%s: this is not JSON", name)
	}
	v := gjson.ParseBytes(text)
	if data := v.Get("data"); v.IsObject() && data.Exists() && !v.Get("nodes").Exists() { // an answer of the API
		v = data
	}
	list := []gjson.Result{v}
	if v.IsArray() {
		list = v.Array()
	}
	out := make([]imported, len(list))
	for i, w := range list {
		out[i] = imported{name, w.Raw}
		if _, err := runtime.ParseWorkflow(name, []byte(w.Raw)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// keep writes the workflow to the store, with its tags.
func (w imported) keep(ctx context.Context, db *store.Store, active bool) (id string, err error) {
	file := gjson.Parse(w.text)
	next := store.Workflow{ID: file.Get("id").String(), Name: file.Get("name").Str, JSON: w.text, Active: active && file.Get("active").Bool()}
	if next.ID != "" {
		old, err := db.Workflow(ctx, next.ID)
		switch {
		case err == nil:
			next.Active = next.Active || old.Active && old.Source == "" // a file's is active for its server alone
		case !errors.Is(err, store.ErrNotFound):
			return "", err
		}
	}
	kept, err := db.SaveWorkflow(ctx, next)
	if err != nil {
		return "", err
	}
	if static := file.Get("staticData"); static.IsObject() && len(static.Map()) > 0 {
		if now, err := db.StaticData(ctx, kept.ID); err == nil && now == "" { // what it remembers by now goes before the file
			if err := db.SetStaticData(ctx, kept.ID, static.Raw); err != nil {
				return "", err
			}
		}
	}
	return kept.ID, tag(ctx, db, kept.ID, file.Get("tags"))
}

// tag gives a workflow the tags of its file, by name; a file without tags changes nothing.
func tag(ctx context.Context, db *store.Store, id string, tags gjson.Result) error {
	if !tags.IsArray() {
		return nil
	}
	known, err := db.Tags(ctx, "", 0)
	if err != nil {
		return err
	}
	ids := []string{}
	for _, name := range tagNames(tags) {
		at := slices.IndexFunc(known, func(t store.Tag) bool { return t.Name == name })
		if at < 0 {
			made, err := db.SaveTag(ctx, store.Tag{Name: name})
			if err != nil {
				return err
			}
			known, at = append(known, made), len(known)
		}
		ids = append(ids, known[at].ID)
	}
	return db.SetTags(ctx, id, ids)
}

// tagNames reads tags as files have them: objects, or names.
func tagNames(tags gjson.Result) (names []string) {
	for _, t := range tags.Array() {
		name := t.Get("name").Str
		if t.Type == gjson.String {
			name = t.Str
		}
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// exportWorkflow is the text of a file: the workflow as it was imported or made, with its id, name, state and tags of now. What
// changes by itself is left out, so that the same workflow gives the same bytes.
func exportWorkflow(w store.Workflow) ([]byte, error) {
	file := gjson.Parse(w.JSON)
	set := [][2]string{{"id", quote(w.ID)}, {"name", quote(w.Name)}, {"active", fmt.Sprint(w.Active)}}
	names := tagNames(file.Get("tags"))
	slices.Sort(names)
	var tags []map[string]string
	var now []string
	for _, t := range w.Tags {
		now = append(now, t.Name)
		tags = append(tags, map[string]string{"id": t.ID, "name": t.Name})
	}
	slices.Sort(now)
	if !slices.Equal(names, now) {
		text, err := json.Marshal(tags)
		if err != nil {
			return nil, err
		}
		if tags == nil {
			text = []byte("[]")
		}
		set = append(set, [2]string{"tags", string(text)})
	}
	var b bytes.Buffer
	err := json.Indent(&b, []byte(setMembers(file, set)), "", "  ")
	return b.Bytes(), err
}

func quote(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // it is a string
	return strings.TrimSpace(b.String())
}

// setMembers sets members of an object where they stand, the new ones behind the others. A member that has the value already keeps its text.
func setMembers(object gjson.Result, set [][2]string) string {
	var members []string
	done := map[string]bool{}
	object.ForEach(func(key, v gjson.Result) bool {
		raw := v.Raw
		for _, m := range set {
			if m[0] == key.Str && v.String() != gjson.Parse(m[1]).String() {
				raw = m[1]
			}
		}
		done[key.Str] = true
		members = append(members, key.Raw+":"+raw)
		return true
	})
	for _, m := range set {
		if !done[m[0]] {
			members = append(members, quote(m[0])+":"+m[1])
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

type exporting struct {
	storing
	id, output    string
	all, separate bool
}

func workflowsExportCommand() *cobra.Command {
	s := &exporting{}
	cmd := &cobra.Command{
		Use: "export --id ID|NAME | --all", Short: "Write workflows as n8n's files: one, an array, or a file each in a directory",
		Args: exactArgs(0, "no arguments: name a workflow with --id"),
	}
	s.addStoreFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&s.id, "id", "", "the workflow's id or name")
	f.BoolVar(&s.all, "all", false, "all workflows but those that servers were given as files")
	f.StringVar(&s.output, "output", "", "file or directory to write to (default standard output)")
	f.BoolVar(&s.separate, "separate", false, "a file ID.json each in the directory --output")
	cmd.RunE = s.with(s.run)
	return cmd
}

func (s *exporting) run(cmd *cobra.Command, db *store.Store, _ []string) error {
	var list []store.Workflow
	var err error
	switch {
	case s.all == (s.id != ""):
		return errors.New("say which: --id ID|NAME or --all")
	case s.all:
		list, err = db.Workflows(cmd.Context(), store.WorkflowFilter{})
		all := len(list)
		list = slices.DeleteFunc(list, func(w store.Workflow) bool { return w.Source != "" })
		if files := all - len(list); files > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "left out, as servers were given them as files: %d (cordboard workflows list tells which)\n", files)
		}
	default:
		var one store.Workflow
		one, err = workflowNamed(cmd.Context(), db, s.id)
		list = []store.Workflow{one}
	}
	if err != nil {
		return err
	}
	info, statErr := os.Stat(s.output)
	if s.separate || statErr == nil && info.IsDir() {
		return s.writeEach(cmd, list)
	}
	var b bytes.Buffer
	for i, w := range list {
		text, err := exportWorkflow(w)
		if err != nil {
			return fmt.Errorf("workflow %q: %w", w.ID, err)
		}
		if s.all {
			b.WriteString(map[bool]string{true: "[\n  ", false: ",\n  "}[i == 0])
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\n  "))
		}
		b.Write(text)
	}
	switch {
	case s.all && len(list) == 0:
		b.WriteString("[]")
	case s.all:
		b.WriteString("\n]")
	}
	b.WriteByte('\n')
	if s.output == "" {
		_, err = cmd.OutOrStdout().Write(b.Bytes())
		return err
	}
	return os.WriteFile(s.output, b.Bytes(), 0o644)
}

func (s *exporting) writeEach(cmd *cobra.Command, list []store.Workflow) error {
	if s.output == "" {
		return errors.New("--separate: say into which directory, with --output")
	}
	if err := os.MkdirAll(s.output, 0o755); err != nil { //nolint:gosec // workflow files may be read by others
		return err
	}
	for _, w := range list {
		name := w.ID + ".json"
		if !fs.ValidPath(name) || strings.ContainsAny(name, `/\:`) || strings.HasPrefix(name, ".") {
			return fmt.Errorf("the workflow %q cannot be written to a file of its own: its id %q is no file name", w.Name, w.ID)
		}
		text, err := exportWorkflow(w)
		if err == nil {
			err = os.WriteFile(filepath.Join(s.output, name), append(text, '\n'), 0o644)
		}
		if err != nil {
			return fmt.Errorf("workflow %q: %w", w.ID, err)
		}
		fmt.Fprintln(cmd.ErrOrStderr(), filepath.Join(s.output, name))
	}
	return nil
}

func workflowsListCommand() *cobra.Command {
	var s storing
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the workflows", Args: exactArgs(0, "no arguments")}
	s.addStoreFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, _ []string) error {
		list, err := db.Workflows(cmd.Context(), store.WorkflowFilter{})
		if err != nil {
			return err
		}
		out, rows := []map[string]any{}, [][]any{}
		for _, w := range list {
			names := []string{}
			for _, t := range w.Tags {
				names = append(names, t.Name)
			}
			out = append(out, map[string]any{
				"id": w.ID, "name": w.Name, "active": w.Active, "versionId": w.VersionID, "file": w.Source, "updatedAt": when(w.UpdatedAt), "tags": names,
			})
			state := map[bool]string{true: "active", false: "-"}[w.Active]
			if w.Source != "" { // it is served where a server is given the file
				state = "file"
			}
			rows = append(rows, []any{w.ID, state, when(w.UpdatedAt), strings.Join(names, ","), w.Name, w.Source})
		}
		if asJSON {
			return printJSON(cmd.OutOrStdout(), out)
		}
		return table(cmd.OutOrStdout(), "ID\tSTATE\tCHANGED\tTAGS\tNAME\tFILE", rows)
	})
	return cmd
}

func workflowsActivateCommand(active bool) *cobra.Command {
	var s storing
	use, short := "activate ID|NAME", "Have a workflow's triggers served"
	if !active {
		use, short = "deactivate ID|NAME", "Have a workflow's triggers served no longer"
	}
	cmd := &cobra.Command{
		Use: use, Short: short, Args: exactArgs(1, "the workflow's id or name"),
		Long: short + ". Servers that run follow within some seconds; the REST API does so at once.",
	}
	s.addStoreFlags(cmd)
	cmd.Flags().StringVar(&s.pluginDir, "plugin-dir", "", "a further directory with plugins")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		w, err := workflowNamed(cmd.Context(), db, args[0])
		if err != nil {
			return err
		}
		alive, err := db.ServerAlive(cmd.Context(), serverSilent)
		if err != nil {
			return err
		}
		if w.Source != "" && (!active || w.Active && alive) {
			return servedFile(w)
		}
		if active {
			if err := s.activatable(cmd, db, w, alive); err != nil {
				return err
			}
			w.Source = "" // it is no file's any more
		}
		w.Active = active
		if _, err := db.SaveWorkflow(cmd.Context(), w); err != nil {
			return err
		}
		if alive {
			fmt.Fprintln(cmd.ErrOrStderr(), "the servers that run follow within some seconds")
		}
		return nil
	})
	return cmd
}

// activatable says what keeps a workflow from being made active: it cannot be served, or another one that is active has an address of its
// webhooks. The workflows of files count where a server runs, which has them.
func (s *storing) activatable(cmd *cobra.Command, db *store.Store, w store.Workflow, files bool) error {
	s.stored = listedCredentials{storedCredentials{db}}
	if err := s.servable(cmd, w); err != nil {
		return err
	}
	srv, closeAll, err := s.engine(cmd, db)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := srv.Conflict(cmd.Context(), w, files); err != nil {
		return fmt.Errorf("workflow %q was not activated (deactivate the other one, or give one of them another path): %w", w.Name, err)
	}
	return nil
}

// stillServable refuses a version of an active workflow that could not be served.
func (s *storing) stillServable(cmd *cobra.Command, db *store.Store, w imported) error {
	id := gjson.Get(w.text, "id").String()
	old, err := db.Workflow(cmd.Context(), id)
	if id == "" || errors.Is(err, store.ErrNotFound) || err == nil && !old.Active {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.servable(cmd, store.Workflow{ID: id, JSON: w.text}); err != nil {
		return fmt.Errorf("workflow %q is active, and this version of it cannot be served (nothing was imported; mend it, or deactivate the workflow first): %w", id, err)
	}
	return nil
}

// servable says what keeps a workflow from being served.
func (s *storing) servable(cmd *cobra.Command, w store.Workflow) error {
	rt, closeAll, err := s.open(cmd, nil)
	if err != nil {
		return err
	}
	defer closeAll()
	flow, err := rt.Load(cmd.Context(), "workflow "+w.ID, []byte(w.JSON))
	if err != nil {
		return err
	}
	triggers := flow.Triggers()
	if len(triggers) == 0 {
		return fmt.Errorf("workflow %q has no trigger that waits for events: add a Webhook or a Schedule Trigger", w.ID)
	}
	for _, t := range triggers {
		if err := flow.CanStart(t.Name); err != nil {
			return err
		}
	}
	return nil
}
