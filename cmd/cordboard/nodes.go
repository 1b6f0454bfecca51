package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/openapi"
	"github.com/cordboard/cordboard/descriptors/threecx/generate"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/schemas"
)

func nodesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "nodes", Short: "List, show and generate node types", Args: cobra.NoArgs, RunE: needsSubcommand}
	cmd.AddCommand(nodesListCommand(), nodesShowCommand(), nodesExampleCommand(), nodesGenerateCommand(), nodesImportCommand())
	return cmd
}

// nodesList is the command nodes list.
type nodesList struct {
	settings
	asJSON bool
}

func nodesListCommand() *cobra.Command {
	l := &nodesList{}
	cmd := &cobra.Command{
		Use: "list [TEXT]", Short: "List the node types there are, or those with a text in their type or label",
		Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error { return l.run(cmd, strings.Join(args, " ")) },
	}
	l.addPluginFlags(cmd)
	cmd.Flags().BoolVar(&l.asJSON, "json", false, "print the descriptors as JSON")
	return cmd
}

func (l *nodesList) run(cmd *cobra.Command, text string) error {
	types, closeAll, err := l.types(cmd)
	if err != nil {
		return err
	}
	defer closeAll()
	slices.SortStableFunc(types, func(a, b nodes.Type) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Descriptor.Type), strings.ToLower(b.Descriptor.Type)), slices.Compare(a.Descriptor.Versions, b.Descriptor.Versions))
	})
	all := make([]*descriptors.Node, len(types))
	for i, t := range types {
		all[i] = t.Descriptor
	}
	types = slices.DeleteFunc(types, func(t nodes.Type) bool { return !mentions(t.Descriptor, text) })
	if len(types) == 0 {
		return noneMentions(all, text)
	}
	if l.asJSON {
		list := make([]*descriptors.Node, len(types))
		for i, t := range types {
			list[i] = t.Descriptor.Whole()
		}
		return printJSON(cmd.OutOrStdout(), list)
	}
	rows := make([][]any, len(types))
	for i, t := range types {
		d := t.Descriptor
		rows[i] = []any{d.Type, versions(d.Versions), d.DisplayName + counted(d) + " (" + t.Origin + ")"}
	}
	return table(cmd.OutOrStdout(), "", rows)
}

// mentions reports whether a node's type or label has a text, case and spaces aside.
func mentions(d *descriptors.Node, text string) bool {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }
	return strings.Contains(plain(d.Type), plain(text)) || strings.Contains(plain(d.DisplayName), plain(text))
}

// nearestType is the type of the node whose type, with its package or without, or label is nearest to a text; "" if none is near.
func nearestType(all []*descriptors.Node, text string) string {
	of := map[string]string{}
	var names []string
	for _, d := range all {
		label, _, _ := strings.Cut(d.DisplayName, " (")
		for _, name := range []string{d.Type[strings.LastIndex(d.Type, ".")+1:], label, d.Type} {
			if of[name] == "" {
				of[name] = d.Type
				names = append(names, name)
			}
		}
	}
	return of[schemas.Nearest(text, names)]
}

// noneMentions is the error where no node has a text in its type or label.
func noneMentions(all []*descriptors.Node, text string) error {
	if near := nearestType(all, text); near != "" {
		return fmt.Errorf("no node type has %q in its type or label; did you mean %s?", text, near)
	}
	return fmt.Errorf("no node type has %q in its type or label; cordboard nodes list lists all, and nodes generate and nodes import make others", text)
}

// counted says how many resources and operations the newest version of a node has.
func counted(d *descriptors.Node) string {
	_, newest, _ := descriptors.Newest([]*descriptors.Node{d}, d.Type) // without versions it has no operations
	resources, operations := d.Choices(newest), 0
	for _, r := range resources {
		operations += len(r.Operations)
	}
	switch {
	case resources == nil:
		return ""
	case resources[0].Name == "":
		return ", " + descriptors.Plural(operations, "operation")
	}
	return ", " + descriptors.Plural(len(resources), "resource") + ", " + descriptors.Plural(operations, "operation")
}

func versions(list []float64) string {
	text := make([]string, len(list))
	for i, v := range list {
		text[i] = fmt.Sprint(v)
	}
	return strings.Join(text, ", ")
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// types returns all node types; a plugin that cannot be used is told on standard error.
func (s *settings) types(cmd *cobra.Command) ([]nodes.Type, func(), error) {
	rt, closeAll, err := s.open(cmd, nil)
	if err != nil {
		return nil, nil, err
	}
	types, err := rt.Types(cmd.Context())
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+err.Error())
	}
	return types, closeAll, nil
}

