package remote

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"unicode"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// sshNode runs commands on a server and moves files to and from it, item by item over one connection.
type sshNode struct{ options Options }

var (
	_ nodes.Outward          = sshNode{}
	_ nodes.CredentialTester = sshNode{}
)

// maxOutput bounds what a command may write to each of its outputs, in bytes.
const maxOutput = 16 << 20

// Writes is nodes.Outward's: a command may do anything.
func (sshNode) Writes(_ float64, params *nodes.Template) bool {
	resource, operation := params.Member("resource"), params.Member("operation")
	return resource.Expression() != nil || operation.Expression() != nil || resource.Value().Str() != "file" || operation.Value().Str() != "download"
}

// TestCredential is nodes.CredentialTester's: it logs in.
func (n sshNode) TestCredential(ctx context.Context, _ string, access nodes.Access) error {
	server, err := sshServer(access)
	if err != nil {
		return err
	}
	client, err := connect.DialSSH(ctx, n.options, server)
	if err != nil {
		return connect.Refused(err, access)
	}
	_ = client.Close() // nothing is left to be said
	return nil
}

// Execute is nodes.Node's.
func (n sshNode) Execute(ctx context.Context, call *nodes.Call) error {
	authentication, err := call.Param("authentication").Option(0, "password", "password", "privateKey")
	if err != nil {
		return err
	}
	access, err := call.Engine.Access(ctx, map[string]string{"password": "sshPassword", "privateKey": "sshPrivateKey"}[authentication])
	if err != nil {
		return err
	}
	do, err := sshOperation(call)
	if err != nil {
		return err
	}
	server, err := sshServer(access)
	if err != nil {
		return err
	}
	client, err := connect.DialSSH(ctx, n.options, server)
	if err != nil {
		return notCancelled(ctx, connect.Refused(err, access))
	}
	r := &sshRun{call: call, client: client}
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	defer r.close()
	for i := range call.Input(0).Len() {
		err := do(r, ctx, i)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			if err := call.Fail(i, connect.WithoutSecrets(nodes.AsError(err), access)); err != nil {
				return err
			}
		}
	}
	return nil
}

// notCancelled returns why ctx ended, if it did, in place of what came of it.
func notCancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func sshOperation(call *nodes.Call) (func(r *sshRun, ctx context.Context, i int) error, error) {
	resource, err := call.Param("resource").Option(0, "command", "command", "file")
	if err != nil {
		return nil, err
	}
	if resource == "command" {
		_, err := call.Param("operation").Option(0, "execute", "execute")
		return (*sshRun).execute, err
	}
	operation, err := call.Param("operation").Option(0, "upload", "upload", "download")
	if operation == "upload" {
		return (*sshRun).upload, err
	}
	return (*sshRun).download, err
}

// sshRun is one execution of the node.
type sshRun struct {
	call   *nodes.Call
	client *ssh.Client
	files  *sftp.Client // once a file was moved
}

func (r *sshRun) close() {
	if r.files != nil {
		_ = r.files.Close() // with the connection it ends anyway
	}
	_ = r.client.Close() // nothing is left to be said
}

// execute runs the command of item i in the shell of the user. Where the folder is not there the shell says so, and the command
// runs in the user's home, as in n8n.
func (r *sshRun) execute(ctx context.Context, i int) error {
	command, err := r.call.Param("command").String(i, "")
	if err != nil {
		return err
	}
	folder, err := r.path(ctx, "cwd", "/", i)
	if err != nil {
		return err
	}
	res, err := r.run(ctx, "cd '"+strings.ReplaceAll(folder, "'", `'\''`)+"' ; "+command)
	if err != nil {
		return err
	}
	var b nodes.ObjectBuilder
	b.Set("code", res.code)
	b.Set("signal", res.signal)
	b.Set("stdout", nodes.StringValue(res.stdout))
	b.Set("stderr", nodes.StringValue(res.stderr))
	r.call.EmitFrom(0, i, nodes.NewItem(b.String()))
	return nil
}

// path reads a parameter that is a path; "~/" stands for the user's home.
func (r *sshRun) path(ctx context.Context, name, def string, i int) (string, error) {
	p, err := r.call.Param(name).String(i, def)
	if err == nil && p == "" {
		err = nodes.Errorf("must not be empty").WithParam(name, "")
	}
	if err != nil || !strings.HasPrefix(p, "~") {
		return p, err
	}
	inside, ok := strings.CutPrefix(p, "~/")
	if !ok {
		return "", nodes.Errorf(`Invalid path. Replace "~" with home directory or "~/"`).WithParam(name, "")
	}
	home, err := r.run(ctx, `echo "$HOME"`)
	return join(home.stdout, inside), err
}

