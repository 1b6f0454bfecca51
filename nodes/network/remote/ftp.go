package remote

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// ftpNode lists, moves and removes files of an FTP or SFTP server, item by item over one connection.
type ftpNode struct{ options Options }

var (
	_ nodes.Outward          = ftpNode{}
	_ nodes.CredentialTester = ftpNode{}
)

// Writes is nodes.Outward's.
func (ftpNode) Writes(_ float64, params *nodes.Template) bool {
	operation := params.Member("operation")
	switch operation.Value().Str() {
	case "", "download", "list":
		return operation.Expression() != nil
	}
	return true
}

// store is the files of a server: what FTP and SFTP have in common. Errors name the path, in n8n's words.
type store interface {
	// list returns what is in a folder, in the server's order.
	list(ctx context.Context, folder string) ([]entry, error)
	// download hands a file to keep.
	download(ctx context.Context, from string, keep func(io.Reader) error) error
	// upload makes a file or replaces it. Folders that are not there are made.
	upload(ctx context.Context, to string, content io.Reader) error
	remove(ctx context.Context, file string) error
	removeFolder(ctx context.Context, folder string, recursive bool) error
	// rename moves a file or a folder; the folders to it are made if folders says so.
	rename(ctx context.Context, from, to string, folders bool) error
	close() error
}

// entry is a file, a folder or a link in a folder.
type entry struct {
	kind  byte // '-', 'd', 'l'
	name  string
	write func(b *nodes.ObjectBuilder) // all but kind, name and path
}

// maxEntries bounds a list, maxDepth how deep folders may lie in each other: links are not followed, but a server may say what it
// likes.
const (
	maxEntries = 1_000_000
	maxDepth   = 200
)

// milliseconds is the form of times in items.
const milliseconds = "2006-01-02T15:04:05.000Z"

// open logs in to the server of a credential, within a time.
func (n ftpNode) open(ctx context.Context, protocol string, access nodes.Access, timeout time.Duration) (store, error) {
	if protocol == "ftp" {
		return n.openFTP(ctx, access, timeout)
	}
	server, err := sshServer(access)
	if err != nil {
		return nil, err
	}
	limited, cancel := nodes.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := connect.DialSSH(limited, n.options, server)
	if err != nil {
		if e := nodes.AsError(err); e.Message == connect.RefusedLogin { // n8n says where it came from
			e.Message = "getConnection: " + e.Message
		}
		return nil, tooLate(ctx, limited, timeout, err)
	}
	stop := context.AfterFunc(limited, func() { _ = conn.Close() })
	files, err := newSFTP(conn)
	if !stop() && err == nil {
		err = context.Cause(limited)
	}
	if err != nil {
		_ = conn.Close()
		return nil, tooLate(ctx, limited, timeout, err)
	}
	return &sftpStore{conn, files}, nil
}

// tooLate says so if the time for a login was over.
func tooLate(ctx, limited context.Context, timeout time.Duration, err error) error {
	if ctx.Err() == nil && errors.Is(context.Cause(limited), context.DeadlineExceeded) {
		return nodes.Errorf("the server did not take the login within %s", timeout)
	}
	return err
}

// TestCredential is nodes.CredentialTester's: it logs in.
func (n ftpNode) TestCredential(ctx context.Context, credentialType string, access nodes.Access) error {
	s, err := n.open(ctx, credentialType, access, defaultTimeout)
	if err != nil {
		return connect.Refused(err, access)
	}
	_ = s.close() // nothing is left to be said
	return nil
}

const defaultTimeout = 10 * time.Second

