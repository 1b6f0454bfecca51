package descriptors

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Join returns a set of all nodes of the sets; of two that serve the same type and version, the first is used.
func Join(sets ...Set) Set { return joined(sets) }

type joined []Set

var _ Set = joined(nil)

func (j joined) Nodes() ([]*Node, error) {
	var all []*Node
	for _, set := range j {
		nodes, err := set.Nodes()
		if err != nil {
			return nil, err
		}
		all = append(all, nodes...)
	}
	return all, nil
}

func (j joined) Operation(nodeType string, version float64, resource, operation string) (*Operation, error) {
	all, err := j.Nodes()
	if err != nil {
		return nil, err
	}
	for _, set := range j {
		nodes, err := set.Nodes()
		if err != nil {
			return nil, err
		}
		if _, err := PickVersion(nodes, nodeType, version); err == nil {
			return set.Operation(nodeType, version, resource, operation)
		}
	}
	return nil, unknownOperation(all, nodeType, version, resource, operation)
}

func (j joined) Schema(address string) (json.RawMessage, error) {
	var failed []error
	for _, set := range j {
		raw, err := set.Schema(address)
		if err == nil {
			return raw, nil
		}
		failed = append(failed, err)
	}
	return nil, fmt.Errorf("schema %q: %w", address, errors.Join(failed...))
}

// Hash names the content of the sets that have a hash.
func (j joined) Hash() string {
	var hashes []string
	for _, set := range j {
		if h, ok := set.(interface{ Hash() string }); ok {
			hashes = append(hashes, h.Hash())
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(hashes, " ")))
	return hex.EncodeToString(sum[:])
}

// SetOf returns a set of nodes without resources.
func SetOf(nodes ...*Node) Set { return plainSet(nodes) }

type plainSet []*Node

var _ Set = plainSet(nil)

func (s plainSet) Nodes() ([]*Node, error) { return s, nil }

func (s plainSet) Operation(nodeType string, version float64, resource, operation string) (*Operation, error) {
	return nil, unknownOperation(s, nodeType, version, resource, operation)
}

func (s plainSet) Schema(address string) (json.RawMessage, error) {
	return nil, fmt.Errorf("no schema has the address %q", address)
}
