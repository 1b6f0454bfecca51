package mail

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/cordboard/cordboard/nodes"
)

// form says what an item has of a mail.
type form struct {
	raw         bool
	attachments bool
	prefix      string
	numbered    bool // the item has the mail's number
}

func readForm(call *nodes.Call) (f form, err error) {
	kind, err := call.Param("format").Option(0, "simple", "raw", "resolved", "simple")
	if err != nil {
		return f, err
	}
	if kind == "resolved" {
		e := *nodes.Errorf("the format resolved is not available")
		e.Hint = "The format simple has the text, the HTML and the headers of a mail, and its attachments where downloadAttachments is on."
		return f, e.WithParam("format", "")
	}
	f.raw, f.numbered = kind == "raw", call.Version >= 2
	if f.attachments, err = call.Param("downloadAttachments").Bool(0, false); err != nil {
		return f, err
	}
	f.prefix, err = call.Param("dataPropertyAttachmentsPrefixName").String(0, "attachment_")
	return f, err
}

// What a mail may have: what is beyond is left out, so that no mail stops those after it.
const (
	maxHeaders     = 1 << 20 // bytes
	maxAttachments = 1000
)

// item makes the item of a mail. What cannot be kept of it is left out, and the log says so; an error is that of ctx.
func (f form) item(ctx context.Context, call *nodes.Call, mail, uid string) (nodes.Item, error) {
	head, body, _ := strings.Cut(mail, "\r\n\r\n")
	var b nodes.ObjectBuilder
	if f.raw {
		b.Set("raw", nodes.StringValue(strings.ToValidUTF8(body, "\uFFFD")))
		return nodes.NewItem(b.String()), nil
	}
	if len(head) > maxHeaders {
		call.Log.Warn("a mail has too many headers: it is handed on without the last of them", "uid", uid, "size", len(head))
		head = head[:maxHeaders]
	}
	headers := readHeaders(head)
	r := &content{depth: maxParts}
	r.walk(mimeHeader(headers), strings.NewReader(body))
	b.Set("textHtml", nodes.StringValue(r.html))
	b.Set("textPlain", nodes.StringValue(r.plain))
	var (
		rest  nodes.ObjectBuilder
		top   [][2]string
		shown = map[string]bool{}
	)
	for _, h := range headers {
		if shown[h[0]] { // of several the first counts
			continue
		}
		shown[h[0]] = true
		switch h[0] {
		case "cc", "date", "from", "subject", "to":
			top = append(top, h)
		default:
			rest.Set(h[0], nodes.StringValue(h[1]))
		}
	}
	b.Raw("metadata", rest.String())
	if f.numbered {
		b.Raw("attributes", `{"uid":`+uid+`}`)
	}
	for _, h := range top {
		b.Set(h[0], nodes.StringValue(h[1]))
	}
	it := nodes.NewItem(b.String())
	if !f.attachments {
		return it, nil
	}
	files, err := f.keep(ctx, call, r, uid)
	return it.WithBinary(files), err
}

// keep keeps the attachments of a mail.
func (f form) keep(ctx context.Context, call *nodes.Call, r *content, uid string) (*nodes.Binary, error) {
	if r.left > 0 {
		call.Log.Warn("a mail has too many attachments: it is handed on without the last of them", "uid", uid, "count", maxAttachments+r.left)
	}
	var files nodes.BinaryBuilder
	for i, a := range r.attachments {
		named := nodes.File{}.Named(a.name, a.content[:min(len(a.content), 512)])
		file, err := call.KeepFile(ctx, bytes.NewReader(a.content), named)
		switch {
		case ctx.Err() != nil:
			return files.Binary(), context.Cause(ctx)
		case err != nil:
			call.Log.Warn("an attachment cannot be kept: the mail is handed on without it", "uid", uid, "attachment", a.name, "error", err)
		default:
			files.Set(f.prefix+strconv.Itoa(i), file)
		}
	}
	return files.Binary(), nil
}

// readHeaders are the headers of a mail in order, unfolded and decoded, by their names in small letters.
func readHeaders(head string) [][2]string {
	var (
		list  [][2]string
		value strings.Builder // of the last
	)
	end := func() {
		if last := len(list) - 1; last >= 0 {
			list[last][1] = decodeWords(value.String())
		}
		value.Reset()
	}
	for line := range strings.SplitSeq(head, "\r\n") {
		if len(list) > 0 && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")) {
			value.WriteString(line)
			continue
		}
		if name, text, ok := strings.Cut(line, ":"); ok {
			end()
			list = append(list, [2]string{strings.ToLower(strings.TrimSpace(name))})
			value.WriteString(strings.TrimLeft(text, " \t"))
		}
	}
	end()
	return list
}

// decodeWords decodes encoded words (RFC 2047); what cannot be decoded stays.
func decodeWords(text string) string {
	decoder := mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		e, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return e.NewDecoder().Reader(r), nil
	}}
	if decoded, err := decoder.DecodeHeader(text); err == nil {
		text = decoded
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// mimeHeader has of the headers those that say how the content is to be read.
func mimeHeader(headers [][2]string) textproto.MIMEHeader {
	h := textproto.MIMEHeader{}
	for _, one := range headers {
		if strings.HasPrefix(one[0], "content-") && h.Get(one[0]) == "" {
			h.Set(one[0], one[1])
		}
	}
	return h
}

// maxParts is how deep parts may stand in each other.
const maxParts = 20

// content is what there is in the parts of a mail: the first text, the first HTML, and the attachments.
type content struct {
	depth       int
	plain, html string
	hasPlain    bool
	hasHTML     bool
	attachments []attachment
	left        int // attachments beyond those
}

type attachment struct {
	name    string
	content []byte
}

// walk goes through a part and those in it. What is broken ends its part.
func (c *content) walk(h textproto.MIMEHeader, body io.Reader) {
	contentType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		contentType = "text/plain"
	}
	if strings.HasPrefix(contentType, "multipart/") {
		if c.depth == 0 {
			return
		}
		c.depth--
		for r := multipart.NewReader(body, params["boundary"]); ; {
			part, err := r.NextRawPart()
			if err != nil {
				break
			}
			c.walk(part.Header, part)
		}
		c.depth++
		return
	}
	disposition, named, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil {
		disposition, _, _ = strings.Cut(strings.ToLower(h.Get("Content-Disposition")), ";")
	}
	switch {
	case disposition == "attachment" && len(c.attachments) == maxAttachments:
		c.left++
	case disposition == "attachment":
		c.attachments = append(c.attachments, attachment{decodeWords(named["filename"]), decoded(h, body)})
	case contentType == "text/plain" && !c.hasPlain:
		c.plain, c.hasPlain = inUTF8(decoded(h, body), params["charset"]), true
	case contentType == "text/html" && !c.hasHTML:
		c.html, c.hasHTML = inUTF8(decoded(h, body), params["charset"]), true
	}
}

// decoded is the content of a part, as far as it can be decoded.
func decoded(h textproto.MIMEHeader, body io.Reader) []byte {
	switch strings.ToLower(strings.TrimSpace(h.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, _ := io.ReadAll(body) // the rest of what is broken is left out
	return text
}

func inUTF8(text []byte, charset string) string {
	if charset != "" && !strings.EqualFold(charset, "utf-8") {
		if e, err := htmlindex.Get(charset); err == nil {
			if plain, err := e.NewDecoder().Bytes(text); err == nil {
				text = plain
			}
		}
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}
