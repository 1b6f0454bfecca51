package files

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// toCalendar writes an item's event as an iCalendar file (RFC 5545), as n8n's library has it.
func toCalendar(ctx context.Context, call *nodes.Call, i int) error {
	p := &params{call: call, item: i}
	e := event{call: call, i: i, p: p}
	key := p.required("data", "binaryPropertyName")
	name := p.text("", "additionalFields", "fileName")
	if name == "" {
		name = "event.ics"
	}
	if p.err != nil {
		return p.err
	}
	content, err := e.write()
	if err != nil {
		return nodes.AsError(err).At(i)
	}
	f, err := keepBytes(ctx, call, nodes.File{MimeType: "text/calendar", FileExtension: "ics"}.Named(name, nil), []byte(content))
	if err != nil {
		return err
	}
	f.FileExtension = "ics"
	emitFile(call, i, key, f)
	return nil
}

// event writes a calendar with one event.
type event struct {
	call *nodes.Call
	i    int
	p    *params
	b    strings.Builder
}

func (e *event) line(name, value string) {
	if value != "" {
		e.b.WriteString(name + value + "\r\n")
	}
}

// field is a text among the additional fields.
func (e *event) field(path ...string) string {
	return e.p.text("", append([]string{"additionalFields"}, path...)...)
}

func (e *event) write() (string, error) {
	start, err := e.instant("start")
	if err != nil {
		return "", err
	}
	end, err := e.instant("end")
	if err != nil {
		return "", err
	}
	title, uid := e.p.text("", "title"), e.field("uid")
	if title == "" {
		title = "undefined" // as n8n writes it
	}
	if uid == "" {
		uid = newUID()
	}
	e.line("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\nPRODID:", "adamgibbons/ics")
	e.line("METHOD:", "PUBLISH")
	e.line("X-WR-CALNAME:", e.field("calName"))
	e.line("X-PUBLISHED-TTL:PT1H\r\nBEGIN:VEVENT\r\nUID:", uid)
	e.line("", fold("SUMMARY:"+escapeCalendar(title)))
	e.line("DTSTAMP:", e.call.Engine.Now().UTC().Format("20060102T150405Z"))
	if e.p.bool(false, "allDay") {
		last := end.AddDate(0, 0, 1) // the end is the first day after the event
		e.line("DTSTART;VALUE=DATE:", start.Format("20060102"))
		e.line("DTEND;VALUE=DATE:", last.Format("20060102"))
	} else {
		e.line("DTSTART:", start.Format("20060102T150405Z"))
		e.line("DTEND:", end.Format("20060102T150405Z"))
	}
	if err := e.details(); err != nil {
		return "", err
	}
	e.line("END:VEVENT\r\nEND:", "VCALENDAR")
	return e.b.String(), e.p.err
}

// details writes the additional fields.
func (e *event) details() error {
	if n := e.p.int(0, "additionalFields", "sequence"); n > 0 {
		e.line("SEQUENCE:", strconv.Itoa(n))
	}
	if s := e.field("description"); s != "" {
		e.line("", fold("DESCRIPTION:"+escapeCalendar(s)))
	}
	if s := e.field("url"); s != "" {
		if u, err := url.Parse(s); err != nil || u.Scheme == "" || u.Host == "" {
			return nodes.Errorf("%q is no URL", s).WithParam("additionalFields.url", "")
		}
		e.line("", fold("URL:"+s))
	}
	if err := e.place(); err != nil {
		return err
	}
	if s := e.field("location"); s != "" {
		e.line("", fold("LOCATION:"+escapeCalendar(s)))
	}
	e.line("STATUS:", e.p.option("", []string{"additionalFields", "status"}, "", "CONFIRMED", "CANCELLED", "TENTATIVE"))
	if email := e.field("organizerUi", "organizerValues", "email"); email != "" {
		if err := checkEmail(email, "additionalFields.organizerUi"); err != nil {
			return err
		}
		e.line("", fold("ORGANIZER;CN="+unquoted(e.field("organizerUi", "organizerValues", "name"))+":mailto:"+email))
	}
	e.line("X-MICROSOFT-CDO-BUSYSTATUS:", e.p.option("", []string{"additionalFields", "busyStatus"}, "", "BUSY", "TENTATIVE"))
	if err := e.attendees(); err != nil {
		return err
	}
	e.line("RRULE:", unquoted(e.field("recurrenceRule")))
	return e.p.err
}

