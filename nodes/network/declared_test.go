package network_test

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/community"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/runtime/script"
)

// probe is the node of a package of our own in n8n's declarative style, imported as a user's would be. The cases of
// testdata/declarative were recorded with the same package in n8n.
func probe(t testing.TB, o network.Options, _ string) []nodes.Type {
	t.Helper()
	list, err := probeNodes()
	if err != nil {
		t.Fatal(err)
	}
	return declaredTypes(list, o)
}

func declaredTypes(list []*descriptors.Node, o network.Options) []nodes.Type {
	var types []nodes.Type
	for _, d := range list {
		types = append(types, nodes.Type{Descriptor: d, Node: network.Declared(d, o)})
	}
	return types
}

var probeNodes = sync.OnceValues(func() ([]*descriptors.Node, error) {
	p, err := readPackage(filepath.Join("..", "..", "descriptors", "community", "testdata", "probe"))
	if err != nil {
		return nil, err
	}
	return importPackage(p)
})

func readPackage(dir string) (community.Package, error) {
	p := community.Package{Files: map[string]string{}}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if ext := path.Ext(name); err != nil || d.IsDir() || ext != ".js" && ext != ".json" {
			return err
		}
		text, err := fs.ReadFile(root, name)
		p.Files[name] = string(text)
		return err
	})
	return p, err
}

// importer is the machine of all imports: the detector of races makes a new one slow.
var importer = sync.OnceValue(func() *script.Pool { return script.NewPool(script.Options{Machines: 1, Timeout: time.Minute}) })

var importing = script.NewProgram(community.Program)

func importPackage(p community.Package) ([]*descriptors.Node, error) {
	files, entries, err := p.Arguments()
	if err != nil {
		return nil, err
	}
	text, err := importer().Call(context.Background(), importing, nil, files, entries)
	if err != nil {
		return nil, err
	}
	imported, err := p.Convert(text)
	if err != nil {
		return nil, err
	}
	var list []*descriptors.Node
	for _, f := range imported.Files {
		set, err := f.Set() // through the file's form, as it is read back
		if err != nil {
			return nil, err
		}
		of, err := set.Nodes()
		if err != nil {
			return nil, err
		}
		list = append(list, of...)
	}
	return list, nil
}

// packagesVariable names a folder with community packages as npm unpacks them, NAME/package.json (make test fetches them where
// there is npm).
const packagesVariable = "CORDBOARD_TEST_PACKAGES"

// TestCommunityPackages runs every operation of packages that other people publish, imported: with only what is required and with
// all parameters, it must ask what n8n asks with the same package, and give the same items. With the race detector every fifth case runs.
func TestCommunityPackages(t *testing.T) {
	t.Parallel()
	folder := os.Getenv(packagesVariable)
	if folder == "" {
		t.Skip(packagesVariable + " does not name a folder with the packages; make test does")
	}
	for name, own := range map[string]string{"immojump": "", "zernio": "https://zernio.com", "firecrawl": ""} {
		p, err := readPackage(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join("testdata", "packages", name, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no cases of %s: %v", name, err)
		}
		list, err := importPackage(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			of := name + "/" + strings.TrimSuffix(filepath.Base(file), ".json")
			t.Run(of, func(t *testing.T) {
				t.Parallel()
				if reason := skippedOfPackages[of]; reason != "" {
					t.Skip(reason)
				}
				replay(t, file, func(_ testing.TB, o network.Options, address string) []nodes.Type {
					if own == "" {
						return declaredTypes(list, o)
					}
					var moved []*descriptors.Node // from the service's address to the server's
					for _, d := range list {
						m, routing := *d, *d.Routing
						routing.Defaults = []byte(strings.ReplaceAll(string(routing.Defaults), own, "http://"+address))
						if routing.Code != nil {
							code := *routing.Code
							code.Modules = []byte(strings.ReplaceAll(string(code.Modules), own, "http://"+address))
							routing.Code = &code
						}
						m.Routing = &routing
						moved = append(moved, &m)
					}
					return declaredTypes(moved, o)
				})
			})
		}
	}
}

const (
	unreadable = "n8n cannot read an expression of the package (catch without a parameter) and sends nothing; here it is evaluated"
)

var skippedOfPackages = map[string]string{
	"immojump/activity-update-least": unreadable,
	"immojump/activity-update-most":  unreadable, "immojump/contact-create-least": unreadable, "immojump/contact-create-most": unreadable,
	"immojump/contact-update-least": unreadable, "immojump/contact-update-most": unreadable, "immojump/immobilie-create-least": unreadable,
	"immojump/immobilie-create-most": unreadable, "immojump/immobilie-update-least": unreadable, "immojump/immobilie-update-most": unreadable,
}
