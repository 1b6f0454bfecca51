package luxon

import (
	"errors"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// check holds what is true of every answer: an error is one of the two, an object goes over the wire unchanged, and a
// valid date's ISO text is read as the same date.
func check(t *testing.T, env Env, v any, err error) {
	t.Helper()
	if err != nil {
		if !errors.Is(err, ErrArgument) && !errors.Is(err, ErrNotYet) {
			t.Fatal(err)
		}
		return
	}
	o := v.(Object)
	wire := o.AppendWire(nil)
	if !gjson.ValidBytes(wire) || !gjson.ValidBytes(o.AppendJSON(nil)) {
		t.Fatalf("no JSON: %s, %s", wire, o.AppendJSON(nil))
	}
	back, err := FromWire(gjson.ParseBytes(wire), env)
	if err != nil || back.String() != o.String() || string(back.AppendWire(nil)) != string(wire) {
		t.Fatalf("%s became %v, %v", wire, back, err)
	}
	d, ok := o.(DateTime)
	if !ok || !d.Valid() || d.off != float64(int(d.off)) { // an offset with seconds is not in the text
		return
	}
	again, err := Static(env, "DateTime", "fromISO", []any{d.String()})
	if err != nil || again.(DateTime).ts != float64(int64(d.ts)) {
		t.Fatalf("%s is read as %v, %v", d, again, err)
	}
}

func FuzzFromISO(f *testing.F) {
	for _, text := range []string{"2024-05-06T07:08:09.123+02:00", "2024-W05-1", "2024123T10", "+012345-06-07", "09:24Z", "2024-05-06T07:08[Europe/Paris]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?") // as JavaScript's texts are
		env := testEnv(t, "Europe/Berlin")
		for _, name := range []string{"fromISO", "fromSQL", "fromHTTP", "fromRFC2822"} {
			v, err := Static(env, "DateTime", name, []any{text})
			check(t, env, v, err)
		}
		v, err := Static(env, "Interval", "fromISO", []any{text})
		check(t, env, v, err)
	})
}

func FuzzFromFormat(f *testing.F) {
	f.Add("2024-05-06", "yyyy-MM-dd", "de")
	f.Add("5:06 PM", "h:mm a", "en-US")
	f.Add("6 mai 2024", "DD", "fr")
	f.Fuzz(func(t *testing.T, text, format, locale string) {
		text, format, locale = strings.ToValidUTF8(text, "?"), strings.ToValidUTF8(format, "?"), strings.ToValidUTF8(locale, "?")
		env := testEnv(t, "America/New_York")
		v, err := Static(env, "DateTime", "fromFormat", []any{text, format, Fields{{"locale", locale}}})
		check(t, env, v, err)
	})
}

func FuzzDuration(f *testing.F) {
	f.Add("P1Y2M3W4DT5H6M7.8S", "hh:mm:ss")
	f.Add("-PT0.5S", "d 'days' S")
	f.Fuzz(func(t *testing.T, text, format string) {
		text, format = strings.ToValidUTF8(text, "?"), strings.ToValidUTF8(format, "?")
		env := testEnv(t, "utc")
		v, err := Static(env, "Duration", "fromISO", []any{text})
		check(t, env, v, err)
		if err != nil {
			return
		}
		for name, args := range map[string][]any{"toFormat": {format}, "toHuman": nil, "shiftToAll": nil, "rescale": nil, "toISOTime": nil} {
			if _, err := v.(Duration).Call(name, args); err != nil && !errors.Is(err, ErrArgument) {
				t.Fatal(name, err)
			}
		}
	})
}
