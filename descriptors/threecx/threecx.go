// Package threecx holds the descriptors of the 3CX node: a generated file for each version of 3CX's API, and how they
// are generated from 3CX's OpenAPI documents. It does not talk to a PBX and knows no operation by name.
package threecx

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/openapi"
	"github.com/cordboard/cordboard/schemas"
)

// Type is the node type in workflow files.
const Type = "n8n-nodes-3cx.threecx"

//go:embed 20.0.7.jsonl
var pages2007 string

//go:embed 20.0.10.jsonl
var pages20010 string

// apis are the versions of 3CX's API, by the typeVersion that stands for them in workflow files.
var apis = []struct {
	version float64
	api     string
}{
	{1, "20.0.7"},
	{2, "20.0.10"},
}

// Set returns the 3CX node at both versions: 1 is API 20.0.7, 2 is API 20.0.10.
func Set() (*descriptors.FileSet, error) {
	texts := []string{pages2007, pages20010}
	for _, a := range apis {
		text, ok := schemas.ThreeCX(a.api)
		if !ok {
			return nil, fmt.Errorf("the schemas of 3CX API %s are not in this program", a.api)
		}
		texts = append(texts, text)
	}
	return descriptors.NewFileSet(Type, texts...)
}

// Generate makes the generated files of the repository from 3CX's OpenAPI documents, xapi-VERSION.yaml in the folder:
// the text of each file by its path from the repository's root.
func Generate(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, a := range apis {
		doc, err := os.ReadFile(filepath.Join(folder, "xapi-"+a.api+".yaml"))
		if err != nil {
			return nil, fmt.Errorf("generate the 3CX node: %w", err)
		}
		f, err := openapi.Generate(context.Background(), doc, openapi.Options{
			Type: Type, Aliases: []string{"CUSTOM.threecx"}, DisplayName: "3CX", Version: a.version, Dialect: "3cx",
			Schemas: "threecx/" + a.api, BasePath: "/xapi/v1", Credential: "threeCXOAuth2Api",
		})
		if err != nil {
			return nil, fmt.Errorf("generate the 3CX node for API %s: %w", a.api, err)
		}
		if len(f.Warnings) > 0 {
			return nil, fmt.Errorf("generate the 3CX node for API %s: %d things are not understood, the first: %s", a.api, len(f.Warnings), f.Warnings[0])
		}
		f.Node.Description = "Manage a 3CX phone system through its configuration API, version " + a.api + "."
		if files["descriptors/threecx/"+a.api+".jsonl"], err = f.Pages(); err != nil {
			return nil, err
		}
		if files["schemas/threecx/"+a.api+".jsonl"], err = f.SchemaLines(); err != nil {
			return nil, err
		}
	}
	return files, nil
}
