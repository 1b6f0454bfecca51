package network

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

// TestUnpackFailures: damaged data is told as such, also when it is read on, and an error of the connection stays what it is.
func TestUnpackFailures(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, strings.Repeat("text", 100))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	whole := packed.String()
	damaged := []byte(whole)
	damaged[len(damaged)-6] ^= 1 // in the checksum
	const refused = "Failed to decompress response"
	for name, c := range map[string]struct {
		coding, sent string
		lost         bool
		want         string
	}{
		"no gzip":          {"gzip", "this is plain text", false, refused},
		"no zlib":          {"deflate", "\x78\xbb\x00", false, refused},
		"a damaged sum":    {"gzip", string(damaged), false, refused},
		"lost in the head": {"gzip", whole[:5], true, syscall.ECONNRESET.Error()},
		"lost within":      {"gzip", whole[:15], true, syscall.ECONNRESET.Error()},
		"whole":            {"gzip", whole, false, "nil"},
	} {
		var body io.Reader = strings.NewReader(c.sent)
		if c.lost {
			body = io.MultiReader(body, iotest.ErrReader(syscall.ECONNRESET))
		}
		res := &http.Response{Header: http.Header{"Content-Encoding": {c.coding}}, Body: io.NopCloser(body)}
		if !unpack(res) {
			t.Fatalf("%s: not packed", name)
		}
		_, err := io.ReadAll(res.Body)
		got := "nil"
		if err != nil {
			got = err.Error()
		}
		if got != c.want || c.lost && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if _, again := res.Body.Read(make([]byte, 1)); (again == nil) || err == nil && !errors.Is(again, io.EOF) {
			t.Errorf("%s: read on: %v", name, again)
		}
	}
}
