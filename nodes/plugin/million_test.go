package plugin_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin"
)

// itemsVariable is how many items TestManyItems sends, for the million that it is meant for.
const itemsVariable = "CORDBOARD_TEST_ITEMS"

// counted takes results and keeps nothing but their number and order.
type counted struct {
	n   int
	bad string
}

// Emit is nodes.Sink's.
func (c *counted) Emit(_ int, it nodes.Item) {
	if i := it.Get("i").Int(); i != int64(c.n) && c.bad == "" {
		c.bad = fmt.Sprintf("item %d came as number %d", i, c.n)
	}
	c.n++
}

// Failed is nodes.Sink's.
func (c *counted) Failed(i int, e *nodes.Error) { c.bad = fmt.Sprint(i, e) }

// TestManyItems sends many items of 1 KB through the plugin in one call: each comes back, in order, and the plugin's process holds a
// part of them at a time, where the others lie on disk.
func TestManyItems(t *testing.T) {
	count := 60_000
	if n, err := strconv.Atoi(os.Getenv(itemsVariable)); err == nil {
		count = n
	} else if testing.Short() {
		count = 10_000
	}
	host := plugin.NewHost(self(t), nil)
	t.Cleanup(host.Close)
	var b nodes.ItemsBuilder
	filler := strings.Repeat("x", 1000)
	for i := range count {
		b.Add(nodes.NewItem(fmt.Sprintf(`{"i":%d,"text":"%s"}`, i, filler)))
	}
	sink := &counted{}
	if err := executeOn(t, host, "plug.echo", `{}`, &nodes.Call{Sink: sink, Inputs: []nodes.Items{b.Items()}}); err != nil {
		t.Fatal(err)
	}
	if sink.n != count || sink.bad != "" {
		t.Errorf("%d of %d items came back; %s", sink.n, count, sink.bad)
	}
	after := &nodes.Call{}
	if err := executeRemote(t, host, "plug.memory", `{}`, after); err != nil {
		t.Fatal(err)
	}
	outputs, _, _ := after.Outcome()
	peak := outputs[0].At(0).Get("peak").Int()
	t.Logf("%d items, peak of the plugin's process %d MB", count, peak>>20)
	if most := int64(256<<20) + int64(count)*400; peak > most { // an index of the items grows with them; the detector of races takes its part
		t.Errorf("the plugin's process had %d MB, more than %d MB", peak>>20, most>>20)
	}
}
