package core

import (
	"context"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// set is Edit Fields: it makes each item anew of fields given one by one or as JSON, with or without those it had.
type set struct{}

var _ nodes.Node = set{}

func (set) Execute(ctx context.Context, call *nodes.Call) error {
	if call.Version < 3 {
		return setValues(ctx, call)
	}
	s := newSetRun(call)
	mode, err := call.Param("mode").String(0, "manual")
	if err != nil {
		return err
	}
	switch mode {
	case "manual":
		s.manual.call = call
	case "raw":
		s.raw = newRawFields(call)
	default:
		return nodes.Errorf("the mode must be manual or raw, and is %q", mode).WithParam("mode", "")
	}
	for i, it := range call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		out, err := s.item(i, it)
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		copies, err := s.copies(i)
		if err != nil {
			return err
		}
		for range copies {
			call.EmitFrom(0, i, out)
		}
	}
	return nil
}

// setRun is one execution of a Set node.
type setRun struct {
	call    *nodes.Call
	options nodes.Param
	// What is the same for all items is read once.
	sameInclude, sameCopies bool
	includes                string
	copied                  int
	manual                  manualFields
	raw                     *rawFields // in raw mode
}

func newSetRun(call *nodes.Call) *setRun {
	constant := func(name string) bool { return call.Params.Member(name).Constant() }
	return &setRun{
		call: call, options: call.Param("options"),
		sameInclude: constant("includeOtherFields") && constant("include"),
		sameCopies:  constant("duplicateItem") && constant("duplicateCount"),
	}
}

func (s *setRun) item(i int, it nodes.Item) (nodes.Item, error) {
	include, err := s.include(i)
	if err != nil {
		return it, err
	}
	json, err := s.base(i, it.JSON(), include)
	if err != nil {
		return it, err
	}
	if s.raw != nil {
		json, err = s.raw.apply(i, json)
	} else {
		json, err = s.manual.apply(i, json)
	}
	if err != nil {
		return it, err
	}
	out := it.WithJSON(json)
	if it.Binary() != nil {
		keep, err := s.keepsBinary(i, include != "none")
		if err != nil {
			return it, err
		}
		if !keep {
			out = out.WithBinary(nil)
		}
	}
	if s.manual.plan != nil && s.manual.plan.binaries {
		return s.manual.attach(i, it, out)
	}
	return out, nil
}

// include returns which of the input's fields the output has: all, none, selected or except.
func (s *setRun) include(i int) (include string, err error) {
	if s.sameInclude && s.includes != "" {
		return s.includes, nil
	}
	defer func() { s.includes = include }()
	if s.call.Version >= 3.3 {
		others, err := s.call.Param("includeOtherFields").Bool(i, false)
		if err != nil || !others {
			return "none", err
		}
	}
	return s.call.Param("include").String(i, "all")
}

// base is the output before the node's own fields are set.
func (s *setRun) base(i int, json, include string) (string, error) {
	switch include {
	case "all":
		return json, nil
	case "none":
		return "{}", nil
	case "selected", "except":
	default:
		return "", nodes.Errorf("The include option %q is not known!", include).At(i)
	}
	dots, err := s.options.Get("dotNotation").Bool(i, true)
	if err != nil {
		return "", err
	}
	if include == "selected" {
		names, err := s.names("includeFields", i)
		if err != nil {
			return "", err
		}
		return selectFields(json, names, dots)
	}
	names, err := s.names("excludeFields", i)
	for _, name := range names {
		json = remove(json, name, dots)
	}
	return json, err
}

func (s *setRun) names(param string, i int) ([]string, error) {
	text, err := s.call.Param(param).String(i, "")
	if err != nil {
		return nil, err
	}
	return splitNames(text), nil
}

// splitNames cuts a list of names at its commas.
func splitNames(text string) []string {
	names := strings.Split(text, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// selectFields keeps some fields. With dot notation a field from deep inside comes out under its last name.
func selectFields(json string, names []string, dots bool) (string, error) {
	out := "{}"
	for _, name := range names {
		found := lookup(json, name, dots)
		if !found.Exists() {
			continue
		}
		if dots {
			name = name[strings.LastIndexByte(name, '.')+1:]
		}
		var err error
		if out, err = assign(out, name, found.Raw, dots); err != nil {
			return "", err
		}
	}
	return nodes.Normalize(out)
}

// keepsBinary: up to 3.3 binary data stays if asked for, from 3.4 on with the other fields unless it is to be stripped.
func (s *setRun) keepsBinary(i int, others bool) (bool, error) {
	if s.call.Version < 3.4 {
		return s.options.Get("includeBinary").Bool(i, false)
	}
	strip, err := s.options.Get("stripBinary").Bool(i, false)
	return others && !strip, err
}

// copies is how often an item is given. duplicateItem is there to try a workflow out: in other runs it does nothing, as in n8n.
func (s *setRun) copies(i int) (n int, err error) {
	if s.sameCopies && s.copied > 0 {
		return s.copied, nil
	}
	defer func() { s.copied = n }()
	if s.call.Mode != "manual" {
		return 1, nil
	}
	duplicate, err := s.call.Param("duplicateItem").Bool(i, false)
	if err != nil || !duplicate {
		return 1, err
	}
	count, err := s.call.Param("duplicateCount").Number(i, 0)
	if err != nil || count < 0 || count > 1e6 {
		return 1, err
	}
	return 1 + int(count), nil
}
