package luxon

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// testNow is the time at which the cases were recorded.
var testNow = time.Date(2024, 3, 15, 14, 30, 45, 678_000_000, time.UTC)

func testEnv(t testing.TB, zone string) Env {
	t.Helper()
	load := func(name string) *time.Location {
		loc, err := Zone(name, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		return loc
	}
	return Env{Now: func() time.Time { return testNow }, Location: load(zone), System: load("America/Sao_Paulo")}
}

// decode makes an argument of a case; see testdata/record.mjs.
func decode(env Env, r gjson.Result) (any, error) {
	switch {
	case r.Type == gjson.Null:
		return nil, nil
	case r.IsArray():
		list := []any{}
		for _, e := range r.Array() {
			v, err := decode(env, e)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case !r.IsObject():
		return r.Value(), nil
	case r.Get("\\$undefined").Exists():
		return Undefined{}, nil
	case r.Get("\\$nan").Exists():
		return math.NaN(), nil
	case r.Get("\\$n").Exists():
		return textNumber(r.Get("\\$n").Str), nil
	case r.Get("\\$date").Exists():
		if r.Get("\\$date").Type != gjson.Number {
			return JSDate{math.NaN()}, nil
		}
		return JSDate{r.Get("\\$date").Num}, nil
	case r.Get("\\$new").Exists():
		return run(env, r.Get("\\$new").Array())
	}
	fields := Fields{}
	var failed error
	r.ForEach(func(key, value gjson.Result) bool {
		v, err := decode(env, value)
		failed = errors.Join(failed, err)
		fields = append(fields, Field{key.Str, v})
		return true
	})
	return fields, failed
}

func decodeArgs(env Env, r gjson.Result) ([]any, error) {
	v, err := decode(env, r)
	args, _ := v.([]any)
	return args, err
}

// run takes the steps of a case. Each object between goes over the wire.
func run(env Env, steps []gjson.Result) (any, error) {
	args, err := decodeArgs(env, steps[2])
	if err != nil {
		return nil, err
	}
	v, err := Static(env, steps[0].Str, steps[1].Str, args)
	for _, step := range steps[3:] {
		if err != nil {
			return nil, err
		}
		o, ok := v.(Object)
		if !ok {
			return nil, errors.New("no object before " + step.Raw)
		}
		if o, err = FromWire(gjson.ParseBytes(o.AppendWire(nil)), env); err != nil {
			return nil, err
		}
		if !step.IsArray() {
			v, err = o.Get(step.Str)
			continue
		}
		name := step.Get("0").Str
		if args, err = decodeArgs(env, step.Get("1")); err != nil {
			return nil, err
		}
		if !o.HasMethod(name) {
			return nil, errors.New("no method " + name)
		}
		v, err = o.Call(name, args)
	}
	return v, err
}

// encode writes a result as record.mjs does.
func encode(v any) any {
	switch v := v.(type) {
	case Undefined:
		return Fields{{"$undefined", true}}
	case float64:
		switch {
		case math.IsNaN(v):
			return Fields{{"$nan", true}}
		case v == 0 && math.Signbit(v):
			return Fields{{"$n", "-0"}}
		case math.IsInf(v, 0):
			return Fields{{"$n", numberText(v)}}
		}
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = encode(e)
		}
		return list
	case Fields:
		fields := Fields{}
		for _, f := range v {
			if !isUndefined(f.Value) {
				fields = append(fields, Field{f.Name, encode(f.Value)})
			}
		}
		return fields
	case JSDate:
		return Fields{{"$date", encode(v.Ms)}}
	case Object:
		return encodeObject(v)
	}
	return v
}

func encodeObject(o Object) any {
	get := func(name string) any {
		v, err := o.Get(name)
		if err != nil {
			return err.Error()
		}
		if isUndefined(v) {
			return nil
		}
		return v
	}
	valid := get("isValid") == true
	switch o := o.(type) {
	case DateTime:
		var ts any
		if valid {
			ts = o.ts
		}
		iso, err := o.Call("toISO", nil)
		if err != nil {
			iso = err.Error()
		}
		z := o.zone
		kind, _ := z.Get("type")
		return Fields{{"$dt", []any{ts, iso, z.name, kind, get("locale"), get("numberingSystem"), get("invalidReason"), get("invalidExplanation")}}}
	case Duration:
		var values any
		if valid {
			values = encode(get("values"))
		}
		return Fields{{"$dur", []any{values, get("locale"), get("conversionAccuracy"), get("invalidReason"), get("invalidExplanation")}}}
	case Interval:
		return Fields{{"$int", []any{encode(get("s")), encode(get("e")), get("invalidReason"), get("invalidExplanation")}}}
	case *zone:
		return Fields{{"$zone", []any{o.class, o.name}}}
	}
	return o.Class()
}

// appendValue writes JSON as JSON.stringify does.
func appendValue(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case Fields:
		b.WriteByte('{')
		for i, f := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			appendValue(b, f.Name)
			b.WriteByte(':')
			appendValue(b, f.Value)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			appendValue(b, e)
		}
		b.WriteByte(']')
	case float64:
		b.WriteString(numberText(v))
	default:
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			b.WriteString(err.Error())
		}
		b.Truncate(b.Len() - 1)
	}
}

