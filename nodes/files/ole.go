package files

import (
	"encoding/binary"
	"io"
	"unicode/utf16"

	"github.com/cordboard/cordboard/nodes"
)

// Compound files ([MS-CFB]) hold streams in chains of sectors, as a small file system does.

const (
	cfbEnd       = 0xFFFFFFFE // the end of a chain
	cfbFree      = 0xFFFFFFFF
	cfbFATSector = 0xFFFFFFFD
	cfbSector    = 512
)

var cfbSignature = []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}

// maxStream bounds the stream of a workbook, which is in memory.
const maxStream = 512 << 20

type cfbReader struct {
	in         io.ReaderAt
	size       int64
	sector     int64
	miniSector int64
	fat        []uint32
	miniFAT    []uint32
	mini       []byte // the stream of the small streams
}

var errCompound = nodes.Errorf("the file is a broken compound file")

// cfbStream reads the first stream of a compound file that has one of these names.
func cfbStream(in io.ReaderAt, size int64, names ...string) ([]byte, error) {
	c := &cfbReader{in: in, size: size}
	head := make([]byte, 512)
	if _, err := in.ReadAt(head, 0); err != nil {
		return nil, errCompound
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(head[at:]) }
	c.sector, c.miniSector = 1<<(head[30]&15), 1<<(head[32]&15)
	if c.sector < 512 || c.miniSector > c.sector || c.miniSector < 8 {
		return nil, errCompound
	}
	if err := c.readFAT(head, u32(68)); err != nil {
		return nil, err
	}
	directory, err := c.chain(u32(48), -1)
	if err != nil {
		return nil, err
	}
	var miniFAT []byte
	if u32(64) > 0 {
		if miniFAT, err = c.chain(u32(60), -1); err != nil {
			return nil, err
		}
	}
	for ; len(miniFAT) >= 4; miniFAT = miniFAT[4:] {
		c.miniFAT = append(c.miniFAT, binary.LittleEndian.Uint32(miniFAT))
	}
	cutoff := int64(u32(56))
	for i := 0; i+128 <= len(directory); i += 128 {
		entry := directory[i : i+128]
		start, length := binary.LittleEndian.Uint32(entry[116:]), int64(binary.LittleEndian.Uint32(entry[120:]))
		if i == 0 {
			if c.mini, err = c.chain(start, length); err != nil && length > 0 {
				return nil, err
			}
			continue
		}
		name := entryName(entry)
		for _, want := range names {
			if entry[66] != 2 || name != want {
				continue
			}
			if length < cutoff {
				return c.miniChain(start, length)
			}
			return c.chain(start, length)
		}
	}
	return nil, nodes.Errorf("Cannot find Workbook stream")
}

func entryName(entry []byte) string {
	n := int(binary.LittleEndian.Uint16(entry[64:]))
	if n < 2 || n > 64 {
		return ""
	}
	units := make([]uint16, n/2-1)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(entry[2*i:])
	}
	return string(utf16.Decode(units))
}

// readFAT reads the table of what sector follows which.
func (c *cfbReader) readFAT(head []byte, difat uint32) error {
	var sectors []uint32
	add := func(b []byte) {
		for ; len(b) >= 4; b = b[4:] {
			if s := binary.LittleEndian.Uint32(b); s < cfbFATSector {
				sectors = append(sectors, s)
			}
		}
	}
	add(head[76:512])
	buf := make([]byte, c.sector)
	for n := int64(0); difat < cfbFATSector; n++ {
		if n*c.sector > c.size || c.read(difat, buf) != nil {
			return errCompound
		}
		add(buf[:c.sector-4])
		difat = binary.LittleEndian.Uint32(buf[c.sector-4:])
	}
	if int64(len(sectors))*c.sector > c.size {
		return errCompound
	}
	for _, s := range sectors {
		if c.read(s, buf) != nil {
			return errCompound
		}
		for b := buf; len(b) >= 4; b = b[4:] {
			c.fat = append(c.fat, binary.LittleEndian.Uint32(b))
		}
	}
	return nil
}

// read reads a sector; what the file lacks of it is zero.
func (c *cfbReader) read(sector uint32, buf []byte) error {
	at := (int64(sector) + 1) * c.sector
	if at >= c.size {
		return errCompound
	}
	n, err := c.in.ReadAt(buf[:c.sector], at)
	if err != nil && err != io.EOF {
		return err
	}
	clear(buf[n:c.sector])
	return nil
}

// chain reads the sectors from a first one on, up to a length; -1 is all of them.
func (c *cfbReader) chain(sector uint32, length int64) ([]byte, error) {
	if length > min(c.size, maxStream) {
		return nil, errCompound
	}
	var out []byte
	buf := make([]byte, c.sector)
	for sector < cfbFATSector && (length < 0 || int64(len(out)) < length) {
		if int64(len(out)) > min(c.size, maxStream) || int(sector) >= len(c.fat) {
			return nil, errCompound
		}
		if err := c.read(sector, buf); err != nil {
			return nil, err
		}
		out, sector = append(out, buf...), c.fat[sector]
	}
	if length >= 0 {
		if int64(len(out)) < length {
			return nil, errCompound
		}
		out = out[:length]
	}
	return out, nil
}