// commandResult is what came of a command: its exit code, or the signal that ended it; its outputs without space around them.
type commandResult struct {
	code, signal   nodes.Value
	stdout, stderr string
}

func (r *sshRun) run(ctx context.Context, command string) (res commandResult, err error) {
	session, err := r.client.NewSession()
	if err != nil {
		return res, nodes.Errorf("the SSH server does not run commands: %w", err)
	}
	defer func() { _ = session.Close() }() // it has ended, or is to end
	stdout, stderr := &boundedText{session: session}, &boundedText{session: session}
	session.Stdout, session.Stderr = stdout, stderr
	err = session.Run(command)
	var ended *ssh.ExitError
	res = commandResult{code: nodes.NumberValue(0), signal: nodes.NullValue, stdout: stdout.trimmed(), stderr: stderr.trimmed()}
	switch {
	case ctx.Err() != nil:
		return res, context.Cause(ctx)
	case stdout.full || stderr.full:
		e := nodes.Errorf("the command wrote more than %s", nodes.SizeText(maxOutput))
		e.Cause = nodes.ErrOutcomeUnknown
		return res, e
	case errors.As(err, &ended) && ended.Signal() != "":
		res.code, res.signal = nodes.NullValue, nodes.StringValue("SIG"+ended.Signal())
	case errors.As(err, &ended):
		res.code = nodes.NumberValue(float64(ended.ExitStatus()))
	case err != nil:
		e := nodes.Errorf("it is not known how the command ended: %w", err)
		e.Cause = errors.Join(err, nodes.ErrOutcomeUnknown)
		return res, e
	}
	return res, nil
}

// boundedText collects output up to maxOutput; at more it ends the command's session.
type boundedText struct {
	session *ssh.Session
	text    strings.Builder
	full    bool
}

// Write is io.Writer's.
func (b *boundedText) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > maxOutput {
		b.full = true
		_ = b.session.Close() // the command's end is waited for
		return 0, io.ErrShortWrite
	}
	return b.text.Write(p)
}

// trimmed is the text as JavaScript's trim leaves it, with U+FFFD for what is no text.
func (b *boundedText) trimmed() string {
	return strings.TrimFunc(string([]rune(b.text.String())), func(c rune) bool { return c == '\uFEFF' || unicode.IsSpace(c) && c != '\u0085' })
}

// fileClient speaks SFTP over the connection.
func (r *sshRun) fileClient() (*sftp.Client, error) {
	if r.files == nil {
		files, err := newSFTP(r.client)
		if err != nil {
			return nil, err
		}
		r.files = files
	}
	return r.files, nil
}

func (r *sshRun) download(ctx context.Context, i int) error {
	from, err := r.path(ctx, "path", "", i)
	if err != nil {
		return err
	}
	name, err := r.call.Param("options").Get("fileName").String(i, "")
	if err != nil {
		return err
	}
	if name == "" {
		name = base(from)
	}
	files, err := r.fileClient()
	if err != nil {
		return err
	}
	f, err := files.Open(from)
	if err != nil {
		return sftpFailed(err).WithParam("path", "")
	}
	defer func() { _ = f.Close() }() // it was read
	if err := download(ctx, r.call, i, name, f); err != nil {
		return sftpFailed(err).WithParam("path", "")
	}
	return nil
}

// upload puts binary data into the folder that the parameter path names; it is made where it is not there.
func (r *sshRun) upload(ctx context.Context, i int) error {
	folder, err := r.path(ctx, "path", "", i)
	if err != nil {
		return err
	}
	content, f, err := source(ctx, r.call, i, false)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // it was read
	name, err := r.call.Param("options").Get("fileName").String(i, "")
	if err != nil {
		return err
	}
	for _, other := range []string{f.FileName, "untitled"} {
		if name == "" {
			name = other
		}
	}
	files, err := r.fileClient()
	if err != nil {
		return err
	}
	to := join(folder, path.Base(name)) // a name leads nowhere else
	target, err := files.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if errors.Is(err, os.ErrNotExist) {
		if err := files.MkdirAll(folder); err != nil {
			return sftpFailed(err).WithParam("path", "")
		}
		target, err = files.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	}
	if err != nil {
		return sftpFailed(err).WithParam("path", "")
	}
	_, err = target.ReadFrom(content)
	if err = errors.Join(err, target.Close()); err != nil {
		return sftpFailed(err).WithParam("path", "")
	}
	r.call.EmitFrom(0, i, nodes.NewItem(`{"success":true}`))
	return nil
}