// skips are cases that differ, by how they begin; each has its reason.
var skips = map[string]string{
	`Europe/Berlin ["Interval","fromDateTimes",[{"$new":["DateTime","fromISO",["2024-01-01T10:00",{"locale":"es-AR"}]]},{"$new":["DateTime","fromISO",["2024-01-03T11:30",{"locale":"es-AR"}]]}],["toLocaleString",[{"$new":["DateTime","TIME_WITH_SECONDS",`:           "the pattern of ranges has no words for morning and afternoon in es-AR",
	`Europe/Berlin ["Interval","fromDateTimes",[{"$new":["DateTime","fromISO",["2024-01-01T10:00",{"locale":"es-AR"}]]},{"$new":["DateTime","fromISO",["2024-01-03T11:30",{"locale":"es-AR"}]]}],["toLocaleString",[{"$new":["DateTime","DATETIME_SHORT_WITH_SECONDS",`: "the pattern of ranges has no words for morning and afternoon in es-AR",
	`Europe/Berlin ["Interval","fromDateTimes",[{"$new":["DateTime","fromISO",["2024-01-01T10:00",{"locale":"es-AR"}]]},{"$new":["DateTime","fromISO",["2024-01-03T11:30",{"locale":"es-AR"}]]}],["toLocaleString",[{"$new":["DateTime","DATETIME_MED_WITH_SECONDS",`:   "the pattern of ranges has no words for morning and afternoon in es-AR",
	`Europe/Berlin ["Info","normalizeZone",[{}]]`:                        "the name of a zone is a text here, whatever was given for one",
	`Europe/Berlin ["Info","normalizeZone",[true]]`:                      "the name of a zone is a text here, whatever was given for one",
	`Africa/Casablanca ["DateTime","fromISO",["2045-07-01T12:00"]`:       "Go's zone data know Morocco's Ramadans beyond 2037, ICU's do not",
	`Africa/Casablanca ["DateTime","fromISO",["+012345-06-07T08:09:10"]`: "Go's zone data know Morocco's Ramadans beyond 2037, ICU's do not",
}

func TestRecordedCases(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	count, skipped, failed := 0, 0, 0
	for _, c := range gjson.ParseBytes(data).Array() {
		count++
		do := c.Get("env").Str + " " + c.Get("do").Raw
		skip := ""
		for part, reason := range skips {
			if strings.HasPrefix(do, part) {
				skip = reason
			}
		}
		got, want := answer(t, c)
		switch {
		case skip != "":
			skipped++
		case got != want:
			if failed++; failed <= 100 {
				t.Errorf("%s\n got  %s\n want %s", do, got, want)
			}
		}
	}
	t.Logf("%d cases, %d skipped, %d failed", count, skipped, failed)
	if count < 2500 {
		t.Errorf("only %d cases", count)
	}
}

// luxonErrors are the errors whose messages are Luxon's own and not the engine's.
var luxonErrors = []string{"InvalidArgumentError", "InvalidUnitError", "ConflictingSpecificationError", "InvalidDateTimeError"}

// answer runs a case; both texts are the same where it is as recorded.
func answer(t *testing.T, c gjson.Result) (got, want string) {
	t.Helper()
	v, err := run(testEnv(t, c.Get("env").Str), c.Get("do").Array())
	if message := c.Get("throws"); message.Exists() {
		want = "throws"
		if slices.Contains(luxonErrors, c.Get("type").Str) {
			want += " " + message.Str
		}
		switch {
		case err == nil:
		case !errors.Is(err, ErrArgument):
			return err.Error(), want
		case want == "throws":
			return want, want
		default:
			return "throws " + err.Error(), want
		}
	}
	if want == "" {
		want = c.Get("want").Raw
	}
	if err != nil {
		return err.Error(), want
	}
	var b bytes.Buffer
	appendValue(&b, encode(v))
	return b.String(), want
}
