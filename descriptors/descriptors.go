// Package descriptors says what a node is, as data: its type name and versions, the credentials it takes,
// its resources, operations and properties, and for request nodes the HTTP request an operation makes.
//
// It owns the model, loading, linting, looking up and printing of descriptors. It does not run anything:
// package nodes holds behaviour, nodes/request turns a Request into HTTP.
package descriptors

import "encoding/json"

// Node describes a node type at the versions listed. A node without resources (all core nodes) has its
// parameters in Properties; a node with resources has a page for each operation, fetched with Set.Operation,
// because 3CX's are 600 and a workflow uses three.
type Node struct {
	// Type is the name in workflow files, such as "n8n-nodes-base.set". Types are compared without regard to case.
	Type string `json:"type"`
	// Aliases are other type names under which the node is known.
	Aliases []string `json:"aliases,omitempty"`
	// DisplayName is the label for people; Description one sentence.
	DisplayName string `json:"displayName"`
	Description string `json:"description,omitempty"`
	// Versions lists the typeVersion values that this descriptor serves.
	Versions []float64 `json:"versions"`
	// Trigger is set for nodes that start runs.
	Trigger bool `json:"trigger,omitempty"`
	// Inputs and Outputs are the labels of the main connectors, in order; nil means one called "main".
	Inputs  []string `json:"inputs,omitempty"`
	Outputs []string `json:"outputs,omitempty"`
	// Credentials are the credential types the node takes.
	Credentials []CredentialUse `json:"credentials,omitempty"`
	// Dialect names the API's manner of speaking, for request nodes: plain, odata or 3cx.
	Dialect string `json:"dialect,omitempty"`
	// BasePath is joined between the credential's base URL and an operation's path, such as "/xapi/v1".
	BasePath string `json:"basePath,omitempty"`
	// BaseURL is where a credential that has no base URL of its own, or no credential, sends to.
	BaseURL string `json:"baseUrl,omitempty"`
	// Routing is set for a declarative node: what its requests are is said by the routing of its properties.
	Routing *Routing `json:"routing,omitempty"`
	// Properties are the parameters of a node without resources; of a node with resources, those that
	// every operation has (requestOptions). AllProperties returns them also where they are not parsed yet.
	Properties []Property `json:"properties,omitempty"`
	// PropertyNames are the names of the parameters that any operation has: a parameter that is in here
	// and not in the operation at hand is a leftover, one that is not in here is a mistake.
	PropertyNames []string   `json:"propertyNames,omitempty"`
	Resources     []Resource `json:"resources,omitempty"`

	later *later
}

// CredentialUse is a credential type that a node takes.
type CredentialUse struct {
	Type     string `json:"type"`
	Required bool   `json:"required,omitempty"`
	// Show and Hide say, as those of a Property, with which parameters the node takes it; nil: always.
	Show map[string][]any `json:"show,omitempty"`
	Hide map[string][]any `json:"hide,omitempty"`
	// Fields are those that the type has, where a declarative node needs to know them.
	Fields []CredentialField `json:"fields,omitempty"`
	// Outside is set where a declarative node takes a type that its package does not define, such as n8n's own httpHeaderAuth:
	// it goes into requests as HTTP Request has it.
	Outside bool `json:"outside,omitempty"`
	// Authenticate is what the credential adds to a request of a declarative node: n8n's {headers, qs, body, auth}, whose texts
	// may be expressions with $credentials. {"$function": name, "at": […], "module", "class"} stands for the package's code.
	Authenticate json.RawMessage `json:"authenticate,omitempty"`
}

// CredentialField is a field of a credential type.
type CredentialField struct {
	Name string `json:"name"`
	// Type is n8n's: string, number, boolean, options.
	Type    string          `json:"type,omitempty"`
	Default json.RawMessage `json:"default,omitempty"`
}

// Routing is what all requests of a declarative node have (n8n's declarative style).
type Routing struct {
	// Defaults is n8n's requestDefaults, Operations its requestOperations.
	Defaults   json.RawMessage `json:"defaults,omitempty"`
	Operations json.RawMessage `json:"operations,omitempty"`
	// Code is set where functions of the node's package work on requests or answers. In a routing {"$function": name, "at": […]} stands
	// for one: at are the names that lead to it from the node's description. One without at is not carried over.
	Code *Code `json:"code,omitempty"`
}

// Code is the JavaScript behind the functions of a declarative node.
type Code struct {
	// Module is the path of the file that defines the node, Class its export, Version the member of nodeVersions, "" where there is none.
	Module  string `json:"module"`
	Class   string `json:"class"`
	Version string `json:"version,omitempty"`
	// Modules are the package's files that the functions may need, a JSON object of texts by path.
	Modules json.RawMessage `json:"modules"`
}

