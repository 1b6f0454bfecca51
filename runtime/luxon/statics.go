package luxon

import (
	"math"
	"slices"
	"sync"
)

type static func(s *scope, args []any) (any, error)

var nan = math.NaN()

// statics are the static methods by class. What takes no part in a run is not among them: Settings cannot be set.
var statics = sync.OnceValue(func() map[string]map[string]static {
	return map[string]map[string]static{
		"DateTime": dateStatics(), "Duration": durationStatics(), "Interval": intervalStatics(), "Info": infoStatics(), "Settings": {
			"now":         func(s *scope, _ []any) (any, error) { return s.millis(), nil },
			"resetCaches": func(*scope, []any) (any, error) { return Undefined{}, nil },
		},
		"IANAZone": {
			"create":      func(_ *scope, args []any) (any, error) { return ianaZone(toText(argument(args, 0))), nil },
			"new":         func(_ *scope, args []any) (any, error) { return ianaZone(toText(argument(args, 0))), nil },
			"isValidZone": isValidZone, "isValidSpecifier": isValidZone,
			"resetCache": func(*scope, []any) (any, error) { return Undefined{}, nil },
		},
		"FixedOffsetZone": {
			"instance": func(_ *scope, args []any) (any, error) { return fixedZone(toNumber(argument(args, 0))), nil },
			"new":      func(_ *scope, args []any) (any, error) { return fixedZone(toNumber(argument(args, 0))), nil },
			"parseSpecifier": func(_ *scope, args []any) (any, error) {
				if z := specifiedZone(lowered(argument(args, 0))); z != nil {
					return z, nil
				}
				return nil, nil
			},
		},
		"SystemZone": {"new": func(s *scope, _ []any) (any, error) { return s.system, nil }},
		"InvalidZone": {"new": func(_ *scope, args []any) (any, error) {
			return &zone{class: "InvalidZone", name: toText(argument(args, 0))}, nil
		}},
		"Zone": {},
	}
})

func isValidZone(_ *scope, args []any) (any, error) {
	v := argument(args, 0)
	return truthy(v) && loadLocation(toText(v)) != nil, nil
}

// isClass is isDateTime and its like: what is falsy gives false.
func isClass(class string) static {
	return func(_ *scope, args []any) (any, error) {
		o, ok := argument(args, 0).(Object)
		return ok && o.Class() == class, nil
	}
}

func dateStatics() map[string]static {
	text := func(parse func(string) (parsed, bool), format string) static {
		return func(s *scope, args []any) (any, error) { return s.fromText(parse, format, args) }
	}
	return map[string]static{
		"now":     func(s *scope, _ []any) (any, error) { return s.date(s.millis(), s.zone, s.locale), nil },
		"local":   func(s *scope, args []any) (any, error) { return s.quick(args, false) },
		"utc":     func(s *scope, args []any) (any, error) { return s.quick(args, true) },
		"fromISO": text(parseISO, "ISO 8601"), "fromSQL": text(parseSQL, "SQL"), "fromRFC2822": text(parseRFC2822, "RFC 2822"), "fromHTTP": text(parseHTTP, "HTTP"),
		"fromMillis":  func(s *scope, args []any) (any, error) { return s.fromMillis(args, 1) },
		"fromSeconds": func(s *scope, args []any) (any, error) { return s.fromMillis(args, 1000) },
		"fromJSDate":  (*scope).fromJSDate, "fromObject": (*scope).fromObject,
		"fromFormat": fromFormat, "fromString": fromFormat, "fromFormatExplain": fromFormatExplain, "fromStringExplain": fromFormatExplain,
		"buildFormatParser": buildFormatParser, "fromFormatParser": fromFormatParser, "parseFormatForOpts": parseFormatForOpts, "expandFormat": expandFormat,
		"invalid": func(s *scope, args []any) (any, error) {
			why, err := invalidOf(args, "DateTime")
			return s.invalidDate(why), err
		},
		"isDateTime": isClass("DateTime"),
		"min":        func(_ *scope, args []any) (any, error) { return extreme(args, "min", -1) },
		"max":        func(_ *scope, args []any) (any, error) { return extreme(args, "max", 1) },
		"resetCache": func(*scope, []any) (any, error) { return Undefined{}, nil },
	}
}

