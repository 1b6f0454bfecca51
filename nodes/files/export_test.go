package files

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// Dump writes the cells of a workbook, for tests.
func Dump(data []byte) (string, error) {
	book, err := openWorkbook(&random{bytes.NewReader(data), int64(len(data)), func() error { return nil }}, textOptions{})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, name := range book.sheetNames() {
		s, err := book.sheet(i)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "sheet %q", name)
		err = s.rows(func(r row) error {
			for c, v := range r.cells {
				if text, ok := v.json(nil); ok {
					fmt.Fprintf(&b, " %s%d=%s", columnName(c), r.index+1, text)
				}
			}
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// WriteTable writes items as a file of a format, for tests.
func WriteTable(ctx context.Context, format string, compressed bool, items nodes.Items) ([]byte, error) {
	t, err := newTable(ctx, items, true)
	if err != nil {
		return nil, err
	}
	var (
		b bytes.Buffer
		w tableWriter
	)
	switch format {
	case "xlsx":
		w, err = newXLSXWriter(&b, "Ours & more", t.rows(), t.columns(), compressed)
	case "ods":
		w, err = newODSWriter(&b, "Ours & more", compressed)
	default:
		w, err = newXLSWriter(&b, "Ours & more", t.rows(), t.columns())
	}
	if err == nil {
		err = t.write(ctx, w)
	}
	return b.Bytes(), err
}
