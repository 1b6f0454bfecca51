package files

import (
	"strconv"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// parseCalendar reads an iCalendar file into the JSON that n8n's library makes of it: what is known to it, under its names.
func parseCalendar(s string) (string, error) {
	c := calendarReader{lines: unfold(s)}
	var b nodes.ObjectBuilder
	var zones, events []string
	scalars := map[string]string{}
	for {
		l, ok, err := c.next()
		if err != nil {
			return "", err
		}
		if !ok {
			break
		}
		switch {
		case l.name == "BEGIN" && l.value == "VTIMEZONE":
			zone, err := c.zone()
			if err != nil {
				return "", err
			}
			zones = append(zones, zone)
		case l.name == "BEGIN" && l.value == "VEVENT":
			event, ok, err := c.event()
			if err != nil {
				return "", err
			}
			if ok {
				events = append(events, event)
			}
		case l.name == "BEGIN" && l.value != "VCALENDAR":
			if err := c.skip(l.value); err != nil {
				return "", err
			}
		case l.name != "BEGIN" && l.name != "END":
			scalars[l.name] = l.value
		}
	}
	for _, f := range [][2]string{{"VERSION", "version"}, {"PRODID", "prodId"}, {"METHOD", "method"}, {"NAME", "name"}} {
		if v, ok := scalars[f[0]]; ok && f[0] != "NAME" {
			b.Set(f[1], nodes.StringValue(v))
		}
	}
	if zones != nil {
		b.Raw("timezones", "["+strings.Join(zones, ",")+"]")
	}
	if events != nil {
		b.Raw("events", "["+strings.Join(events, ",")+"]")
	}
	return b.String(), nil
}

// calendarLine is a line: NAME;PARAM=x:value.
type calendarLine struct {
	name, value string
	params      map[string]string
}

type calendarReader struct {
	lines []string
	at    int
}

var lineEnds = pattern(`\r\n|\n|\r`)

// unfold joins lines that were broken.
func unfold(s string) []string {
	var lines []string
	for _, l := range lineEnds().Split(s, -1) {
		if n := len(lines); n > 0 && l != "" && (l[0] == ' ' || l[0] == '\t') {
			lines[n-1] += strings.TrimLeft(l, " \t")
			continue
		}
		lines = append(lines, l)
	}
	return lines
}

// next reads a line; ok is false at the end.
func (c *calendarReader) next() (l calendarLine, ok bool, err error) {
	for c.at < len(c.lines) && strings.TrimSpace(c.lines[c.at]) == "" {
		c.at++
	}
	if c.at >= len(c.lines) {
		return l, false, nil
	}
	text := c.lines[c.at]
	c.at++
	colon, quoted := -1, false
	for i := range len(text) {
		if text[i] == '"' {
			quoted = !quoted
		} else if text[i] == ':' && !quoted {
			colon = i
			break
		}
	}
	if colon < 0 {
		return l, false, nodes.Errorf("Line not valid: %s", text)
	}
	l = calendarLine{value: text[colon+1:], params: map[string]string{}}
	for i, part := range splitUnquoted(text[:colon], ';') {
		if i == 0 {
			l.name = part
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		l.params[strings.ToUpper(name)] = strings.Trim(value, `"`)
	}
	return l, true, nil
}

func splitUnquoted(s string, by byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := range len(s) {
		if s[i] == '"' {
			quoted = !quoted
		} else if s[i] == by && !quoted {
			parts, start = append(parts, s[start:i]), i+1
		}
	}
	return append(parts, s[start:])
}

// skip passes over a component.
func (c *calendarReader) skip(name string) error {
	for {
		l, ok, err := c.next()
		if err != nil || !ok || l.name == "END" && l.value == name {
			return err
		}
	}
}

// zone reads a VTIMEZONE.
func (c *calendarReader) zone() (string, error) {
	id := ""
	var props []string
	for {
		l, ok, err := c.next()
		if err != nil {
			return "", err
		}
		switch {
		case !ok || l.name == "END" && l.value == "VTIMEZONE":
			var b nodes.ObjectBuilder
			b.Raw("props", "["+strings.Join(props, ",")+"]")
			b.Set("id", nodes.StringValue(id))
			return b.String(), nil
		case l.name == "TZID":
			id = l.value
		case l.name == "BEGIN":
			prop, err := c.zoneProp(l.value)
			if err != nil {
				return "", err
			}
			props = append(props, prop)
		}
	}
}

func (c *calendarReader) zoneProp(kind string) (string, error) {
	var b nodes.ObjectBuilder
	b.Set("type", nodes.StringValue(kind))
	for {
		l, ok, err := c.next()
		if err != nil {
			return "", err
		}
		if !ok || l.name == "END" {
			return b.String(), nil
		}
		switch l.name {
		case "DTSTART":
			if t, _, ok := calendarTime(l); ok {
				b.Set("start", nodes.StringValue(t))
			}
		case "TZOFFSETFROM":
			b.Set("offsetFrom", nodes.StringValue(l.value))
		case "TZOFFSETTO":
			b.Set("offsetTo", nodes.StringValue(l.value))
		case "TZNAME":
			b.Set("name", nodes.StringValue(l.value))
		case "RRULE":
			b.Raw("recurrenceRule", recurrence(l.value))
		}
	}
}

// calendarTime is a date as an ISO instant, and its type. Times without a zone that is known count as UTC.
func calendarTime(l calendarLine) (iso, kind string, ok bool) {
	const form = "2006-01-02T15:04:05.000Z"
	for _, layout := range []string{"20060102T150405Z", "20060102T150405"} {
		if t, err := time.Parse(layout, l.value); err == nil {
			return t.Format(form), "DATE-TIME", true
		}
	}
	if t, err := time.Parse("20060102", l.value); err == nil {
		return t.Format(form), "DATE", true
	}
	return "", "", false
}

// calendarDate is a date as the object that n8n has for it; "" if it is none.
func calendarDate(l calendarLine) string {
	iso, kind, ok := calendarTime(l)
	if !ok {
		return ""
	}
	var b nodes.ObjectBuilder
	zone, err := time.LoadLocation(l.params["TZID"])
	if l.params["TZID"] == "" || err != nil || kind == "DATE" || strings.HasSuffix(l.value, "Z") {
		b.Set("date", nodes.StringValue(iso))
		b.Set("type", nodes.StringValue(kind))
		return b.String()
	}
	t, _ := time.ParseInLocation("20060102T150405", l.value, zone) // it was read just now
	b.Set("date", nodes.StringValue(t.UTC().Format("2006-01-02T15:04:05.000Z")))
	b.Set("type", nodes.StringValue(kind))
	var local nodes.ObjectBuilder
	local.Set("date", nodes.StringValue(iso))
	local.Set("timezone", nodes.StringValue(l.params["TZID"]))
	local.Set("tzoffset", nodes.StringValue(t.Format("-0700")))
	b.Raw("local", local.String())
	return b.String()
}

var durationParts = pattern(`^([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// calendarDuration is a duration as an object; "" if it is none.
func calendarDuration(s string) string {
	m := durationParts().FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	var b nodes.ObjectBuilder
	if m[1] == "-" {
		b.Raw("before", "true")
	}
	for i, name := range []string{"weeks", "days", "hours", "minutes", "seconds"} {
		if n, err := strconv.Atoi(m[i+2]); err == nil && n != 0 {
			b.Raw(name, strconv.Itoa(n))
		}
	}
	return b.String()
}

// recurrence is a rule as an object: its parts by n8n's names, months counted from 0.
func recurrence(s string) string {
	var b nodes.ObjectBuilder
	lists := map[string]string{"BYMONTHDAY": "byMonthday", "BYMONTH": "byMonth", "BYSETPOS": "bySetPos", "BYHOUR": "byHour", "BYMINUTE": "byMinute",
		"BYSECOND": "bySecond", "BYYEARDAY": "byYearday", "BYWEEKNO": "byWeekNo"}
	for part := range strings.SplitSeq(s, ";") {
		name, value, _ := strings.Cut(part, "=")
		switch {
		case name == "FREQ":
			b.Set("frequency", nodes.StringValue(value))
		case name == "WKST":
			b.Set("workweekStart", nodes.StringValue(value))
		case name == "INTERVAL" || name == "COUNT":
			if n, err := strconv.Atoi(value); err == nil {
				b.Raw(strings.ToLower(name), strconv.Itoa(n))
			}
		case name == "UNTIL":
			if d := calendarDate(calendarLine{value: value}); d != "" {
				b.Raw("until", d)
			}
		case name == "BYDAY":
			b.Raw("byDay", weekdays(value))
		case lists[name] != "":
			var numbers []string
			for n := range strings.SplitSeq(value, ",") {
				if n, err := strconv.Atoi(n); err == nil {
					if name == "BYMONTH" {
						n--
					}
					numbers = append(numbers, strconv.Itoa(n))
				}
			}
			b.Raw(lists[name], "["+strings.Join(numbers, ",")+"]")
		}
	}
	return b.String()
}

func weekdays(s string) string {
	var days []string
	for day := range strings.SplitSeq(s, ",") {
		var b nodes.ObjectBuilder
		if len(day) > 2 {
			b.Set("day", nodes.StringValue(day[len(day)-2:]))
			if n, err := strconv.Atoi(day[:len(day)-2]); err == nil {
				b.Raw("occurence", strconv.Itoa(n)) //nolint:misspell // it is n8n's name
			}
		} else {
			b.Set("day", nodes.StringValue(day))
		}
		days = append(days, b.String())
	}
	return "[" + strings.Join(days, ",") + "]"
}
