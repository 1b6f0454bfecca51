package network

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// codings are what answers may be packed in.
const codings = "gzip, deflate"

// acceptable leaves of what a workflow asks for as Accept-Encoding what can be unpacked here.
func acceptable(asked string) string {
	var kept []string
	for coding := range strings.SplitSeq(asked, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if slices.Contains([]string{"gzip", "x-gzip", "deflate", "identity"}, strings.ToLower(name)) {
			kept = append(kept, strings.TrimSpace(coding))
		}
	}
	if len(kept) == 0 {
		return "identity"
	}
	return strings.Join(kept, ", ")
}

// unpack lets the body of an answer be read without its Content-Encoding, and reports whether it had one.
func unpack(res *http.Response) bool {
	var open func(*bufio.Reader) (io.Reader, error)
	switch strings.ToLower(strings.TrimSpace(res.Header.Get("Content-Encoding"))) {
	case "gzip", "x-gzip":
		open = func(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case "deflate":
		open = inflate
	default:
		return false
	}
	res.Header.Del("Content-Encoding")
	res.ContentLength = -1
	from := &source{Reader: res.Body}
	res.Body = &unpacked{Closer: res.Body, from: from, packed: bufio.NewReader(from), open: open}
	return true
}

// inflate reads what servers call deflate: with the head of zlib (RFC 1950), or without.
func inflate(r *bufio.Reader) (io.Reader, error) {
	head, err := r.Peek(2)
	if err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}

// source remembers its own failure, so that a lost connection is not taken for damaged data.
type source struct {
	io.Reader
	err error
}

// Read is io.Reader's.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// unpacked is a body that is opened when it is first read: one of nothing is not packed at all.
type unpacked struct {
	io.Closer
	from   *source
	packed *bufio.Reader
	open   func(*bufio.Reader) (io.Reader, error)
	plain  io.Reader
}

// Read is io.Reader's.
func (u *unpacked) Read(p []byte) (int, error) {
	if u.plain == nil {
		if _, err := u.packed.Peek(1); err != nil {
			return 0, err
		}
		plain, err := u.open(u.packed)
		if err != nil {
			return 0, u.failed()
		}
		u.plain = plain
	}
	n, err := u.plain.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // as io.Reader has it
		err = u.failed()
	}
	return n, err
}

// failed is the connection's error, where that is what failed.
func (u *unpacked) failed() error {
	if u.from.err != nil {
		return u.from.err
	}
	return nodes.Errorf("Failed to decompress response")
}
