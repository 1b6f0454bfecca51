package files

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// compression packs binary data into archives and unpacks these.
type compression struct{}

var _ nodes.Node = compression{}

// The limits of what is unpacked: how many files an archive may give, and how large they may be together.
const (
	maxUnpackedFiles = 10_000
	maxUnpacked      = 8 << 30
)

// Execute is nodes.Node's.
func (compression) Execute(ctx context.Context, call *nodes.Call) error {
	p := &params{call: call}
	operation := p.option("decompress", []string{"operation"}, "compress", "decompress")
	if p.err != nil {
		return p.err
	}
	if operation == "compress" {
		return each(ctx, call, pack)
	}
	return each(ctx, call, unpack)
}

// keysOf are the names in a list with commas.
func (p *params) keysOf() []string {
	var keys []string
	for key := range strings.SplitSeq(p.required("data", "binaryPropertyName"), ",") {
		keys = append(keys, strings.TrimSpace(key))
	}
	return keys
}

// unpacker collects the files of an item's archives.
type unpacker struct {
	ctx    context.Context //nolint:containedctx // it lives for one item
	call   *nodes.Call
	prefix string
	n      int
	key    int  // which archive it is
	single bool // it holds one file, whose name is the archive's
	left   int64
	files  nodes.BinaryBuilder
}

// unpack puts out the item with the files of its archives instead of its binary data.
func unpack(ctx context.Context, call *nodes.Call, i int) error {
	p := &params{call: call, item: i}
	u := &unpacker{ctx: ctx, call: call, prefix: p.text("file_", "outputPrefix"), left: maxUnpacked}
	for n, key := range p.keysOf() {
		if p.err != nil {
			return p.err
		}
		f, err := call.InputFile(i, key)
		if err != nil {
			return err
		}
		if f.FileExtension == "" {
			return nodes.Errorf("File extension not found for binary data %s", key)
		}
		u.n, u.key, u.single = 0, n, false // the files of a second archive take the places of the first one's
		if err := u.open(f, key); err != nil {
			return err
		}
	}
	it := call.Input(0).At(i)
	call.EmitFrom(0, i, it.WithBinary(u.files.Binary()))
	return nil
}

func (u *unpacker) open(f nodes.File, key string) error {
	extension := strings.ToLower(f.FileExtension)
	if extension == "zip" {
		return u.unzip(f)
	}
	isTar := extension == "tar" || extension == "tgz" || extension == "tar.gz" || strings.HasSuffix(strings.ToLower(f.FileName), ".tar.gz")
	if !isTar && extension != "gz" && extension != "gzip" {
		e := *nodes.Errorf("Unsupported archive format \".%s\" for binary data %s", f.FileExtension, key)
		e.Description = "The Decompress operation supports the following formats: zip, gzip, tar, tar.gz and tgz"
		return &e
	}
	in, err := u.call.OpenFile(u.ctx, f)
	if err != nil {
		return err
	}
	defer in.Close()
	var content io.Reader = bufio.NewReaderSize(readerWithContext{u.ctx, in}, 1<<16)
	if extension != "tar" {
		z, err := gzip.NewReader(content)
		if err != nil {
			return nodes.Errorf("the gzip data is broken: %w", err)
		}
		content = z
	}
	if isTar {
		return u.untar(content)
	}
	name := strings.TrimSuffix(strings.TrimSuffix(f.FileName, "."+f.FileExtension), ".gz")
	u.n, u.single = u.key, true
	return u.add(name, "", content)
}

