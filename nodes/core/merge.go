package core

import (
	"context"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// merge joins the items of its inputs: one after the other, by fields, by position, all with all, or only one input's when
// all have come. Version 1 has modes of its own (see mergeV1).
type merge struct{}

var _ nodes.Demanding = merge{}

// NeededInputs: choosing a branch takes items on the first two inputs, also where there are more (n8n's Merge was made for two).
func (merge) NeededInputs(version float64, params *nodes.Template) int {
	if version >= 2 && params.Member("mode").Value().Str() == "chooseBranch" {
		return 2
	}
	return 0
}

func (merge) Execute(ctx context.Context, call *nodes.Call) error {
	mode, err := call.Param("mode").String(0, "append")
	if err != nil {
		return err
	}
	if call.Version < 2 {
		return mergeV1(ctx, call, mode)
	}
	switch mode {
	case "append":
		return mergeAppend(call)
	case "combine":
		return mergeCombine(ctx, call)
	case "combineBySql":
		return mergeSQL(ctx, call)
	case "chooseBranch":
		return mergeChoose(call)
	}
	return nodes.Errorf("the mode must be append, combine, combineBySql or chooseBranch, and is %q", mode).WithParam("mode", "")
}

func mergeAppend(call *nodes.Call) error {
	for input, items := range call.Inputs {
		for i, it := range items.All() {
			call.Emit(0, it.WithParents(nodes.From(i, input)))
		}
	}
	return nil
}

// passInput hands on the items of one input.
func passInput(call *nodes.Call, input int) {
	for i, it := range call.Input(input).All() {
		call.Emit(0, it.WithParents(nodes.From(i, input)))
	}
}

// allParents are the items of these inputs.
func allParents(inputs []nodes.Items) []nodes.Parent {
	var parents []nodes.Parent
	for input, items := range inputs {
		for i := range items.Len() {
			parents = append(parents, nodes.From(i, input))
		}
	}
	return parents
}

func mergeChoose(call *nodes.Call) error {
	output, err := call.Param("output").String(0, "specifiedInput")
	if err != nil {
		return err
	}
	if output == "empty" {
		call.Emit(0, nodes.NewItem("{}").WithParents(allParents(call.Inputs[:min(len(call.Inputs), 2)])...))
		return nil
	}
	input := 1.0
	switch {
	case call.Version >= 3:
		input, err = call.Param("useDataOfInput").Number(0, 1)
	case output == "input2":
		input = 2
	}
	if err != nil {
		return err
	}
	count, err := inputCount(call)
	if err != nil {
		return err
	}
	if input < 1 || input > float64(count) {
		text := nodes.NumberValue(input).Text()
		e := nodes.Errorf("Input %s doesn't exist", text)
		e.Description = "The node has only " + strconv.Itoa(count) + " inputs, so selecting input " + text + " is not possible."
		return e
	}
	passInput(call, int(input)-1)
	return nil
}

// inputCount is how many inputs the node has, connected or not.
func inputCount(call *nodes.Call) (int, error) {
	if call.Version < 3 {
		return 2, nil
	}
	n, err := call.Param("numberInputs").Number(0, 2)
	if err == nil && !(n >= 2 && n <= 10) {
		return 0, nodes.Errorf("the number of inputs must be from 2 to 10, and is %v", n).WithParam("numberInputs", "")
	}
	return int(n), err
}

// mergeCombine is the mode combine: by what is the parameter combineBy, before version 3 combinationMode.
func mergeCombine(ctx context.Context, call *nodes.Call) error {
	param, def := "combineBy", "combineByFields"
	if call.Version < 3 {
		param, def = "combinationMode", "mergeByFields"
	}
	by, err := call.Param(param).String(0, def)
	if err != nil {
		return err
	}
	clash, err := readClash(call)
	if err != nil {
		return err
	}
	switch by {
	case "combineByFields", "mergeByFields":
		return mergeByFields(ctx, call, clash)
	case "combineByPosition", "mergeByPosition":
		return mergeByPosition(call, clash)
	case "combineAll", "multiplex":
		return mergeAll(ctx, call, clash)
	}
	return nodes.Errorf("items cannot be combined by %q", by).WithParam(param, "")
}

// clash says what becomes of keys that several inputs have.
type clash struct {
	set     bool   // the workflow says it
	resolve string // addSuffix, preferInput1, …; "" if the workflow does not say
	how     merging
}

func readClash(call *nodes.Call) (clash, error) {
	p := call.Param("options").Get("clashHandling").Get("values")
	v, err := p.Value(0)
	if err != nil || v.Kind() != nodes.Object {
		return clash{}, err
	}
	c := clash{set: true}
	if c.resolve, err = p.Get("resolveClash").String(0, ""); err != nil {
		return c, err
	}
	mode, err := p.Get("mergeMode").String(0, "deepMerge")
	if err != nil {
		return c, err
	}
	c.how.shallow = mode == "shallowMerge"
	c.how.keepEmpty, err = p.Get("overrideEmpty").Bool(0, false)
	return c, err
}

// source is an item with the place it comes from.
type source struct {
	item  nodes.Item
	at    int
	input int
}

func (s source) parent() nodes.Parent { return nodes.From(s.at, s.input) }

// emitMerged hands out one item made of these, the later ones over the earlier ones.
func emitMerged(call *nodes.Call, how merging, list ...source) {
	json, parents := "{}", make([]nodes.Parent, len(list))
	var binary *nodes.Binary
	for i, s := range list {
		json = how.objects(json, s.item.JSON())
		parents[i] = s.parent()
		binary = joinBinary(binary, s.item.Binary())
	}
	call.Emit(0, nodes.NewItem(json).WithParents(parents...).WithBinary(binary))
}

// joinBinary adds the data of b to those of a; of the same key b's counts.
func joinBinary(a, b *nodes.Binary) *nodes.Binary {
	if a.Len() == 0 {
		return b
	}
	for key, file := range b.All() {
		a = a.With(key, file)
	}
	return a
}

// withSuffix returns the source with the number of its input behind every key.
func (s source) withSuffix() source {
	s.item = s.item.WithJSON(suffixed(s.item.JSON(), s.input+1))
	return s
}

// mergePair joins an item of the first input with one of the second, where nothing or addSuffix, preferInput1 or
// preferInput2 says how.
func (c clash) mergePair(call *nodes.Call, first, second source) {
	switch {
	case c.resolve == "addSuffix":
		emitMerged(call, merging{shallow: true}, first.withSuffix(), second.withSuffix())
	case c.resolve == "preferInput1":
		emitMerged(call, c.how, second, first)
	case c.resolve == "preferInput2" || call.Version >= 3:
		emitMerged(call, c.how, first, second)
	default: // versions below 3 then know no options
		emitMerged(call, merging{}, first, second)
	}
}

// splitList cuts a comma list and trims its parts.
func splitList(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.Trim(part, jsSpace); part != "" {
			list = append(list, part)
		}
	}
	return list
}
