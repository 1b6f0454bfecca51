package files

import (
	"bytes"
	_ "embed" // the tables of the single-byte character sets
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/cordboard/cordboard/nodes"
)

// charsetTables has a line for each single-byte character set that n8n offers: its name, the characters of the bytes from 128
// on, and pairs of a byte and its character where one below 128 is not that of ASCII.
//
//go:embed charsets.txt
var charsetTables string

// charset is a single-byte character set: the character of each byte.
type charset [256]rune

// charsets are the tables by name, read when the first one is asked for.
var charsets = sync.OnceValue(func() map[string]*charset {
	sets := map[string]*charset{}
	for line := range strings.Lines(charsetTables) {
		name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		set := &charset{}
		for i := range 128 {
			set[i] = rune(i)
		}
		chars := []rune(rest)
		copy(set[128:], chars)
		for i := 128; i+1 < len(chars); i += 2 {
			set[chars[i]] = chars[i+1]
		}
		sets[name] = set
	}
	return sets
})

func (c *charset) decode(b []byte) string {
	var s strings.Builder
	s.Grow(len(b))
	for _, x := range b {
		s.WriteRune(c[x])
	}
	return s.String()
}

func (c *charset) encode(s string) []byte {
	index := map[rune]byte{}
	for i, r := range c {
		if r != utf8.RuneError {
			index[r] = byte(i)
		}
	}
	var out []byte
	for _, r := range s {
		b, ok := index[r]
		switch {
		case ok:
			out = append(out, b)
		case r > 0xFFFF: // two units of UTF-16, to n8n
			out = append(out, "??"...)
		default:
			out = append(out, '?')
		}
	}
	return out
}

// charsetAliases are further names, in the form that charsetName gives.
var charsetAliases = map[string]string{
	"latin1": "iso88591", "usascii": "ascii", "utf16le": "ucs2", "cp1252": "windows1252", "sjis": "shiftjis", "big5": "big5hkscs",
}

// charsetName is an encoding's name as n8n looks it up: in small letters and digits.
func charsetName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	if other := charsetAliases[name]; other != "" {
		return other
	}
	return name
}

// multiByte is the character set of several bytes with this name, nil if there is none.
func multiByte(name string) encoding.Encoding {
	switch name {
	case "shiftjis":
		return japanese.ShiftJIS
	case "eucjp":
		return japanese.EUCJP
	case "cp936", "gbk":
		return simplifiedchinese.GBK
	case "gb18030":
		return simplifiedchinese.GB18030
	case "cp949":
		return korean.EUCKR
	case "cp950", "big5hkscs":
		return traditionalchinese.Big5
	}
	return nil
}

// errCharset is the error of an encoding that there is none of, in n8n's words (iconv-lite).
func errCharset(name string) error {
	return nodes.Errorf("Encoding not recognized: '%s' (searched as: '%s')", name, charsetName(name))
}

// decodeText reads text in an encoding of n8n's list. A byte order mark at its beginning is left out unless keepBOM is set.
func decodeText(b []byte, name string, keepBOM bool) (string, error) {
	var s string
	switch canonical := charsetName(name); canonical {
	case "utf8":
		s = validText(b)
	case "cesu8":
		s = decodeCESU8(b)
	case "ucs2":
		s = decodeUTF16(b, binary.LittleEndian)
	case "utf16be":
		s = decodeUTF16(b, binary.BigEndian)
	case "utf16":
		s = decodeUTF16(b, orderOf16(b))
	case "utf32le":
		s = decodeUTF32(b, binary.LittleEndian)
	case "utf32be":
		s = decodeUTF32(b, binary.BigEndian)
	case "utf32":
		s = decodeUTF32(b, orderOf32(b))
	case "utf7":
		return decodeUTF7(b, '+', false), nil
	case "utf7imap":
		return decodeUTF7(b, '&', true), nil
	case "base64":
		return base64.StdEncoding.EncodeToString(b), nil
	case "hex":
		return hex.EncodeToString(b), nil
	case "binary":
		return charsets()["iso88591"].decode(b), nil
	default:
		if set := charsets()[canonical]; set != nil {
			return set.decode(b), nil
		}
		e := multiByte(canonical)
		if e == nil {
			return "", errCharset(name)
		}
		out, err := e.NewDecoder().Bytes(b)
		return string(out), err
	}
	if !keepBOM {
		s = strings.TrimPrefix(s, "\uFEFF")
	}
	return s, nil
}

