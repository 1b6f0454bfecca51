package files_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/files"
)

var update = flag.Bool("update", false, "write testdata/files/ours.*; what n8n reads from them is to be recorded anew then")

// TestOurs: workbooks come out as they did when n8n was asked what it reads from them (the cases extractFromFile/*-ours).
func TestOurs(t *testing.T) {
	t.Parallel()
	items := []nodes.Item{
		nodes.NewItem(`{"id":1,"name":"Ann","ok":true,"score":1.5,"note":null,"o":{"deep":[1,{"x":"y"}]}}`),
		nodes.NewItem(`{"id":2,"name":" spaced  out ","ok":false,"score":-3e+21,"note":"line1\nline2","ünïcödé":"é😀<&>\"'"}`),
		nodes.NewItem(`{"id":"007","tab":"a\tb","under":"_x0041_","long":"` + strings.Repeat("0123456789", 2000) + `","small":1e-7}`),
	}
	for i := range 300 { // texts over the borders of records
		items = append(items, nodes.NewItem(fmt.Sprintf(`{"id":%d,"name":"number %d %s"}`, i, i, strings.Repeat("ü", i))))
	}
	for _, name := range []string{"ours.xlsx", "ours.xls", "ours.ods", "ours-plain.xlsx", "ours-plain.ods"} {
		file, list := "testdata/files/"+name, items
		isPlain := strings.Contains(name, "plain")
		if isPlain { // not compressed: the file is as long as its parts
			list = items[:2]
		}
		_, format, _ := strings.Cut(name, ".")
		got, err := files.WriteTable(t.Context(), format, !isPlain, nodes.ItemsOf(list...))
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is written now: go test -run Ours -update, and record its case again", file)
		}
	}
}
