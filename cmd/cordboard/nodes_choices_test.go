package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

// packages are npm packages whose nodes are declarative: two of ours, and what make test has fetched of others'.
func packages(t *testing.T) []string {
	t.Helper()
	list := []string{bookshop, "../../descriptors/community/testdata/probe"}
	fetched, err := filepath.Glob("../../.tools/community/*.tgz")
	if err != nil {
		t.Fatal(err)
	}
	if len(fetched) == 0 {
		t.Log("packages of others are not there")
	}
	return append(list, fetched...)
}

// TestExamplesOfChoices: each operation of each node, imported ones among them, has a page and an example that nothing is wrong with.
func TestExamplesOfChoices(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	for _, from := range packages(t) {
		cordboardRun(t, "", "nodes", "import", from, "--data-dir", data).has(t, 0, "written to "+filepath.Join(data, "plugins", "cordboard-node-"))
	}
	o := cordboard.Options{PluginDirs: []string{filepath.Join(data, "plugins")}, TokenDir: t.TempDir()}
	rt, err := cordboard.New(o)
	if err != nil {
		t.Fatal(err)
	}
	types, err := rt.Types(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, ty := range types {
		for _, use := range ty.Descriptor.Credentials {
			o.Credentials = append(o.Credentials, credentials.Credential{
				Name: ty.Descriptor.DisplayName, Type: use.Type, Data: json.RawMessage(`{"clientId":"a","clientSecret":"b","baseUrl":"http://127.0.0.1:1","accessTokenUrl":"http://127.0.0.1:1/t"}`),
			})
		}
	}
	_ = rt.Close() // it has run nothing
	if rt, err = cordboard.New(o); err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	operations := 0
	set := typeSet{t.Context(), types}
	for _, ty := range types {
		if len(ty.Descriptor.Resources) > 0 || ty.Descriptor.Trigger {
			continue
		}
		versions := ty.Descriptor.Versions
		if n := len(versions); n > 2 { // those between have the one's parameters or the other's
			versions = []float64{versions[0], versions[n-1]}
		}
		for _, version := range versions {
			for _, r := range ty.Descriptor.Choices(version) {
				for _, op := range r.Operations {
					operations++
					checkExample(t, rt, set, ty, version, r.Name, op.Name)
				}
			}
		}
	}
	if operations < 280 { // without packages of others
		t.Errorf("%d operations were seen", operations)
	}
}

func checkExample(t *testing.T, rt *cordboard.Runtime, set descriptors.Set, ty nodes.Type, version float64, resource, operation string) {
	t.Helper()
	name := ty.Descriptor.Type + " " + resource + " " + operation
	var page strings.Builder
	if err := descriptors.Show(&page, set, ty.Descriptor.Type, version, resource, operation); err != nil || !strings.Contains(page.String(), `"operation": "`+operation) && operation != "" {
		t.Errorf("%s: its page is %q, %v", name, page.String(), err)
	}
	text, err := descriptors.Example(set, ty.Descriptor.Type, version, resource, operation)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	flow, err := rt.Load(t.Context(), name, text)
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, text)
		return
	}
	problems := append(flow.Problems, flow.Review()...)
	if err := problems.Err(); err != nil || len(problems) > 0 {
		t.Errorf("%s: %v %v\n%s", name, err, problems, text)
	}
	var wrong runtime.Problems
	if errors.As(flow.CanStart("Manual Trigger"), &wrong) {
		t.Errorf("%s cannot start: %v", name, wrong)
	}
}

// TestChoicePages are the pages of an imported node, as a person goes through them.
func TestChoicePages(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	flags := []string{"--data-dir", data}
	run := func(args ...string) answer { return cordboardRun(t, "", append(args, flags...)...) }
	cordboardRun(t, "", "nodes", "import", bookshop, "--data-dir", data, "--out", "x").has(t, 2, "--out and --data-dir")
	run("nodes", "import", bookshop).has(t, 0, "written to "+filepath.Join(data, "plugins", "cordboard-node-bookshop.jsonl"))
	const shop = "n8n-nodes-bookshop.bookshop"
	run("nodes", "list").has(t, 0, "Bookshop, 2 resources, ")
	run("nodes", "show", shop).has(t, 0, "RESOURCES: 2, with ", "book   create, list, search, sign, price", `More: cordboard nodes show n8n-nodes-bookshop.bookshop "book"`)
	run("nodes", "show", shop, "book").has(t, 0, "create  POST  /books", `n8n-nodes-bookshop.bookshop "book" "create"`)
	page := run("nodes", "show", shop, "book", "price")
	page.has(t, 0, "book: price", "PUT ", "amount                    number           required; default 0", `"amount": `)
	if strings.Contains(page.stdout, "title") {
		t.Errorf("the page has what is another operation's:\n%s", page.stdout)
	}
	run("nodes", "show", shop, "book", "price", "--json").has(t, 0, `"operation": "price"`, `"name": "isbn"`)
	run("nodes", "show", shop, "order", "--json").has(t, 0, `"name": "cancel"`, `"method": "DELETE"`)
	run("nodes", "show", shop, "shelf").has(t, 2, `has no resource "shelf"`)
	run("nodes", "show", shop, "book", "prise").has(t, 2, `resource "book" has no operation "prise"; did you mean "price"?`)
	run("nodes", "example", shop, "book", "prise").has(t, 2, `did you mean "price"?`)
	run("nodes", "example", shop).has(t, 0, `"resource": "book"`, `"operation": `, `"bookshopApi"`)
	run("nodes", "show", "n8n-nodes-base.redis").has(t, 0, "OPERATIONS: 10", `More: cordboard nodes show n8n-nodes-base.redis "delete"`)
	run("nodes", "example", "n8n-nodes-base.redis", "publish").has(t, 0, `"channel": "text"`, `"redis": {`)
	run("nodes", "example", "n8n-nodes-base.set", "publish").has(t, 2, "has no resources")
	// A set of another package is not written over.
	other := filepath.Join(data, "plugins", "cordboard-node-probe.jsonl")
	if err := os.WriteFile(other, []byte(`{"format":"cordboard.descriptor/1","node":{"type":"acme.probe"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	run("nodes", "import", "../../descriptors/community/testdata/probe").has(t, 2, "is there already, with the node acme.probe of another package")
}
