package mail_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes/network/mail"
	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) { golden.Main(m) }

func TestDescriptors(t *testing.T) {
	t.Parallel()
	golden.Descriptors(t, mail.Nodes(mail.Options{}))
}

// TestGolden runs the cases of testdata against a server: the items must be those of n8n, and so must the mails that arrive. They were
// recorded from n8n 2.40.7 by testdata/record.mjs, which also says what is in a case.
func TestGolden(t *testing.T) {
	server := dbtest.SMTP(t)
	files := golden.Files(t)
	if len(files) < 90 {
		t.Fatalf("only %d cases", len(files))
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.Run(name, func(t *testing.T) {
			c := golden.Read(t, files[name])
			got := outcome(golden.Answer(t, engine(t, server, c), golden.WithCredential(c, "smtp")), c)
			var arrived []string
			for _, m := range server.Mails(t) {
				arrived = append(arrived, describe(t, m))
			}
			if reason := skipped[strings.TrimPrefix(name, "emailSend/")]; reason != "" {
				t.Skip(reason)
			}
			if want := outcome(c.Get("want"), c); got != want {
				t.Errorf("%s\ngot  %s\nwant %s", c.Get("node").Raw, got, want)
			}
			var wanted []string
			for _, m := range c.Get("mails").Array() {
				var w dbtest.Mail
				if err := json.Unmarshal([]byte(strings.Replace(m.Raw, `"content":`, `"text":`, 1)), &w); err != nil {
					t.Fatal(err)
				}
				w.Content = []byte(m.Get("content").Str)
				wanted = append(wanted, describe(t, w))
			}
			if got, want := strings.Join(arrived, "\n"), strings.Join(wanted, "\n"); got != want {
				t.Errorf("%s\narrived %s\nwant    %s", c.Get("node").Raw, got, want)
			}
		})
	}
	for name := range skipped {
		if files["emailSend/"+name] == "" {
			t.Errorf("the skipped case %s is not there", name)
		}
	}
}

// engine has the credential for the server of a case.
func engine(t *testing.T, server *dbtest.SMTPServer, c gjson.Result) *runtime.Engine {
	t.Helper()
	port := map[string]int{"": server.Plain, "starttls": server.StartTLS, "tls": server.TLS, "auth": server.Auth}[c.Get("server").Str]
	fields := map[string]any{"host": "127.0.0.1", "port": port, "user": server.User, "password": server.Password, "secure": port == server.TLS, "hostName": "client.example"}
	if port == server.Plain {
		fields["user"], fields["password"] = "", ""
	}
	c.Get("credential").ForEach(func(name, v gjson.Result) bool {
		fields[name.Str] = v.Value()
		return true
	})
	return golden.NewEngine(t, runtime.Options{Credentials: golden.Credentials(t, map[string]any{"smtp": fields})}, mail.Nodes(mail.Options{})...)
}

var (
	ownID  = regexp.MustCompile(`"messageId":"<[^@]*@`)
	timing = regexp.MustCompile(`"(envelopeTime|messageTime|messageSize)":\d+`)
)

// outcome describes an answer line by line, without what changes from run to run.
func outcome(r, c gjson.Result) string {
	text := r.Get("status").Str
	if r.Get("refused").Exists() {
		return "refused"
	}
	if err := r.Get("error"); err.Exists() {
		text += fmt.Sprintf("\n  error %q %q", err.Get("message").Str, err.Get("description").Str)
		if c.Get("want.error.itemIndex").Type == gjson.Number {
			text += " of item " + err.Get("itemIndex").Raw
		}
	}
	for o, list := range r.Get("outputs").Array() {
		for _, it := range list.Array() {
			item := timing.ReplaceAllString(ownID.ReplaceAllString(it.Get("json").Raw, `"messageId":"<ID@`), `"$1":0`)
			parent := it.Get("pairedItem.item").Raw
			if p := it.Get("pairedItem"); p.Type == gjson.Number {
				parent = p.Raw
			}
			text += fmt.Sprintf("\n  %d: %s < %s", o, item, parent)
		}
	}
	return text
}

