package threecx_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
)

var update = flag.Bool("update", false, "write docs/3cx anew (make reference)")

// TestReference holds docs/3cx to the descriptors.
func TestReference(t *testing.T) {
	t.Parallel()
	set, err := threecx.Set()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := descriptors.Reference(set, threecx.Type)
	if err != nil {
		t.Fatal(err)
	}
	const folder = "../../docs/3cx"
	there, err := filepath.Glob(folder + "/*")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		for _, file := range there {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		for name, page := range pages {
			if err := os.WriteFile(filepath.Join(folder, name), page, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	for _, file := range there {
		if pages[filepath.Base(file)] == nil {
			t.Errorf("%s is no page of the reference any more: run make reference", file)
		}
	}
	for name, page := range pages {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || !bytes.Equal(got, page) {
			t.Errorf("docs/3cx/%s is not what the descriptors say (%v): run make reference", name, err)
		}
	}
}
