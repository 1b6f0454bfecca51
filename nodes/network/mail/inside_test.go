package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

func address(text string) []*netmail.Address { return []*netmail.Address{{Address: text}} }

// FuzzMessage: whatever a workflow puts into a mail, its headers are those that belong to it, and the recipients see the text.
func FuzzMessage(f *testing.F) {
	f.Add("Hello", "Ann", "text", "a.txt", "data")
	f.Add("a\r\nBcc: evil@example.com\r\n\r\nbody", "A\r\nX: y", ".\r\n..\r\nFrom x", "a\"\r\nX-Evil: 1\r\n\r\n.txt", "id>\r\nX: y")
	f.Add("Grüße =?utf-8?q?x?=  "+strings.Repeat("long", 300), "Jürgen \x00", "ü\x00\r\r\n", "ü ö.png", "a b")
	f.Add(strings.Repeat("word ", 100)+strings.Repeat(" ", 200), `"`, strings.Repeat("x", 2000), "", "\u2028")
	f.Add("\xff\xfe", "\xff", "\xff", "\xff", "\xff")
	f.Fuzz(func(t *testing.T, subject, name, text, fileName, id string) {
		m := &message{
			from: []*netmail.Address{{Name: name, Address: "from@example.com"}}, to: address("to@example.com"), bcc: address("bcc@example.com"), subject: subject, text: text, html: text,
			inline: []file{{nodes.File{FileName: fileName}, id}}, attached: []file{{nodes.File{FileName: fileName}, ""}}, id: "<1@example.com>", date: time.Unix(0, 0),
		}
		var b strings.Builder
		if err := m.write(t.Context(), &b, func(context.Context, nodes.File) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("content")), nil
		}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(b.String(), "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("a line of %d bytes: %q", len(line), line)
			}
		}
		r, err := netmail.ReadMessage(strings.NewReader(b.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		for name, values := range r.Header {
			if !slices.Contains([]string{"From", "To", "Subject", "Message-Id", "Date", "Mime-Version", "Content-Type"}, name) || len(values) != 1 {
				t.Fatalf("header %s %q", name, values)
			}
		}
		if got, err := new(mime.WordDecoder).DecodeHeader(r.Header.Get("Subject")); err != nil || strings.TrimSpace(got) != strings.TrimSpace(strings.ToValidUTF8(oneLine(subject), "\uFFFD")) {
			t.Fatalf("subject %q, want %q: %v", got, subject, err)
		}
		checkParts(t, r.Header.Get("Content-Type"), r.Body)
	})
}

// checkParts: each part has the headers that belong to it and no other.
func checkParts(t *testing.T, contentType string, body io.Reader) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatalf("%s: %v", contentType, err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return
	}
	r := multipart.NewReader(body, params["boundary"])
	count := 0
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		count++
		for name := range p.Header {
			if !slices.Contains([]string{"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-Id"}, name) {
				t.Fatalf("header %s", name)
			}
		}
		checkParts(t, p.Header.Get("Content-Type"), p)
	}
	if count != 2 {
		t.Fatalf("%d parts of %s", count, contentType)
	}
}

// zeros is content of a size.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	z.left -= n
	return n, nil
}

