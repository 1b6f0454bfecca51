package core

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/script"
)

// sortLibrary sorts the items with the function that a script returns: a line of JSON for each, its index and, if the code
// changed it, its json. An error is one line with "!".
//
// Short lists are sorted as Node.js does it, which shows where the function contradicts itself.
const sortLibrary = `async ({ run, items, describe }) => {
	const order = (list, compare) => {
		if (list.length > 32) return list.sort(compare);
		if (list.length < 2) return list;
		let n = 2;
		const down = compare(list[1], list[0]) < 0;
		while (n < list.length && (compare(list[n], list[n - 1]) < 0) === down) n++;
		if (down) list.splice(0, n, ...list.slice(0, n).reverse());
		for (; n < list.length; n++) {
			let left = 0, right = n;
			while (left < right) {
				const middle = (left + right) >> 1;
				if (compare(list[n], list[middle]) < 0) right = middle;
				else left = middle + 1;
			}
			list.splice(left, 0, ...list.splice(n, 1));
		}
		return list;
	};
	try {
		const list = items();
		const before = list.map((item) => JSON.stringify(item.json));
		const places = list.map((_, index) => index);
		const compare = await run(0, undefined, { items: list });
		order(places, (a, b) => Number(compare(list[a], list[b])));
		return places.map((index) => {
			const json = JSON.stringify(list[index].json);
			return index + (json === before[index] ? '' : ' ' + json);
		}).join('\n');
	} catch (e) {
		return '!' + JSON.stringify(describe(e));
	}
}`

// unsetSortCode is what compares items where the workflow does not say it.
const unsetSortCode = "return a.json.myField < b.json.myField ? -1 : a.json.myField > b.json.myField ? 1 : 0"

var returns = regexp.MustCompile(`\breturn\b`)

// sortByCode orders the items with JavaScript that compares two of them, a and b.
func sortByCode(ctx context.Context, call *nodes.Call) error {
	engine, ok := call.Engine.(nodes.Scripts)
	if !ok {
		return nodes.Errorf("the engine behind this node runs no JavaScript").WithParam("type", "")
	}
	code, err := call.Param("code").String(0, unsetSortCode)
	if err != nil {
		return err
	}
	if !returns.MatchString(code) {
		return nodes.Errorf("Sort code doesn't return. Please add a 'return' statement to your code").WithParam("code", "")
	}
	s := nodes.Script{Source: "return (a, b) => {" + code + "\n};", Library: sortLibrary, Names: []string{"items"}}
	text, err := engine.RunScript(ctx, s, "{}", nil)
	if err != nil {
		var e *script.Error
		if errors.As(err, &e) && !e.Limit {
			return nodes.Errorf("%s", e.Message).WithParam("code", "")
		}
		return err
	}
	if told, failed := strings.CutPrefix(text, "!"); failed {
		e := nodes.Errorf("%s", gjson.Get(told, "message").Str)
		e.Description = gjson.Get(told, "description").Str
		if line := gjson.Get(told, "line").Raw; line != "" && line != "0" {
			e.Message += " [line " + line + "]"
		}
		return e.WithParam("code", "")
	}
	return emitSorted(ctx, call, text)
}

// emitSorted reads the answer of sortLibrary.
func emitSorted(ctx context.Context, call *nodes.Call, text string) error {
	order := make([]int, 0, call.Input(0).Len())
	changed := map[int]string{}
	for line := range strings.SplitSeq(text, "\n") {
		index, json, isChanged := strings.Cut(line, " ")
		i := int(gjson.Parse(index).Int())
		if isChanged {
			changed[i] = json
		}
		order = append(order, i)
	}
	if len(changed) == 0 {
		return emitInOrder(ctx, call, order)
	}
	for chunk := range slices.Chunk(order, 1024) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, i := range chunk {
			it := call.Input(0).At(i)
			if json, ok := changed[i]; ok {
				normal, err := nodes.Normalize(json)
				if err != nil {
					return err
				}
				it = it.WithJSON(normal)
			}
			call.EmitFrom(0, i, it)
		}
	}
	return nil
}
