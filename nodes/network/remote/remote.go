// Package remote is the nodes for other machines: commands and files over SSH, files over FTP and SFTP. Databases behind SSH
// tunnels are not here (see package connect). What they do is held to cases recorded from n8n (testdata).
package remote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	descriptors "github.com/cordboard/cordboard/descriptors/network"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// Options configure the nodes. The zero value reaches every address. An execution has a connection of its own: Pools are not
// used.
type Options = connect.Options

// Nodes returns the nodes with these options.
func Nodes(o Options) []nodes.Type {
	return []nodes.Type{
		{Descriptor: descriptors.Node("ssh"), Node: sshNode{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("ftp"), Node: ftpNode{o}, Origin: "built in"},
	}
}

// sshServer is the server of a credential of type sshPassword, sshPrivateKey or sftp. The last may have both ways to log in.
func sshServer(a nodes.Access) (connect.SSH, error) {
	host, port, err := connect.Server(a, "22")
	if strings.TrimSpace(a.Field("host")) == "" {
		err = nodes.Errorf("the credential has no host")
	}
	return connect.SSH{
		Host: host, Port: port, User: a.Field("username"), Password: a.Field("password"),
		PrivateKey: a.Field("privateKey"), Passphrase: a.Field("passphrase"), HostKeys: a.Field("hostKey"),
	}, err
}

// download keeps what content gives as binary data of item i under the name that the parameter binaryPropertyName says.
func download(ctx context.Context, call *nodes.Call, i int, fileName string, content io.Reader) error {
	key, err := call.Param("binaryPropertyName").String(i, "data")
	if err != nil {
		return err
	}
	buffered := bufio.NewReaderSize(content, sniffed)
	head, err := buffered.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	f := nodes.File{FileName: fileName}
	f.MimeType, f.FileExtension = kindOf(head)
	f.FileType = nodes.FileKind(f.MimeType)
	if f, err = call.KeepFile(ctx, buffered, f); err != nil {
		return err
	}
	it := call.Input(0).At(i)
	call.EmitFrom(0, i, nodes.NewItem(it.JSON()).WithBinary(it.Binary().With(key, f)))
	return nil
}

// source opens what is to be uploaded: binary data of item i. Where an item has no binary data at all, n8n says so or, as other says,
// speaks as if it had other data.
func source(ctx context.Context, call *nodes.Call, i int, other bool) (io.ReadCloser, nodes.File, error) {
	key, err := call.Param("binaryPropertyName").String(i, "data")
	if err != nil {
		return nil, nodes.File{}, err
	}
	f, err := call.InputFile(i, key)
	if err != nil {
		if e := nodes.AsError(err); other && call.Input(0).Head(i).Binary().Len() == 0 {
			e.Message = fmt.Sprintf("The item has no binary field '%s' [item %d]", key, i)
			e.Description = "Check that the parameter where you specified the input binary field name is correct, and that it matches a field in the binary input"
		}
		return nil, f, err
	}
	content, err := call.OpenFile(ctx, f)
	return content, f, err
}

// sniffed is how much of a file tells its kind, in bytes.
const sniffed = 512

// kindOf tells a file by its first bytes, as n8n does: by those of formats that are no text; its name says nothing, and all else
// is text/plain.
func kindOf(head []byte) (mimeType, extension string) {
	for _, k := range kinds {
		if len(head) >= k.at && bytes.HasPrefix(head[k.at:], []byte(k.magic)) {
			return k.mimeType, k.extension
		}
	}
	switch detected := http.DetectContentType(head); detected {
	case "image/webp":
		return detected, "webp"
	case "video/mp4":
		return detected, "mp4"
	case "video/webm":
		return detected, "webm"
	}
	return "text/plain", ""
}

var kinds = []struct {
	at                         int
	magic, mimeType, extension string
}{
	{0, "\x89PNG\r\n\x1a\n", "image/png", "png"},
	{0, "\xff\xd8\xff", "image/jpeg", "jpg"},
	{0, "GIF8", "image/gif", "gif"},
	{0, "BM", "image/bmp", "bmp"},
	{0, "II*\x00", "image/tiff", "tif"},
	{0, "MM\x00*", "image/tiff", "tif"},
	{0, "\x00\x00\x01\x00", "image/x-icon", "ico"},
	{0, "%PDF", "application/pdf", "pdf"},
	{0, "PK\x03\x04", "application/zip", "zip"},
	{0, "\x1f\x8b", "application/gzip", "gz"},
	{0, "BZh", "application/x-bzip2", "bz2"},
	{0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", "7z"},
	{0, "Rar!\x1a\x07", "application/x-rar-compressed", "rar"},
	{257, "ustar", "application/x-tar", "tar"},
	{0, "\x7fELF", "application/x-elf", "elf"},
	{0, "<?xml ", "application/xml", "xml"},
	{0, "fLaC", "audio/flac", "flac"},
	{0, "OggS", "application/ogg", "ogx"},
	{8, "WAVE", "audio/wav", "wav"},
}

// base is the last part of a path, "" if it has none.
func base(p string) string {
	if p = path.Base(p); p == "." || p == "/" {
		return ""
	}
	return p
}

// join puts a name into a folder, whose path stays as it was given.
func join(folder, name string) string {
	if strings.HasSuffix(folder, "/") {
		return folder + name
	}
	return folder + "/" + name
}