func (c *cfbReader) miniChain(sector uint32, length int64) ([]byte, error) {
	var out []byte
	for sector < cfbFATSector && int64(len(out)) < length {
		at := int64(sector) * c.miniSector
		if int(sector) >= len(c.miniFAT) || at+c.miniSector > int64(len(c.mini)) {
			return nil, errCompound
		}
		out, sector = append(out, c.mini[at:at+c.miniSector]...), c.miniFAT[sector]
	}
	if int64(len(out)) < length {
		return nil, errCompound
	}
	return out[:length], nil
}

// writeCompound writes a compound file with one stream, which is at least 4,096 bytes long.
func writeCompound(w io.Writer, name string, stream []byte) error {
	streamSectors := (len(stream) + cfbSector - 1) / cfbSector
	// The tables count their own sectors too.
	fatSectors, difatSectors := 1, 0
	for {
		need := (streamSectors + 1 + fatSectors + difatSectors + 127) / 128
		difat := (max(need-109, 0) + 126) / 127
		if need == fatSectors && difat == difatSectors {
			break
		}
		fatSectors, difatSectors = need, difat
	}
	directory, fat, difat := streamSectors, streamSectors+1, streamSectors+1+fatSectors
	le := binary.LittleEndian

	out := append(compoundHead(directory, fat, fatSectors, difat, difatSectors), stream...)
	out = append(out, make([]byte, streamSectors*cfbSector-len(stream))...)
	out = append(out, directoryOf(name, len(stream))...)

	var table []byte
	for i := range streamSectors {
		next := uint32(i + 1)
		if i == streamSectors-1 {
			next = cfbEnd
		}
		table = le.AppendUint32(table, next)
	}
	table = le.AppendUint32(table, cfbEnd) // the directory
	for range fatSectors {
		table = le.AppendUint32(table, cfbFATSector)
	}
	for range difatSectors {
		table = le.AppendUint32(table, cfbFATSector-1)
	}
	for len(table) < fatSectors*cfbSector {
		table = le.AppendUint32(table, cfbFree)
	}
	out = append(out, table...)
	for d := range difatSectors {
		for i := range 127 {
			v := uint32(cfbFree)
			if n := 109 + 127*d + i; n < fatSectors {
				v = uint32(fat + n)
			}
			out = le.AppendUint32(out, v)
		}
		next := uint32(cfbEnd)
		if d < difatSectors-1 {
			next = uint32(difat + d + 1)
		}
		out = le.AppendUint32(out, next)
	}
	_, err := w.Write(out)
	return err
}

// compoundHead is the first sector: where the directory and the tables are.
func compoundHead(directory, fat, fatSectors, difat, difatSectors int) []byte {
	le := binary.LittleEndian
	head := make([]byte, cfbSector)
	copy(head, cfbSignature)
	le.PutUint16(head[24:], 0x3E)
	le.PutUint16(head[26:], 3)
	le.PutUint16(head[28:], 0xFFFE)
	le.PutUint16(head[30:], 9)
	le.PutUint16(head[32:], 6)
	le.PutUint32(head[44:], uint32(fatSectors))
	le.PutUint32(head[48:], uint32(directory))
	le.PutUint32(head[56:], 4096)
	le.PutUint32(head[60:], cfbEnd)
	le.PutUint32(head[68:], cfbEnd)
	if difatSectors > 0 {
		le.PutUint32(head[68:], uint32(difat))
		le.PutUint32(head[72:], uint32(difatSectors))
	}
	for i := range 109 {
		v := uint32(cfbFree)
		if i < fatSectors {
			v = uint32(fat + i)
		}
		le.PutUint32(head[76+4*i:], v)
	}
	return head
}

// directoryOf is the directory with the root and one stream, which begins in the first sector.
func directoryOf(name string, length int) []byte {
	le := binary.LittleEndian
	directory := make([]byte, cfbSector)
	entry := func(i int, name string, kind byte, child, start uint32, length int) {
		e := directory[128*i : 128*(i+1)]
		units := utf16.Encode([]rune(name))
		for j, u := range units {
			le.PutUint16(e[2*j:], u)
		}
		if name != "" {
			le.PutUint16(e[64:], uint16(2*len(units)+2))
		}
		e[66], e[67] = kind, 1
		le.PutUint32(e[68:], cfbFree)
		le.PutUint32(e[72:], cfbFree)
		le.PutUint32(e[76:], child)
		le.PutUint32(e[116:], start)
		le.PutUint32(e[120:], uint32(length))
	}
	entry(0, "Root Entry", 5, 1, cfbEnd, 0)
	entry(1, name, 2, cfbFree, 0, length)
	entry(2, "", 0, cfbFree, 0, 0)
	entry(3, "", 0, cfbFree, 0, 0)
	return directory
}
