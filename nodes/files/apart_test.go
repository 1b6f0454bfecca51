package files

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// TestErrorsApart: only what is wrong with a file says that it has another format.
func TestErrorsApart(t *testing.T) {
	t.Parallel()
	const reworded = "is not in ods format"
	full := errors.New("the disk is full")
	read := func(content string, o sheetOptions, emitted error) error {
		call := &nodes.Call{Files: &nodes.Files{}}
		f, err := keepBytes(t.Context(), call, nodes.File{FileExtension: "csv"}, []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		f.FileExtension = "csv"
		return workbookItems(t.Context(), call, f, "ods", o, func(string) error { return emitted })
	}
	if err := read("a\n1\n", sheetOptions{}, full); !errors.Is(err, full) || strings.Contains(err.Error(), reworded) {
		t.Errorf("an error of the output is %v", err)
	}
	if err := read("PK, but no archive", sheetOptions{}, nil); err == nil || !strings.Contains(err.Error(), reworded) {
		t.Errorf("an error of the file is %v", err)
	}
	wide := sheetOptions{table: tableOptions{emptyCells: true, area: "A1:XFD1048576"}}
	if err := read("a\n1\n", wide, nil); err == nil || !strings.Contains(err.Error(), "cells") || strings.Contains(err.Error(), reworded) {
		t.Errorf("an error of a limit is %v", err)
	}
	gone := nodes.File{FileExtension: "csv", ID: "nowhere"}
	if err := workbookItems(t.Context(), &nodes.Call{Files: &nodes.Files{}}, gone, "ods", sheetOptions{}, nil); err == nil || strings.Contains(err.Error(), reworded) {
		t.Errorf("an error of the store is %v", err)
	}
}

// TestLeaves: keys that are indexes come first, and objects without any are gone through once.
func TestLeaves(t *testing.T) {
	t.Parallel()
	for json, want := range map[string][]string{
		`{"a":1,"b":2}`: {"a", "b"},
		`{"0":{"x":1},"7":1,"4294967294":2,"a":3,"4294967295":4,"01":5}`: {"7", "4294967294", "0.x", "a", "4294967295", "01"},
		`{"l":[{"k":1},2,[3]],"1x":4,"":5}`:                              {"l.1", "l.0.k", "l.2.0", "1x", ""},
		`{"1700000000":1,"9":{"a":1},"z":0}`:                             {"1700000000", "9.a", "z"},
	} {
		var got []string
		leaves(gjson.Parse(json), nil, func(path []byte, _ gjson.Result) { got = append(got, string(path)) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", json, got, want)
		}
	}
	seen := 0
	members(gjson.Parse(`{"a":1,"b":2,"c":3}`), nil, func(_ []byte, isIndex bool, _ gjson.Result) bool { seen++; return isIndex })
	if seen != 1 {
		t.Errorf("%d members were looked at for an index", seen)
	}
}

// TestReadInstant: what n8n writes in the zone America/New_York.
func TestReadInstant(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2024-03-05": "20240305T000000", "2024-03": "20240301T000000", "2024/03/05": "20240305T000000", "2024-03-05T10:00": "20240305T100000",
		"2024-03-05T10:00:00": "20240305T100000", "2024-03-05 10:00:00": "20240305T100000", "2024-03-05T10:00:00Z": "20240305T050000",
	} {
		if got, ok := readInstant(text, zone); !ok || got.Format("20060102T150405") != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
