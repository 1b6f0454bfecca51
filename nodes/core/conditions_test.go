package core

import (
	"strings"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

func TestLooseDate(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2024-01-02":                  "2024-01-01T23:00:00Z",
		"2024-07-02":                  "2024-07-01T22:00:00Z",
		"2024-01-02T03:04:05Z":        "2024-01-02T03:04:05Z",
		"2024-01-02T03:04:05.5+01:00": "2024-01-02T02:04:05.5Z",
		"20240102T0304":               "2024-01-02T02:04:00Z",
		"2024-W01-2":                  "2024-01-01T23:00:00Z",
		"1/2/2024":                    "2024-01-01T23:00:00Z",
		"Jan 2, 2024 12:30 AM":        "2024-01-01T23:30:00Z",
		"Jan 2, 2024 12:30 PM":        "2024-01-02T11:30:00Z",
		"Tue Jan 02 2024 03:04:05 GMT+0200 (EET)": "2024-01-02T01:04:05Z",
		"Mon, 25 Dec 1995 13:30:00 +0430":         "1995-12-25T09:00:00Z",
		"25 december 95":                          "1995-12-24T23:00:00Z",
		"x":                                       "",
		"":                                        "",
		"13/02/2024":                              "",
		"2024-13-01":                              "",
		"1704164645":                              "",
		"99999999999999999999999999":              "",
	} {
		got := ""
		if ms, ok := looseDate(nodes.StringValue(text), berlin); ok {
			got = time.UnixMilli(int64(ms)).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestRegexTimeLimit(t *testing.T) {
	t.Parallel()
	var cache regexCache
	if ok, err := cache.match("^(a+)+$", strings.Repeat("a", 5000)+"b"); ok || err != nil {
		t.Errorf("a pattern for Go's engine: %v, %v", ok, err)
	}
	const pattern = `^(?=a)(a+)+\1$`
	re, err := compileRegex(pattern)
	if err != nil {
		t.Fatal(err)
	}
	re.full.MatchTimeout = 50 * time.Millisecond
	_, err = re.match(strings.Repeat("a", 50) + "b")
	want := `the regular expression "^(?=a)(a+)+\\1$" took longer than 50ms on a text of 51 bytes`
	if err == nil || nodes.AsError(err).Message != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// FuzzRegex holds Go's engine against the other one wherever Go's is taken.
func FuzzRegex(f *testing.F) {
	for _, pattern := range []string{"a.b", `^\w+\s*$`, "[^a-z]{2,}", `(?:a|b)+?c`, `\d{1,3}(,\d{3})*`, "a||b", `[\]x]`, "x{0}", "a{,2}", "()*"} {
		f.Add(pattern, "Hello a.b 12,345 ]x\n")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 50 || len(text) > 100 {
			return
		}
		re, err := compileRegex(pattern)
		if err != nil || re.linear == nil || re.ascii && !plainASCII(text) {
			return
		}
		got := re.linear.MatchString(text)
		if err := re.compileFull(); err != nil {
			t.Fatalf("%q is only valid for Go: %v", pattern, err)
		}
		re.full.MatchTimeout = 100 * time.Millisecond
		if want, err := re.full.MatchString(text); err == nil && got != want {
			t.Fatalf("%q on %q: Go says %v, JavaScript %v", pattern, text, got, want)
		}
	})
}

// FuzzConditions: no value and no operation panics, and what is not is the opposite of what is.
func FuzzConditions(f *testing.F) {
	f.Add(`"x"`, `"y"`, "string", "equals", true)
	f.Add(`[1,2]`, `1`, "array", "lengthGt", false)
	f.Add(`"2024-01-02"`, `"Jan 3, 2024"`, "dateTime", "before", true)
	opposites := map[string]string{
		"exists": "notExists", "empty": "notEmpty", "equals": "notEquals", "contains": "notContains", "startsWith": "notStartsWith",
		"endsWith": "notEndsWith", "lengthEquals": "lengthNotEquals", "regex": "notRegex",
	}
	f.Fuzz(func(t *testing.T, left, right, typ, op string, loose bool) {
		a, errA := nodes.Normalize(left)
		b, errB := nodes.Normalize(right)
		if errA != nil || errB != nil || len(left)+len(right) > 200 {
			return
		}
		c := &conditions{location: time.UTC, list: &conditionList{loose: loose, version: 3}}
		cond := condition{typ: typ, rightType: typ, op: op, a: nodes.WireValue(a), b: nodes.WireValue(b)}
		is, err := c.test(&cond, 0, 0)
		opposite, has := opposites[op]
		if err != nil || !has || typ == "dateTime" && (cond.a.IsNil() || cond.b.IsNil()) {
			return
		}
		cond.op = opposite
		if isNot, err := c.test(&cond, 0, 0); err == nil && is == isNot && known(typ, op) {
			t.Fatalf("%s %s %s %s is %v, and so is the opposite", left, typ, op, right, is)
		}
	})
}

// known reports whether a type has an operation.
func known(typ, op string) bool {
	switch op {
	case "exists":
		return true
	case "empty":
		return typ != "any"
	case "equals":
		return typ == "string" || typ == "number" || typ == "boolean" || typ == "dateTime"
	case "contains":
		return typ == "string" || typ == "array"
	case "lengthEquals":
		return typ == "array"
	}
	return typ == "string"
}
