package mail

import (
	"context"
	"errors"
	"strings"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// emailSend sends a mail for each item, over one connection.
type emailSend struct{ options Options }

var (
	_ nodes.Outward          = emailSend{}
	_ nodes.CredentialTester = emailSend{}
)

// Writes is nodes.Outward's.
func (emailSend) Writes(float64, *nodes.Template) bool { return true }

// TestCredential is nodes.CredentialTester's.
func (n emailSend) TestCredential(ctx context.Context, _ string, access nodes.Access) error {
	s, err := open(ctx, n.options, access, settings{hostName: access.Field("hostName")})
	if err != nil {
		return connect.Refused(err, access)
	}
	s.quit()
	return nil
}

// Execute is nodes.Node's.
func (n emailSend) Execute(ctx context.Context, call *nodes.Call) error {
	if call.Version >= 2 {
		operation, err := call.Param("operation").Option(0, "send", "send", "sendAndWait")
		if err != nil {
			return err
		}
		if operation == "sendAndWait" {
			e := *nodes.Errorf("sending a mail and waiting for its answer is not available")
			e.Hint = "Send a mail that has the address {{ $execution.resumeUrl }} in it, and put a Wait node (resume: webhook) after it."
			return e.WithParam("operation", "")
		}
	}
	access, err := call.Engine.Access(ctx, "smtp")
	if err != nil {
		return err
	}
	r := &run{options: n.options, call: call, access: access}
	defer func() {
		if r.session != nil {
			r.session.quit()
		}
	}()
	for i := range call.Input(0).Len() {
		it, err := r.tries(ctx, i)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			call.EmitFrom(0, i, it)
			continue
		}
		if err := call.Fail(i, connect.WithoutSecrets(nodes.AsError(err), access)); err != nil {
			return err
		}
	}
	return nil
}

// run is one execution of the node. Its connection is kept from one item to the next, unless a mail failed or the next wants
// another.
type run struct {
	options  Options
	call     *nodes.Call
	access   nodes.Access
	session  *session
	settings settings // of the session
}

// tries sends an item's mail, and again after failures if retryOnFail says so: this one alone, and not if it may be under way.
func (r *run) tries(ctx context.Context, i int) (nodes.Item, error) {
	retry := r.call.Retry
	for left := retry.Tries - 1; ; left-- {
		it, err := r.send(ctx, i)
		if err == nil || retry.Tries <= 1 {
			return it, err
		}
		if left <= 0 || ctx.Err() != nil || errors.Is(err, nodes.ErrOutcomeUnknown) {
			return it, final(err)
		}
		if err := nodes.Pause(ctx, retry.Wait); err != nil {
			return it, err
		}
	}
}

// final keeps the engine from sending the mails of all items again.
func final(err error) error {
	e := *nodes.AsError(err)
	e.Cause = errors.Join(err, nodes.ErrOutcomeUnknown)
	return &e
}

// send sends the mail of an item.
func (r *run) send(ctx context.Context, i int) (nodes.Item, error) {
	m, err := r.read(i)
	if err != nil {
		return nodes.Item{}, err
	}
	want := settings{}
	if want.insecure, err = r.call.Param("options").Get("allowUnauthorizedCerts").Bool(i, false); err != nil {
		return nodes.Item{}, err
	}
	if r.call.Version >= 2 {
		want.hostName = r.access.Field("hostName")
	}
	for {
		old := r.session != nil && r.settings == want
		if err := r.connect(ctx, want); err != nil {
			return nodes.Item{}, err
		}
		report, err := r.session.deliver(ctx, m, r.call.OpenFile)
		if err == nil {
			return nodes.NewItem(report), nil
		}
		r.session.close()
		r.session = nil
		if !old || !errors.Is(err, errNotBegun) { // a server may end a connection that has served
			return nodes.Item{}, err
		}
	}
}