// parserOf reads a format and the options beside it.
func (s *scope) parserOf(format any, o Fields) (*formatParser, error) {
	text, ok := format.(string)
	if !ok {
		return nil, throw("fmt.charAt is not a function")
	}
	l, err := s.parserLocale(o)
	if err != nil {
		return nil, err
	}
	return s.formatParser(l, text)
}

func fromFormat(s *scope, args []any) (any, error) {
	text, format := argument(args, 0), argument(args, 1)
	if isUndefined(text) || isUndefined(format) {
		return nil, throw("fromFormat requires an input string and a format")
	}
	o, err := optionsAt(args, 2)
	if err != nil {
		return nil, err
	}
	p, err := s.parserOf(format, o)
	if err != nil {
		return nil, err
	}
	return s.fromParser(text, p, o)
}

func fromFormatExplain(s *scope, args []any) (any, error) {
	o, err := optionsAt(args, 2)
	if err != nil {
		return nil, err
	}
	p, err := s.parserOf(argument(args, 1), o)
	if err != nil {
		return nil, err
	}
	return s.explain(argument(args, 0), p)
}

func buildFormatParser(s *scope, args []any) (any, error) {
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	return s.parserOf(argument(args, 0), o)
}

func fromFormatParser(s *scope, args []any) (any, error) {
	text, parser := argument(args, 0), argument(args, 1)
	if isUndefined(text) || isUndefined(parser) {
		return nil, throw("fromFormatParser requires an input string and a format parser")
	}
	o, err := optionsAt(args, 2)
	if err != nil {
		return nil, err
	}
	l, err := s.parserLocale(o)
	if err != nil {
		return nil, err
	}
	p, ok := parser.(*formatParser)
	if !ok {
		return nil, throw("Cannot read properties of undefined (reading 'locale')")
	}
	if !l.equals(p.loc) {
		return nil, throw("fromFormatParser called with a locale of %s, but the format parser was created for %s", l, p.loc)
	}
	return s.fromParser(text, p, o)
}

func parseFormatForOpts(s *scope, args []any) (any, error) {
	options := argument(args, 0)
	if !truthy(options) {
		return nil, nil
	}
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	l, err := s.localeFrom(o)
	if err != nil {
		return nil, err
	}
	tokens, _, err := s.optionTokens(fieldsOf(options), l)
	if err != nil {
		return nil, err
	}
	return joinTokens(tokens), nil
}

func expandFormat(s *scope, args []any) (any, error) {
	o, err := optionsAt(args, 1)
	if err != nil {
		return nil, err
	}
	l, err := s.localeFrom(o)
	if err != nil {
		return nil, err
	}
	format, ok := argument(args, 0).(string)
	if !ok {
		return nil, throw("fmt.charAt is not a function")
	}
	var tokens []token
	for _, t := range tokensOf(format) {
		expanded, err := s.expandMacro(t, l)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, expanded...)
	}
	return joinTokens(tokens), nil
}

func joinTokens(tokens []token) string {
	text := ""
	for _, t := range tokens {
		text += t.text
	}
	return text
}

func durationStatics() map[string]static {
	return map[string]static{
		"fromMillis": func(s *scope, args []any) (any, error) {
			o, err := optionsAt(args, 1)
			if err != nil {
				return nil, err
			}
			return s.durationFrom(Fields{{"milliseconds", argument(args, 0)}}, o)
		},
		"fromObject": func(s *scope, args []any) (any, error) {
			o, err := optionsAt(args, 1)
			if err != nil {
				return nil, err
			}
			return s.durationFrom(argument(args, 0), o)
		},
		"fromDurationLike": func(s *scope, args []any) (any, error) { return s.durationLike(argument(args, 0)) },
		"fromISO": func(s *scope, args []any) (any, error) {
			o, err := optionsAt(args, 1)
			if err != nil {
				return nil, err
			}
			return s.durationFromISO(toText(argument(args, 0)), o)
		},
		"fromISOTime": func(s *scope, args []any) (any, error) {
			o, err := optionsAt(args, 1)
			if err != nil {
				return nil, err
			}
			text := toText(argument(args, 0))
			u, ok := isoTimeOnly(text)
			if !ok {
				return s.invalidDuration("unparsable", `the input "`+text+`" can't be parsed as ISO 8601`), nil
			}
			fields := Fields{{"hours", u.v[uHour]}, {"minutes", u.v[uMinute]}, {"seconds", u.v[uSecond]}}
			if u.set[uMillisecond] {
				fields = append(fields, Field{"milliseconds", u.v[uMillisecond]})
			}
			return s.durationFrom(fields, o)
		},
		"invalid": func(s *scope, args []any) (any, error) {
			why, err := invalidOf(args, "Duration")
			if err != nil {
				return nil, err
			}
			return s.invalidDuration(why.reason, why.explanation), nil
		},
		"isDuration": isClass("Duration"),
		"normalizeUnit": func(_ *scope, args []any) (any, error) {
			unit, err := durationUnit(argument(args, 0))
			if err != nil {
				return nil, err
			}
			return durationUnits[unit], nil
		},
	}
}

