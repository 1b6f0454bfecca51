package nodes

import (
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"
)

// TestAppendNumber holds numbers to what JavaScript's String gives (recorded from V8).
func TestAppendNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {1, "1"}, {-1, "-1"}, {0.1, "0.1"}, {0.30000000000000004, "0.30000000000000004"}, {1.0 / 3, "0.3333333333333333"},
		{100, "100"}, {123456789, "123456789"}, {1e15, "1000000000000000"}, {1e20, "100000000000000000000"}, {123456789012345680000, "123456789012345680000"},
		{999999999999999900000, "999999999999999900000"}, {1e21, "1e+21"}, {1.5e21, "1.5e+21"}, {-1e21, "-1e+21"}, {1e100, "1e+100"},
		{1e-5, "0.00001"}, {1e-6, "0.000001"}, {1.5e-6, "0.0000015"}, {1e-7, "1e-7"}, {1.5e-7, "1.5e-7"}, {-1e-7, "-1e-7"}, {1e-10, "1e-10"}, {1e-100, "1e-100"},
		{5e-324, "5e-324"}, {math.MaxFloat64, "1.7976931348623157e+308"}, {9007199254740993, "9007199254740992"}, {4.35, "4.35"}, {2.5e-8, "2.5e-8"},
		{math.NaN(), "NaN"}, {math.Inf(1), "Infinity"}, {math.Inf(-1), "-Infinity"},
	} {
		if got := string(AppendNumber(nil, c.f)); got != c.want {
			t.Errorf("%g: %s, want %s", c.f, got, c.want)
		}
		if got := string(AppendNumber([]byte("x"), c.f)); got != "x"+c.want {
			t.Errorf("%g: %s", c.f, got)
		}
	}
}

type foreign struct{}

func (foreign) AppendJSON(dst []byte) []byte { return append(dst, `"2026-01-01"`...) }
func (foreign) String() string               { return "a date" }

func TestValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		v          Value
		kind       string
		text, json string
		truthy     bool
	}{
		{"undefined", Value{}, "undefined", "undefined", "", false},
		{"null", NullValue, "null", "null", "null", false},
		{"true", BoolValue(true), "boolean", "true", "true", true},
		{"false", BoolValue(false), "boolean", "false", "false", false},
		{"zero", NumberValue(0), "number", "0", "0", false},
		{"NaN", NumberValue(math.NaN()), "number", "NaN", "null", false},
		{"infinity", NumberValue(math.Inf(1)), "number", "Infinity", "null", true},
		{"moved number", WireValue("12345678901234567890"), "number", "12345678901234567000", "12345678901234567890", true},
		{"moved decimals", WireValue("1.10"), "number", "1.1", "1.10", true},
		{"text", StringValue("a\"b"), "string", "a\"b", `"a\"b"`, true},
		{"empty text", StringValue(""), "string", "", `""`, false},
		{"list", WireValue(`[1,null,"a",[2,[3]],{"b":1},true]`), "array", "1,,a,2,3,[object Object],true", `[1,null,"a",[2,[3]],{"b":1},true]`, true},
		{"empty list", WireValue(`[]`), "array", "", `[]`, true},
		{"object", WireValue(`{"a":1}`), "object", "[object Object]", `{"a":1}`, true},
		{"foreign", WrapForeign(foreign{}), "object", "a date", `"2026-01-01"`, true},
		{"no JSON", WireValue(""), "undefined", "undefined", "", false},
		{"wire null", WireValue("null"), "null", "null", "null", false},
	} {
		if c.v.Kind().String() != c.kind || c.v.Text() != c.text || c.v.JSON() != c.json || string(c.v.AppendJSON(nil)) != c.json || c.v.Truthy() != c.truthy {
			t.Errorf("%s: %s %q %q %v", c.name, c.v.Kind(), c.v.Text(), c.v.JSON(), c.v.Truthy())
		}
	}
	if v := StringValue("7"); !math.IsNaN(v.Num()) || v.Bool() || v.Raw() != "" || v.Str() != "7" || v.Foreign() != nil {
		t.Error("a string gives values of other kinds")
	}
	if v := NumberValue(7); v.Num() != 7 || v.Str() != "" || v.Bool() || v.Result().Num != 7 {
		t.Error("a number")
	}
}

func TestAppendString(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"": `""`, "a/b<>&": `"a/b<>&"`, "\"\\": `"\"\\"`, "\n\r\t\b\f": `"\n\r\t\b\f"`, "\x00\x1f\x7f": "\"\\u0000\\u001f\x7f\"", "\u2028ü😀": "\"\u2028ü😀\"", "a\xffb": "\"a\uFFFDb\"",
	} {
		if got := string(AppendString(nil, s)); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

// FuzzAppendString reads back with encoding/json what was written.
func FuzzAppendString(f *testing.F) {
	f.Add("a\"\\\x01\xff\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal(AppendString(nil, s), &back); err != nil || utf8.ValidString(s) && back != s {
			t.Errorf("%q: %q %v", s, back, err)
		}
	})
}

func TestObjectBuilder(t *testing.T) {
	t.Parallel()
	var b ObjectBuilder
	if got := b.String(); got != "{}" {
		t.Error(got)
	}
	b.Set("a\"", StringValue("x"))
	b.Set("none", Value{})
	b.Raw("b", `[1]`)
	first := b.String()
	b.Set("c", NullValue)
	if second := b.String(); first != `{"a\"":"x","b":[1]}` || second != `{"c":null}` {
		t.Error(first, second)
	}
}