// connect sees to it that there is a session with these settings.
func (r *run) connect(ctx context.Context, want settings) error {
	if r.session != nil {
		if r.settings == want {
			return nil
		}
		r.session.quit()
		r.session = nil
	}
	s, err := open(ctx, r.options, r.access, want)
	if err == nil {
		r.session, r.settings = s, want
		return nil
	}
	var refused *refusedError
	if errors.As(err, &refused) && r.call.OnError != nodes.StopWorkflow && r.call.OnError != "" {
		return nodes.Errorf("connect ECONNREFUSED %s", refused.address) // so n8n has it in an item
	}
	return err
}

// read makes the mail of an item.
func (r *run) read(i int) (*message, error) {
	in := &reader{call: r.call, item: i}
	options := r.call.Param("options")
	m := &message{subject: in.text("subject"), date: r.call.Engine.Now()}
	cc, bcc := options.Get("ccEmail"), options.Get("bccEmail")
	if r.call.Version < 2 {
		cc, bcc = r.call.Param("ccEmail"), r.call.Param("bccEmail")
		m.text, m.html = in.text("text"), in.text("html")
		m.attached = in.files(r.call.Param("attachments"), false)
	} else {
		in.content(m)
		m.inline, m.attached = in.files(options.Get("attachments"), true), in.files(options.Get("fileAttachments"), false)
	}
	m.from, m.replyTo = in.addresses(r.call.Param("fromEmail")), in.addresses(options.Get("replyTo"))
	m.to, m.cc, m.bcc = in.addresses(r.call.Param("toEmail")), in.addresses(cc), in.addresses(bcc)
	switch {
	case in.err != nil:
		return nil, in.err
	case len(m.from) == 0:
		return nil, nodes.Errorf("there must be the address of the sender").WithParam("fromEmail", "")
	case len(m.to)+len(m.cc)+len(m.bcc) == 0:
		return nil, nodes.Errorf("No recipients defined")
	}
	m.id = newID(m.from[0])
	return m, nil
}

// reader reads the parameters of one item; the first error stays.
type reader struct {
	call *nodes.Call
	item int
	err  error
}

func (in *reader) fail(err error) {
	if in.err == nil {
		in.err = err
	}
}

func (in *reader) text(name string) string {
	text, err := in.call.Param(name).String(in.item, "")
	if err != nil {
		in.fail(err)
	}
	return text
}

// The lines that are put below a mail, unless the option appendAttribution says no.
const (
	project         = "https://github.com/cordboard/cordboard"
	textAttribution = "\n\n---\nThis email was sent automatically with Cordboard\n" + project
	htmlAttribution = "\n<br>\n<br>\n---\n<br>\n<em>This email was sent automatically with <a href=\"" + project + "\" target=\"_blank\">Cordboard</a></em>\n"
)

// content reads the text and the HTML of version 2.
func (in *reader) content(m *message) {
	def := "html"
	if in.call.Version < 2.1 {
		def = "text"
	}
	format, err := in.call.Param("emailFormat").Option(in.item, def, "text", "html", "both")
	if err != nil {
		in.fail(err)
	}
	attribution, err := in.call.Param("options").Get("appendAttribution").Bool(in.item, in.call.Version >= 2.1)
	if err != nil {
		in.fail(err)
	}
	if format != "html" {
		m.text = in.text("text")
	}
	if format != "text" {
		m.html = in.text("html")
	}
	switch {
	case !attribution:
	case m.html != "" || format == "html": // as in n8n the text beside it has none
		m.html += htmlAttribution
	default:
		m.text += textAttribution
	}
}

// files are the binary data that a list of names stands for. As in n8n an item without any has none of them.
func (in *reader) files(p nodes.Param, inline bool) []file {
	names, err := p.String(in.item, "")
	if err != nil {
		in.fail(err)
	}
	if names == "" || in.call.Input(0).Head(in.item).Binary().Len() == 0 {
		return nil
	}
	var list []file
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		f, err := in.call.InputFile(in.item, name)
		if err != nil {
			in.fail(err)
			return nil
		}
		one := file{File: f}
		if inline {
			one.id = name
		}
		list = append(list, one)
	}
	return list
}