func nodesShowCommand() *cobra.Command {
	var (
		s       settings
		asJSON  bool
		version float64
	)
	cmd := &cobra.Command{
		Use:   "show TYPE [RESOURCE [OPERATION]]",
		Short: "Show what a node type takes and gives",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 3 {
				return errors.New("this command takes a node type, and of one with operations a resource and an operation; see --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			types, closeAll, err := s.types(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			args = append(args, "", "")
			set := typeSet{cmd.Context(), types}
			if err := set.knows(args[0]); err != nil {
				return err
			}
			if asJSON {
				return showJSON(cmd.OutOrStdout(), set, args[0], version, args[1], args[2])
			}
			return descriptors.Show(cmd.OutOrStdout(), set, args[0], version, args[1], args[2])
		},
	}
	s.addPluginFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the descriptor as JSON")
	cmd.Flags().Float64Var(&version, "type-version", 0, "typeVersion to show; default the newest")
	return cmd
}

func nodesExampleCommand() *cobra.Command {
	var (
		s       settings
		version float64
		curl    string
	)
	cmd := &cobra.Command{
		Use:   "example TYPE [[RESOURCE] OPERATION]",
		Short: "Print a workflow file that executes a node or one of its operations",
		Example: `  cordboard nodes example n8n-nodes-3cx.threecx Users "Get User"
  cordboard nodes example n8n-nodes-base.httpRequest --curl 'curl -X POST https://example.com/api -d "a=1"'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 3 {
				return errors.New("this command takes a node type, and of one with operations a resource and an operation; see --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			types, closeAll, err := s.types(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			args = append(args, "", "")
			var text []byte
			if err := (typeSet{cmd.Context(), types}).knows(args[0]); err != nil {
				return err
			}
			if curl != "" {
				text, err = exampleFromCurl(types, args[0], curl)
			} else {
				text, err = descriptors.Example(typeSet{cmd.Context(), types}, args[0], version, args[1], args[2])
			}
			if err == nil {
				_, err = cmd.OutOrStdout().Write(text)
			}
			return err
		},
	}
	s.addPluginFlags(cmd)
	cmd.Flags().Float64Var(&version, "type-version", 0, "typeVersion to use; default the newest")
	cmd.Flags().StringVar(&curl, "curl", "", "of HTTP Request: the curl command whose request it makes")
	return cmd
}

// exampleFromCurl is a workflow with an HTTP Request node that does what a curl command does.
func exampleFromCurl(types []nodes.Type, nodeType, command string) ([]byte, error) {
	const typ, version = "n8n-nodes-base.httpRequest", 4.2
	if !strings.EqualFold(nodeType, typ) {
		return nil, fmt.Errorf("--curl is for %s, and not for %s", typ, nodeType)
	}
	parameters, err := network.FromCurl(command)
	if err != nil {
		return nil, fmt.Errorf("--curl: %w", err)
	}
	for _, t := range types {
		if t.Descriptor.Is(typ) {
			return descriptors.ExampleWith(t.Descriptor, version, t.Descriptor.DisplayName, json.RawMessage(parameters))
		}
	}
	return nil, fmt.Errorf("there is no node type %s", typ)
}

func showJSON(w io.Writer, set typeSet, nodeType string, version float64, resource, operation string) error {
	list, err := set.Nodes()
	if err != nil {
		return err
	}
	node, newest, err := descriptors.Newest(list, nodeType)
	if version == 0 {
		version = newest
	} else {
		node, err = descriptors.PickVersion(list, nodeType, version)
	}
	switch {
	case err != nil:
		return err
	case resource == "":
		return printJSON(w, node.Whole())
	case len(node.Resources) == 0 && node.Choices(version) != nil:
		return choiceJSON(w, node, version, resource, operation)
	}
	r, err := node.Resource(resource)
	if err != nil {
		return err
	}
	if operation == "" {
		return printJSON(w, r)
	}
	op, err := set.Operation(node.Type, version, resource, operation)
	if err != nil {
		return err
	}
	return printJSON(w, op)
}

// choiceJSON prints a resource or an operation of a node without pages.
func choiceJSON(w io.Writer, node *descriptors.Node, version float64, resource, operation string) error {
	list := node.Choices(version)
	at := slices.IndexFunc(list, func(r descriptors.Resource) bool { return r.Name == resource })
	if at >= 0 && operation == "" && list[at].Operations[0].Name != "" {
		return printJSON(w, &list[at])
	}
	one, err := node.Choice(version, resource, operation)
	if err != nil {
		return err
	}
	return printJSON(w, one)
}

// typeSet shows registered types, those of plugins among them, as a descriptors.Set.
type typeSet struct {
	ctx   context.Context
	types []nodes.Type
}

var _ descriptors.Set = typeSet{}

// knows refuses a type that there is not, with the one that is nearest by type or label.
func (s typeSet) knows(nodeType string) error {
	all, err := s.Nodes()
	if err != nil || slices.ContainsFunc(all, func(d *descriptors.Node) bool { return d.Is(nodeType) }) {
		return err
	}
	if near := nearestType(all, nodeType); near != "" {
		return fmt.Errorf("no node has the type %q; did you mean %s?", nodeType, near)
	}
	return fmt.Errorf("no node has the type %q; see: cordboard nodes list", nodeType)
}

// Nodes is descriptors.Set's.
func (s typeSet) Nodes() ([]*descriptors.Node, error) {
	list := make([]*descriptors.Node, len(s.types))
	for i, t := range s.types {
		list[i] = t.Descriptor
	}
	return list, nil
}

// Operation is descriptors.Set's.
func (s typeSet) Operation(nodeType string, version float64, resource, operation string) (*descriptors.Operation, error) {
	for _, t := range s.types {
		checked, ok := t.Node.(nodes.Checked)
		if d, err := descriptors.PickVersion([]*descriptors.Node{t.Descriptor}, nodeType, version); ok && err == nil {
			r, err := d.Resource(resource)
			if err != nil {
				return nil, err
			}
			if _, err := r.Operation(operation); err != nil {
				return nil, err
			}
			return checked.Operation(s.ctx, version, resource, operation)
		}
	}
	return nil, fmt.Errorf("the node type %s has no operations", nodeType)
}

// Schema is descriptors.Set's.
func (s typeSet) Schema(address string) (json.RawMessage, error) {
	err := fmt.Errorf("no node type knows the schema %s", address)
	for _, t := range s.types {
		if checked, ok := t.Node.(nodes.Checked); ok {
			var schema []byte
			if schema, err = checked.Schema(s.ctx, address); err == nil {
				return schema, nil
			}
		}
	}
	return nil, err
}

func nodesGenerateCommand() *cobra.Command {
	var (
		o              openapi.Options
		from, out, tcx string
	)
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Make a node set of an OpenAPI 3 document",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if tcx != "" {
				return generateThreeCX(tcx, out)
			}
			if from == "" || o.Type == "" {
				return errors.New("--openapi FILE|URL and --type NAME are needed")
			}
			doc, err := readDocument(cmd.Context(), from)
			if err != nil {
				return fmt.Errorf("--openapi: %w", err)
			}
			file, err := openapi.Generate(doc, o)
			if err != nil {
				return err
			}
			for _, w := range file.Warnings {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+w)
			}
			if out != "" {
				return descriptors.WriteFile(out, file)
			}
			text, err := file.Bytes()
			if err == nil {
				_, err = cmd.OutOrStdout().Write(text)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "openapi", "", "the OpenAPI document: a file or an address")
	f.StringVar(&o.Type, "type", "", "node type to give the set, such as acme.crm")
	f.StringVar(&o.DisplayName, "name", "", "label of the node")
	f.Float64Var(&o.Version, "type-version", 1, "typeVersion of the node")
	f.StringVar(&o.Dialect, "dialect", "", "manner of the API: plain, odata or 3cx (default: what the document looks like)")
	f.StringVar(&o.BasePath, "base-path", "", "path between the base URL and the operations' paths")
	f.StringVar(&o.Credential, "credential", "", "credential type that the node takes")
	f.StringVar(&out, "out", "", "file to write (default standard output); for --threecx the repository's folder")
	f.StringVar(&tcx, "threecx", "", "folder with 3CX's documents: make the descriptors of this repository")
	return cmd
}

func generateThreeCX(folder, out string) error {
	files, err := generate.Files(folder)
	if err != nil {
		return err
	}
	for path, text := range files {
		if err := os.WriteFile(filepath.Join(out, path), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

const maxDocument = 64 << 20

func readDocument(ctx context.Context, from string) ([]byte, error) {
	if !strings.HasPrefix(from, "http://") && !strings.HasPrefix(from, "https://") {
		return os.ReadFile(from)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, fmt.Errorf("%s is no address", shownAddress(from))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, unanswered(req, err, "check the address, and that the server runs, or give a file")
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, answered(req, res, "give the address at which the document itself can be read, or a file")
	}
	return io.ReadAll(http.MaxBytesReader(nil, res.Body, maxDocument))
}