// place writes where the event is.
func (e *event) place() error {
	values := e.p.at("additionalFields", "geolocationUi", "geolocationValues")
	if !values.IsSet() {
		return nil
	}
	var degrees [2]string
	for n, name := range []string{"lat", "lon"} {
		v, err := values.Get(name).Number(e.i, 0)
		if err != nil {
			return err
		}
		degrees[n] = nodes.NumberValue(v).Text()
	}
	e.line("GEO:", degrees[0]+";"+degrees[1])
	return nil
}

func (e *event) attendees() error {
	list, err := e.p.at("additionalFields", "attendeesUi", "attendeeValues").List(e.i)
	if err != nil {
		return err
	}
	for _, a := range list {
		email, err := a.Get("email").String(e.i, "")
		if err != nil {
			return err
		}
		if err := checkEmail(email, a.Name()); err != nil {
			return err
		}
		name, err := a.Get("name").String(e.i, "")
		if err != nil {
			return err
		}
		if name == "" {
			name = "Unnamed attendee"
		}
		rsvp, err := a.Get("rsvp").Bool(e.i, false)
		if err != nil {
			return err
		}
		e.line("", fold("ATTENDEE;RSVP="+strings.ToUpper(strconv.FormatBool(rsvp))+";CN="+unquoted(name)+":mailto:"+email))
	}
	return nil
}

func checkEmail(s, param string) error {
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return nodes.Errorf("%q is no email address", s).WithParam(param, "")
	}
	return nil
}

// instant reads the start or the end of the event as the clock of the process's zone shows it, which is what n8n writes, though
// it says that it were UTC.
func (e *event) instant(name string) (time.Time, error) {
	v, err := e.p.at(name).Value(e.i)
	if err != nil {
		return time.Time{}, err
	}
	if v.Kind() == nodes.Number {
		return time.UnixMilli(int64(v.Num())), nil
	}
	s := v.Text()
	if v.Foreign() != nil {
		s = strings.Trim(v.JSON(), `"`)
	}
	if v.IsNil() || s == "" {
		return time.Time{}, nodes.Errorf("must be a date").WithParam(name, "")
	}
	if t, ok := readInstant(s, time.Local); ok { //nolint:gosmopolitan // as n8n has it
		return t, nil
	}
	return time.Time{}, nodes.Errorf("%q is no date that can be read; write it as 2006-01-02T15:04:05", s).WithParam(name, "")
}

// readInstant reads a date into a zone, which is also that of a date that names none: as in n8n, even of one without a time.
func readInstant(s string, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02", "2006-01",
		"January 2, 2006 15:04:05", "January 2, 2006 15:04", "January 2, 2006", "2006/01/02 15:04:05", "2006/01/02 15:04", "2006/01/02", time.RFC1123Z, time.RFC1123,
		"2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "1/2/2006", "1/2/2006 15:04", "1/2/2006 15:04:05",
		"Jan 2, 2006", "Jan 2, 2006 15:04", "2 Jan 2006", "2 January 2006", "2 Jan 2006 15:04",
	} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.In(zone), true
		}
	}
	return time.Time{}, false
}

// newUID is a new event's id, 21 characters of letters, digits, _ and -.
func newUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])[:21]
}

var calendarEscapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`)

func escapeCalendar(s string) string { return calendarEscapes.Replace(s) }

// unquoted is a text for a place in which it can be neither quoted nor escaped: on one line, without quotes.
func unquoted(s string) string { return strings.NewReplacer("\r", "", "\n", " ", `"`, "").Replace(s) }

// fold breaks a long line.
func fold(s string) string {
	runes := []rune(s)
	var b strings.Builder
	for width := 75; len(runes) > width; width = 74 {
		b.WriteString(string(runes[:width]) + "\r\n\t")
		runes = runes[width:]
	}
	return b.String() + string(runes)
}
