package files

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// callOf makes a call with constant parameters and items.
func callOf(t testing.TB, version float64, params string, items ...nodes.Item) *nodes.Call {
	t.Helper()
	template, errs := nodes.CompileTemplate(gjson.Parse(params), nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return &nodes.Call{Version: version, Params: template, Files: &nodes.Files{}, Inputs: []nodes.Items{nodes.ItemsOf(items...)}}
}

// execute runs a node and returns what it put out.
func execute(t testing.TB, node nodes.Node, call *nodes.Call) nodes.Items {
	t.Helper()
	if err := node.Execute(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	outputs, _, _ := call.Outcome()
	if len(outputs) == 0 {
		return nodes.Items{}
	}
	return outputs[0]
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

// TestRoundTrip: what is written is read again, in each format that keeps values as they are.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	const item = `{"id":1.5,"t":"a <b> & \"c\"\n é😀","yes":true,"no":false,"big":1e+21,"long":"` + "x" + `"}`
	items := []nodes.Item{nodes.NewItem(item), nodes.NewItem(strings.Replace(item, `"x"`, `"`+strings.Repeat("ü", 9000)+`"`, 1))}
	for _, format := range []string{"xlsx", "ods", "xls"} {
		for _, compressed := range []string{"true", "false"} {
			call := callOf(t, 1.1, `{"operation":"`+format+`","options":{"compression":`+compressed+`}}`, items...)
			made := execute(t, convertToFile{}, call)
			read := execute(t, extractFromFile{}, callOf(t, 1.1, `{"operation":"`+format+`"}`, made.At(0)))
			if read.Len() != len(items) {
				t.Fatalf("%s: %d items", format, read.Len())
			}
			for i, it := range read.All() {
				if it.JSON() != items[i].JSON() {
					t.Errorf("%s: got %.200s, want %.200s", format, it.JSON(), items[i].JSON())
				}
			}
		}
	}
}

// TestLimits: files that would fill the memory or the disk are refused.
func TestLimits(t *testing.T) {
	t.Parallel()
	if _, err := newXLSWriter(io.Discard, "S", maxXLSRows+1, 1); err == nil {
		t.Error("XLS with too many rows")
	}
	if _, err := newXLSXWriter(io.Discard, "S", maxRows+1, 1, false); err == nil {
		t.Error("XLSX with too many rows")
	}
	var shared bytes.Buffer // a part that grows without end
	parts := newZipParts(&shared, true)
	if err := parts.write("s.xml", strings.Repeat("<si><t>some text</t></si>", 100_000)); err != nil {
		t.Fatal(err)
	}
	if err := parts.zip.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(shared.Bytes()), int64(shared.Len()))
	if err != nil {
		t.Fatal(err)
	}
	book := &xlsxBook{zip: z, limit: 1_000_000}
	wantError(t, book.readTexts("s.xml"), "the workbook has more than 1 MB of shared text")
	_, err = Dump([]byte(`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><office:document><table:table table:name="&b;"/></office:document>`))
	if err != nil {
		t.Error(err)
	}
}

// TestRepeatedCells: cells that a small file repeats are read as often as that, up to a limit.
func TestRepeatedCells(t *testing.T) {
	t.Parallel()
	file := func(columns, rows int) []byte {
		return fmt.Appendf(nil, `<?xml version="1.0"?><office:document><table:table table:name="S"><table:table-row><table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell></table:table-row>
			<table:table-row table:number-rows-repeated="%d"><table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="%d"/></table:table-row>
			<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table></office:document>`, rows, columns)
	}
	read := func(content []byte, area string) (int, error) {
		book, err := openWorkbook(&random{bytes.NewReader(content), int64(len(content)), nil}, textOptions{})
		if err != nil {
			return 0, err
		}
		s, err := book.sheet(0)
		if err != nil {
			return 0, err
		}
		n := 0
		err = tableItems(t.Context(), s, tableOptions{headerRow: true, area: area}, func(string) error { n++; return nil })
		return n, err
	}
	for _, c := range []struct {
		rows, want int
		area       string
	}{{1, 1, ""}, {3, 3, ""}, {1000, 1000, ""}, {1000, 5, "A1:B6"}, {1000, 6, "A5:B11"}} {
		if got, err := read(file(2, c.rows), c.area); err != nil || got != c.want {
			t.Errorf("%d rows, %q: got %d, %v", c.rows, c.area, got, err)
		}
	}
	below := strings.Replace(string(file(1, 3)), "<table:table-row table:number-rows-repeated=\"1048000\">", `<table:table-row><table:table-cell office:value-type="float" office:value="2"/></table:table-row><table:table-row>`, 1)
	if got, err := read([]byte(below), "A1:B4"); err != nil || got != 3 {
		t.Errorf("above the row behind: got %d, %v", got, err)
	}
	if got, err := read([]byte(below), "A4:B9"); err != nil || got != 1 {
		t.Errorf("the row behind: got %d, %v", got, err)
	}
	_, err := read(file(16384, 1_000_000), "")
	wantError(t, err, "the sheet repeats more than 100000000 cells")
}

// TestUnpackLimits: an archive gives a bounded number of files, and their names lead nowhere.
func TestUnpackLimits(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range maxUnpackedFiles + 1 {
		if _, err := z.Create(fmt.Sprintf("../../%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	call := callOf(t, 1.1, `{}`)
	f, err := keepBytes(t.Context(), call, nodes.File{FileName: "a.zip", FileExtension: "zip"}, b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	call = callOf(t, 1.1, `{}`, nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", f)))
	wantError(t, compression{}.Execute(t.Context(), call), "the archive holds more than 10000 files")
}

// TestOldFileNodes: the older nodes read and write in the directories that are open, and nowhere else.
func TestOldFileNodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	call := callOf(t, 1, `{"operation":"toText","sourceProperty":"t"}`, nodes.NewItem(`{"t":"hello","k":1}`))
	made := execute(t, convertToFile{}, call).At(0)
	write := func(params string, dirs ...string) (nodes.Items, error) {
		call := callOf(t, 1, params, made.WithJSON(`{"k":1}`))
		call.Files = &nodes.Files{Dirs: dirs}
		err := writeBinaryFile{}.Execute(t.Context(), call)
		outputs, _, _ := call.Outcome()
		if len(outputs) == 0 {
			return nodes.Items{}, err
		}
		return outputs[0], err
	}
	path := filepath.Join(dir, "a.txt")
	out, err := write(fmt.Sprintf(`{"fileName":%q}`, path), dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := out.At(0).JSON(), fmt.Sprintf(`{"k":1,"fileName":%q}`, path); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := write(fmt.Sprintf(`{"fileName":%q,"options":{"append":true}}`, path), dir); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "hellohello" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	_, err = write(fmt.Sprintf(`{"fileName":%q}`, path))
	wantError(t, err, "access to the file is not allowed")
	_, err = write(fmt.Sprintf(`{"fileName":%q}`, filepath.Join(dir, "..", "b.txt")), dir)
	wantError(t, err, "access to the file is not allowed")

	for node, params := range map[nodes.Node]string{
		readBinaryFile{}:  fmt.Sprintf(`{"filePath":%q,"dataPropertyName":"x"}`, path),
		readBinaryFiles{}: fmt.Sprintf(`{"fileSelector":%q,"dataPropertyName":"x"}`, filepath.Join(dir, "*.txt")),
	} {
		call := callOf(t, 1, params, nodes.NewItem(`{"k":1}`))
		call.Files = &nodes.Files{Dirs: []string{dir}}
		f, ok := execute(t, node, call).At(0).Binary().Get("x")
		if !ok || f.FileName != "a.txt" || f.MimeType != "text/plain" || f.Directory != dir || f.Bytes != 10 {
			t.Errorf("%T: got %+v", node, f)
		}
		call = callOf(t, 1, params, nodes.NewItem(`{}`))
		wantError(t, node.Execute(t.Context(), call), "access to the file is not allowed")
	}
	call = callOf(t, 1, fmt.Sprintf(`{"filePath":%q}`, filepath.Join(dir, "nope")), nodes.NewItem(`{}`))
	call.Files = &nodes.Files{Dirs: []string{dir}}
	wantError(t, readBinaryFile{}.Execute(t.Context(), call), "The file or directory does not exist")
}

// lines gives CSV without end.
type lines struct{ left int }

// Read is io.Reader's.
func (l *lines) Read(p []byte) (int, error) {
	const line = "1,some text of a row,2.5,true,2024-03-05T10:11:12Z,and a little more of it so that it is long\n"
	if l.left == 0 {
		return 0, io.EOF
	}
	n := 0
	for n+len(line) <= len(p) && l.left > 0 {
		n += copy(p[n:], line)
		l.left--
	}
	return n, nil
}

// TestCSVStreams: reading CSV holds no more than a record.
func TestCSVStreams(t *testing.T) {
	c, err := newCSVReader(io.MultiReader(strings.NewReader("a,b,c,d,e,f\n"), &lines{300_000}), csvOptions{delimiter: ",", header: true, fromLine: 1, maxRecords: -1})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	if err := c.read(func([][]byte) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; n != 300_000 || grown > 1<<20 {
		t.Errorf("%d records took %d bytes", n, grown)
	}
}

// TestBrokenFilesFail: the beginnings of files are errors, and no panics.
func TestBrokenFilesFail(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rich.xlsx", "rich.xls", "rich.ods", "rich.fods", "simple.pdf"} {
		content, err := os.ReadFile("testdata/files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n < len(content); n += 1 + len(content)/50 {
			err := protected(func() error {
				if strings.HasSuffix(name, "pdf") {
					_, err := readPDFFile(t.Context(), bytes.NewReader(content[:n]), int64(n), pdfOptions{})
					return err
				}
				_, err := Dump(content[:n])
				return err
			})
			if err != nil && strings.Contains(err.Error(), "runtime error") {
				t.Errorf("%s, %d bytes: %v", name, n, err)
			}
		}
	}
}

// TestGzipEnds: a broken archive is an error.
func TestGzipEnds(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(bytes.Repeat([]byte("text "), 1000)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	call := callOf(t, 1.1, `{}`)
	f, err := keepBytes(t.Context(), call, nodes.File{FileName: "a.gz", FileExtension: "gz"}, b.Bytes()[:b.Len()-9])
	if err != nil {
		t.Fatal(err)
	}
	call = callOf(t, 1.1, `{}`, nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", f)))
	wantError(t, compression{}.Execute(t.Context(), call), "the archive is broken")
}
