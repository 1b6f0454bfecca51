package luxon

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	shortDays   = `Mon|Tue|Wed|Thu|Fri|Sat|Sun`
	shortMonths = `Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec`
)

// The shapes are compiled when first needed: most programs never read such dates.
var (
	rfc2822Shape = sync.OnceValue(func() *regexp.Regexp {
		space := `[` + jsSpace + `]`
		return regexp.MustCompile(`^(?:(` + shortDays + `),` + space + `)?(\d{1,2})` + space + `(` + shortMonths + `)` + space + `(\d{2,4})` + space +
			`(\d\d):(\d\d)(?::(\d\d))?` + space + `(?:(UT|GMT|[ECMP][SD]T)|([Zz])|(?:([+-]\d\d)(\d\d)))$`)
	})
	comments = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\([^()]*\)|[\n\t]`) })
	spaces   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[` + jsSpace + `]{2,}`) })
	// httpShapes are RFC 1123, RFC 850 and asctime; each is followed by the units of its groups.
	httpShapes = sync.OnceValue(func() []*regexp.Regexp {
		clock := `(\d\d):(\d\d):(\d\d)`
		return []*regexp.Regexp{
			regexp.MustCompile(`^(?P<w>` + shortDays + `), (?P<d>\d\d) (?P<M>` + shortMonths + `) (?P<y>\d{4}) ` + clock + ` GMT$`),
			regexp.MustCompile(`^(?P<w>Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), (?P<d>\d\d)-(?P<M>` + shortMonths + `)-(?P<y>\d\d) ` + clock + ` GMT$`),
			regexp.MustCompile(`^(?P<w>` + shortDays + `) (?P<M>` + shortMonths + `) (?P<d> \d|\d\d) ` + clock + ` (?P<y>\d{4})$`),
		}
	})
)

var obsoleteOffsets = pairs[string, float64]{
	{"GMT", 0}, {"EDT", -240}, {"EST", -300}, {"CDT", -300}, {"CST", -360}, {"MDT", -360}, {"MST", -420}, {"PDT", -420}, {"PST", -480},
}

// textUnits makes units of the words of such a date.
func textUnits(weekday, year, month, day, hour, minute, second string) dateUnits {
	var u dateUnits
	y := leadingInt(year)
	if len(year) == 2 {
		y = fullYear(y)
	}
	u.put(uYear, y)
	u.put(uMonth, float64(slices.Index(english.months[1], month)+1))
	u.putText(uDay, strings.TrimSpace(day))
	u.putText(uHour, hour)
	u.putText(uMinute, minute)
	if second != "" {
		u.putText(uSecond, second)
	}
	if weekday != "" {
		u.put(uWeekday, float64(slices.Index(english.weekdays[1], weekday[:3])+1))
	}
	return u
}

// fullYear gives a year of two digits its century: 61 is the first of the last one.
func fullYear(year float64) float64 {
	switch {
	case year > 99:
		return year
	case year > 60:
		return 1900 + year
	}
	return 2000 + year
}

func parseRFC2822(text string) (parsed, bool) {
	text = comments().ReplaceAllString(text, " ")
	text = strings.Trim(spaces().ReplaceAllString(text, " "), jsSpace)
	m := rfc2822Shape().FindStringSubmatch(text)
	if m == nil {
		return parsed{}, false
	}
	offset := 0.0
	switch {
	case m[8] == "UT": // Luxon's table does not have it
		return parsed{units: textUnits(m[1], m[4], m[3], m[2], m[5], m[6], m[7]), found: true, zone: &zone{class: "FixedOffsetZone", name: "UTC-NaN", fixed: nan}}, true
	case m[8] != "":
		offset, _ = obsoleteOffsets.get(m[8])
	case m[9] == "":
		offset = signedOffset(m[10], m[11])
	}
	return parsed{units: textUnits(m[1], m[4], m[3], m[2], m[5], m[6], m[7]), found: true, zone: fixedZone(offset)}, true
}

func parseHTTP(text string) (parsed, bool) {
	for _, shape := range httpShapes() {
		m := shape.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		group := func(name string) string { return m[shape.SubexpIndex(name)] }
		first := shape.SubexpIndex("y") + 1 // the groups of the clock follow the year, or the day
		if shape.SubexpIndex("y") == len(m)-1 {
			first = shape.SubexpIndex("d") + 1
		}
		u := textUnits(group("w"), group("y"), group("M"), group("d"), m[first], m[first+1], m[first+2])
		return parsed{units: u, found: true, zone: utcZone}, true
	}
	return parsed{}, false
}