// encodeText writes text in an encoding of n8n's list, what has no place in it as "?". With bom, those of Unicode begin with a
// byte order mark. No name is UTF-8.
func encodeText(s, name string, bom bool) ([]byte, error) {
	if name == "" {
		return []byte(s), nil // n8n adds no mark where no encoding is set
	}
	canonical := charsetName(name)
	if bom || canonical == "utf16" || canonical == "utf32" {
		switch canonical {
		case "utf8", "cesu8", "ucs2", "utf16be", "utf16", "utf32le", "utf32be", "utf32":
			s = "\uFEFF" + s
		}
	}
	switch canonical {
	case "utf8":
		return []byte(s), nil
	case "cesu8":
		return encodeCESU8(s), nil
	case "ucs2", "utf16":
		return encodeUTF16(s, binary.LittleEndian), nil
	case "utf16be":
		return encodeUTF16(s, binary.BigEndian), nil
	case "utf32le", "utf32":
		return encodeUTF32(s, binary.LittleEndian), nil
	case "utf32be":
		return encodeUTF32(s, binary.BigEndian), nil
	case "utf7":
		return encodeUTF7(s, false), nil
	case "utf7imap":
		return encodeUTF7(s, true), nil
	case "base64":
		return looseBase64(s), nil
	case "hex":
		return looseHex(s), nil
	case "binary":
		var out []byte
		for _, u := range utf16.Encode([]rune(s)) {
			out = append(out, byte(u))
		}
		return out, nil
	}
	if set := charsets()[canonical]; set != nil {
		return set.encode(s), nil
	}
	e := multiByte(canonical)
	if e == nil {
		return nil, errCharset(name)
	}
	return encodeMultiByte(s, e), nil
}

// encodeMultiByte writes "?" for what has no place.
func encodeMultiByte(s string, e encoding.Encoding) []byte {
	enc := e.NewEncoder()
	if out, err := enc.Bytes([]byte(s)); err == nil {
		return out
	}
	var out []byte
	for _, r := range s {
		b, err := enc.Bytes([]byte(string(r)))
		switch {
		case err == nil:
			out = append(out, b...)
		default:
			out = append(out, '?')
		}
		enc.Reset()
	}
	return out
}

// looseBase64 reads base64 as Node.js does: what is no character of it is passed over, of a broken end the whole bytes count.
func looseBase64(s string) []byte {
	clean := make([]byte, 0, len(s))
	for i := 0; i < len(s) && s[i] != '='; i++ {
		switch c := s[i]; {
		case c == '-':
			clean = append(clean, '+')
		case c == '_':
			clean = append(clean, '/')
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			clean = append(clean, c)
		}
	}
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, _ := base64.RawStdEncoding.Decode(out, clean) // all of its characters are right
	return out[:n]
}

// looseHex reads hexadecimal digits up to the first pair that is none.
func looseHex(s string) []byte {
	out := make([]byte, len(s)/2)
	n, _ := hex.Decode(out, []byte(s[:len(s)/2*2])) // the error says where it ended
	return out[:n]
}

