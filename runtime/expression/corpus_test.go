package expression

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

type corpusFile struct {
	Timezone string
	Items    []json.RawMessage
	Cases    []corpusCase
}

type corpusCase struct {
	Source   string
	Kind     string
	Value    json.RawMessage
	Error    string
	Deviates string
	Want     string
	Later    bool
}

func readCorpus(t testing.TB) map[string]corpusFile {
	names, err := filepath.Glob("testdata/corpus/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	files := map[string]corpusFile{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var f corpusFile
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		files[filepath.Base(name)] = f
	}
	return files
}

func (f corpusFile) scope(t testing.TB) *corpusScope {
	t.Helper()
	items := make([]string, len(f.Items))
	for i, raw := range f.Items {
		item, err := nodes.Normalize(gjson.Get(string(raw), "@ugly").Raw)
		if err != nil {
			t.Fatal(err)
		}
		items[i] = item
	}
	s := scopeOf(items...)
	if f.Timezone != "" {
		loc, err := time.LoadLocation(f.Timezone)
		if err != nil {
			t.Fatal(err)
		}
		s.location = loc
	}
	return s
}

// kindOf names the kind of a value as record.go does.
func kindOf(v nodes.Value) string {
	switch v.Kind() {
	case nodes.Null, nodes.Array:
		return map[nodes.Kind]string{nodes.Null: "null", nodes.Array: "array"}[v.Kind()]
	case nodes.Number:
		switch f := v.Num(); {
		case math.IsNaN(f):
			return "NaN"
		case math.IsInf(f, 1):
			return "Infinity"
		case math.IsInf(f, -1):
			return "-Infinity"
		case isNegativeZero(f):
			return "-0"
		}
	case nodes.Foreign:
		if o, ok := v.Foreign().(luxon.Object); ok && o.Class() == "Interval" {
			return "object"
		} else if ok {
			return strings.ToLower(o.Class())
		}
		return "date"
	}
	return v.Kind().String()
}

// outcome is a value or an error as one line, for comparison.
func outcome(v nodes.Value, err error) string {
	var e *nodes.Error
	var syntax *SyntaxError
	switch {
	case errors.As(err, &syntax):
		return "error: invalid syntax"
	case errors.As(err, &e):
		return "error: " + e.Message
	case err != nil:
		return "error of Go: " + err.Error()
	}
	text := v.JSON()
	switch kind := kindOf(v); kind {
	case "number":
		return kind + " " + v.Text() // a moved value keeps its digits
	case "date", "duration", "interval":
		return kind + " " + text
	case "string", "array", "object":
		return kind + " " + canonical(gjson.Parse(text))
	case "boolean", "datetime":
		return kind + " " + text
	default:
		return kind
	}
}

// canonical writes JSON in one way, for texts are escaped in several. Members stay in their order.
func canonical(r gjson.Result) string {
	var list []string
	open, end := "[", "]"
	switch {
	case r.IsObject():
		open, end = "{", "}"
		r.ForEach(func(key, v gjson.Result) bool {
			list = append(list, canonical(key)+":"+canonical(v))
			return true
		})
	case r.IsArray():
		for _, el := range r.Array() {
			list = append(list, canonical(el))
		}
	default:
		text, _ := json.Marshal(r.Value())
		return string(text)
	}
	return open + strings.Join(list, ",") + end
}

func (c corpusCase) want() string {
	if c.Deviates != "" {
		return c.Want
	}
	if c.Error != "" {
		return "error: " + c.Error
	}
	switch c.Kind {
	case "bigint":
		return outcome(nodes.WireValue(string(c.Value)), nil)
	case "datetime", "date", "duration":
		return c.Kind + " " + string(c.Value)
	case "undefined", "null", "NaN", "Infinity", "-Infinity", "-0":
		return c.Kind
	}
	return outcome(nodes.WireValue(string(c.Value)), nil)
}

// TestCorpus holds both tiers to what n8n answered.
func TestCorpus(t *testing.T) {
	t.Parallel()
	tiers := map[string]*Evaluator{"native": NewEvaluator(Options{}), "script": NewEvaluator(Options{NoNative: true})}
	defer tiers["native"].Close()
	defer tiers["script"].Close()
	total, native := 0, 0
	for name, f := range readCorpus(t) {
		s := f.scope(t)
		for _, c := range f.Cases {
			total++
			e, err := Compile(c.Source)
			if err != nil {
				if got := outcome(nodes.Value{}, err); got != c.want() {
					t.Errorf("%s: %s\n compile gives %s (%v)\n n8n           %s", name, c.Source, got, err, c.want())
				}
				continue
			}
			if e.Native() {
				native++
			}
			for tier, evaluator := range tiers {
				if tier == "native" && !e.Native() {
					continue
				}
				got := outcome(evaluator.NewBatch(t.Context(), s).Eval(e, 0, nil))
				if c.Later {
					if !strings.HasSuffix(got, " is not available yet") {
						t.Errorf("%s: %s is there: take its \"later\" away (%s gives %s)", name, c.Source, tier, got)
					}
					continue
				}
				if got != c.want() {
					t.Errorf("%s: %s\n %s gives %s\n n8n          %s", name, c.Source, tier, got, c.want())
				}
			}
		}
	}
	t.Logf("%d cases, %d of them native", total, native)
}
