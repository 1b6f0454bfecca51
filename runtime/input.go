package runtime

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// ParseItems reads items from outside: a JSON array, one JSON value, or one value a line. An object is taken as an item
// if its "json" is an object and all its keys are an item's; else it is the item's JSON. A value that is no object is an error.
func ParseItems(text string) (nodes.Items, error) {
	text = strings.TrimPrefix(text, "\uFEFF")
	if strings.TrimSpace(text) == "" {
		return nodes.Items{}, nil
	}
	if normal, err := nodes.Normalize(text); err == nil {
		return itemsOf(gjson.Parse(normal))
	} else if !strings.Contains(strings.TrimSpace(text), "\n") {
		return nodes.Items{}, err
	}
	return parseLines(text)
}

func parseLines(text string) (nodes.Items, error) {
	var b nodes.ItemsBuilder
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		normal, err := nodes.Normalize(line)
		if err != nil {
			return nodes.Items{}, fmt.Errorf("line %d: %w", number, err)
		}
		it, err := itemOf(gjson.Parse(normal))
		if err != nil {
			return nodes.Items{}, fmt.Errorf("line %d: %w", number, err)
		}
		b.Add(it)
	}
	return b.Items(), nil
}

func itemsOf(r gjson.Result) (nodes.Items, error) {
	if !r.IsArray() {
		it, err := itemOf(r)
		if err != nil {
			return nodes.Items{}, err
		}
		return nodes.ItemsOf(it), nil
	}
	var (
		b      nodes.ItemsBuilder
		failed error
	)
	r.ForEach(func(_, el gjson.Result) bool {
		it, err := itemOf(el)
		if err != nil {
			failed = fmt.Errorf("element %d: %w", b.Len(), err)
			return false
		}
		b.Add(it)
		return true
	})
	return b.Items(), failed
}

var itemKeys = map[string]bool{"json": true, "binary": true, "pairedItem": true, "error": true, "index": true}

func itemOf(r gjson.Result) (nodes.Item, error) {
	if !r.IsObject() {
		return nodes.Item{}, fmt.Errorf("an item must be an object, and this is %s", short(r.Raw))
	}
	if !isWholeItem(r) {
		return nodes.NewItem(r.Raw), nil
	}
	it := nodes.NewItem(r.Get("json").Raw)
	if bin := r.Get("binary"); bin.IsObject() {
		b, err := nodes.ParseBinary(bin)
		if err != nil {
			return nodes.Item{}, err
		}
		it = it.WithBinary(b)
	}
	return it.WithParents(parentsOf(r.Get("pairedItem"))...), nil
}

func isWholeItem(r gjson.Result) bool {
	if !r.Get("json").IsObject() {
		return false
	}
	whole := true
	r.ForEach(func(key, _ gjson.Result) bool {
		whole = itemKeys[key.Str]
		return whole
	})
	return whole
}

// parentsOf reads pairedItem: a number, {item, input}, in states of runs also {item, input, run}, or a list of these.
func parentsOf(r gjson.Result) []nodes.Parent {
	var list []nodes.Parent
	one := func(p gjson.Result) {
		switch {
		case p.Type == gjson.Number:
			list = append(list, nodes.From(int(p.Int()), 0))
		case p.IsObject() && p.Get("item").Type == gjson.Number:
			parent := nodes.From(int(p.Get("item").Int()), int(p.Get("input").Int()))
			if run := p.Get("run"); run.Exists() {
				parent = parent.OfRun(int(run.Int()))
			}
			list = append(list, parent)
		}
	}
	if r.IsArray() {
		for _, p := range r.Array() {
			one(p)
		}
	} else {
		one(r)
	}
	return list
}

func short(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}