// Execute is nodes.Node's.
func (n ftpNode) Execute(ctx context.Context, call *nodes.Call) (err error) {
	protocol, err := call.Param("protocol").Option(0, "ftp", "ftp", "sftp")
	if err != nil {
		return err
	}
	operation, err := call.Param("operation").Option(0, "download", "delete", "download", "list", "rename", "upload")
	if err != nil {
		return err
	}
	ms, err := call.Param("options").Get("timeout").Number(0, 10000)
	if err != nil {
		return err
	}
	timeout := defaultTimeout
	if ms > 0 && ms < float64(24*time.Hour/time.Millisecond) {
		timeout = time.Duration(ms * float64(time.Millisecond))
	}
	access, err := call.Engine.Access(ctx, protocol)
	if err != nil {
		return err
	}
	s, err := n.open(ctx, protocol, access, timeout)
	if err != nil {
		return failTogether(call, notCancelled(ctx, connect.Refused(err, access)))
	}
	defer func() { _ = s.close() }() // nothing is left to be said
	defer context.AfterFunc(ctx, func() { _ = s.close() })()
	r := &ftpRun{call: call, store: s}
	for i := range call.Input(0).Len() {
		r.item = i
		err := r.do(ctx, operation)
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

// failTogether reports that all items failed as one. Where the node goes on, one item stands for them, as in n8n.
func failTogether(call *nodes.Call, err error) error {
	if call.OnError != nodes.ContinueRegularOutput && call.OnError != nodes.ContinueErrorOutput {
		return err
	}
	e := nodes.AsError(err)
	var b nodes.ObjectBuilder
	b.Set("error", nodes.StringValue(e.Message))
	parents := make([]nodes.Parent, call.Input(0).Len())
	for i := range parents {
		parents[i] = nodes.From(i, 0)
	}
	call.Emit(0, nodes.NewItem(b.String()).WithParents(parents...).WithError(e))
	return nil
}

// ftpRun works on one item after the other.
type ftpRun struct {
	call  *nodes.Call
	store store
	item  int
}

// path reads a parameter that is a path.
func (r *ftpRun) path(name, def string) (string, error) {
	p, err := r.call.Param(name).String(r.item, def)
	switch {
	case err != nil:
	case p == "":
		err = nodes.Errorf("must not be empty").WithParam(name, "")
	case strings.ContainsAny(p, "\r\n\x00"):
		err = nodes.Errorf("must not hold line ends or the character U+0000").WithParam(name, "")
	}
	return p, err
}

func (r *ftpRun) flag(p nodes.Param) (bool, error) { return p.Bool(r.item, false) }

// do executes the operation for the item.
func (r *ftpRun) do(ctx context.Context, operation string) error {
	switch operation {
	case "list":
		return r.list(ctx)
	case "download":
		from, err := r.path("path", "")
		if err != nil {
			return err
		}
		return r.store.download(ctx, from, func(content io.Reader) error { return download(ctx, r.call, r.item, base(from), content) })
	case "upload":
		return r.upload(ctx)
	case "delete":
		if err := r.remove(ctx); err != nil {
			return err
		}
	default:
		if err := r.rename(ctx); err != nil {
			return err
		}
	}
	r.call.EmitFrom(0, r.item, nodes.NewItem(`{"success":true}`))
	return nil
}

func (r *ftpRun) list(ctx context.Context) error {
	folder, err := r.path("path", "/")
	if err != nil {
		return err
	}
	recursive, err := r.flag(r.call.Param("recursive"))
	if err != nil {
		return err
	}
	var found []nodes.Item
	err = walk(ctx, r.store, folder, recursive, func(at string, e entry) {
		var b nodes.ObjectBuilder
		b.Set("type", nodes.StringValue(string(e.kind)))
		b.Set("name", nodes.StringValue(e.name))
		e.write(&b)
		b.Set("path", nodes.StringValue(at))
		found = append(found, nodes.NewItem(b.String()))
	})
	if err != nil { // nothing of a list that is not whole
		return err
	}
	for _, it := range found {
		r.call.EmitFrom(0, r.item, it)
	}
	return nil
}

// walk tells of what is in a folder and, if it goes on into the folders there, of what is in these after all of those.
func walk(ctx context.Context, s store, folder string, recursive bool, tell func(at string, e entry)) error {
	type level struct {
		folder string
		depth  int
	}
	count := 0
	for next := []level{{folder, 0}}; len(next) > 0; next = next[1:] {
		list, err := s.list(ctx, next[0].folder)
		if err != nil {
			return err
		}
		if count += len(list); count > maxEntries || next[0].depth > maxDepth {
			return nodes.Errorf("%s has more than %d entries, or folders more than %d deep", folder, maxEntries, maxDepth)
		}
		for _, e := range list {
			at := join(next[0].folder, e.name)
			tell(at, e)
			if recursive && e.kind == 'd' && !strings.Contains(e.name, "/") {
				next = append(next, level{at, next[0].depth + 1})
			}
		}
	}
	return nil
}

// removeAll removes a folder with all that is in it; of links, only the links.
func removeAll(ctx context.Context, s store, folder string) error {
	folders := []string{folder}
	var files []string
	err := walk(ctx, s, folder, true, func(at string, e entry) {
		if e.kind == 'd' {
			folders = append(folders, at)
		} else {
			files = append(files, at)
		}
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := s.remove(ctx, f); err != nil {
			return err
		}
	}
	for i := len(folders) - 1; i >= 0; i-- { // those within others come after them
		if err := s.removeFolder(ctx, folders[i], false); err != nil {
			return err
		}
	}
	return nil
}

func (r *ftpRun) upload(ctx context.Context) error {
	to, err := r.path("path", "")
	if err != nil {
		return err
	}
	isBinary, err := r.call.Param("binaryData").Bool(r.item, true)
	if err != nil {
		return err
	}
	it := r.call.Input(0).At(r.item)
	var content io.ReadCloser
	if isBinary {
		content, _, err = source(ctx, r.call, r.item, true)
	} else {
		var text string
		text, err = r.call.Param("fileContent").String(r.item, "")
		content = io.NopCloser(strings.NewReader(text))
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // it was read
	if err := r.store.upload(ctx, to, content); err != nil {
		return err
	}
	r.call.EmitFrom(0, r.item, it)
	return nil
}

func (r *ftpRun) remove(ctx context.Context) error {
	at, err := r.path("path", "")
	if err != nil {
		return err
	}
	options := r.call.Param("options")
	folder, err := r.flag(options.Get("folder"))
	if err != nil {
		return err
	}
	if !folder {
		return r.store.remove(ctx, at)
	}
	recursive, err := r.flag(options.Get("recursive"))
	if err != nil {
		return err
	}
	return r.store.removeFolder(ctx, at, recursive)
}

func (r *ftpRun) rename(ctx context.Context) error {
	from, err := r.path("oldPath", "")
	if err != nil {
		return err
	}
	to, err := r.path("newPath", "")
	if err != nil {
		return err
	}
	folders, err := r.flag(r.call.Param("options").Get("createDirectories"))
	if err != nil {
		return err
	}
	return r.store.rename(ctx, from, to, folders)
}
