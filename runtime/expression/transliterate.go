package expression

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// transliterationTable is recorded from n8n: a line for 16 characters, with the code of the first one and what each
// becomes, empty if that is unknown.
//
//go:embed transliteration.tsv
var transliterationTable string

var transliteration = sync.OnceValue(func() map[rune]string {
	table := make(map[rune]string, 1<<16)
	for line := range strings.Lines(transliterationTable) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		base, err := strconv.ParseUint(fields[0], 16, 32)
		if err != nil {
			continue
		}
		for i, text := range fields[1:] {
			if text != "" {
				table[rune(base)+rune(i)] = strings.ReplaceAll(text, `\n`, "\n")
			}
		}
	}
	return table
})

// transliterate is n8n's replaceSpecialChars. A blank behind an ideograph stays only before a letter, a digit or a sign.
func transliterate(s string) string {
	if isASCII(s) {
		return s
	}
	table := transliteration()
	var b strings.Builder
	blank := false
	for _, r := range s {
		text := string(r)
		if r >= 0x80 {
			text = table[r]
			if text == "" {
				text = "?"
				if unicode.Is(unicode.Han, r) {
					text = "? "
				}
			}
		}
		body := strings.TrimSuffix(text, " ")
		if blank && body != "" && !strings.ContainsFunc(body, func(c rune) bool { return unicode.IsPunct(c) || unicode.IsSpace(c) }) {
			b.WriteByte(' ')
		}
		if blank = body != text && body != ""; !blank {
			body = text
		}
		b.WriteString(body)
	}
	return b.String()
}
