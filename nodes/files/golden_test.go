package files_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/files"
)

func TestMain(m *testing.M) { golden.Main(m) }

// TestGolden runs every case of testdata through the engine. Its answers were recorded from n8n 2.40.7 by
// internal/golden/record.mjs.
func TestGolden(t *testing.T) {
	t.Parallel()
	golden.Run(t, golden.Suite{Types: files.Nodes(), Skipped: skipped, Least: 900, Content: content})
}

// TestDescriptors: what the recorded cases set, the descriptors know.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	golden.Descriptors(t, files.Nodes(), misspelt...)
}

var stamp = regexp.MustCompile(`DTSTAMP:\d{8}T\d{6}Z|UID:[-\w]{21}\r`)

// content describes a file in a form that does not depend on who wrote it: a workbook by its cells, an archive by its files, a
// calendar without its time stamp. Text must be the same byte for byte.
func content(t testing.TB, f nodes.File, data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte{0xD0, 0xCF, 0x11, 0xE0}):
		if cells, err := files.Dump(data); err == nil {
			return cells
		}
		return archive(t, data)
	case strings.HasPrefix(f.MimeType, "text/calendar"):
		data = stamp.ReplaceAllFunc(data, func(m []byte) []byte { return m[:4] })
		f.FileSize = ""
	case bytes.HasPrefix(data, []byte{0x1F, 0x8B}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		inner, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return "gzip of " + content(t, nodes.File{}, inner)
	case len(data) > 262 && string(data[257:262]) == "ustar":
		return archive(t, data)
	}
	return golden.Text(t, f, data)
}

func archive(t testing.TB, data []byte) string {
	t.Helper()
	var list []string
	if data[0] == 'P' {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			inner, err := io.ReadAll(in)
			list = append(list, fmt.Sprintf("%s %q %v", f.Name, inner, err))
		}
		return strings.Join(list, "\n")
	}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err != nil {
			return strings.Join(list, "\n")
		}
		inner, err := io.ReadAll(r)
		list = append(list, fmt.Sprintf("%s %q %v", h.Name, inner, err))
	}
}
