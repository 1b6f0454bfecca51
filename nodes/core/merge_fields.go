package core

import (
	"context"
	"fmt"

	"github.com/cordboard/cordboard/nodes"
)

// fieldMerge is a combination by matching fields.
type fieldMerge struct {
	call    *nodes.Call
	clash   clash
	join    string
	out     string // whose data: both, input1 or input2
	first   bool   // of several matches only the first
	pairs   []fieldPair
	dots    bool
	fuzzy   bool
	matched [2][]bool
}

func mergeByFields(ctx context.Context, call *nodes.Call, c clash) error {
	m, err := readFieldMerge(call, c)
	if err != nil {
		return err
	}
	if len(m.pairs) == 0 { // what n8n makes of a list of fields that is empty
		if m.join == "keepNonMatches" || m.join == "enrichInput1" {
			passInput(call, 0)
		}
		return nil
	}
	if err := m.check(); err != nil {
		return err
	}
	if call.Input(0).Len() == 0 || call.Input(1).Len() == 0 {
		m.oneEmpty()
		return nil
	}
	for input := range m.matched {
		m.matched[input] = make([]bool, call.Input(input).Len())
	}
	index := newJoinIndex(m.pairs, m.dots, m.fuzzy, call.Input(1))
	joins := m.join != "keepNonMatches" && (m.join != "keepMatches" || m.out == "both")
	for i, it := range call.Input(0).All() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		found := index.matches(it)
		if m.first && m.join != "keepNonMatches" && len(found) > 1 {
			found = found[:1]
		}
		for n, j := range found {
			if n%1024 == 1023 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			m.matched[0][i], m.matched[1][j] = true, true
			if joins && m.known() {
				m.pair(source{it, i, 0}, source{call.Input(1).At(j), j, 1})
			}
		}
	}
	m.single()
	return nil
}

// check refuses, in version 2, fields that no item has.
func (m *fieldMerge) check() error {
	if m.call.Version >= 2.1 {
		return nil
	}
	for input := range m.matched {
		for _, p := range m.pairs {
			name, found := []string{p.first, p.second}[input], false
			for _, it := range m.call.Input(input).All() {
				if found = lookup(it.JSON(), name, m.dots).Exists(); found {
					break
				}
			}
			if !found {
				return nodes.Errorf("Field '%s' is not present in any of items in 'Input %d'", name, input+1)
			}
		}
	}
	return nil
}

func (m *fieldMerge) known() bool {
	switch m.join {
	case "keepMatches", "keepEverything", "enrichInput1", "enrichInput2":
		return true
	}
	return false
}

func readFieldMerge(call *nodes.Call, c clash) (*fieldMerge, error) {
	m := &fieldMerge{call: call, clash: c}
	options := call.Param("options")
	noDots, err := options.Get("disableDotNotation").Bool(0, false)
	if err != nil {
		return nil, err
	}
	m.dots = !noDots
	if m.fuzzy, err = options.Get("fuzzyCompare").Bool(0, false); err != nil {
		return nil, err
	}
	multiple, err := options.Get("multipleMatches").String(0, "all")
	if err != nil {
		return nil, err
	}
	m.first = multiple == "first"
	if m.join, err = call.Param("joinMode").String(0, "keepMatches"); err != nil {
		return nil, err
	}
	if m.out, err = call.Param("outputDataFrom").String(0, "both"); err != nil {
		return nil, err
	}
	if m.pairs, err = readPairs(call); err != nil {
		return nil, err
	}
	if !c.set {
		m.clash.resolve = "preferInput2"
		if m.join == "enrichInput2" {
			m.clash.resolve = "preferInput1"
		}
	} else if call.Version >= 3 {
		// What these versions do not know gives empty items, as in n8n.
		m.clash.resolve = map[string]string{"preferLast": "preferInput2", "preferInput1": "preferInput1", "addSuffix": "addSuffix"}[c.resolve]
	}
	return m, nil
}

