package luxon

import "strings"

func lowered(v any) string { return strings.ToLower(toText(v)) }

func infoStatics() map[string]static {
	// words lists names; the locale is looked up from the options in args[1].
	words := func(defaultLength string, f func(l *locale, length string) ([]string, error)) static {
		return func(s *scope, args []any) (any, error) {
			length := defaultLength
			if v := argument(args, 0); !isUndefined(v) {
				length = toText(v)
			}
			l, err := s.infoLocale(args, 1)
			if err != nil {
				return nil, err
			}
			list, err := f(l, length)
			if err != nil || list == nil {
				return nil, err
			}
			return textList(list), nil
		}
	}
	weeks := func(f func(w weekSettings) any) static {
		return func(s *scope, args []any) (any, error) {
			l, err := s.infoLocale(args, 0)
			if err != nil {
				return nil, err
			}
			w, err := l.settings()
			if err != nil {
				return nil, err
			}
			return f(w), nil
		}
	}
	return map[string]static{
		"hasDST": hasDST, "isValidIANAZone": isValidZone,
		"normalizeZone":             func(s *scope, args []any) (any, error) { return s.normalizeZone(argument(args, 0)), nil },
		"getStartOfWeek":            weeks(func(w weekSettings) any { return w.firstDay }),
		"getMinimumDaysInFirstWeek": weeks(func(w weekSettings) any { return w.minimalDays }),
		"getWeekendWeekdays": weeks(func(w weekSettings) any {
			days := make([]any, len(w.weekend))
			for i, d := range w.weekend {
				days[i] = d
			}
			return days
		}),
		"months":         words("long", func(l *locale, length string) ([]string, error) { return l.months(length, false) }),
		"monthsFormat":   words("long", func(l *locale, length string) ([]string, error) { return l.months(length, true) }),
		"weekdays":       words("long", func(l *locale, length string) ([]string, error) { return l.weekdays(length, false) }),
		"weekdaysFormat": words("long", func(l *locale, length string) ([]string, error) { return l.weekdays(length, true) }),
		"eras":           words("short", func(l *locale, length string) ([]string, error) { return l.eras(length) }),
		"meridiems": func(s *scope, args []any) (any, error) {
			l, err := s.infoLocale(args, 0)
			if err != nil {
				return nil, err
			}
			list, err := l.meridiems()
			return textList(list), err
		},
		"features": func(*scope, []any) (any, error) { return Fields{{"relative", true}, {"localeWeek", true}}, nil },
	}
}

func textList(list []string) []any {
	out := make([]any, len(list))
	for i, text := range list {
		out[i] = text
	}
	return out
}

func (s *scope) infoLocale(args []any, i int) (*locale, error) {
	o, err := optionsAt(args, i)
	if err != nil {
		return nil, err
	}
	calendar := firstText(o.text("outputCalendar"), "gregory")
	return s.newLocale(o.text("locale"), o.text("numberingSystem"), calendar, nil, false)
}

// hasDST reports whether the offsets of June and December differ; for what is no zone they do.
func hasDST(s *scope, args []any) (any, error) {
	z := s.normalizeZone(argument(args, 0))
	if _, given := argument(args, 0).(*zone); (given || isUndefined(argument(args, 0))) && z.class == "FixedOffsetZone" {
		return false, nil
	}
	now := s.date(s.millis(), s.zone, s.locale).setZone(z, false)
	if !now.Valid() {
		return true, nil
	}
	december := now.withUnits(unitsOf("month", 12))
	return december.off != december.withUnits(unitsOf("month", 6)).off, nil
}
