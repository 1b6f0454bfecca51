package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/cordboard/cordboard/nodes"
)

func newSFTP(client *ssh.Client) (*sftp.Client, error) {
	// Reads and writes go out before the answers to those before them came: up to 64 of 32 kB.
	files, err := sftp.NewClient(client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return nil, nodes.Errorf("the SSH server does not do SFTP: %w", err)
	}
	return files, nil
}

// sftpText is what a server said to a request, in its own words where it had some.
func sftpText(err error) (string, bool) {
	var status *sftp.StatusError
	switch {
	case errors.Is(err, syscall.ENOTDIR): // found while making folders
		return "mkdir() failed, target already exists and is not a directory", true
	case errors.Is(err, os.ErrNotExist):
		return "No such file", true
	case errors.Is(err, os.ErrPermission):
		return "Permission denied", true
	case errors.As(err, &status):
		if text, err := strconv.QuotedPrefix(strings.TrimPrefix(status.Error(), "sftp: ")); err == nil {
			if text, err = strconv.Unquote(text); err == nil && text != "" {
				return text, true
			}
		}
		return status.FxCode().Error(), true
	}
	return "", false
}

// sftpFailed says what a server said; other errors stay as they are.
func sftpFailed(err error) *nodes.Error {
	var own *nodes.Error
	if text, ok := sftpText(err); ok && !errors.As(err, &own) {
		e := nodes.Errorf("%s", text)
		e.Cause = err
		return e
	}
	return nodes.AsError(err)
}

// sftpStore is the files of an SFTP server.
type sftpStore struct {
	conn  *ssh.Client
	files *sftp.Client
}

var _ store = (*sftpStore)(nil)

// failed words an error as n8n does: which request, what the server said, of what.
func (s *sftpStore) failed(request, what string, err error) error {
	if err == nil {
		return nil
	}
	text, ok := sftpText(err)
	if !ok {
		return err
	}
	e := nodes.Errorf("%s: %s %s", request, text, what)
	e.Cause = err
	return e
}

func (s *sftpStore) close() error {
	_ = s.files.Close() // with the connection it ends anyway
	_ = s.conn.Close()  // nothing is left to be said
	return nil
}

func (s *sftpStore) list(ctx context.Context, folder string) ([]entry, error) {
	found, err := s.files.ReadDirContext(ctx, folder)
	if err != nil {
		return nil, s.failed("list", folder, err)
	}
	list := make([]entry, len(found))
	for i, f := range found {
		list[i] = sftpEntry(f)
	}
	return list, nil
}

func sftpEntry(f os.FileInfo) entry {
	st, _ := f.Sys().(*sftp.FileStat) // always
	e := entry{kind: '-', name: f.Name()}
	rights := f.Mode().String() // of the Unix kind in its last nine letters
	switch {
	case f.IsDir():
		e.kind = 'd'
	case f.Mode()&os.ModeSymlink != 0:
		e.kind = 'l'
	}
	letters := string(e.kind) + special(rights[len(rights)-9:], f.Mode())
	changed, read := time.Unix(int64(st.Mtime), 0).UTC(), time.Unix(int64(st.Atime), 0).UTC()
	e.write = func(b *nodes.ObjectBuilder) {
		b.Set("size", nodes.NumberValue(float64(st.Size)))
		b.Set("modifyTime", nodes.StringValue(changed.Format(milliseconds)))
		b.Set("accessTime", nodes.StringValue(read.Format(milliseconds)))
		b.Raw("rights", rightsOf(letters[1:]))
		b.Set("owner", nodes.NumberValue(float64(st.UID)))
		b.Set("group", nodes.NumberValue(float64(st.GID)))
		// The library drops the server's own line: it is written anew, without the names and the count of links, which nothing else tells.
		b.Set("longname", nodes.StringValue(fmt.Sprintf("%s %4s %-8d %-8d %8d %s %s", letters, "?", st.UID, st.GID, st.Size, changed.Format("Jan _2  2006"), f.Name())))
	}
	return e
}

// special puts the letters of setuid, setgid and sticky into rights.
func special(rights string, mode os.FileMode) string {
	letters := []byte(rights)
	for _, s := range []struct {
		bit    os.FileMode
		at     int
		letter byte
	}{{os.ModeSetuid, 2, 's'}, {os.ModeSetgid, 5, 's'}, {os.ModeSticky, 8, 't'}} {
		if mode&s.bit == 0 {
			continue
		}
		if letters[s.at] == '-' {
			s.letter -= 'a' - 'A'
		}
		letters[s.at] = s.letter
	}
	return string(letters)
}

func (s *sftpStore) download(_ context.Context, from string, keep func(io.Reader) error) error {
	f, err := s.files.Open(from)
	if err != nil {
		return s.failed("get", from, err)
	}
	defer func() { _ = f.Close() }() // it was read
	return s.failed("get", from, keep(f))
}

func (s *sftpStore) upload(_ context.Context, to string, content io.Reader) error {
	if folder := path.Dir(to); folder != "." {
		if err := s.makeFolders(folder); err != nil {
			return err
		}
	}
	f, err := s.files.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return s.failed("_put: Write stream error", to, err)
	}
	_, err = f.ReadFrom(content)
	return s.failed("_put: Write stream error", to, errors.Join(err, f.Close()))
}

// makeFolders makes a folder and those that it is in, where they are not there.
func (s *sftpStore) makeFolders(folder string) error {
	for p := path.Clean(folder); ; p = path.Dir(p) { // the nearest that is there must be a folder
		if info, err := s.files.Stat(p); err == nil && !info.IsDir() {
			return nodes.Errorf("mkdir: _mkdir: Bad path: %s not a directory", p)
		} else if err == nil || p == "/" || p == "." {
			break
		}
	}
	return s.failed("mkdir: _mkdir", folder, s.files.MkdirAll(folder))
}

func (s *sftpStore) remove(_ context.Context, file string) error {
	return s.failed("delete", file, s.files.Remove(file))
}

func (s *sftpStore) removeFolder(ctx context.Context, folder string, recursive bool) error {
	info, err := s.files.Lstat(folder)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nodes.Errorf("rmdir: Bad Path: %s: No such directory", folder)
	case err != nil:
		return s.failed("rmdir", folder, err)
	case !info.IsDir():
		return nodes.Errorf("rmdir: Bad Path: %s: Not a directory", folder)
	}
	if recursive {
		return removeAll(ctx, s, folder)
	}
	return s.failed("rmdir", folder, s.files.RemoveDirectory(folder))
}

func (s *sftpStore) rename(_ context.Context, from, to string, folders bool) error {
	if folders {
		if err := s.makeFolders(path.Dir(to)); err != nil {
			return err
		}
	}
	return s.failed("_rename", fmt.Sprintf("From: %s To: %s", from, to), s.files.Rename(from, to))
}
