package core

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

// itemLists is the node that Split Out, Aggregate, Remove Duplicates, Sort, Limit and Summarize were once the operations of.
type itemLists struct{}

var _ nodes.Node = itemLists{}

func (itemLists) Execute(ctx context.Context, call *nodes.Call) error {
	operation, err := call.Param("operation").String(0, "splitOutItems")
	if err != nil {
		return err
	}
	collect := "concatenateItems"
	if call.Version < 3 {
		collect = "aggregateItems"
	}
	switch operation {
	case "splitOutItems":
		return splitItems(ctx, call, listSplitRules(call.Version))
	case collect:
		a := &aggregation{
			call: call, mustExist: call.Version < 2.1, firstOnly: call.Version < 2, noBinaries: call.Version < 3,
			names: func(p nodes.Param) ([]string, error) { return listFields(call.Version, p, 0) },
		}
		return a.run(ctx)
	case "removeDuplicates":
		d := &duplicates{
			call: call, anyType: call.Version >= 3.1,
			fields: func(p nodes.Param) ([]string, error) { return listFields(call.Version, p, 0) },
		}
		return d.run(ctx)
	case "sort":
		return sortNode{}.Execute(ctx, call)
	case "limit":
		return limit{}.Execute(ctx, call)
	case "summarize":
		s := summary{call: call, textGroups: true, objectOrder: true, mustExist: call.Version < 2.1, plainNames: call.Version < 2}
		if err := s.read(); err != nil {
			return err
		}
		s.mayMiss = false // there is no such option here
		return s.run(ctx)
	}
	return nodes.Errorf("Operation '%s' is not recognized", operation)
}

func listSplitRules(version float64) splitRules {
	r := splitRules{names: func(p nodes.Param, i int) ([]string, error) { return listFields(version, p, i) }, noBinary: version < 3}
	if version < 2.1 {
		r.mustExist = true
	}
	switch {
	case version < 2:
		r.kinds, r.oneField, r.othersFirst = "array", true, true
	case version < 2.2:
		r.kinds = "array or object"
	}
	return r
}

// listFields reads a list of fields: one by one before version 3, then text.
func listFields(version float64, p nodes.Param, i int) ([]string, error) {
	if version >= 3 {
		return fieldNames(p, i)
	}
	list, err := p.Get("fields").List(i)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range list {
		name, err := f.Get("fieldName").String(i, "")
		if err != nil {
			return nil, err
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}
