package files

import (
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// eventTexts are the properties of an event that are taken as they are, by n8n's names.
var eventTexts = map[string]string{
	"UID": "uid", "SUMMARY": "summary", "DESCRIPTION": "description", "LOCATION": "location", "STATUS": "status", "URL": "url", "CLASS": "class",
	"PRIORITY": "priority", "TRANSP": "timeTransparent", "COMMENT": "comment", "ATTACH": "attach", "GEO": "geo", "RECURRENCE-ID": "recurrenceId",
}

// eventDates are its dates.
var eventDates = map[string]string{"DTSTAMP": "stamp", "DTSTART": "start", "DTEND": "end", "CREATED": "created", "LAST-MODIFIED": "lastModified"}

// event reads a VEVENT; ok is false if it does not end.
func (c *calendarReader) event() (json string, ok bool, err error) {
	var (
		b                 nodes.ObjectBuilder
		alarms, attendees []string
	)
	for {
		l, more, err := c.next()
		if err != nil || !more {
			return "", false, err
		}
		switch {
		case l.name == "END" && l.value == "VEVENT":
			if alarms != nil {
				b.Raw("alarms", "["+strings.Join(alarms, ",")+"]")
			}
			if attendees != nil {
				b.Raw("attendees", "["+strings.Join(attendees, ",")+"]")
			}
			normal, err := nodes.Normalize(b.String()) // of a property that comes twice the last one counts
			return normal, true, err
		case l.name == "END":
			return "", false, nil
		case l.name == "BEGIN" && l.value == "VALARM":
			alarm, err := c.alarm()
			if err != nil {
				return "", false, err
			}
			alarms = append(alarms, alarm)
		case l.name == "BEGIN":
			if err := c.skip(l.value); err != nil {
				return "", false, err
			}
		case l.name == "ATTENDEE":
			attendees = append(attendees, attendee(l))
		default:
			setProperty(&b, l)
		}
	}
}

// setProperty adds a property of an event.
func setProperty(b *nodes.ObjectBuilder, l calendarLine) {
	switch {
	case eventTexts[l.name] != "":
		b.Set(eventTexts[l.name], nodes.StringValue(l.value))
	case eventDates[l.name] != "":
		if d := calendarDate(l); d != "" {
			b.Raw(eventDates[l.name], d)
		}
	case l.name == "DURATION":
		if d := calendarDuration(l.value); d != "" {
			b.Raw("duration", d)
		}
	case l.name == "RRULE":
		b.Raw("recurrenceRule", recurrence(l.value))
	case l.name == "CATEGORIES":
		list := []byte{'['}
		for i, s := range strings.Split(l.value, ",") {
			if i > 0 {
				list = append(list, ',')
			}
			list = nodes.AppendString(list, s)
		}
		b.Raw("categories", string(append(list, ']')))
	case l.name == "ORGANIZER":
		var o nodes.ObjectBuilder
		if name := l.params["CN"]; name != "" {
			o.Set("name", nodes.StringValue(name))
		}
		o.Set("email", nodes.StringValue(address(l.value)))
		b.Raw("organizer", o.String())
	}
}

// address is an email address without its scheme.
func address(s string) string {
	if len(s) >= 7 && strings.EqualFold(s[:7], "mailto:") {
		return s[7:]
	}
	return s
}

func attendee(l calendarLine) string {
	var b nodes.ObjectBuilder
	b.Set("email", nodes.StringValue(address(l.value)))
	for _, p := range [][2]string{{"DIR", "dir"}, {"MEMBER", "member"}, {"CN", "name"}, {"PARTSTAT", "partstat"}, {"ROLE", "role"}, {"SENT-BY", "sentBy"}} {
		if v := l.params[p[0]]; v != "" {
			b.Set(p[1], nodes.StringValue(address(v)))
		}
	}
	return b.String()
}

// alarm reads a VALARM.
func (c *calendarReader) alarm() (string, error) {
	var (
		b         nodes.ObjectBuilder
		attendees []string
	)
	for {
		l, ok, err := c.next()
		if err != nil {
			return "", err
		}
		switch {
		case !ok || l.name == "END":
			if attendees != nil {
				b.Raw("attendees", "["+strings.Join(attendees, ",")+"]")
			}
			return b.String(), nil
		case l.name == "TRIGGER":
			b.Raw("trigger", trigger(l))
		case l.name == "REPEAT":
			if n, err := strconv.Atoi(l.value); err == nil {
				b.Raw("repeat", strconv.Itoa(n))
			}
		case l.name == "ATTENDEE":
			attendees = append(attendees, attendee(l))
		case l.name == "DURATION":
			if d := calendarDuration(l.value); d != "" {
				b.Raw("duration", d)
			}
		case l.name == "ACTION" || l.name == "SUMMARY" || l.name == "DESCRIPTION":
			b.Set(strings.ToLower(l.name), nodes.StringValue(l.value))
		}
	}
}

func trigger(l calendarLine) string {
	var b, options nodes.ObjectBuilder
	if r := l.params["RELATED"]; r != "" {
		options.Set("related", nodes.StringValue(r))
	}
	if d := calendarDuration(l.value); d != "" {
		b.Set("type", nodes.StringValue("relative"))
		b.Raw("value", d)
	} else if d := calendarDate(l); d != "" {
		b.Set("type", nodes.StringValue("absolute"))
		b.Raw("value", d)
	}
	b.Raw("options", options.String())
	return b.String()
}
