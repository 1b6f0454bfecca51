package mail

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cordboard/cordboard/nodes"
)

// message is a mail as it is to be sent.
type message struct {
	from, to, cc, bcc, replyTo []*mail.Address
	subject, text, html        string
	inline, attached           []file
	id                         string
	date                       time.Time
}

// file is binary data that goes with a mail; the HTML refers to it as cid:id where that is set.
type file struct {
	nodes.File
	id string
}

// opener opens binary data.
type opener func(ctx context.Context, f nodes.File) (io.ReadCloser, error)

// recipients are the addresses that get the mail, each once.
func (m *message) recipients() []*mail.Address {
	var list []*mail.Address
	known := map[string]bool{}
	for _, group := range [][]*mail.Address{m.to, m.cc, m.bcc} {
		for _, a := range group {
			if !known[a.Address] {
				known[a.Address] = true
				list = append(list, a)
			}
		}
	}
	return list
}

// write writes the mail (RFC 5322). Files are opened as their turn comes, and go through in pieces.
func (m *message) write(ctx context.Context, w io.Writer, open opener) error {
	var b strings.Builder
	for _, h := range []struct {
		name string
		list []*mail.Address
	}{{"From", m.from}, {"To", m.to}, {"Cc", m.cc}, {"Reply-To", m.replyTo}} {
		if len(h.list) > 0 {
			texts := make([]string, len(h.list))
			for i, a := range h.list {
				texts[i] = a.String()
			}
			header(&b, h.name, strings.Join(texts, ", "))
		}
	}
	if m.subject != "" {
		header(&b, "Subject", words(oneLine(m.subject)))
	}
	header(&b, "Message-ID", m.id)
	header(&b, "Date", m.date.UTC().Format(time.RFC1123Z))
	header(&b, "MIME-Version", "1.0")
	root := m.entity(ctx, open)
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		if value := root.header.Get(name); value != "" {
			header(&b, name, value)
		}
	}
	b.WriteString("\r\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	return root.write(w)
}

// entity is a part of a mail (RFC 2045): a leaf, or several parts.
type entity struct {
	header   textproto.MIMEHeader
	boundary string
	parts    []*entity
	body     func(w io.Writer) error
}

func (e *entity) write(w io.Writer) error {
	if e.parts == nil {
		return e.body(w)
	}
	mw := multipart.NewWriter(w)
	if err := mw.SetBoundary(e.boundary); err != nil {
		return err
	}
	for _, p := range e.parts {
		pw, err := mw.CreatePart(p.header)
		if err != nil {
			return err
		}
		if err := p.write(pw); err != nil {
			return err
		}
	}
	return mw.Close()
}

func several(contentType string, parts ...*entity) *entity {
	e := &entity{parts: parts, boundary: rand.Text()}
	e.header = textproto.MIMEHeader{"Content-Type": {contentType + `; boundary="` + e.boundary + `"`}}
	return e
}

// entity puts text, HTML and files together: files with an id stand beside the HTML, if there is any.
func (m *message) entity(ctx context.Context, open opener) *entity {
	inline, rest := m.inline, m.attached
	if m.html == "" {
		inline, rest = nil, append(m.inline[:len(m.inline):len(m.inline)], m.attached...)
	}
	body := textEntity("text/plain", m.text)
	if m.html != "" {
		html := textEntity("text/html", m.html)
		if len(inline) > 0 {
			html = several(`multipart/related; type="text/html"`, append([]*entity{html}, fileEntities(ctx, inline, open)...)...)
		}
		if body = html; m.text != "" {
			body = several("multipart/alternative", textEntity("text/plain", m.text), html)
		}
	}
	if len(rest) > 0 {
		body = several("multipart/mixed", append([]*entity{body}, fileEntities(ctx, rest, open)...)...)
	}
	return body
}

var lineEnds = strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n")

func textEntity(contentType, text string) *entity {
	text = lineEnds.Replace(text)
	e := &entity{header: textproto.MIMEHeader{"Content-Type": {contentType + "; charset=utf-8"}, "Content-Transfer-Encoding": {"7bit"}}}
	if isPlain(text) {
		e.body = func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}
		return e
	}
	e.header.Set("Content-Transfer-Encoding", "quoted-printable")
	e.body = func(w io.Writer) error {
		q := quotedprintable.NewWriter(w)
		if _, err := io.WriteString(q, text); err != nil {
			return err
		}
		return q.Close()
	}
	return e
}

// maxLine is how long a line of a mail may well be (RFC 5322, 2.1.1).
const maxLine = 76