func orderOf16(b []byte) binary.ByteOrder {
	switch {
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		return binary.BigEndian
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		return binary.LittleEndian
	}
	low, high := 0, 0 // characters of ASCII, read either way
	for i := 0; i+1 < len(b) && i < 200; i += 2 {
		if b[i] == 0 && b[i+1] != 0 {
			high++
		} else if b[i] != 0 && b[i+1] == 0 {
			low++
		}
	}
	if high > low {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func orderOf32(b []byte) binary.ByteOrder {
	if bytes.HasPrefix(b, []byte{0, 0, 0xFE, 0xFF}) || len(b) >= 4 && b[0] == 0 && b[3] != 0 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func decodeUTF16(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func encodeUTF16(s string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func decodeUTF32(b []byte, order binary.ByteOrder) string {
	var s strings.Builder
	for ; len(b) >= 4; b = b[4:] {
		r := order.Uint32(b)
		if r > utf8.MaxRune {
			r = utf8.RuneError
		}
		s.WriteRune(rune(r))
	}
	return s.String()
}

func encodeUTF32(s string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, r := range s {
		out = order.AppendUint32(out, uint32(r))
	}
	return out
}

// CESU-8 is UTF-8 of the units of UTF-16.
func encodeCESU8(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		switch {
		case u < 0x80:
			out = append(out, byte(u))
		case u < 0x800:
			out = append(out, 0xC0|byte(u>>6), 0x80|byte(u&0x3F))
		default:
			out = append(out, 0xE0|byte(u>>12), 0x80|byte(u>>6&0x3F), 0x80|byte(u&0x3F))
		}
	}
	return out
}

func decodeCESU8(b []byte) string {
	var units []uint16
	continues := func(i int) bool { return i < len(b) && b[i]&0xC0 == 0x80 }
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c < 0x80:
			units = append(units, uint16(c))
			i++
		case c&0xE0 == 0xC0 && continues(i+1):
			units = append(units, uint16(c&0x1F)<<6|uint16(b[i+1]&0x3F))
			i += 2
		case c&0xF0 == 0xE0 && continues(i+1) && continues(i+2):
			units = append(units, uint16(c&0xF)<<12|uint16(b[i+1]&0x3F)<<6|uint16(b[i+2]&0x3F))
			i += 3
		default:
			units = append(units, 0xFFFD)
			i++
		}
	}
	return string(utf16.Decode(units))
}

// utf7Plain are the characters that UTF-7 writes as themselves, as n8n does it.
const utf7Plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'(),-./:? \n\r\t"

// encodeUTF7 writes UTF-7 (RFC 2152), or that of IMAP mailboxes (RFC 3501).
func encodeUTF7(s string, imap bool) []byte {
	var out []byte
	mark, plain, digits := byte('+'), func(r rune) bool { return strings.ContainsRune(utf7Plain, r) }, base64.RawStdEncoding
	if imap {
		mark, plain = '&', func(r rune) bool { return r >= ' ' && r <= '~' && r != '&' }
		digits = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)
	}
	for s != "" {
		n := strings.IndexFunc(s, func(r rune) bool { return !plain(r) })
		if n < 0 {
			n = len(s)
		}
		out, s = append(out, s[:n]...), s[n:]
		if s == "" {
			break
		}
		n = strings.IndexFunc(s, plain)
		if imap && s[0] == '&' {
			out, s = append(out, "&-"...), s[1:]
			continue
		}
		if imap {
			n = strings.IndexFunc(s, func(r rune) bool { return plain(r) || r == '&' })
		}
		if n < 0 {
			n = len(s)
		}
		if out = append(out, mark); s[:n] != "+" {
			out = append(out, digits.EncodeToString(encodeUTF16(s[:n], binary.BigEndian))...)
		}
		out, s = append(out, '-'), s[n:]
	}
	return out
}

func decodeUTF7(b []byte, mark byte, imap bool) string {
	var s strings.Builder
	for i := 0; i < len(b); {
		if b[i] != mark {
			r := rune(b[i])
			if r >= utf8.RuneSelf {
				r = utf8.RuneError
			}
			s.WriteRune(r)
			i++
			continue
		}
		start := i + 1
		for i++; i < len(b) && (b[i] >= 'A' && b[i] <= 'Z' || b[i] >= 'a' && b[i] <= 'z' || b[i] >= '0' && b[i] <= '9' || b[i] == '+' || b[i] == '/' && !imap || b[i] == ',' && imap); {
			i++
		}
		digits := strings.ReplaceAll(string(b[start:i]), ",", "/")
		ended := i < len(b) && b[i] == '-'
		if ended {
			i++
		}
		if digits == "" && ended {
			s.WriteByte(mark)
			continue
		}
		s.WriteString(decodeUTF16(looseBase64(digits), binary.BigEndian))
	}
	return s.String()
}
