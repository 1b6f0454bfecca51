package files_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/files"
	"github.com/cordboard/cordboard/runtime/binary"
)

// BenchmarkNodes is what the package costs each start of the program.
func BenchmarkNodes(b *testing.B) {
	for b.Loop() {
		files.Nodes()
	}
}

func node(b *testing.B, name string) nodes.Node {
	b.Helper()
	for _, t := range files.Nodes() {
		if strings.HasSuffix(t.Descriptor.Type, "."+name) {
			return t.Node
		}
	}
	b.Fatal("no node " + name)
	return nil
}

func call(b *testing.B, store nodes.BinaryStore, params string, items nodes.Items) *nodes.Call {
	b.Helper()
	template, errs := nodes.CompileTemplate(gjson.Parse(params), nil)
	if len(errs) > 0 {
		b.Fatal(errs)
	}
	return &nodes.Call{Version: 1.1, Params: template, Binary: store, Inputs: []nodes.Items{items}}
}

// BenchmarkTables converts 100,000 items of about 100 bytes to a file and back.
func BenchmarkTables(b *testing.B) {
	const n = 100_000
	var list nodes.ItemsBuilder
	for i := range n {
		list.Add(nodes.NewItem(fmt.Sprintf(`{"id":%d,"name":"Name of number %d","active":%t,"score":%d.5,"city":"Vienna","note":"some more text"}`, i, i, i%2 == 0, i%1000)))
	}
	items := list.Items()
	for _, format := range []string{"csv", "xlsx", "ods"} {
		store := binary.New(b.TempDir())
		var made nodes.Item
		b.Run("write/"+format, func(b *testing.B) {
			for b.Loop() {
				c := call(b, store, `{"operation":"`+format+`"}`, items)
				if err := node(b, "convertToFile").Execute(b.Context(), c); err != nil {
					b.Fatal(err)
				}
				outputs, _, _ := c.Outcome()
				made = outputs[0].At(0)
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "items/s")
		})
		b.Run("read/"+format, func(b *testing.B) {
			for b.Loop() {
				c := call(b, store, `{"operation":"`+format+`"}`, nodes.ItemsOf(made))
				if err := node(b, "extractFromFile").Execute(b.Context(), c); err != nil {
					b.Fatal(err)
				}
				if outputs, _, _ := c.Outcome(); outputs[0].Len() != n {
					b.Fatal(outputs[0].Len(), "items")
				}
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "items/s")
		})
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMillionRows reads CSV of 1,000,000 rows, and says how much memory its items take beside the size of the file.
func BenchmarkMillionRows(b *testing.B) {
	store := binary.New(b.TempDir())
	defer store.Close()
	id, w, err := store.Create(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var line bytes.Buffer
	size := 0
	for i := -1; i < 1_000_000; i++ {
		line.Reset()
		if i < 0 {
			line.WriteString("id,name,city,score,note\n")
		} else {
			fmt.Fprintf(&line, "%d,Name of number %d,Vienna,%d.5,some more text that makes the row as long as it is\n", i, i, i%1000)
		}
		n, err := io.Copy(w, &line)
		if size += int(n); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	it := nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", nodes.File{ID: id}))
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		c := call(b, store, `{}`, nodes.ItemsOf(it))
		if err := node(b, "extractFromFile").Execute(b.Context(), c); err != nil {
			b.Fatal(err)
		}
		outputs, _, _ := c.Outcome()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(size), "heap/file")
		b.ReportMetric(float64(after.HeapSys)/1e6, "heap-MB")
		if outputs[0].Len() != 1_000_000 {
			b.Fatal(outputs[0].Len())
		}
	}
}