// TestLargeFile: a file goes through in pieces.
func TestLargeFile(t *testing.T) {
	const size = 32 << 20
	m := &message{from: address("a@example.com"), to: address("b@example.com"), text: "x", attached: []file{{File: nodes.File{FileName: "a.bin"}}}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := &countingWriter{w: io.Discard}
	if err := m.write(t.Context(), w, func(context.Context, nodes.File) (io.ReadCloser, error) { return io.NopCloser(&zeros{size}), nil }); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 || w.size < size*4/3 {
		t.Errorf("%d bytes were taken for a mail of %d", used, w.size)
	}
}

// TestFileFails: an error of the file is told as such.
func TestFileFails(t *testing.T) {
	t.Parallel()
	m := &message{from: address("a@example.com"), to: address("b@example.com"), attached: []file{{File: nodes.File{FileName: "a.bin"}}}}
	broken := errors.New("the disk is gone")
	err := m.write(t.Context(), io.Discard, func(context.Context, nodes.File) (io.ReadCloser, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestParseAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a@example.com":                               "<a@example.com>",
		"a@example.com; Ann <b@example.com>,":         `<a@example.com> "Ann" <b@example.com>`,
		`"Doe, John" <a@example.com>, b@example.com`:  `"Doe, John" <a@example.com> <b@example.com>`,
		"Ann @ Work <a@example.com>, x":               `"Ann @ Work" <a@example.com>`,
		"Team: a@example.com, b@example.com;":         "<a@example.com> <b@example.com>",
		"Doe, John <a@example.com>":                   `"John" <a@example.com>`,
		`"a;b" <a@example.com>; e@example.com (c, d)`: `"a;b" <a@example.com> "c, d" <e@example.com>`,
		"nobody, <>, @, a@":                           "",
		`"open <a@example.com>`:                       "",
		"a@example.com <b@example.com>":               `"a@example.com" <b@example.com>`,
	} {
		var list []string
		for _, a := range parseAddresses(text) {
			list = append(list, a.String())
		}
		if got := strings.Join(list, " "); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// FuzzReceived: whatever comes, an item comes of it.
func FuzzReceived(f *testing.F) {
	for _, text := range []string{
		"From: a\r\nSubject: =?utf-8?q?=FF?= x\r\n y\r\n\r\nbody", "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Disposition: attachment; filename=a\r\n\r\nx\r\n--B--",
		"Content-Type: multipart/mixed\r\n\r\n--\r\n", "Content-Transfer-Encoding: base64\r\n\r\n!!", ":\r\n\r\n", "", "\r\n\r\n", " x\r\nContent-Type: text/html; charset=utf-16\r\n\r\nx",
		"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nx",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []form{{raw: true}, {attachments: true, prefix: "f", numbered: true}} {
			it, err := kind.item(t.Context(), &nodes.Call{Log: slog.New(slog.DiscardHandler)}, text, "1")
			if err != nil || !gjson.Valid(it.JSON()) {
				t.Fatalf("%v: %s", err, it.JSON())
			}
		}
	})
}

func TestParseSearch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`["UNSEEN"]`: "not seen", `["!SEEN"]`: "not seen", `[["!UNSEEN"]]`: "not (not seen)", `[]`: "", `["all"]`: "",
		`["UNSEEN", ["SINCE", "May 20, 2025"], ["HEADER", "X-A", "b"]]`: "since 2025-05-20, X-A: b, not seen",
		`[["OR", "SEEN", ["FROM", "a"]], ["!LARGER", 5]]`:               "not (larger 5), (seen) or (From: a)",
		`[["ON", "2-Jan-2025"]]`:                                        "since 2025-01-02, before 2025-01-03",
		`["NOPE"]`:                                                      "error", `{"a":1}`: "error", `[["OR","SEEN"]]`: "error", `[5]`: "error", `[["SINCE","x"]]`: "error", `[[]]`: "error",
	} {
		got := "error"
		if c, err := parseSearch(text); err == nil {
			got = searchText(*c)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func searchText(c imap.SearchCriteria) string {
	var parts []string
	day := func(name string, at time.Time) {
		if !at.IsZero() {
			parts = append(parts, name+at.Format(" 2006-01-02"))
		}
	}
	day("since", c.Since)
	day("before", c.Before)
	for _, h := range c.Header {
		parts = append(parts, h.Key+": "+h.Value)
	}
	for _, f := range c.Flag {
		parts = append(parts, strings.ToLower(strings.Trim(string(f), `\`)))
	}
	for _, f := range c.NotFlag {
		parts = append(parts, "not "+strings.ToLower(strings.Trim(string(f), `\`)))
	}
	if c.Larger > 0 {
		parts = append(parts, fmt.Sprint("larger ", c.Larger))
	}
	for _, n := range c.Not {
		parts = append(parts, "not ("+searchText(n)+")")
	}
	for _, o := range c.Or {
		parts = append(parts, "("+searchText(o[0])+") or ("+searchText(o[1])+")")
	}
	return strings.Join(parts, ", ")
}
