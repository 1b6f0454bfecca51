package luxon

import (
	"math"
	"time"
)

// The part of Intl that others use by itself: toLocaleString of numbers and dates, and Intl's own objects.

// FormatDate is Intl.DateTimeFormat(locale, options).format(date): options without any field mean a date. The zone is
// used unless options name one. Date.toLocaleString is given {dateStyle…} or all the fields by its caller.
func FormatDate(locale string, options Fields, ms float64, zone *time.Location) (string, error) {
	f, err := newDateFormat(locale, options, ms, zone)
	if err != nil {
		return "", err
	}
	return f.format(ms), nil
}

// FormatDateParts is Intl.DateTimeFormat(locale, options).formatToParts(date): fields named type and value.
func FormatDateParts(locale string, options Fields, ms float64, zone *time.Location) ([]any, error) {
	f, err := newDateFormat(locale, options, ms, zone)
	if err != nil {
		return nil, err
	}
	return partList(f.parts(ms)), nil
}

func partList(parts []part) []any {
	list := make([]any, len(parts))
	for i, p := range parts {
		list[i] = Fields{{"type", p.kind}, {"value", p.value}}
	}
	return list
}

func newDateFormat(tag string, options Fields, ms float64, loc *time.Location) (*dateFormat, error) {
	if loc == nil {
		loc = time.UTC
	}
	l, err := Env{}.scope().newLocale(tag, "", "", nil, false)
	if err != nil {
		return nil, err
	}
	if math.IsNaN(ms) || math.Abs(ms) > maxMillis {
		return nil, throw("Invalid time value")
	}
	return l.dateFormat(options, zoneOf(loc))
}

// FormatNumber is Intl.NumberFormat(locale, options).format(v), or v.toLocaleString(locale, options).
func FormatNumber(locale string, options Fields, v float64) (string, error) {
	l, err := Env{}.scope().newLocale(locale, "", "", nil, false)
	if err != nil {
		return "", err
	}
	f, err := l.numberFormat(options)
	if err != nil {
		return "", err
	}
	return f.format(v), nil
}

// PluralCategory is Intl.PluralRules(locale).select(v): one, two, few, many or other.
func PluralCategory(locale string, v float64) (string, error) {
	l, err := Env{}.scope().newLocale(locale, "", "", nil, false)
	if err != nil {
		return "", err
	}
	f, err := l.numberFormat(nil)
	if err != nil {
		return "", err
	}
	_, plural := f.number(math.Abs(v))
	return plural, nil
}

// RelativeTime is Intl.RelativeTimeFormat(locale, options).format(v, unit).
func RelativeTime(locale string, options Fields, v float64, unit string) (string, error) {
	l, err := Env{}.scope().newLocale(locale, "", "", nil, false)
	if err != nil {
		return "", err
	}
	return l.relativeFormat(options, v, unit)
}

// FormatList is Intl.ListFormat(locale, options).format(words).
func FormatList(locale string, options Fields, words []string) (string, error) {
	l, err := Env{}.scope().newLocale(locale, "", "", nil, false)
	if err != nil {
		return "", err
	}
	return l.listFormat(options, words)
}
