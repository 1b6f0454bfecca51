package request

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// TestWalk makes the least valid request of every operation of both API versions and holds its status to the declared one.
func TestWalk(t *testing.T) {
	t.Parallel()
	set, err := threecx.Set()
	if err != nil {
		t.Fatal(err)
	}
	for _, api := range []struct {
		version    string
		node       float64
		operations int
	}{{"20.0.7", 1, 548}, {"20.0.10", 2, 601}} {
		t.Run(api.version, func(t *testing.T) {
			t.Parallel()
			sim := startPBX(t, pbxsim.Options{Version: api.version})
			w := &walk{rig: newRig(t, threeCXNode(t, api.node), pbxCredential(t, sim.URL(), "secret")), sim: sim}
			var pages []*descriptors.Operation
			for _, r := range w.node.Resources {
				for _, o := range r.Operations {
					page, err := set.Operation(w.node.Type, api.node, r.Name, o.Name)
					if err != nil {
						t.Fatal(err)
					}
					pages = append(pages, page)
				}
			}
			if len(pages) != api.operations {
				t.Fatalf("%d operations, want %d", len(pages), api.operations)
			}
			rank := map[string]int{http.MethodGet: 0, http.MethodPost: 1, http.MethodPatch: 2, http.MethodDelete: 3} // what deletes comes last
			slices.SortStableFunc(pages, func(a, b *descriptors.Operation) int { return rank[a.Request.Method] - rank[b.Request.Method] })
			for _, page := range pages {
				w.visit(page)
			}
			if n := sim.Counters().TokenMints; n != 1 {
				t.Errorf("%d tokens were minted", n)
			}
		})
	}
}

type walk struct {
	*rig
	sim *pbxsim.Server
}

func (w *walk) visit(o *descriptors.Operation) {
	w.t.Helper()
	params := map[string]any{}
	for _, p := range o.Properties {
		if p.In == "path" {
			params[p.Name] = w.value(o, p)
		}
	}
	text, err := json.Marshal(params)
	if err != nil {
		w.t.Fatal(err)
	}
	before := len(w.sim.Requests())
	items, err := w.run(o, string(text))
	made := w.sim.Requests()[before:]
	last := made[len(made)-1]
	if err != nil || last.Status != o.Response.Status || last.Operation != o.ID {
		w.t.Errorf("%s: %s: %s %s: status %d, want %d: %v", o.ID, text, last.Method, last.RawPath, last.Status, o.Response.Status, err)
		return
	}
	if o.Response.Kind == "none" && (len(items) != 1 || items[0].JSON() != `{"success":true}`) {
		w.t.Errorf("%s: %v", o.ID, texts(items))
	}
}

// value is one for a path parameter: a key that exists, or anything of the type.
func (w *walk) value(o *descriptors.Operation, p descriptors.Property) any {
	head, _, _ := strings.Cut(strings.TrimPrefix(o.Request.Path, "/"), "/")
	set, key, _ := strings.Cut(head, "(")
	byNumber := slices.Contains([]string{"GetByNumber", "GetPeerByNumber", "GetTrunkByNumber"}, o.ID) || strings.Contains(o.Request.Path, "Pbx.GetByNumber(")
	if strings.Contains(key, "{"+p.Name+"}") || byNumber || p.Name == "name" && o.ID == "GetParameterByName" {
		if v := w.last(set)[strings.ToUpper(p.Name[:1])+p.Name[1:]]; v != nil {
			return v
		}
		if set == "CrmTemplates" { // it cannot be listed
			return "Name 1"
		}
	}
	switch {
	case p.Format == "date-time":
		return "2026-01-01T00:00:00Z"
	case p.Format == "uuid":
		return "00000000-0000-4000-8000-000000000001"
	case p.Type == "boolean":
		return true
	case p.Type == "number":
		return 1
	}
	return "x"
}

// last is the last entity of a set, read with net/http alone.
func (w *walk) last(set string) map[string]any {
	w.t.Helper()
	a, err := w.eng.Access(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, a.BaseURL+"/xapi/v1/"+set, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.Token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	var list struct{ Value []map[string]any }
	if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(text, &list) != nil || len(list.Value) == 0 {
		return nil
	}
	return list.Value[len(list.Value)-1]
}
