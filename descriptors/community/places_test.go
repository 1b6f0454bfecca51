package community_test

import (
	"testing"

	"github.com/cordboard/cordboard/descriptors/community"
)

// TestPlaces: what is left out says which resource and operation it belongs to.
func TestPlaces(t *testing.T) {
	t.Parallel()
	p := community.Package{Files: map[string]string{"package.json": `{"name":"n8n-nodes-x"}`}}
	const left = `"type":"resourceMapper","routing":{"send":{"type":"body","property":"x"}}`
	out, err := p.Convert(`{"nodes":[{"description":{"name":"x","version":1,"requestDefaults":{"baseURL":"https://x"},"properties":[
		{"name":"anywhere",` + left + `},
		{"name":"columns",` + left + `,"displayOptions":{"show":{"resource":["row"],"operation":["create","update"]}}},
		{"name":"single",` + left + `,"displayOptions":{"show":{"operation":["drop"],"mode":["hard"]}}},
		{"name":"more","type":"collection","displayOptions":{"show":{"resource":["row"]}},"options":[
			{"name":"inner","type":"fixedCollection","options":[{"name":"group","values":[{"name":"deep",` + left + `}]}]}]}]}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	const reason = ": parameters of the type resourceMapper are not known here\n"
	want := "x, parameter anywhere" + reason +
		"x, resource row, operation create or update, parameter columns" + reason +
		"x, operation drop, parameter single" + reason +
		"x, resource row, parameter more.inner.group.deep" + reason
	if got := lines(out.Left); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
