package generate_test

import (
	"testing"

	"github.com/cordboard/cordboard/descriptors/threecx/generate"
)

func TestFilesWithoutDocuments(t *testing.T) {
	t.Parallel()
	_, err := generate.Files("testdata")
	want := "generate the 3CX node: open testdata/xapi-20.0.7.yaml: no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
