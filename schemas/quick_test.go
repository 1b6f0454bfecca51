package schemas

import (
	"encoding/json"
	"testing"
)

// fuzzed are schemas of the kinds that node sets have, with everything that quick knows.
var fuzzed = []string{
	`{}`,
	`{"type":"object","required":["ids"],"properties":{"ids":{"type":"array","items":{"type":"integer","minimum":-2147483648,"maximum":2147483647}},"s":{"type":["string","null"],"maxLength":3,"minLength":1}}}`,
	`{"anyOf":[{"type":["number","null"]},{"type":"string","enum":["INF","NaN"]}]}`,
	`{"type":"string","anyOf":[{"enum":["A","B"]},{"pattern":"^(A|B)(, ?(A|B))*$"}]}`,
	`{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]},"n":{"type":"integer"},"b":{"type":"boolean"},"e":{"enum":["x",null,true]}}}`,
	`{"allOf":[{"properties":{"a":{"type":"number","maximum":1.5}}},{"properties":{"a":{"type":"integer"}}}]}`,
	`{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807}`,
	`{"enum":[1,2.0,"1"]}`,
	`{"oneOf":[{"type":"string"},{"type":"number"}],"if":{"const":1},"then":false,"additionalProperties":false}`,
}

// FuzzValidate holds that nothing makes Validate panic, that its answer is the same twice, and that quick accepts only
// what the library accepts.
func FuzzValidate(f *testing.F) {
	for i := range fuzzed {
		for _, text := range []string{
			`{"ids":[1,2.0,3e0],"s":"äöü"}`, `{"ids":[1e5000000]}`, `{"next":{"next":null,"n":1.0,"e":null}}`, `"A, B"`, `"NaN"`, `1.5`, `{"a":1}`,
			`9223372036854775808`, `0e99999999`, `1e-400`, `-0`, `[[[]]]`, `{"a":{"~/%":1}}`, `null`, `0.99999999999999999999`, `"\ud800"`,
		} {
			f.Add(uint8(i), text)
		}
	}
	compiler := NewCompiler(nil)
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		schema, err := compiler.CompileRaw(json.RawMessage(fuzzed[int(which)%len(fuzzed)]))
		if err != nil {
			t.Fatal(err)
		}
		found := ValidateJSON(schema, text)
		for _, v := range found {
			if v.Keyword == "schema" || v.Message == "" {
				t.Errorf("%+v", v)
			}
		}
		value, unusable := parse(text)
		if unusable != nil {
			return
		}
		if again := Validate(schema, value); len(again) != len(found) {
			t.Errorf("decoded: %v, as text: %v", again, found)
		}
		if schema.quick.accepts(value, 0) {
			if judged := schema.check(value); judged != nil {
				t.Errorf("quick accepts what the library refuses: %v", judged)
			}
		}
		var floats any
		if json.Unmarshal([]byte(text), &floats) == nil && schema.quick.accepts(floats, 0) {
			if judged := schema.check(floats); judged != nil {
				t.Errorf("quick accepts what the library refuses, as float64: %v", judged)
			}
		}
	})
}

// FuzzCompile holds that no schema makes the compiler panic.
func FuzzCompile(f *testing.F) {
	for _, raw := range fuzzed {
		f.Add(raw, `{}`)
	}
	f.Add(`{"$ref":"#/x","properties":{"minimum":1e999}}`, `1`)
	f.Fuzz(func(t *testing.T, raw, text string) {
		schema, err := NewCompiler(nil).CompileRaw(json.RawMessage(raw))
		if err == nil {
			ValidateJSON(schema, text)
		}
	})
}
