package core

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"

	"github.com/cordboard/cordboard/nodes"
)

// regexTimeout bounds one match of a pattern that has to be tried by backtracking.
const regexTimeout = 2 * time.Second

// regexCache keeps the compiled patterns of one execution.
type regexCache map[string]*jsRegex

// match reports whether a JavaScript pattern, plain or as /pattern/flags, is found in text.
func (c *regexCache) match(pattern, text string) (bool, error) {
	re := (*c)[pattern]
	if re == nil {
		var err error
		if re, err = compileRegex(pattern); err != nil {
			return false, err
		}
		if *c == nil || len(*c) >= 1000 {
			*c = regexCache{}
		}
		(*c)[pattern] = re
	}
	return re.match(text)
}

// jsRegex is a JavaScript regular expression. Go's own engine, which is linear in time, runs the patterns that mean the
// same there; all others run in regexp2's ECMAScript mode.
type jsRegex struct {
	pattern string
	linear  *regexp.Regexp
	ascii   bool // linear holds for plain ASCII texts only
	full    *regexp2.Regexp
	options regexp2.RegexOptions
}

var delimited = regexp.MustCompile(`^/(.*?)/([gimusy]*)$`)

func compileRegex(source string) (*jsRegex, error) {
	re := &jsRegex{pattern: source, options: regexp2.ECMAScript}
	flags := ""
	if m := delimited.FindStringSubmatch(source); m != nil {
		re.pattern, flags = m[1], m[2]
	}
	for _, f := range flags {
		switch f {
		case 'i':
			re.options |= regexp2.IgnoreCase
		case 'm':
			re.options |= regexp2.Multiline
		case 's':
			re.options |= regexp2.Singleline
		case 'u':
			re.options |= regexp2.Unicode
		}
	}
	if flags == "" && samePattern.MatchString(re.pattern) && !differs.MatchString(re.pattern) {
		if linear, err := regexp.Compile(re.pattern); err == nil {
			re.linear, re.ascii = linear, strings.ContainsAny(re.pattern, `.^\`)
			return re, nil
		}
	}
	return re, re.compileFull()
}

var (
	// samePattern are the pieces that both languages read alike.
	samePattern = regexp.MustCompile(`^(?:[A-Za-z0-9 _@#%&=,:;<>!'"~/|^$*+?().\[\]-]|\\[dDwWbBsS]|\\[][\\.^$*+?(){}|/-]|\{\d{1,3}(?:,\d{0,3})?\})*$`)
	// differs are pieces that they read otherwise, although they look alike: groups with options, classes in classes.
	differs = regexp.MustCompile(`\(\?[^:]|\[\^?\]|\[[^\]]*\[|[*+?}]\{|\*\*`)
)

func (re *jsRegex) compileFull() error {
	pattern := re.pattern
	if re.options&regexp2.Unicode == 0 {
		pattern = string(escapeAstral(nil, pattern))
	}
	full, err := regexp2.Compile(pattern, re.options)
	if err != nil {
		return nodes.Errorf("the regular expression %q is not valid: %w", re.pattern, err)
	}
	full.MatchTimeout = regexTimeout
	re.full = full
	return nil
}

func (re *jsRegex) match(text string) (bool, error) {
	if re.linear != nil && (!re.ascii || plainASCII(text)) {
		return re.linear.MatchString(text), nil
	}
	if re.full == nil {
		if err := re.compileFull(); err != nil {
			return false, err
		}
	}
	var (
		ok  bool
		err error
	)
	if re.options&regexp2.Unicode == 0 && hasAstral(text) {
		ok, err = re.full.MatchRunes(codeUnits(text))
	} else {
		ok, err = re.full.MatchString(text)
	}
	if err != nil {
		e := nodes.Errorf("the regular expression %q took longer than %s on a text of %d bytes", re.pattern, re.full.MatchTimeout, len(text))
		e.Hint, e.Cause = "write it so that it needs less backtracking", err
		return false, e
	}
	return ok, nil
}

// Without the flag u JavaScript's patterns see UTF-16 code units: a character beyond the basic plane is two.

func hasAstral(text string) bool {
	for i := range len(text) {
		if text[i] >= 0xF0 {
			return true
		}
	}
	return false
}

func codeUnits(text string) []rune {
	units := make([]rune, 0, len(text))
	for _, u := range utf16.Encode([]rune(text)) {
		units = append(units, rune(u))
	}
	return units
}

func escapeAstral(dst []byte, pattern string) []byte {
	for _, r := range pattern {
		if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// plainASCII reports whether . and \s mean the same in Go and JavaScript for this text.
func plainASCII(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= 0x80 || c == '\r' || c == '\v' {
			return false
		}
	}
	return true
}