// add keeps a file. The names in archives are names only: nothing is written where they say.
func (u *unpacker) add(name, directory string, content io.Reader) error {
	if u.n >= maxUnpackedFiles {
		return nodes.Errorf("the archive holds more than %d files", maxUnpackedFiles)
	}
	limited := &io.LimitedReader{R: readerWithContext{u.ctx, content}, N: u.left + 1}
	b := bufio.NewReader(limited)
	head, err := b.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return broken(err)
	}
	f := described(name, "", head)
	f.Directory = directory
	if u.single && !strings.Contains(name, ".") {
		f.FileExtension = extensions[f.MimeType]
		f.FileName += "." + f.FileExtension
	}
	if f, err = u.call.KeepFile(u.ctx, b, f); err != nil {
		return broken(err)
	}
	if u.left -= f.Bytes; u.left < 0 {
		return nodes.Errorf("the archive holds more than %s", nodes.SizeText(maxUnpacked))
	}
	u.files.Set(u.prefix+strconv.Itoa(u.n), f)
	u.n++
	return nil
}

func broken(err error) error { return nodes.Errorf("the archive is broken: %w", err) }

// inArchive splits a file's name in an archive; ok is false for what n8n leaves out.
func inArchive(name string) (base, directory string, ok bool) {
	if strings.HasSuffix(name, "/") || strings.Contains(name, "__MACOSX") {
		return "", "", false
	}
	directory = path.Dir(name)
	if directory == "." {
		directory = ""
	}
	return path.Base(name), directory, true
}

func (u *unpacker) unzip(f nodes.File) error {
	r, err := openRandom(u.ctx, u.call, f)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	z, err := zip.NewReader(r, r.size)
	if err != nil {
		return nodes.Errorf("invalid zip data")
	}
	last := map[string]int{} // of files with the same name the last one counts
	for i, entry := range z.File {
		last[entry.Name] = i
	}
	for _, entry := range z.File {
		i, ok := last[entry.Name]
		base, directory, isFile := inArchive(entry.Name)
		if !ok || !isFile {
			continue
		}
		delete(last, entry.Name)
		in, err := z.File[i].Open()
		if err != nil {
			return broken(err)
		}
		if err := errors.Join(u.add(base, directory, in), in.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) untar(in io.Reader) error {
	for t := tar.NewReader(in); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return broken(err)
		}
		base, directory, ok := inArchive(h.Name)
		if h.Typeflag != tar.TypeReg || !ok {
			continue
		}
		if err := u.add(base, directory, t); err != nil {
			return err
		}
	}
}

// pack puts out the item with an archive of its binary data, or with each of these compressed.
func pack(ctx context.Context, call *nodes.Call, i int) error {
	p := &params{call: call, item: i}
	keys := p.keysOf()
	format := ""
	if call.Version > 1 {
		format = "zip"
	}
	format = p.option(format, []string{"outputFormat"}, "", "zip", "gzip", "tar", "targz")
	if p.err != nil || format == "" { // version 1 has no format of its own: nothing comes out
		return p.err
	}
	var inputs []nodes.File
	for _, key := range keys {
		f, err := call.InputFile(i, key)
		if err != nil {
			return err
		}
		inputs = append(inputs, f)
	}
	if format == "gzip" {
		return packEach(ctx, p, inputs)
	}
	if call.Version == 1 {
		p = &params{call: call} // the first item says it for all of them
	}
	name, output := p.required("", "fileName"), p.text("data", "binaryPropertyOutput")
	if p.err != nil {
		return p.err
	}
	f := nodes.File{}.Named(name, nil)
	if f.MimeType != "application/x-tar" && extensions[f.MimeType] == "" || !knownByName(name) {
		f.MimeType = map[string]string{"zip": "application/zip", "tar": "application/x-tar", "targz": "application/gzip"}[format]
		f.FileType = ""
	}
	f.FileExtension = strings.TrimPrefix(path.Ext(name), ".")
	if f.FileExtension == "" {
		f.FileExtension = map[string]string{"zip": "zip", "tar": "tar", "targz": "tar.gz"}[format]
	}
	f, err := keep(ctx, call, f, func(w io.Writer) error {
		switch format {
		case "zip":
			return writeZip(ctx, call, w, inputs)
		case "tar":
			return writeTar(ctx, call, w, inputs)
		}
		z := gzip.NewWriter(w)
		if err := writeTar(ctx, call, z, inputs); err != nil {
			return err
		}
		return z.Close()
	})
	if err != nil {
		return err
	}
	it := call.Input(0).At(i)
	call.EmitFrom(0, i, it.WithBinary((*nodes.Binary)(nil).With(output, f)))
	return nil
}

