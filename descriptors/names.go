package descriptors

import (
	"strings"
	"unicode"
)

// StartCase makes a label of a name: a new word begins where a capital follows a small letter, before the last of
// several capitals that begins a word, and between letters and digits; what is neither letter nor digit parts words
// and is dropped. Each word begins with a capital.
//
//	ActiveCalls   → Active Calls
//	GetMCURow     → Get MCU Row
//	GetM365Users  → Get M 365 Users
//	OAuthClients  → O Auth Clients
//	If-Match      → If Match
//	$orderby      → Orderby
func StartCase(name string) string {
	var out strings.Builder
	out.Grow(len(name) + 8)
	runes := []rune(name)
	parted := true
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			parted = true
			continue
		}
		if !parted {
			parted = beginsWord(runes, i)
		}
		if parted {
			if out.Len() > 0 {
				out.WriteByte(' ')
			}
			r = unicode.ToUpper(r)
			parted = false
		}
		out.WriteRune(r)
	}
	return out.String()
}

// beginsWord reports whether the letter or digit at i, which follows a letter or digit, begins a word.
func beginsWord(runes []rune, i int) bool {
	last, r := runes[i-1], runes[i]
	switch {
	case unicode.IsDigit(last) != unicode.IsDigit(r):
		return true
	case !unicode.IsUpper(r):
		return false
	case unicode.IsLower(last):
		return true
	}
	return unicode.IsUpper(last) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
}
