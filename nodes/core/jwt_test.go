package core_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/core"
	"github.com/cordboard/cordboard/runtime"
)

// engineOf is the engine of a case: one with its credentials ({TYPE: {fields}}) and the clock of the recording, if it has any.
// n8n's answers to such cases were recorded with a Date that stands still at the beginning of 2026.
func engineOf(t testing.TB, shared *runtime.Engine, c gjson.Result) *runtime.Engine {
	t.Helper()
	if !c.Get("credentials").Exists() {
		return shared
	}
	registry := &nodes.Registry{}
	if err := registry.Add(core.Nodes()...); err != nil {
		t.Fatal(err)
	}
	set := credentials.NewSet(credentials.NewLeases(t.TempDir()))
	c.Get("credentials").ForEach(func(kind, data gjson.Result) bool {
		set.Add(credentials.Credential{ID: kind.Str, Name: kind.Str, Type: kind.Str, Data: json.RawMessage(data.Raw)})
		return true
	})
	clock := func() time.Time { return time.Unix(1767225600, 0) }
	engine := runtime.New(runtime.Options{Nodes: registry, Credentials: set, Clock: clock})
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}