// named are the files by name; of two with the same name the later one takes the earlier one's place.
func named(inputs []nodes.File) []nodes.File {
	var list []nodes.File
	at := map[string]int{}
	for _, f := range inputs {
		if f.FileName == "" {
			f.FileName = "undefined" // as n8n calls it
		}
		if i, ok := at[f.FileName]; ok {
			list[i] = f
			continue
		}
		at[f.FileName] = len(list)
		list = append(list, f)
	}
	return list
}

func writeZip(ctx context.Context, call *nodes.Call, w io.Writer, inputs []nodes.File) error {
	z := zip.NewWriter(w)
	for _, f := range named(inputs) {
		method := zip.Deflate
		if kind := f.FileExtension; kind == "zip" || kind == "gz" || kind == "jpg" || kind == "jpeg" || kind == "png" || kind == "mp4" {
			method = zip.Store // it is compressed already
		}
		out, err := z.CreateHeader(&zip.FileHeader{Name: f.FileName, Method: method, Modified: call.Engine.Now()})
		if err != nil {
			return err
		}
		if err := copyFile(ctx, call, out, f); err != nil {
			return err
		}
	}
	return z.Close()
}

func writeTar(ctx context.Context, call *nodes.Call, w io.Writer, inputs []nodes.File) error {
	t := tar.NewWriter(w)
	for _, f := range named(inputs) {
		r, err := openRandom(ctx, call, f) // the size comes first
		if err != nil {
			return err
		}
		err = t.WriteHeader(&tar.Header{Name: f.FileName, Size: r.size, Mode: 0o644, ModTime: call.Engine.Now(), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.Copy(t, io.NewSectionReader(r, 0, r.size))
		}
		if err := errors.Join(err, r.close()); err != nil {
			return err
		}
	}
	return t.Close()
}

func copyFile(ctx context.Context, call *nodes.Call, w io.Writer, f nodes.File) error {
	in, err := call.OpenFile(ctx, f)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(w, readerWithContext{ctx, in})
	return err
}

// packEach compresses each file by itself.
func packEach(ctx context.Context, p *params, inputs []nodes.File) error {
	output, name := p.text("data", "outputPrefix"), ""
	if p.call.Version > 1 {
		output, name = p.text("data", "binaryPropertyOutput"), p.text("", "fileName")
	}
	if p.err != nil {
		return p.err
	}
	var files nodes.BinaryBuilder
	for i, in := range inputs {
		f := nodes.File{MimeType: "application/gzip"}
		key := output
		if p.call.Version == 1 {
			key += strconv.Itoa(i)
			f.FileName, f.FileExtension = strings.TrimSuffix(in.FileName, path.Ext(in.FileName))+".gzip", "gzip"
		} else {
			if i > 0 {
				key += strconv.Itoa(i)
			}
			f.FileName, f.FileExtension = gzipName(name, in), "gz"
		}
		f, err := keep(ctx, p.call, f, func(w io.Writer) error {
			z := gzip.NewWriter(w)
			if err := copyFile(ctx, p.call, z, in); err != nil {
				return err
			}
			return z.Close()
		})
		if err != nil {
			return err
		}
		files.Set(key, f)
	}
	it := p.call.Input(0).At(p.item)
	p.call.EmitFrom(0, p.item, it.WithBinary(files.Binary()))
	return nil
}

// gzipName is the name of a compressed file: what it is to be called, else its own name, and what it is.
func gzipName(name string, f nodes.File) string {
	if name == "" {
		return f.FileName + ".gz"
	}
	name = strings.Replace(name, ".gz", "", 1)
	if f.FileExtension != "" {
		name += "." + f.FileExtension
	}
	return name + ".gz"
}