func intervalStatics() map[string]static {
	list := func(f func(*scope, []Interval) []Interval) static {
		return func(s *scope, args []any) (any, error) {
			v, ok := argument(args, 0).([]any)
			if !ok {
				return nil, throw("intervals is not iterable")
			}
			intervals, err := intervalsOf(v)
			if err != nil {
				return nil, err
			}
			return intervalList(f(s, intervals)), nil
		}
	}
	return map[string]static{
		"fromDateTimes": func(s *scope, args []any) (any, error) { return s.intervalOf(argument(args, 0), argument(args, 1)) },
		"after":         func(s *scope, args []any) (any, error) { return s.around(argument(args, 0), argument(args, 1), 1) },
		"before":        func(s *scope, args []any) (any, error) { return s.around(argument(args, 0), argument(args, 1), -1) },
		"fromISO": func(s *scope, args []any) (any, error) {
			o, err := optionsAt(args, 1)
			if err != nil {
				return nil, err
			}
			return s.intervalFromISO(argument(args, 0), o)
		},
		"isInterval": isClass("Interval"),
		"merge":      list(func(_ *scope, l []Interval) []Interval { return merge(l) }),
		"xor":        list((*scope).xor),
		"invalid": func(s *scope, args []any) (any, error) {
			why, err := invalidOf(args, "Interval")
			if err != nil {
				return nil, err
			}
			return s.invalidInterval(why.reason, why.explanation), nil
		},
	}
}

// constants are the static values of a class.
func (s *scope) constant(class, name string) (any, bool) {
	switch class {
	case "DateTime":
		if f, ok := presets()[name]; ok {
			return f, true
		}
	case "FixedOffsetZone":
		if name == "utcInstance" {
			return utcZone, true
		}
	case "SystemZone":
		if name == "instance" {
			return s.system, true
		}
	case "Settings":
		switch name {
		case "defaultZone":
			return s.zone, true
		case "defaultLocale", "defaultNumberingSystem", "defaultOutputCalendar", "defaultWeekSettings":
			return nil, true
		case "twoDigitCutoffYear":
			return 60.0, true
		case "throwOnInvalid":
			return Undefined{}, true
		}
	}
	return nil, false
}

// Classes are the names of the classes that have static members.
func Classes() []string {
	return []string{"DateTime", "Duration", "Interval", "Info", "Settings", "Zone", "IANAZone", "FixedOffsetZone", "SystemZone", "InvalidZone"}
}

// StaticNames returns the names of the static methods of a class; IsMethod tells them from its values, which are not here.
func StaticNames(class string) []string {
	var names []string
	for name := range statics()[class] {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ConstantNames returns the names of the static values of a class: DATE_SHORT and so on.
func ConstantNames(class string) []string {
	var names []string
	switch class {
	case "DateTime":
		for name := range presets() {
			names = append(names, name)
		}
	case "FixedOffsetZone":
		names = []string{"utcInstance"}
	case "SystemZone":
		names = []string{"instance"}
	case "Settings":
		names = []string{"defaultZone", "defaultLocale", "defaultNumberingSystem", "defaultOutputCalendar", "defaultWeekSettings", "twoDigitCutoffYear", "throwOnInvalid"}
	}
	slices.Sort(names)
	return names
}

// HasStatic reports whether a class has a static method or value of this name.
func HasStatic(class, name string) bool {
	return statics()[class][name] != nil || slices.Contains(ConstantNames(class), name)
}

// HasStaticMethod reports whether a class has a static method of this name.
func HasStaticMethod(class, name string) bool { return statics()[class][name] != nil }

// callStatic calls a static method or reads a static value.
func callStatic(env Env, class, name string, args []any) (any, error) {
	s := env.scope()
	if m := statics()[class][name]; m != nil {
		return m(s, args)
	}
	if v, ok := s.constant(class, name); ok {
		return v, nil
	}
	return nil, throw("%s.%s is not a function", class, name)
}
