package luxon

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// samples are an object of each class, valid and invalid.
func samples(t *testing.T) map[string]Object {
	t.Helper()
	env := testEnv(t, "Europe/Berlin")
	out := map[string]Object{"the zero DateTime": DateTime{}}
	for name, call := range map[string][]any{
		"DateTime": {"DateTime", "fromISO", "2024-02-29T10:20:30.456"}, "invalid DateTime": {"DateTime", "invalid", "a reason", "and why"},
		"week settings": {"DateTime", "fromObject", Fields{{"year", 2024.0}}, Fields{{"weekSettings", Fields{{"firstDay", 7.0}, {"minimalDays", 1.0}, {"weekend", []any{5.0, 6.0}}}}}},
		"Duration":      {"Duration", "fromISO", "P1Y2M3DT4.5S", Fields{{"locale", "de"}, {"conversionAccuracy", "longterm"}}}, "invalid Duration": {"Duration", "invalid", "r"},
		"own matrix": {"Duration", "fromObject", Fields{{"days", 2.0}}, Fields{{"matrix", Fields{{"days", Fields{{"hours", 8.0}, {"milliseconds", 28_800_000.0}}}}}}},
		"Interval":   {"Interval", "fromISO", "2024-01-01/2024-02-01"}, "invalid Interval": {"Interval", "invalid", "r", "e"},
		"IANAZone": {"IANAZone", "create", "Asia/Tokyo"}, "FixedOffsetZone": {"FixedOffsetZone", "instance", -210.0}, "SystemZone": {"SystemZone", "instance"},
		"InvalidZone": {"Info", "normalizeZone", Fields{}}, "TokenParser": {"DateTime", "buildFormatParser", "d. MMMM yyyy", Fields{{"locale", "de"}}},
	} {
		v, err := Static(env, call[0].(string), call[1].(string), call[2:])
		o, ok := v.(Object)
		if err != nil || !ok {
			t.Fatalf("%s: %v, %v", name, v, err)
		}
		out[name] = o
	}
	return out
}

func TestWire(t *testing.T) {
	t.Parallel()
	env := testEnv(t, "Europe/Berlin")
	for name, o := range samples(t) {
		wire := string(o.AppendWire(nil))
		back, err := FromWire(gjson.Parse(wire), env)
		if err != nil || back.Class() != o.Class() || string(back.AppendWire(nil)) != wire && name != "the zero DateTime" {
			t.Errorf("%s: %s became %v, %v", name, wire, back, err)
		}
	}
	for _, wire := range []string{"", "{}", `{"c":"Nope"}`, `{"c":"DateTime","t":1}`, `{"c":"Interval","s":5}`} {
		if o, err := FromWire(gjson.Parse(wire), env); err == nil {
			t.Errorf("%s: %v", wire, o)
		}
	}
	matrix, err := FromWire(gjson.ParseBytes(samples(t)["own matrix"].AppendWire(nil)), env)
	if err != nil {
		t.Fatal(err)
	}
	if hours, err := matrix.Call("as", []any{"hours"}); err != nil || hours != 16.0 {
		t.Errorf("two days of eight hours are %v hours, %v", hours, err)
	}
}

