package luxon

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// locale is Luxon's Locale: a language with the digits, the calendar and the weeks to use.
type locale struct {
	name      string // en-US
	specified string // as it was asked for; empty if it is the default
	digits    string // the numbering system, empty if none was asked for
	calendar  string
	weeks     *weekSettings
}

type weekSettings struct {
	firstDay, minimalDays float64
	weekend               []float64
}

// scope is what an object knows of its surroundings.
type scope struct {
	now func() time.Time
	*defaults
}

type defaults struct {
	zone, system    *zone
	locale          *locale
	location, local *time.Location
	language        string
}

var plainDefaults = &defaults{zone: utcZone, system: systemZone(time.UTC), locale: &locale{name: "en-US"}}

// lastDefaults saves making them again for each call: they are the same for a whole run.
var lastDefaults atomic.Pointer[defaults]

func (e Env) scope() *scope {
	s := &scope{now: e.Now}
	if s.now == nil {
		s.now = time.Now
	}
	if e.Location == nil && e.System == nil && e.Locale == "" {
		s.defaults = plainDefaults
		return s
	}
	if d := lastDefaults.Load(); d != nil && d.location == e.Location && d.local == e.System && d.language == e.Locale {
		s.defaults = d
		return s
	}
	d := &defaults{location: e.Location, local: e.System, language: e.Locale, zone: utcZone, system: plainDefaults.system, locale: plainDefaults.locale}
	if e.Location != nil {
		d.zone = zoneOf(e.Location)
	}
	if e.System != nil {
		d.system = systemZone(e.System)
	}
	if e.Locale != "" {
		d.locale = &locale{name: e.Locale}
	}
	lastDefaults.Store(d)
	s.defaults = d
	return s
}

// millis is the current time.
func (s *scope) millis() float64 { return float64(s.now().UnixMilli()) }

// newLocale is Locale.create.
func (s *scope) newLocale(name, digits, calendar string, weeks any, defaultToEN bool) (*locale, error) {
	settings, err := weekSettingsOf(weeks)
	if err != nil {
		return nil, err
	}
	if name == "" && digits == "" && calendar == "" && settings == nil && !defaultToEN {
		return s.locale, nil
	}
	l := &locale{name: name, specified: name, digits: digits, calendar: calendar, weeks: settings}
	if name == "" {
		l.name = s.locale.name
		if defaultToEN {
			l.name = "en-US"
		}
	}
	if tag, _, found := strings.Cut(l.name, "-x-"); found {
		l.name = tag
	}
	if tag, extension, found := strings.Cut(l.name, "-u-"); found {
		if _, err := intlOf(tag); err != nil {
			return nil, err
		}
		nu, ca := extensionKeys(extension)
		l.digits, l.calendar = firstText(l.digits, nu, "latn"), firstText(l.calendar, ca, "gregory")
	}
	return l, nil
}

func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// extensionKeys reads nu and ca of the part after -u-; a numbering system that is not known does not count.
func extensionKeys(extension string) (nu, ca string) {
	words := strings.Split(extension, "-")
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "nu":
			if _, ok := zeroDigits.get(words[i+1]); ok {
				nu = words[i+1]
			}
		case "ca":
			ca = words[i+1]
		}
	}
	return nu, ca
}

func weekSettingsOf(v any) (*weekSettings, error) {
	if isNullish(v) {
		return nil, nil
	}
	bad := throw("Invalid week settings")
	f, ok := v.(Fields)
	if !ok {
		if typeOf(v) != "object" {
			return nil, throw("Week settings must be an object")
		}
		return nil, bad
	}
	within := func(v any) (float64, bool) {
		n, ok := v.(float64)
		return n, ok && integerBetween(n, 1, 7)
	}
	first, ok1 := within(f.Get("firstDay"))
	minimal, ok2 := within(f.Get("minimalDays"))
	list, ok3 := f.Get("weekend").([]any)
	if !ok1 || !ok2 || !ok3 {
		return nil, bad
	}
	settings := &weekSettings{firstDay: first, minimalDays: minimal}
	for _, day := range list {
		n, ok := within(day)
		if !ok {
			return nil, bad
		}
		settings.weekend = append(settings.weekend, n)
	}
	return settings, nil
}

// localeFrom is Locale.fromObject.
func (s *scope) localeFrom(o Fields) (*locale, error) {
	if len(o) == 0 {
		return s.locale, nil
	}
	return s.newLocale(o.text("locale"), o.text("numberingSystem"), o.text("outputCalendar"), o.Get("weekSettings"), false)
}

// parserLocale is the locale that a text is parsed in.
func (s *scope) parserLocale(o Fields) (*locale, error) {
	return s.newLocale(o.text("locale"), o.text("numberingSystem"), "", nil, true)
}

// clone is the locale with what the options say. With no option at all it is the same locale.
func (l *locale) clone(s *scope, o Fields, defaultToEN bool) (*locale, error) {
	if len(o) == 0 && !defaultToEN {
		return l, nil
	}
	c, err := s.newLocale(firstText(o.text("locale"), l.specified), firstText(o.text("numberingSystem"), l.digits),
		firstText(o.text("outputCalendar"), l.calendar), o.Get("weekSettings"), defaultToEN)
	if err == nil && c.weeks == nil && l.weeks != nil {
		with := *c
		with.weeks = l.weeks
		return &with, nil
	}
	return c, err
}