// readPairs reads the fields to match: a list of names that both inputs share, or pairs.
func readPairs(call *nodes.Call) ([]fieldPair, error) {
	advanced, err := call.Param("advanced").Bool(0, call.Version < 3)
	if err != nil {
		return nil, err
	}
	var pairs []fieldPair
	if !advanced {
		names, err := call.Param("fieldsToMatchString").String(0, "")
		if err != nil {
			return nil, err
		}
		for _, name := range splitList(names) {
			pairs = append(pairs, fieldPair{name, name})
		}
		if len(pairs) == 0 {
			return nil, errNoPairs()
		}
		return pairs, nil
	}
	return givenPairs(call.Param("mergeByFields").Get("values"))
}

func errNoPairs() error {
	return nodes.Errorf(`You need to define at least one pair of fields in "Fields to Match" to match on`)
}

// givenPairs reads pairs of fields. A list that is there and empty is none, which is no error in n8n.
func givenPairs(list nodes.Param) ([]fieldPair, error) {
	pairs, err := fieldPairs(list)
	if err != nil {
		return nil, err
	}
	if !list.IsSet() || len(pairs) == 1 && pairs[0] == (fieldPair{}) {
		return nil, errNoPairs()
	}
	for i, p := range pairs {
		if p.first == "" || p.second == "" {
			return nil, nodes.Errorf("You need to define both fields in \"Fields to Match\" for pair %d,\n\t\t\t\t field 1 = '%s'\n\t\t\t\t field 2 = '%s'",
				i+1, p.first, p.second)
		}
	}
	return pairs, nil
}

func fieldPairs(list nodes.Param) ([]fieldPair, error) {
	values, err := list.List(0)
	if err != nil {
		return nil, err
	}
	var pairs []fieldPair
	for _, v := range values {
		var p fieldPair
		if p.first, err = v.Get("field1").String(0, ""); err != nil {
			return nil, err
		}
		if p.second, err = v.Get("field2").String(0, ""); err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// oneEmpty answers where an input has no items: nothing is joined, and nothing renamed.
func (m *fieldMerge) oneEmpty() {
	for input := range 2 {
		only := fmt.Sprintf("input%d", input+1)
		switch m.join {
		case "keepEverything":
		case "keepNonMatches":
			if m.out != "both" && m.out != only {
				continue
			}
		case "enrichInput1", "enrichInput2":
			if m.join != "enrichI"+only[1:] {
				continue
			}
		default:
			continue
		}
		passInput(m.call, input)
	}
}

func (m *fieldMerge) pair(first, second source) {
	if m.clash.resolve == "" || m.clash.resolve == "preferLast" {
		m.call.Emit(0, nodes.NewItem("{}"))
		return
	}
	m.clash.mergePair(m.call, first, second)
}

// single hands out the items that go by themselves, input by input.
func (m *fieldMerge) single() {
	for input := range m.matched {
		only := fmt.Sprintf("input%d", input+1)
		var keep func(matched bool) bool
		switch {
		case m.join == "keepMatches" && m.out == only:
			keep = func(matched bool) bool { return matched }
		case m.join == "keepNonMatches" && (m.out == "both" || m.out == only), m.join == "keepEverything", m.join == "enrichI"+only[1:]:
			keep = func(matched bool) bool { return !matched }
		default:
			continue
		}
		for i, it := range m.call.Input(input).All() {
			if !keep(m.matched[input][i]) {
				continue
			}
			s := source{it, i, input}
			switch {
			case m.join == "keepNonMatches" && m.out == "both":
				s.item = it.WithJSON(merging{shallow: true}.objects(it.JSON(), `{"_source":"`+only+`"}`))
			case m.join != "keepMatches" && m.join != "keepNonMatches" && m.clash.resolve == "addSuffix":
				s = s.withSuffix()
			}
			m.call.Emit(0, s.item.WithParents(s.parent()))
		}
	}
}