// isPlain reports whether text needs no encoding.
func isPlain(text string) bool {
	column := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n':
			column = 0
		case c == '\t', c == '\r', c >= ' ' && c <= '~':
			if column++; column > maxLine+1 { // with the line's end
				return false
			}
		default:
			return false
		}
	}
	return true
}

func fileEntities(ctx context.Context, files []file, open opener) []*entity {
	list := make([]*entity, len(files))
	for i, f := range files {
		list[i] = fileEntity(ctx, f, open)
	}
	return list
}

// fileEntity is a file in base64. As in n8n its name says its type.
func fileEntity(ctx context.Context, f file, open opener) *entity {
	name := strings.ToValidUTF8(oneLine(f.FileName), "")
	if name == "" {
		name = "unknown"
	}
	unknown := []byte{0} // what begins so is of a type that is not known
	contentType := nodes.File{}.Named(name, unknown).MimeType
	disposition := "attachment"
	if f.id != "" && strings.HasPrefix(contentType, "image/") {
		disposition = "inline"
	}
	h := textproto.MIMEHeader{
		"Content-Type":              {parameter(contentType, "name", name)},
		"Content-Transfer-Encoding": {"base64"},
		"Content-Disposition":       {parameter(disposition, "filename", name)},
	}
	if f.id != "" {
		h.Set("Content-ID", "<"+strings.Map(idRune, f.id)+">")
	}
	return &entity{header: h, body: func(w io.Writer) error {
		content, err := open(ctx, f.File)
		if err != nil {
			return err
		}
		defer func() { _ = content.Close() }() // it was only read
		lines := &lineWriter{w: w}
		encoder := base64.NewEncoder(base64.StdEncoding, lines)
		if _, err := io.Copy(encoder, content); err != nil {
			return nodes.Errorf("the binary data %q cannot be read: %w", f.FileName, err)
		}
		return encoder.Close()
	}}
}

// parameter adds a parameter to a media type or disposition (RFC 2231).
func parameter(value, name, text string) string {
	const most = 200 // runes of a name: as it is encoded a line stays below its 998 bytes in most alphabets
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most])
	}
	if formatted := mime.FormatMediaType(value, map[string]string{name: text}); formatted != "" {
		return formatted
	}
	return value
}

// idRune leaves out what a Content-ID cannot hold.
func idRune(r rune) rune {
	if r < ' ' || r > '~' || r == '<' || r == '>' {
		return -1
	}
	return r
}

var lineEnd = []byte("\r\n")

// lineWriter ends a line after each 76 bytes (RFC 2045, 6.8).
type lineWriter struct {
	w      io.Writer
	column int
}

// Write is io.Writer's.
func (l *lineWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if l.column == maxLine {
			if _, err := l.w.Write(lineEnd); err != nil {
				return written, err
			}
			l.column = 0
		}
		n, err := l.w.Write(p[:min(len(p), maxLine-l.column)])
		written += n
		if err != nil {
			return written, err
		}
		l.column += n
		p = p[n:]
	}
	return written, nil
}

var lineBreaks = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ")

// oneLine puts spaces for line breaks: a header ends at one.
func oneLine(text string) string { return lineBreaks.Replace(text) }

// words is text as a header may have it: encoded words (RFC 2047) if it holds what a header does not, or a word that is longer than
// a line.
func words(text string) string {
	longest := 0
	for word := range strings.SplitSeq(text, " ") {
		longest = max(longest, len(word))
	}
	odd := func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }
	if !strings.ContainsFunc(text, odd) && !strings.Contains(text, "=?") && longest < maxLine*5 {
		return text
	}
	const most = 45 // bytes in a word, so that it has at most 75 characters
	var list []string
	for text = strings.ToValidUTF8(text, "\uFFFD"); text != ""; {
		n := min(len(text), most)
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		list = append(list, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		text = text[n:]
	}
	return strings.Join(list, " ")
}

// header writes a header, folded at spaces (RFC 5322, 2.2.3). Whatever the value holds, it does not end the header.
func header(b *strings.Builder, name, value string) {
	line := name + ": "
	start := len(line)
	for word := range strings.SplitAfterSeq(oneLine(value), " ") {
		if word != " " && len(line) > start && len(line)+len(strings.TrimRight(word, " ")) > maxLine && strings.HasSuffix(line, " ") {
			b.WriteString(line[:len(line)-1] + "\r\n")
			line, start = " ", 1
		}
		line += word
	}
	b.WriteString(line + "\r\n")
}