func (l *locale) equals(o *locale) bool {
	return l == o || l.name == o.name && l.digits == o.digits && l.calendar == o.calendar
}

func (l *locale) String() string {
	return "Locale(" + l.name + ", " + toText(textOrNull(l.digits)) + ", " + toText(textOrNull(l.calendar)) + ")"
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// english reports whether Luxon uses its own English words and not those of Intl.
func (l *locale) english() bool {
	return l.isEnglish() && (l.digits == "" || l.digits == "latn") && (l.calendar == "" || l.calendar == "gregory")
}

func (l *locale) isEnglish() bool { return l.name == "en" || strings.EqualFold(l.name, "en-us") }

// intl returns the tables of the locale.
func (l *locale) intl() (*tables, error) {
	if l.calendar != "" && l.calendar != "gregory" && l.calendar != "iso8601" {
		return nil, notYet("the calendar %s", l.calendar)
	}
	return intlOf(l.name)
}

func (l *locale) settings() (weekSettings, error) {
	if l.weeks != nil {
		return *l.weeks, nil
	}
	return weekInfo(l.name)
}

func (l *locale) rule() (weekRule, error) {
	w, err := l.settings()
	return weekRule{w.firstDay, w.minimalDays}, err
}

func (l *locale) isWeekend(day float64) (bool, error) {
	w, err := l.settings()
	return slices.Contains(w.weekend, day), err
}

// wordLists are the English words of Luxon by length: narrow, short, long.
type wordLists struct{ months, weekdays, eras [3][]string }

var english = wordLists{
	months: [3][]string{
		{"J", "F", "M", "A", "M", "J", "J", "A", "S", "O", "N", "D"},
		{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	},
	weekdays: [3][]string{
		{"M", "T", "W", "T", "F", "S", "S"},
		{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
		{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
	},
	eras: [3][]string{{"B", "A"}, {"BC", "AD"}, {"Before Christ", "Anno Domini"}},
}

var englishMeridiems = []string{"AM", "PM"}

// lengthIndex is the place of a length in wordLists, -1 if it is none.
func lengthIndex(length string) int { return slices.Index([]string{"narrow", "short", "long"}, length) }

// months lists the names of the months; format says whether they stand beside a day. nil is no such list.
func (l *locale) months(length string, format bool) ([]string, error) {
	if l.english() {
		switch i := lengthIndex(length); {
		case i >= 0:
			return english.months[i], nil
		case length == "numeric" || length == "2-digit":
			out := make([]string, 12)
			for i := range out {
				out[i] = pad(float64(i+1), map[string]int{"numeric": 1, "2-digit": 2}[length])
			}
			return out, nil
		}
		return nil, nil
	}
	options := Fields{{"month", length}}
	if format {
		options = append(options, Field{"day", "numeric"})
	}
	return l.listed(12, func(i int) float64 { return localMillis(2009, float64(i+1), 1, 0, 0, 0, 0) }, options, "month")
}

// weekdays lists the names of the days from Monday.
func (l *locale) weekdays(length string, format bool) ([]string, error) {
	if l.english() {
		switch i := lengthIndex(length); {
		case i >= 0:
			return english.weekdays[i], nil
		case length == "numeric":
			return []string{"1", "2", "3", "4", "5", "6", "7"}, nil
		}
		return nil, nil
	}
	options := Fields{{"weekday", length}}
	if format {
		options = append(options, Field{"year", "numeric"}, Field{"month", "long"}, Field{"day", "numeric"})
	}
	return l.listed(7, func(i int) float64 { return localMillis(2016, 11, float64(14+i), 0, 0, 0, 0) }, options, "weekday")
}

func (l *locale) meridiems() ([]string, error) {
	if l.english() {
		return englishMeridiems, nil
	}
	at := []float64{localMillis(2016, 11, 13, 9, 0, 0, 0), localMillis(2016, 11, 13, 19, 0, 0, 0)}
	return l.listed(2, func(i int) float64 { return at[i] }, Fields{{"hour", "numeric"}, {"hourCycle", "h12"}}, "dayPeriod")
}

func (l *locale) eras(length string) ([]string, error) {
	if l.english() {
		if i := lengthIndex(length); i >= 0 {
			return english.eras[i], nil
		}
		return nil, nil
	}
	at := []float64{localMillis(-40, 1, 1, 0, 0, 0, 0), localMillis(2017, 1, 1, 0, 0, 0, 0)}
	return l.listed(2, func(i int) float64 { return at[i] }, Fields{{"era", length}}, "era")
}

// listed formats several dates in UTC and takes one part of each.
func (l *locale) listed(n int, at func(int) float64, options Fields, part string) ([]string, error) {
	f, err := l.dateFormat(options, utcZone)
	if err != nil {
		return nil, err
	}
	out := make([]string, n)
	for i := range out {
		for _, p := range f.parts(at(i)) {
			if p.kind == part {
				out[i] = p.value
			}
		}
	}
	return out, nil
}