// Resource groups operations, as in n8n.
type Resource struct {
	Name       string             `json:"name"`
	Operations []OperationSummary `json:"operations"`
}

// OperationSummary is an operation in the index of its node.
type OperationSummary struct {
	Name   string `json:"name"`
	ID     string `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Writes bool   `json:"writes,omitempty"`
}

// Operation is the whole page of an operation of a request node.
type Operation struct {
	Resource string `json:"resource"`
	Name     string `json:"name"`
	// ID is the operation's id in the API's own document.
	ID string `json:"id"`
	// Summary is made of names only: "Users: Bulk Update".
	Summary string `json:"summary,omitempty"`
	// Writes is set when the operation changes something at the other end: such a call is never repeated blindly.
	Writes     bool       `json:"writes,omitempty"`
	Request    Request    `json:"request"`
	Properties []Property `json:"properties,omitempty"`
	// Schema is the JSON Schema (2020-12) of the resolved parameters, as one object by property name. Query options
	// stand in it at the top level, whether the workflow keeps them in the collection "options" or not.
	Schema   json.RawMessage `json:"schema,omitempty"`
	Response Response        `json:"response"`
}

// Request is the template of the HTTP request that an operation makes. Where each value goes is said by
// the property's In.
type Request struct {
	Method string `json:"method"`
	// Path holds {name} placeholders, each filled from the property of that name with In "path".
	Path string `json:"path"`
	// Body is set when the operation sends a JSON object as its body, {} when nothing is set.
	Body bool `json:"body,omitempty"`
}

// Response says what a successful answer looks like.
type Response struct {
	Status int `json:"status"`
	// Kind is "none" (204), "entity" (an object), "collection" ({value: […]}), "value" ({value: scalar}),
	// "file" (whatever the Content-Type says) or "any".
	Kind string `json:"kind"`
	// Nullable is set when the API may answer null.
	Nullable bool `json:"nullable,omitempty"`
	// Schema is the JSON Schema of the answer's body, if it has a declared one.
	Schema json.RawMessage `json:"schema,omitempty"`
}

// Property is a parameter of a node or an operation.
type Property struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	Description string `json:"description,omitempty"`
	// Type is n8n's: string, number, boolean, options, multiOptions, json, dateTime, collection,
	// fixedCollection, assignmentCollection, filter, resourceLocator, notice.
	Type string `json:"type"`
	// In is where a request node sends the value: path, query, header or body. Empty: it is not sent.
	In string `json:"in,omitempty"`
	// Required parameters must be set to something else than empty text.
	Required bool            `json:"required,omitempty"`
	Default  json.RawMessage `json:"default,omitempty"`
	// Options are the values of an options parameter.
	Options []Option `json:"options,omitempty"`
	// Properties are the members of a collection or of the groups of a fixedCollection.
	Properties []Property `json:"properties,omitempty"`
	// MultipleValues is set when the parameter is a list of its type.
	MultipleValues bool `json:"multipleValues,omitempty"`
	// Versions limits the property to these typeVersions; nil means all of the node's.
	Versions []float64 `json:"versions,omitempty"`
	// Show lists, by parameter name, the values for which this property is in force; all must match.
	Show map[string][]any `json:"show,omitempty"`
	// Hide is the opposite of Show: one match puts the property out of force.
	Hide map[string][]any `json:"hide,omitempty"`
	// Format is the kind of text or number for people and for quoting in paths: "date-time", "uuid", "int32", …
	Format string `json:"format,omitempty"`
	// Nullable is set when null is a valid value and is sent as such.
	Nullable bool `json:"nullable,omitempty"`
	// Routing is what the parameter of a declarative node does to a request: n8n's {request, send, output, operations}.
	Routing json.RawMessage `json:"routing,omitempty"`
}

// Option is one value of an options parameter.
type Option struct {
	Name  string          `json:"name,omitempty"`
	Value json.RawMessage `json:"value"`
	// Routing is what choosing the value does to a request, as Property.Routing.
	Routing json.RawMessage `json:"routing,omitempty"`
}

// Set is a source of descriptors: a generated file, a plugin, the built-in nodes. Implementations load lazily
// and are safe for concurrent use.
type Set interface {
	// Nodes returns the index: every node, without its operations' pages. The result must not be changed.
	Nodes() ([]*Node, error)
	// Operation returns the page of an operation of the node of that type and version. Names are exact.
	Operation(nodeType string, version float64, resource, operation string) (*Operation, error)
	// Schema returns the shared JSON Schema with this address, to which operations' schemas refer with $ref.
	Schema(address string) (json.RawMessage, error)
}