// describe is a mail as a reader sees it: who sent it to whom, its headers, and the content of its parts.
func describe(t *testing.T, m dbtest.Mail) string {
	t.Helper()
	text := fmt.Sprintf("from %s to %s, user %q, TLS %v", strings.Trim(m.From, "<>"), strings.Join(m.To, ", "), m.User, m.TLS)
	if strings.HasSuffix(m.Helo, ".example") { // else it is the machine's own name
		text += ", by " + m.Helo
	}
	r, err := netmail.ReadMessage(strings.NewReader(string(m.Content)))
	if err != nil {
		t.Fatalf("%v\n%s", err, m.Content)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if strings.HasPrefix(name, "Content-") {
			continue
		}
		for _, value := range r.Header[name] {
			switch name {
			case "From", "To", "Cc", "Reply-To":
				list, err := r.Header.AddressList(name)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				value = fmt.Sprint(list)
			case "Message-Id", "Date": // each has its own
				if value == "" {
					t.Errorf("there is no %s", name)
				}
				value = "…"
			}
			text += "\n  " + name + ": " + decoded(t, value)
		}
	}
	return text + part(t, textproto.MIMEHeader(r.Header), r.Body, "  ")
}

func decoded(t *testing.T, text string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// part describes a part of a mail, and the parts in it.
func part(t *testing.T, h textproto.MIMEHeader, body io.Reader, indent string) string {
	t.Helper()
	contentType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		t.Fatalf("%s: %v", h.Get("Content-Type"), err)
	}
	text := fmt.Sprintf("\n%s%s name %q", indent, contentType, decoded(t, params["name"]))
	if d := h.Get("Content-Disposition"); d != "" {
		disposition, params, err := mime.ParseMediaType(d)
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		text += fmt.Sprintf(" %s %q", disposition, params["filename"])
	}
	text += " " + h.Get("Content-Id")
	if strings.HasPrefix(contentType, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return text
			}
			if err != nil {
				t.Fatal(err)
			}
			text += part(t, p.Header, p, indent+"  ")
		}
	}
	switch h.Get("Content-Transfer-Encoding") {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.TrimRight(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n")
	if contentType == "text/html" {
		plain = spaces.ReplaceAllString(plain, "")
	}
	return text + " " + strconv.Quote(named.Replace(plain))
}

var (
	spaces = regexp.MustCompile(`\s*\n\s*`)
	// named puts this program's name for n8n's in the lines below a mail.
	named = strings.NewReplacer(
		"https://n8n.io/?utm_source=n8n-internal&utm_medium=powered_by&utm_campaign=n8n-nodes-base.emailSend_", "https://github.com/cordboard/cordboard",
		">n8n</a>", ">Cordboard</a>", "with n8n\nhttps://n8n.io", "with Cordboard\nhttps://github.com/cordboard/cordboard",
	)
)

// TestSettingsOfItems: an item that wants the certificate checked gets no connection of one that does not.
func TestSettingsOfItems(t *testing.T) {
	server := dbtest.SMTP(t)
	c := gjson.Parse(`{"server":"starttls","node":{"type":"n8n-nodes-base.emailSend","typeVersion":2.1,"onError":"continueRegularOutput","parameters":{"fromEmail":"from@example.com",
		"toEmail":"to@example.com","emailFormat":"text","text":"x","options":{"allowUnauthorizedCerts":"={{ $json.a }}"}}},"input":[{"json":{"a":true}},{"json":{"a":true}},{"json":{"a":false}}]}`)
	items := golden.Answer(t, engine(t, server, c), golden.WithCredential(c, "smtp")).Get("outputs.0").Array()
	if len(items) != 3 || items[1].Get("json.error").Exists() || !strings.Contains(items[2].Get("json.error").Str, "cannot be verified") {
		t.Errorf("got %v", items)
	}
	if n := len(server.Mails(t)); n != 2 {
		t.Errorf("%d mails arrived", n)
	}
}
