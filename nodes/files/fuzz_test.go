package files

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes"
)

// seed adds the test files with these extensions, and their beginnings.
func seed(f *testing.F, extensions ...string) {
	f.Helper()
	entries, err := os.ReadDir("testdata/files")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		for _, extension := range extensions {
			if !strings.HasSuffix(e.Name(), extension) {
				continue
			}
			content, err := os.ReadFile(filepath.Join("testdata", "files", e.Name()))
			if err != nil {
				f.Fatal(err)
			}
			if len(content) < 64<<10 {
				f.Add(content)
			}
		}
	}
}

// readAllSheets reads a file as the nodes do; whatever is in it, it ends, and what it gives is JSON.
func readAllSheets(t *testing.T, content []byte) {
	t.Helper()
	err := protected(func() error {
		book, err := openWorkbook(&random{bytes.NewReader(content), int64(len(content)), func() error { return nil }}, textOptions{})
		if err != nil {
			return err
		}
		for i := range book.sheetNames() {
			s, err := book.sheet(i)
			if err != nil {
				return err
			}
			n := 0
			err = tableItems(t.Context(), s, tableOptions{headerRow: i%2 == 0}, func(json string) error {
				if _, err := nodes.Normalize(json); err != nil {
					t.Fatalf("%q: %v", json, err)
				}
				if n++; n > 1000 {
					return errEnough
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && strings.Contains(err.Error(), "cannot be read: runtime error") {
		t.Fatal(err)
	}
}

func FuzzXLS(f *testing.F) {
	seed(f, ".xls")
	f.Fuzz(func(t *testing.T, content []byte) {
		readAllSheets(t, content)
		if book, err := readXLS(content); err == nil { // without a compound file around it
			for i := range book.names {
				_, _ = book.sheet(i)
			}
		}
	})
}

func FuzzODS(f *testing.F) {
	seed(f, ".fods")
	f.Add([]byte(`<office:document><table:table><table:table-row table:number-rows-repeated="3"><table:table-cell office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell></table:table-row></table:table></office:document>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		readAllSheets(t, append([]byte("<?xml?><office:document>"), content...))
	})
}

func FuzzXLSX(f *testing.F) {
	seed(f, ".xlsx", ".ods")
	f.Fuzz(readAllSheets)
}

// FuzzPlain is HTML, RTF and CSV whose format is found out.
func FuzzPlain(f *testing.F) {
	seed(f, ".html", ".rtf", ".csv")
	f.Add([]byte("a,b\n1,\"2\"\n"))
	f.Fuzz(readAllSheets)
}

func FuzzCSV(f *testing.F) {
	seed(f, ".csv")
	f.Add([]byte("a,b\r\n1,\"x \"\"y\"\"\"\r\n\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, o := range []csvOptions{
			{delimiter: ",", header: true, fromLine: 1, maxRecords: -1, maxSkipped: -1},
			{delimiter: "||", relaxQuotes: true, fromLine: 3, maxRecords: 5, maxSkipped: -1, skipErrors: true},
		} {
			c, err := newCSVReader(bytes.NewReader(content), o)
			if err != nil {
				t.Fatal(err)
			}
			items := csvItems{header: o.header}
			_ = c.read(func(fields [][]byte) error {
				json := items.item(c, fields)
				if _, err := nodes.Normalize(json); err != nil {
					t.Fatalf("%q: %v", json, err)
				}
				return nil
			})
		}
	})
}

func FuzzICS(f *testing.F) {
	f.Add("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Vienna:20240305T100000\r\nRRULE:FREQ=WEEKLY;BYDAY=1MO\r\nBEGIN:VALARM\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		if json, err := parseCalendar(s); err == nil {
			if _, err := nodes.Normalize(json); err != nil {
				t.Fatalf("%q: %v", json, err)
			}
		}
	})
}

func FuzzPDF(f *testing.F) {
	seed(f, ".pdf")
	f.Fuzz(func(t *testing.T, content []byte) {
		_ = protected(func() error {
			_, err := readPDFFile(context.Background(), bytes.NewReader(content), int64(len(content)), pdfOptions{join: true, maxPages: 5})
			return err
		})
	})
}

func FuzzCharset(f *testing.F) {
	f.Add([]byte("+2D3eAA- &AOk- \xff\xfea\x00"), "utf7")
	f.Fuzz(func(t *testing.T, content []byte, name string) {
		s, err := decodeText(content, name, false)
		if err != nil {
			return
		}
		if _, err := encodeText(s, name, true); err != nil {
			t.Fatal(err)
		}
	})
}
