package luxon

import (
	"errors"
	"math"
	"testing"
	"time"
)

func berlin(t *testing.T) *time.Location {
	loc, err := Zone("Europe/Berlin", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// The expected values are Luxon's; more of them are in the corpus of package expression.
func TestFromISO(t *testing.T) {
	t.Parallel()
	winter := time.Date(2026, 1, 15, 0, 0, 0, 0, berlin(t))
	for text, want := range map[string]string{
		"2024-03-31T02:30:00":      "2024-03-31T03:30:00.000+02:00", // the hour that is skipped
		"2024-05-15T10:20:30.5":    "2024-05-15T10:20:30.500+02:00",
		"2024-05-15T10:20:30Z":     "2024-05-15T12:20:30.000+02:00",
		"2024-05-15T10:20:30-08":   "2024-05-15T20:20:30.000+02:00",
		"2024-05-15T10:20:30+0530": "2024-05-15T06:50:30.000+02:00",
		"2024-05":                  "2024-05-01T00:00:00.000+02:00",
		"2024-05-15T24:00":         "2024-05-16T00:00:00.000+02:00",
		"2024-02-30":               "Invalid DateTime",
		"2024-05-15 10:20":         "Invalid DateTime",
		"nonsense":                 "Invalid DateTime",
	} {
		got, err := Static("fromISO", winter, []any{text})
		if d, ok := got.(DateTime); !ok || err != nil || d.String() != want {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"2024-W05-1", "2024123", "20240515", "T10:20"} {
		if _, err := Static("fromISO", winter, []any{text}); !errors.Is(err, ErrNotYet) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"utc": "UTC", "UTC+2": "UTC+2", "UTC-3:30": "UTC-3:30", "America/New_York": "America/New_York", "local": "UTC"} {
		if loc, err := Zone(name, time.UTC); err != nil || loc.String() != want {
			t.Errorf("%s: %v, %v", name, loc, err)
		}
	}
	if _, err := Zone("Nope/Zone", time.UTC); !errors.Is(err, ErrArgument) {
		t.Errorf("an unknown zone: %v", err)
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	d := At(time.Date(2024, 3, 30, 2, 30, 0, 0, berlin(t)))
	for _, tt := range []struct {
		method string
		args   []any
		want   any
	}{
		{"plus", []any{map[string]any{"days": 1.0}}, "2024-03-31T03:30:00.000+02:00"},
		{"plus", []any{24.0, "hours"}, "2024-03-31T03:30:00.000+02:00"},
		{"minus", []any{1.0, "month"}, "2024-02-29T02:30:00.000+01:00"},
		{"endOf", []any{"quarter"}, "2024-03-31T23:59:59.999+02:00"},
		{"startOf", []any{"week"}, "2024-03-25T00:00:00.000+01:00"},
		{"setZone", []any{"utc"}, "2024-03-30T01:30:00.000Z"},
		{"toFormat", []any{"EEEE d.L.yy 'at' h:mm a"}, "Saturday 30.3.24 at 2:30 AM"},
	} {
		got, err := d.Call(tt.method, tt.args)
		if moved, ok := got.(DateTime); ok {
			got = moved.String()
		}
		if got != tt.want || err != nil {
			t.Errorf("%s%v: %v, %v", tt.method, tt.args, got, err)
		}
	}
	for method, want := range map[string]error{"diff": ErrNotYet, "nope": ErrArgument} {
		if _, err := d.Call(method, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", method, err)
		}
	}
	if year, err := Invalid().Get("year"); err != nil || !math.IsNaN(year.(float64)) {
		t.Errorf("the year of an invalid date: %v, %v", year, err)
	}
}
