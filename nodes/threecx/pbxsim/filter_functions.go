package pbxsim

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// function is one of OData's built-in functions. call gets no nulls: with a null argument the answer is null.
type function struct {
	args   []valueKind
	min    int
	result valueKind
	call   func(e *env, args []any) any
}

func (f function) arity() string {
	switch {
	case f.min != len(f.args):
		return fmt.Sprintf("%d to %d arguments", f.min, len(f.args))
	case f.min == 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", f.min)
}

// functions is read only.
var functions = map[string]function{
	"contains":   textTest(strings.Contains),
	"startswith": textTest(strings.HasPrefix),
	"endswith":   textTest(strings.HasSuffix),
	"tolower":    textMap(strings.ToLower),
	"toupper":    textMap(strings.ToUpper),
	"trim":       textMap(strings.TrimSpace),
	"length":     {[]valueKind{kindText}, 1, kindNumber, textLength},
	"indexof":    {[]valueKind{kindText, kindText}, 2, kindNumber, indexOf},
	"concat":     {[]valueKind{kindText, kindText}, 2, kindText, concat},
	"substring":  {[]valueKind{kindText, kindNumber, kindNumber}, 2, kindText, substring},
	"round":      numberMap(math.Round),
	"floor":      numberMap(math.Floor),
	"ceiling":    numberMap(math.Ceil),
	"year":       momentPart(func(t time.Time) int { return t.Year() }),
	"month":      momentPart(func(t time.Time) int { return int(t.Month()) }),
	"day":        momentPart(func(t time.Time) int { return t.Day() }),
	"hour":       momentPart(func(t time.Time) int { return t.Hour() }),
	"minute":     momentPart(func(t time.Time) int { return t.Minute() }),
	"second":     momentPart(func(t time.Time) int { return t.Second() }),
	"date":       {[]valueKind{kindDateTime}, 1, kindDateTime, dateOf},
	"now": {nil, 0, kindDateTime, func(e *env, _ []any) any {
		return e.now.UTC().Format(time.RFC3339Nano)
	}},
}

func textTest(test func(a, b string) bool) function {
	return function{[]valueKind{kindText, kindText}, 2, kindBool, func(_ *env, args []any) any {
		a, ok := args[0].(string)
		b, also := args[1].(string)
		return ok && also && test(a, b)
	}}
}

func textMap(apply func(string) string) function {
	return function{[]valueKind{kindText}, 1, kindText, func(_ *env, args []any) any {
		if s, ok := args[0].(string); ok {
			return apply(s)
		}
		return nil
	}}
}

func numberMap(apply func(float64) float64) function {
	return function{[]valueKind{kindNumber}, 1, kindNumber, func(_ *env, args []any) any {
		if n, ok := numberOf(args[0]); ok {
			return apply(n)
		}
		return nil
	}}
}

func momentPart(part func(time.Time) int) function {
	return function{[]valueKind{kindDateTime}, 1, kindNumber, func(_ *env, args []any) any {
		s, _ := args[0].(string)
		if t, ok := moment(s); ok {
			return float64(part(t))
		}
		return nil
	}}
}

func textLength(_ *env, args []any) any {
	s, ok := args[0].(string)
	if !ok {
		return nil
	}
	return float64(utf8.RuneCountInString(s))
}

func indexOf(_ *env, args []any) any {
	s, ok := args[0].(string)
	sub, also := args[1].(string)
	if !ok || !also {
		return nil
	}
	at := strings.Index(s, sub)
	if at > 0 {
		at = utf8.RuneCountInString(s[:at])
	}
	return float64(at)
}

func concat(_ *env, args []any) any {
	a, ok := args[0].(string)
	b, also := args[1].(string)
	if !ok || !also {
		return nil
	}
	return a + b
}

func substring(_ *env, args []any) any {
	s, ok := args[0].(string)
	start, also := numberOf(args[1])
	if !ok || !also {
		return nil
	}
	runes := []rune(s)
	from := clamp(start, len(runes))
	to := len(runes)
	if len(args) == 3 {
		if length, ok := numberOf(args[2]); ok {
			to = from + clamp(length, len(runes)-from)
		}
	}
	return string(runes[from:to])
}

// clamp makes an index of a number: at least 0, at most limit.
func clamp(n float64, limit int) int {
	switch {
	case !(n > 0):
		return 0
	case n >= float64(limit):
		return limit
	}
	return int(n)
}

func dateOf(_ *env, args []any) any {
	s, _ := args[0].(string)
	t, ok := moment(s)
	if !ok {
		return nil
	}
	return t.Format(time.DateOnly)
}

// numberOf reads the forms in which numbers occur: JSON's, Go's, and the texts NaN, INF and -INF.
func numberOf(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case json.Number:
		return numberOf(string(n))
	case string:
		switch n {
		case "INF":
			return math.Inf(1), true
		case "-INF":
			return math.Inf(-1), true
		}
		f, err := strconv.ParseFloat(n, 64)
		return f, err == nil
	}
	return 0, false
}

var durationParts = regexp.MustCompile(`^(-)?P(?:([0-9]{1,7})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]+)?)S)?)?$`)

// parseDuration reads an ISO 8601 duration of days and time, in seconds.
func parseDuration(s string) (float64, bool) {
	if len(s) < 2 || s[0] != 'P' && s[0] != '-' {
		return 0, false
	}
	m := durationParts.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	total := 0.0
	for i, unit := range []float64{86400, 3600, 60, 1} {
		if part, err := strconv.ParseFloat(m[i+2], 64); err == nil {
			total += part * unit
		}
	}
	if m[1] != "" {
		total = -total
	}
	return total, true
}
