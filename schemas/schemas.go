// Package schemas owns the JSON Schemas (2020-12) of Cordboard and what is done with them: it compiles a schema once,
// checks values against it and says in plain words everything that is wrong with a value.
//
// It holds the schemas of the three files that Cordboard reads (workflow, descriptor, credentials) and the entities of
// 3CX's API. It does not know nodes, operations or workflows: callers bring a schema and a value, and a Loader where a
// schema refers to others. It imports no other package of Cordboard.
package schemas

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

// Addresses of the schemas of Cordboard's own files. Schemas of node sets have the form
// "cordboard://SET/API-VERSION/NAME", such as "cordboard://threecx/20.0.7/Pbx.User".
const (
	// Workflow is a workflow file as n8n saves it: one workflow, a list of them, or the answer of n8n's API.
	Workflow = "cordboard://schemas/workflow"
	// Descriptor is a hand-written descriptor file; of a generated file, each node, operation and schema.
	Descriptor = "cordboard://schemas/descriptor"
	// Credentials is the decrypted export of n8n's credentials.
	Credentials = "cordboard://schemas/credentials"
)

//go:embed workflow.json
var workflowSchema string

//go:embed descriptor.json
var descriptorSchema string

//go:embed credentials.json
var credentialsSchema string

//go:embed threecx/20.0.7.jsonl
var threecx2007 string

//go:embed threecx/20.0.10.jsonl
var threecx20010 string

// Own is the Loader of Workflow, Descriptor and Credentials.
func Own(address string) (json.RawMessage, error) {
	switch address {
	case Workflow:
		return json.RawMessage(workflowSchema), nil
	case Descriptor:
		return json.RawMessage(descriptorSchema), nil
	case Credentials:
		return json.RawMessage(credentialsSchema), nil
	}
	return nil, fmt.Errorf("no schema has the address %q; Cordboard's own are %s",
		address, strings.Join([]string{Workflow, Descriptor, Credentials}, ", "))
}

// ThreeCX returns the entity schemas of that version of 3CX's API ("20.0.7", "20.0.10"), a schema a line, each
// beginning with its "$id". It is a function so that programs which never call it do not carry the text.
func ThreeCX(version string) (string, bool) {
	switch version {
	case "20.0.7":
		return threecx2007, true
	case "20.0.10":
		return threecx20010, true
	}
	return "", false
}
