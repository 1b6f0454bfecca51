package remote

import (
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

func TestListEntry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC)
	for line, want := range map[string]string{
		"-rw-r--r--   1 ftp      ftp             2 Jan  2  2024 x.txt":            `- x.txt 2024-01-02T00:00:00.000Z`,
		"-rw-r--r--   1 ftp      ftp             2 Jan 12 13:14  two spaces  ":    `-  two spaces   2026-01-12T13:14:00.000Z`,
		"-rw-r--r--   1 ftp      ftp             2 Feb 11 11:00 ahead by a zone":  `- ahead by a zone 2026-02-11T11:00:00.000Z`,
		"-rw-r--r--   1 ftp      ftp             2 Dec 31 23:59 last year":        `- last year 2025-12-31T23:59:00.000Z`,
		"lrwxrwxrwx   1 ftp      ftp             2 Jan  2  2024 here -> ../there": `l here 2024-01-02T00:00:00.000Z`,
		"drwxr-xr-t+  1 ftp      ftp          4096 Jan  2  2024 tmp":              `d tmp 2024-01-02T00:00:00.000Z`,
		"crw-rw-rw-   1 root     root       1,   3 Jan  2  2024 null":             `c null 2024-01-02T00:00:00.000Z`,
		"drwxr-xr-x   1 ftp      ftp          4096 Jan  2  2024 .":                ``,
		"drwxr-xr-x   1 ftp      ftp          4096 Jan  2  2024 ..":               ``,
		"02-11-70  12:00AM       <DIR>          in the last century":              `d in the last century 1970-02-11T00:00:00.000Z`,
		"02-11-69  12:00PM       007 in this one":                                 `- in this one 2069-02-11T12:00:00.000Z`,
		"total 12": ``,
		"":         ``,
	} {
		e, ok := listEntry(line, now)
		got := ""
		if ok {
			var b nodes.ObjectBuilder
			e.write(&b)
			got = string(e.kind) + " " + e.name + " " + gjson.Get(b.String(), "modifyTime").Str
		}
		if got != want {
			t.Errorf("%q\ngot  %q\nwant %q", line, got, want)
		}
	}
}

func FuzzListEntry(f *testing.F) {
	f.Add("-rw-r--r--   1 ftp      ftp             2 Jan  2  2024 x.txt")
	f.Add("lrwxrwxrwx   1 ftp      ftp             2 Jan 12 13:14 here -> ../there")
	f.Add("lrwxrwxrwx 0 0 0 0 Jan 1 2024  -> 0")
	f.Add("02-11-70  12:00AM       <DIR>          old")
	f.Fuzz(func(t *testing.T, line string) {
		e, ok := listEntry(line, time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC))
		if !ok {
			return
		}
		var b nodes.ObjectBuilder
		e.write(&b)
		if e.name == "" || !gjson.Valid(b.String()) {
			t.Errorf("%q: %q %s", line, e.name, b.String())
		}
	})
}

// expression is one that nobody evaluates.
type expression string

func (e expression) Source() string { return string(e) }

func TestWrites(t *testing.T) {
	t.Parallel()
	for params, want := range map[string][2]bool{ // SSH, FTP
		`{}`:                       {true, false},
		`{"resource":"command"}`:   {true, false},
		`{"operation":"list"}`:     {true, false},
		`{"operation":"download"}`: {true, false},
		`{"resource":"file","operation":"download"}`:     {false, false},
		`{"resource":"file"}`:                            {true, false},
		`{"resource":"file","operation":"upload"}`:       {true, true},
		`{"operation":"delete"}`:                         {true, true},
		`{"operation":"rename"}`:                         {true, true},
		`{"resource":"file","operation":"={{ $json}}"}`:  {true, true},
		`{"resource":"={{ 1 }}","operation":"download"}`: {true, false},
	} {
		compiled, broken := nodes.CompileTemplate(gjson.Parse(params), func(_, source string) (nodes.Expression, error) { return expression(source), nil })
		if len(broken) > 0 {
			t.Fatal(broken)
		}
		if got := [2]bool{(sshNode{}).Writes(1, compiled), (ftpNode{}).Writes(1, compiled)}; got != want {
			t.Errorf("%s: %v, want %v", params, got, want)
		}
	}
}
