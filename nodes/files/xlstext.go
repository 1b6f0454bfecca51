package files

import (
	"encoding/binary"
	"unicode/utf16"

	"github.com/cordboard/cordboard/nodes"
)

// shortText reads a text whose length is one byte, longText one of two; size is how long it was.
func (b *xlsBook) shortText(data []byte) (s string, size int) {
	if len(data) == 0 {
		return "", 0
	}
	return b.textOf(data[1:], int(data[0]), 1)
}

func (b *xlsBook) longText(data []byte) (s string, size int) {
	if len(data) < 2 {
		return "", len(data)
	}
	return b.textOf(data[2:], u16(data, 0), 2)
}

func (b *xlsBook) textOf(data []byte, n, before int) (s string, size int) {
	if b.old {
		n = min(n, len(data))
		s, _ := decodeText(data[:n], b.charset, true) // its name is one of ours
		return s, before + n
	}
	if len(data) == 0 {
		return "", before
	}
	wide := data[0]&1 == 1
	data = data[1:]
	if wide {
		n = min(n, len(data)/2)
		return string(utf16.Decode(unitsOf(data[:2*n]))), before + 1 + 2*n
	}
	n = min(n, len(data))
	return latin1(data[:n]), before + 1 + n
}

func unitsOf(b []byte) []uint16 {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return units
}

func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// readSST reads the texts that the sheets share, over all of their records.
func (b *xlsBook) readSST(at int) (next int, err error) {
	_, data, next := b.record(at)
	r := sstReader{parts: [][]byte{data}}
	for {
		kind, more, after := b.record(next)
		if kind != recContinue {
			break
		}
		r.parts, next = append(r.parts, more), after
	}
	r.skip(8)
	total := u32(data, 4)
	for n := 0; n < total && !r.atEnd(); n++ {
		s, err := r.text()
		if err != nil {
			return next, err
		}
		b.texts = append(b.texts, s)
	}
	return next, nil
}

// sstReader reads over the borders of records. A text that goes on in the next one says there anew how wide it is.
type sstReader struct {
	parts [][]byte
	size  int
}

func (r *sstReader) atEnd() bool {
	for len(r.parts) > 0 && len(r.parts[0]) == 0 {
		r.parts = r.parts[1:]
	}
	return len(r.parts) == 0
}

func (r *sstReader) skip(n int) {
	for n > 0 && !r.atEnd() {
		m := min(n, len(r.parts[0]))
		r.parts[0], n = r.parts[0][m:], n-m
	}
}

func (r *sstReader) number(bytes int) int {
	n := 0
	for i := range bytes {
		if r.atEnd() {
			return n
		}
		n |= int(r.parts[0][0]) << (8 * i)
		r.parts[0] = r.parts[0][1:]
	}
	return n
}

func (r *sstReader) text() (string, error) {
	n, flags := r.number(2), r.number(1)
	runs, extra := 0, 0
	if flags&8 != 0 {
		runs = r.number(2)
	}
	if flags&4 != 0 {
		extra = r.number(4)
	}
	var units []uint16
	wide := flags&1 != 0
	for n > 0 {
		if len(r.parts) > 0 && len(r.parts[0]) == 0 {
			if r.atEnd() {
				break
			}
			wide = r.number(1)&1 != 0
		}
		if r.atEnd() {
			break
		}
		part := r.parts[0]
		if wide {
			m := min(n, len(part)/2)
			if m == 0 {
				r.parts[0] = nil
				continue
			}
			units = append(units, unitsOf(part[:2*m])...)
			r.parts[0], n = part[2*m:], n-m
			continue
		}
		m := min(n, len(part))
		for _, c := range part[:m] {
			units = append(units, uint16(c))
		}
		r.parts[0], n = part[m:], n-m
	}
	r.skip(4*runs + extra)
	if r.size += 2*len(units) + 16; r.size > maxTexts {
		return "", nodes.Errorf("the workbook has more than %s of shared text", nodes.SizeText(maxTexts))
	}
	return string(utf16.Decode(units)), nil
}
