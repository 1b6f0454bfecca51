package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// maxDigits bounds the text of a number: longer ones are no numbers that anybody means, and cost much to compare.
const maxDigits = 1000

// numberOutside says why a number's text cannot be computed with, "" if it can. The schema library holds numbers as
// fractions of big integers: 1e5000000 makes it panic, and 1e-300000 makes it slow, so both are refused beforehand.
func numberOutside(text string) string {
	if len(text) > maxDigits {
		return fmt.Sprintf("has %d characters, a number may have %d", len(text), maxDigits)
	}
	// ParseFloat also takes Inf, 0x10 and 1_000, which are no JSON.
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') || !json.Valid([]byte(text)) {
		return "is not a number: " + clip(text)
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return "is too large for a number: " + clip(text)
	case err != nil:
		return "is not a number: " + clip(text)
	case f == 0 && strings.ContainsAny(mantissa(text), "123456789"):
		return "is too small for a number: " + clip(text)
	case f == 0 && strings.ContainsAny(text, "eE"):
		// Zero with an exponent: 0e99999999 is 0, but need not be worked out.
		return zeroOutside(text)
	}
	return ""
}

func zeroOutside(text string) string {
	exponent := text[strings.IndexAny(text, "eE")+1:]
	if n, err := strconv.Atoi(exponent); err != nil || n > 400 || n < -400 {
		return "is not a number: " + clip(text)
	}
	return ""
}

func mantissa(text string) string {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		return text[:i]
	}
	return text
}

// prepare makes a value ready for the library: it refuses numbers that the library cannot take and turns what is
// no plain JSON value (an int16, a struct, a json.RawMessage) into one.
func prepare(value any) (any, []Violation) {
	var found []Violation
	if plain(value, "", 0, &found) || len(found) > 0 {
		return value, found
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, []Violation{{Message: "cannot be written as JSON: " + err.Error(), Keyword: "type"}}
	}
	return parse(string(text))
}

// maxDepth bounds how deep a value may be nested: the library's errors cost its cube.
const maxDepth = 100

// plain reports whether the value consists of what the library knows, and collects unusable numbers.
func plain(value any, pointer string, depth int, found *[]Violation) bool {
	if depth > maxDepth {
		*found = append(*found, Violation{Pointer: pointer, Message: fmt.Sprintf("is nested deeper than %d levels", maxDepth), Keyword: "type"})
		return true
	}
	switch v := value.(type) {
	case nil, bool, string, int, int8, int32, int64, uint, uint8, uint32, uint64:
		return true
	case json.Number:
		if why := numberOutside(string(v)); why != "" {
			*found = append(*found, Violation{Pointer: pointer, Message: why, Keyword: "type"})
		}
		return true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			*found = append(*found, Violation{Pointer: pointer, Message: fmt.Sprintf("is not a number in JSON: %v", v), Keyword: "type"})
		}
		return true
	case []any:
		all := true
		for i, member := range v {
			if simple(member) {
				continue
			}
			all = plain(member, pointer+"/"+strconv.Itoa(i), depth+1, found) && all
		}
		return all
	case map[string]any:
		all := true
		for name, member := range v {
			if simple(member) {
				continue
			}
			all = plain(member, pointer+"/"+escapePointer(name), depth+1, found) && all
		}
		return all
	}
	return false
}

// simple spares most values the cost of a pointer.
func simple(value any) bool {
	switch value.(type) {
	case nil, bool, string:
		return true
	}
	return false
}

// checkNumbers finds the first number in a JSON text that the library cannot take. It looks at the text, outside of
// strings, because it must come before anything that computes.
func checkNumbers(text string) *Violation {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case c == '-' || c >= '0' && c <= '9':
			start := i
			for i < len(text) && strings.IndexByte("+-.eE0123456789", text[i]) >= 0 {
				i++
			}
			if why := numberOutside(text[start:i]); why != "" {
				return &Violation{Message: why, Keyword: "type"}
			}
			i--
		}
	}
	return nil
}

// parse decodes one JSON value, keeping the digits of numbers.
func parse(text string) (any, []Violation) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, []Violation{{Message: "is not JSON: " + err.Error(), Keyword: "json"}}
	}
	end := decoder.InputOffset()
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, []Violation{{Message: fmt.Sprintf("is not one JSON value: more follows after character %d", end), Keyword: "json"}}
	}
	var found []Violation
	plain(value, "", 0, &found)
	return value, found
}
