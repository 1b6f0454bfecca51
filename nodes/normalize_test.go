package nodes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	many := func(n int, more string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(`"k%d":%d`, i, i)
		}
		return "{" + strings.Join(parts, ",") + more + "}"
	}
	for text, want := range map[string]string{
		`{}`:                       `{}`,
		" \r\n\t{ } \n":            `{}`,
		`{"a":1}` + "\n":           `{"a":1}`,
		`[ ]`:                      `[]`,
		`{"a" : [ 1 , { "b":2} ]}`: `{"a":[1,{"b":2}]}`,
		`{"a":1,"b":2,"a":3}`:      `{"a":3,"b":2}`,
		`{"a":{"x":1,"x":2},"a":{"y":[{"z":1,"z":2}]}}`:  `{"a":{"y":[{"z":2}]}}`,
		`{"a":1,"\u0061":2}`:                             `{"a":2}`,
		`{"\u0061":1,"a":2}`:                             `{"\u0061":2}`,
		`{"b":0,"10":1,"2":2,"a":3,"01":4,"-1":5}`:       `{"2":2,"10":1,"b":0,"a":3,"01":4,"-1":5}`,
		`{"4294967294":1,"4294967295":2,"0":3}`:          `{"0":3,"4294967294":1,"4294967295":2}`,
		`{"x":{"1":1,"0":0},"y": {"1":1,"0":0}}`:         `{"x":{"0":0,"1":1},"y":{"0":0,"1":1}}`,
		`{"1":1,"a":{"1":2,"1":3},"1":4}`:                `{"1":4,"a":{"1":3}}`,
		`12345678901234567890`:                           `12345678901234567890`,
		`-0.0e+10`:                                       `-0.0e+10`,
		`1e400`:                                          `null`,
		`[-1e400,{"a":[1E+309,2],"b":-9e999,"a":1e308}]`: `[null,{"a":1e308,"b":null}]`,
		`{"a":1e-400,"b":0e999,"c":0.0001e311,"d":1.7976931348623157e308,"e":1.8e308}`: `{"a":1e-400,"b":0e999,"c":0.0001e311,"d":1.7976931348623157e308,"e":null}`,
		strings.Repeat("9", 308):                 strings.Repeat("9", 308),
		"[" + strings.Repeat("9", 310) + "]":     "[null]",
		"-1" + strings.Repeat("0", 309) + ".5":   "null",
		"1" + strings.Repeat("0", 400) + "e-200": "1" + strings.Repeat("0", 400) + "e-200",
		strings.Repeat("9", 300) + "e9":          "null",
		`"\ud800 \/ü😀"`:                          `"\ud800 \/ü😀"`,
		"\"a\xffb\"":                             "\"a\uFFFDb\"",
		many(20, ""):                             many(20, ""),
		many(20, `,"k3":"x"`):                    strings.Replace(many(20, ""), `"k3":3`, `"k3":"x"`, 1),
		many(40, `,"k35":"x","7":7`):             `{"7":7,` + strings.Replace(many(40, "")[1:], `"k35":35`, `"k35":"x"`, 1),
		` true `:                                 `true`, `null`: `null`, `false`: `false`,
	} {
		got, err := Normalize(text)
		if err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", text, got, err, want)
		}
	}
}

func TestNormalizeErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``: "unexpected end of JSON input", ` `: "unexpected end of JSON input", `{`: "unexpected end of JSON input",
		`{"a"}`: "invalid character '}' after object key", `{"a":1,}`: "invalid character '}' looking for beginning of object key string",
		`[1,]`: "invalid character ']' looking for beginning of value", `01`: "invalid character '1' after top-level value",
		`{} {}`: "invalid character '{' after top-level value", `"\x"`: "invalid character 'x' in string escape code",
		"\"\n\"": "invalid character '\\n' in string literal", `"\u12g4"`: "invalid character 'g' in \\u hexadecimal character escape",
		`+1`: "invalid character '+' looking for beginning of value", `1.`: "invalid character ' ' after decimal point in numeric literal", `-`: "invalid character ' ' in numeric literal",
		`nul`: "invalid character ' ' in literal null (expecting 'l')", "\uFEFF{}": "invalid character 'ï' looking for beginning of value",
	} {
		if _, err := Normalize(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	if _, err := Normalize(deep(MaxDepth)); err != nil {
		t.Error(err)
	}
	if _, err := Normalize(deep(MaxDepth + 1)); !errors.Is(err, ErrTooDeep) {
		t.Error(err)
	}
	if _, err := Normalize(strings.Repeat(`{"a":`, 100_000)); !errors.Is(err, ErrTooDeep) {
		t.Error(err)
	}
	if got, err := Normalize(`"` + strings.Repeat("[", 5000) + `"`); err != nil || len(got) != 5002 {
		t.Error(err)
	}
}

// TestNormalizeKeepsMemory holds that what is in the right form is not copied.
func TestNormalizeKeepsMemory(t *testing.T) {
	text := `{"a":[1,2,{"b":"c"}],"d":null}`
	if n := testing.AllocsPerRun(100, func() { _, _ = Normalize(text) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzNormalize holds that Normalize accepts what encoding/json accepts, changes nothing of what it reads, and gives a form
// that it leaves as it is.
func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{`{"b":1,"1":[{"x":1,"x":2}],"b":2}`, ` [1 , -2.5e+3, "\u00e9\ud800", true,null ] `, "\"\xff\"", `{"a":{"2":1,"1":{}},"":0}`, `{"\u0061":1,"a":2}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Normalize(text)
		valid := strings.ToValidUTF8(text, "\uFFFD")
		if (err == nil) != json.Valid([]byte(valid)) && !errors.Is(err, ErrTooDeep) {
			t.Fatalf("%q: %v, encoding/json says %v", text, err, json.Valid([]byte(valid)))
		}
		if err != nil {
			return
		}
		if !utf8.ValidString(got) {
			t.Fatalf("%q: %q is not UTF-8", text, got)
		}
		if a, b := decode(t, valid), decode(t, got); !reflect.DeepEqual(a, b) {
			t.Fatalf("%q: %q is %v, and was %v", text, got, b, a)
		}
		if again, err := Normalize(got); err != nil || again != got {
			t.Fatalf("%q: %q becomes %q: %v", text, got, again, err)
		}
	})
}

func decode(t *testing.T, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func BenchmarkNormalize(b *testing.B) {
	text := `{"Id":7,"Number":"100","FirstName":"Nora","Groups":[` + strings.TrimSuffix(strings.Repeat(`{"GroupId":12,"Name":"Sales","Rights":{"RoleName":"users"}},`, 8), ",") + `]}`
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Normalize(text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestManyMembers looks for duplicates in objects of all sizes, by comparing, in the table and in the map.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, fewMembers, fewMembers + 1, maxSlotted - 1, maxSlotted, maxSlotted + 1, 3 * maxSlotted} {
		for _, twice := range []int{0, n / 2, n - 1} {
			var text, want strings.Builder
			for i := range n {
				fmt.Fprintf(&text, `,"key%d":%d`, i, i)
				value := i
				if i == twice {
					value = -1
				}
				fmt.Fprintf(&want, `,"key%d":%d`, i, value)
			}
			plain := "{" + text.String()[1:] + "}"
			if got, err := Normalize(plain); err != nil || got != plain {
				t.Errorf("%d members: got %s, %v", n, got, err)
			}
			got, err := Normalize(fmt.Sprintf(`{%s,"key%d":-1}`, text.String()[1:], twice))
			if err != nil || got != "{"+want.String()[1:]+"}" {
				t.Errorf("%d members, number %d twice: got %s, %v", n, twice, got, err)
			}
		}
	}
}

// BenchmarkNormalizeWide is an object with as many members as a user of a phone system.
func BenchmarkNormalizeWide(b *testing.B) {
	var text strings.Builder
	for i := range 80 {
		fmt.Fprintf(&text, `,"SomeProperty%d":"value %d"`, i, i)
	}
	object := "{" + text.String()[1:] + "}"
	b.SetBytes(int64(len(object)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Normalize(object); err != nil {
			b.Fatal(err)
		}
	}
}