// Every name that is told is there, on every object; no call panics, whatever it is given.
func TestNames(t *testing.T) {
	t.Parallel()
	arguments := [][]any{nil, {nil}, {Undefined{}}, {"days"}, {5.0}, {Fields{}}, {DateTime{}, "days"}, {[]any{"days"}}, {JSDate{0}, "x", Fields{{"locale", "de"}}}}
	for name, o := range samples(t) {
		for _, method := range MethodNames(o.Class()) {
			if !o.HasMethod(method) {
				t.Errorf("%s: no %s", name, method)
			}
			for _, args := range arguments {
				if _, err := o.Call(method, args); err != nil && !errors.Is(err, ErrArgument) && !errors.Is(err, ErrNotYet) {
					t.Errorf("%s.%s(%v): %v", name, method, args, err)
				}
			}
		}
		if _, err := o.Call("nope", nil); o.HasMethod("nope") || !errors.Is(err, ErrArgument) {
			t.Errorf("%s: nope gives %v", name, err)
		}
		for _, getter := range GetterNames(o.Class()) {
			v, err := o.Get(getter)
			if err != nil || isUndefined(v) && name == "DateTime" {
				t.Errorf("%s.%s: %v, %v", name, getter, v, err)
			}
		}
	}
	env := testEnv(t, "utc")
	for _, class := range Classes() {
		for _, static := range append(StaticNames(class), ConstantNames(class)...) {
			if !HasStatic(class, static) {
				t.Errorf("no %s.%s", class, static)
			}
			for _, args := range arguments {
				if _, err := Static(env, class, static, args); err != nil && !errors.Is(err, ErrArgument) && !errors.Is(err, ErrNotYet) {
					t.Errorf("%s.%s(%v): %v", class, static, args, err)
				}
			}
		}
	}
	if _, err := Static(env, "DateTime", "nope", nil); HasStatic("DateTime", "nope") || !errors.Is(err, ErrArgument) {
		t.Errorf("a static member that is none: %v", err)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	all := samples(t)
	for name, want := range map[string]string{
		"DateTime": `"2024-02-29T10:20:30.456+01:00"`, "invalid DateTime": `"Invalid DateTime"`, "Duration": `"P1Y2M3DT4.5S"`, "invalid Duration": `null`,
		"Interval":         `{"s":"2024-01-01T00:00:00.000+01:00","e":"2024-02-01T00:00:00.000+01:00","invalid":null,"isLuxonInterval":true}`,
		"invalid Interval": `{"invalid":{"reason":"r","explanation":"e"},"isLuxonInterval":true}`,
		"IANAZone":         `{"zoneName":"Asia/Tokyo","valid":true}`, "FixedOffsetZone": `{"fixed":-210}`, "SystemZone": `{}`,
	} {
		if got := string(all[name].AppendJSON(nil)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// What is left out says so.
func TestNotYet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		locale  string
		options Fields
		want    error
	}{
		{"ja", nil, ErrNotYet}, {"en-HK", nil, ErrNotYet}, {"de", Fields{{"dayPeriod", "long"}, {"hour", "numeric"}}, ErrNotYet},
		{"de", Fields{{"calendar", "buddhist"}}, ErrNotYet}, {"de", Fields{{"timeZoneName", "longGeneric"}}, ErrNotYet},
		{"not a locale", nil, ErrArgument}, {"de", Fields{{"month", "x"}}, ErrArgument}, {"de-LI-x-private", nil, ErrNotYet}, {"de-ZZ", nil, nil}, {"DE-de", nil, nil}, {"no", nil, nil},
	} {
		if text, err := FormatDate(tt.locale, tt.options, 0, time.UTC); !errors.Is(err, tt.want) || (tt.want == nil) != (text != "") {
			t.Errorf("%s %v: %q, %v", tt.locale, tt.options, text, err)
		}
	}
	if _, err := FormatDate("de", nil, nan, nil); !errors.Is(err, ErrArgument) {
		t.Errorf("no time: %v", err)
	}
}

func TestDateTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 3, 31, 12, 0, 0, 999, time.UTC)
	d := At(at)
	if !d.Valid() || d.ZoneName() != "UTC" || !d.Time().Equal(at.Truncate(time.Millisecond)) || d.StartOfDay().String() != "2024-03-31T00:00:00.000Z" {
		t.Errorf("%v at %v", d, d.Time())
	}
	if text, err := d.Format("HH:mm"); text != "12:00" || err != nil {
		t.Errorf("%s, %v", text, err)
	}
	if zero := (DateTime{}); zero.Valid() || !zero.Time().IsZero() || zero.Millis() == zero.Millis() || fmt.Sprint(zero) != "Invalid DateTime" {
		t.Errorf("the zero value: %v", zero)
	}
	for name, want := range map[string]string{"utc": "UTC", "UTC+2": "UTC+2", "UTC-3:30": "UTC-3:30", "America/New_York": "America/New_York", "local": "UTC"} {
		if loc, err := Zone(name, time.UTC); err != nil || loc.String() != want {
			t.Errorf("%s: %v, %v", name, loc, err)
		}
	}
	if _, err := Zone("Nope/Zone", time.UTC); !errors.Is(err, ErrArgument) {
		t.Errorf("an unknown zone: %v", err)
	}
}

// A cache starts again when it is full.
func TestCache(t *testing.T) {
	t.Parallel()
	var c cache[int, int]
	for i := range 3 * cacheSize {
		if got := c.get(i, func() int { return i }); got != i || len(c.entries) > cacheSize {
			t.Fatalf("%d: %d of %d", i, got, len(c.entries))
		}
	}
}
