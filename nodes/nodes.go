// Package nodes is the contract between the engine and the nodes it runs: items, values, parameters, the call
// that a node gets and the answers it may give, triggers, and the registry of node types.
//
// It owns no behaviour of any one node (see nodes/core, nodes/threecx) and does not know the engine (package
// runtime): the engine fills in the interfaces declared here.
package nodes

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cordboard/cordboard/descriptors"
)

// Node is the behaviour of a node type. One value serves all runs, so it holds no state of a run.
type Node interface {
	// Execute works on the items of call's inputs and hands results to call.Emit, in order. An item that fails is
	// reported with call.Fail; an error returned is an error of the node as a whole. Execute
	// returns soon after ctx is cancelled.
	Execute(ctx context.Context, call *Call) error
}

// Checked is a Node whose parameters the engine resolves and validates against an operation's schema, for all
// items, before Execute is called: nodes whose calls go outside. Such a node finds its operation in Call.Operation.
type Checked interface {
	Node
	// Operation returns the page of the operation that these resource and operation parameters select.
	Operation(ctx context.Context, version float64, resource, operation string) (*descriptors.Operation, error)
	// Schema returns a JSON Schema that an operation's page refers to.
	Schema(ctx context.Context, address string) ([]byte, error)
}

// Variable is a Node whose number of outputs depends on its version or parameters; for others the descriptor says it.
type Variable interface {
	Node
	// Outputs is the number of regular outputs; a failed item goes to the one after them.
	Outputs(version float64, params *Template) int
}

// Demanding is a Node that does not always run with what it has when some of its inputs got nothing.
type Demanding interface {
	Node
	// NeededInputs is how many of the node's first inputs must have items, as far as they are connected, or it is not run.
	NeededInputs(version float64, params *Template) int
}

// Outward is a Node that may change something outside of the run, so that it is not executed again where nobody knows how far it
// came. Of nodes that do not say, those that are built in change nothing, and any other may.
type Outward interface {
	Node
	// Writes reports whether an execution with these parameters may change something. What an expression decides may.
	Writes(version float64, params *Template) bool
}

// CredentialTester is a Node that can ask a server whether it takes a credential (n8n's test of a credential).
type CredentialTester interface {
	Node
	// TestCredential connects as the node would and changes nothing. The error says what is wrong with the credential or
	// that the server cannot be reached; it holds no secret.
	TestCredential(ctx context.Context, credentialType string, access Access) error
}

// Type joins what a node is (its descriptor) with what it does.
type Type struct {
	Descriptor *descriptors.Node
	Node       Node
	// Origin says where the type comes from, for people: "built in", or a plugin's file name.
	Origin string
}

// Registry finds node types by name and version. The zero value is empty and ready. It is filled before use and
// then only read.
type Registry struct {
	byName map[string][]Type
	types  []Type
}

// Add registers types, all of them or, on an error, none. A name and version that is already there is an error, so that no
// plugin can shadow a node.
func (r *Registry) Add(types ...Type) error {
	byName := maps.Clone(r.byName)
	if byName == nil {
		byName = map[string][]Type{}
	}
	for _, t := range types {
		for _, name := range namesOf(t.Descriptor) {
			for _, other := range byName[name] {
				if v, ok := sharedVersion(other.Descriptor, t.Descriptor); ok {
					return fmt.Errorf("node type %s version %v is registered twice: %s and %s", t.Descriptor.Type, v, other.Origin, t.Origin)
				}
			}
			byName[name] = append(slices.Clip(byName[name]), t)
		}
	}
	r.byName = byName
	r.types = append(r.types, types...)
	return nil
}

// namesOf are the names under which a type is found, in small letters.
func namesOf(d *descriptors.Node) []string {
	names := []string{strings.ToLower(d.Type)}
	for _, alias := range d.Aliases {
		if alias = strings.ToLower(alias); !slices.Contains(names, alias) {
			names = append(names, alias)
		}
	}
	return names
}

func sharedVersion(a, b *descriptors.Node) (float64, bool) {
	for _, v := range a.Versions {
		for _, w := range b.Versions {
			if v == w {
				return v, true
			}
		}
	}
	return 0, false
}

// Types returns all registered types in the order of registration.
func (r *Registry) Types() []Type { return r.types }

// Find returns the type that serves name at version. The error of a miss names the nearest type or the versions there are.
func (r *Registry) Find(name string, version float64) (Type, error) {
	candidates := r.byName[strings.ToLower(name)]
	if len(candidates) == 0 {
		names := make([]string, 0, len(r.types))
		for _, t := range r.types {
			names = append(append(names, t.Descriptor.Type), t.Descriptor.Aliases...)
		}
		return Type{}, &UnknownTypeError{Type: name, Nearest: nearestType(name, names)}
	}
	var known []float64
	for _, t := range candidates {
		for _, v := range t.Descriptor.Versions {
			if v == version {
				return t, nil
			}
		}
		known = append(known, t.Descriptor.Versions...)
	}
	slices.Sort(known)
	return Type{}, &UnknownTypeError{Type: name, Version: version, Known: known}
}

// nearestType looks for a type in the package that is meant: the name of the package is no likeness of types.
func nearestType(name string, types []string) string {
	packageOf := func(name string) string { return name[:strings.LastIndexByte(name, '.')+1] }
	packages := make([]string, len(types))
	for i, t := range types {
		packages[i] = packageOf(t)
	}
	meant := descriptors.Nearest(packageOf(name), packages)
	var inside []string
	for i, t := range types {
		if packages[i] == meant {
			inside = append(inside, t[len(meant):])
		}
	}
	if near := descriptors.Nearest(name[len(packageOf(name)):], inside); near != "" {
		return meant + near
	}
	return ""
}

// UnknownTypeError says that no node of this type, or not of this version, is registered.
type UnknownTypeError struct {
	Type    string
	Version float64   // set when the type is known, and not at this version
	Known   []float64 // the versions there are
	Nearest string    // the nearest type name; empty if none is near
}

func (e *UnknownTypeError) Error() string {
	switch {
	case e.Known != nil:
		return fmt.Sprintf("node type %q has no version %v; there are %s", e.Type, e.Version, joinNumbers(e.Known))
	case e.Nearest != "":
		return fmt.Sprintf("unknown node type %q; the nearest is %q", e.Type, e.Nearest)
	}
	return fmt.Sprintf("unknown node type %q", e.Type)
}

func joinNumbers(list []float64) string {
	text := make([]string, len(list))
	for i, v := range list {
		text[i] = fmt.Sprint(v)
	}
	return strings.Join(text, ", ")
}
