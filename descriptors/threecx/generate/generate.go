// Package generate makes the 3CX node's descriptors and schemas of 3CX's OpenAPI documents. It is apart from package
// threecx so that the plugin does not carry what reads OpenAPI: 3 MB, and a third of its initialisation.
package generate

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cordboard/cordboard/descriptors/openapi"
	"github.com/cordboard/cordboard/descriptors/threecx"
)

// Files makes the generated files of the repository from 3CX's OpenAPI documents, xapi-VERSION.yaml in the folder:
// the text of each file by its path from the repository's root.
func Files(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, a := range threecx.APIs() {
		doc, err := os.ReadFile(filepath.Join(folder, "xapi-"+a.Version+".yaml"))
		if err != nil {
			return nil, fmt.Errorf("generate the 3CX node: %w", err)
		}
		f, err := openapi.Generate(doc, openapi.Options{
			Type: threecx.Type, Aliases: []string{"CUSTOM.threecx"}, DisplayName: "3CX", Version: a.TypeVersion, Dialect: "3cx",
			Schemas: "threecx/" + a.Version, BasePath: "/xapi/v1", Credential: "threeCXOAuth2Api",
		})
		if err != nil {
			return nil, fmt.Errorf("generate the 3CX node for API %s: %w", a.Version, err)
		}
		if len(f.Warnings) > 0 {
			return nil, fmt.Errorf("generate the 3CX node for API %s: %d things are not understood, the first: %s", a.Version, len(f.Warnings), f.Warnings[0])
		}
		f.Node.Description = "Manage a 3CX phone system through its configuration API, version " + a.Version + "."
		if files["descriptors/threecx/"+a.Version+".jsonl"], err = f.Pages(); err != nil {
			return nil, err
		}
		if files["schemas/threecx/"+a.Version+".jsonl"], err = f.SchemaLines(); err != nil {
			return nil, err
		}
	}
	return files, nil
}
