package files

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// TestRK: the short form of numbers ([MS-XLS] 2.5.217).
func TestRK(t *testing.T) {
	t.Parallel()
	negative := int32(-7)
	for in, want := range map[int]float64{
		0x3FF00000: 1, 0x3FF00001: 0.01, 1234<<2 | 2: 1234, 1234<<2 | 3: 12.34, int(uint32(negative)<<2 | 2): -7, int(math.Float64bits(-2.5) >> 32): -2.5,
	} {
		if got := rk(in); got != want {
			t.Errorf("rk(%#x) is %v, want %v", in, got, want)
		}
	}
}

// TestXLSRecords: records that Excel writes and n8n does not: several numbers in one, results of formulas, errors.
func TestXLSRecords(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	bof := func(kind byte) []byte { return append([]byte{0, 6, kind, 0}, make([]byte, 12)...) }
	at := func(row, column uint16) []byte {
		return le.AppendUint16(le.AppendUint16(le.AppendUint16(nil, row), column), 0)
	}
	var sheet []byte
	sheet = appendRecord(sheet, recBOF, bof(0x10))
	sheet = appendRecord(sheet, recMulRK, append(le.AppendUint32(append(le.AppendUint32(at(0, 0), 5<<2|2), 0, 0), 0x3FF00000), 1, 0))
	result := func(row, column uint16, bytes ...byte) []byte {
		return append(append(at(row, column), bytes...), make([]byte, 8)...)
	}
	sheet = appendRecord(sheet, recFormula, result(0, 2, 0, 0, 0, 0, 0, 0, 0x04, 0x40)) // 2.5
	sheet = appendRecord(sheet, recFormula, result(0, 3, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF))
	sheet = appendRecord(sheet, recString, []byte{3, 0, 0, 'a', 'b', 'c'})
	sheet = appendRecord(sheet, recFormula, result(1, 0, 1, 0, 1, 0, 0, 0, 0xFF, 0xFF))
	sheet = appendRecord(sheet, recFormula, result(1, 1, 2, 0, 7, 0, 0, 0, 0xFF, 0xFF))
	sheet = appendRecord(sheet, recBoolErr, append(at(1, 2), 0, 1))
	sheet = appendRecord(sheet, recRK, le.AppendUint32(at(1, 3), 1234<<2|3))
	sheet = appendRecord(sheet, recBOF, bof(0x20)) // a chart in the sheet
	sheet = appendRecord(sheet, recNumber, append(at(9, 9), make([]byte, 8)...))
	sheet = appendRecord(sheet, recEOF, nil)
	sheet = appendRecord(sheet, recRK, le.AppendUint32(at(2, 1), 9<<2|2))
	sheet = appendRecord(sheet, recEOF, nil)
	book := appendRecord(nil, recBOF, bof(5))
	book = appendRecord(book, recBoundSheet, []byte{40, 0, 0, 0, 0, 0, 2, 0, 'S', '1'})
	book = append(appendRecord(book, recEOF, nil), make([]byte, 2)...)
	if len(book) > 40 {
		t.Fatal(len(book))
	}
	book = append(append(book, make([]byte, 40-len(book))...), sheet...)
	b, err := readXLS(book)
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.sheet(0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := tableItems(t.Context(), s, tableOptions{}, func(json string) error { got = append(got, json); return nil }); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(got, " "), `{"row":[5,1,2.5,"abc"]} {"row":[true,null,null,12.34]} {"row":[null,9]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	locked := appendRecord(appendRecord(nil, recBOF, bof(5)), recFilePass, make([]byte, 6))
	_, err = readXLS(locked)
	wantError(t, err, "File is password-protected")
}

// TestCompoundFiles: streams of all lengths come back, also where the table of sectors needs tables of its own.
func TestCompoundFiles(t *testing.T) {
	t.Parallel()
	for _, n := range []int{4096, 5000, 65536, 8 << 20, 17 << 20} {
		stream := make([]byte, n)
		for i := range stream {
			stream[i] = byte(i * 7 >> 3)
		}
		var file strings.Builder
		if err := writeCompound(&file, "Workbook", stream); err != nil {
			t.Fatal(err)
		}
		got, err := cfbStream(strings.NewReader(file.String()), int64(file.Len()), "Workbook")
		if err != nil || string(got) != string(stream) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
}
