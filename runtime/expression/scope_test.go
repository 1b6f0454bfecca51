package expression

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/cordboard/cordboard/nodes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// corpusScope stands for the workflow that the corpus is recorded with: Start, Items, Probe (at hand), Later, Aside.
type corpusScope struct {
	items    nodes.Items
	location *time.Location
	env      map[string]string
}

var (
	_ Scope    = (*corpusScope)(nil)
	_ NodeRuns = (*corpusScope)(nil)
)

func scopeOf(items ...string) *corpusScope {
	s := &corpusScope{location: time.UTC}
	var b nodes.ItemsBuilder
	for i, json := range items {
		b.Add(nodes.NewItem(json).WithParents(nodes.From(i, 0)))
	}
	s.items = b.Items()
	return s
}

func (s *corpusScope) Inputs() []nodes.Items { return []nodes.Items{s.items} }
func (s *corpusScope) RunIndex() int         { return 0 }
func (s *corpusScope) Self() Node            { return Node{Name: "Probe", ID: "c", Version: 3.4} }
func (s *corpusScope) Previous() (Previous, bool) {
	return Previous{Name: "Items"}, true
}

func (s *corpusScope) HasNode(name string) bool {
	switch name {
	case "Start", "Items", "Probe", "Later", "Aside":
		return true
	}
	return false
}

func (s *corpusScope) Executed(name string) bool { return name == "Items" || name == "Start" }

func (s *corpusScope) Output(name string, output, run int) (nodes.Items, error) {
	switch {
	case !s.Executed(name):
		return nodes.Items{}, NotExecuted(name)
	case run > 0:
		return nodes.Items{}, NoRun(name, run)
	case output > 0:
		return nodes.Items{}, NoBranch(name, output)
	case name == "Start":
		return nodes.ItemsOf(nodes.NewItem("{}")), nil
	}
	return s.items, nil
}

func (s *corpusScope) Paired(name string, i int) (nodes.Item, bool, error) {
	switch {
	case !s.Executed(name):
		return nodes.Item{}, false, NoPath(name)
	case i >= s.items.Len():
		return nodes.Item{}, false, LineageBroken(name, "Probe")
	case name == "Start":
		return nodes.NewItem("{}"), true, nil
	}
	return s.items.At(i), true, nil
}

func (s *corpusScope) Indexed(name string, i int) (nodes.Item, error) {
	items, err := s.Output(name, -1, -1)
	if err == nil && i >= items.Len() {
		err = NoItem(name, items.Len(), i)
	}
	if err != nil {
		return nodes.Item{}, err
	}
	return items.At(i), nil
}

func (s *corpusScope) Params(name string) nodes.Value {
	if name == "Probe" {
		return nodes.WireValue(`{"assignments":{"assignments":[]},"options":{"ignoreConversionErrors":true}}`)
	}
	return nodes.Value{}
}

func (s *corpusScope) LastRun(name string) int {
	if s.Executed(name) {
		return 0
	}
	return -1
}

func (s *corpusScope) Context(string) nodes.Value { return nodes.Value{} }
func (s *corpusScope) Workflow() Workflow         { return Workflow{ID: "w1", Name: "probe"} }
func (s *corpusScope) Execution() Execution {
	return Execution{ID: "47", Mode: "test", RunMode: "manual", ResumeURL: "http://127.0.0.1/resume/47", ResumeFormURL: "http://127.0.0.1/form/47"}
}
func (s *corpusScope) Vars() nodes.Value { return nodes.WireValue(`{"myVar":"vv"}`) }
func (s *corpusScope) Env(name string) (string, bool, bool) {
	v, ok := s.env[name]
	return v, ok, s.env != nil
}
func (s *corpusScope) Now() time.Time           { return time.Date(2026, 11, 22, 10, 20, 30, 0, time.UTC) }
func (s *corpusScope) Location() *time.Location { return s.location }
