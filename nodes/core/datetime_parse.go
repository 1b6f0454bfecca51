package core

import (
	"math"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

// read reads a date parameter and brings it into the workflow's zone; a Luxon date keeps its own.
func (d *dates) read(param string, i int) (luxon.DateTime, error) {
	v, err := d.given(param, i)
	if err != nil {
		return luxon.DateTime{}, err
	}
	if v.Kind() == nodes.Object { // as good as nothing
		v = nodes.Value{}
	}
	date, err := d.parse(v, "")
	if err != nil {
		return date, nodes.AsError(err).WithParam(param, "")
	}
	if _, own := v.Foreign().(luxon.DateTime); own {
		return date, nil
	}
	return d.inZone(date), nil
}

// given is the value of a date parameter, empty text where the workflow does not set it.
func (d *dates) given(param string, i int) (nodes.Value, error) {
	p := d.call.Param(param)
	if !p.IsSet() {
		return nodes.StringValue(""), nil
	}
	return p.Value(i)
}

// parse reads a date as n8n does: a number, or a text that is one, is seconds since 1970, or milliseconds if it is
// longer than 11 characters; nothing is now. A text without an offset is in the zone of the process, but one that is read by a
// format in the workflow's. In which zone the result is has no meaning.
func (d *dates) parse(v nodes.Value, from string) (luxon.DateTime, error) {
	if date, ok := v.Foreign().(luxon.DateTime); ok {
		return date, nil
	}
	if t, ok := jsDate(v); ok {
		return luxon.At(t), nil
	}
	if v.Kind() == nodes.Undefined {
		return luxon.At(d.call.Engine.Now()), nil
	}
	if v.Kind() == nodes.String && from != "" {
		return d.static("fromFormat", v.Str(), from)
	}
	if n := jsNumber(v); !math.IsNaN(n) && !math.IsInf(n, 0) {
		if n != math.Trunc(n) { // seconds with milliseconds behind the point
			n = math.Round(n * 1000)
		}
		if len(nodes.AppendNumber(nil, n)) > 11 {
			return d.static("fromMillis", n)
		}
		return d.static("fromSeconds", n)
	}
	return d.parseText(v)
}

func (d *dates) parseText(v nodes.Value) (luxon.DateTime, error) {
	local := time.Local //nolint:gosmopolitan // as n8n has it
	text := strings.Trim(v.Str(), jsSpace)
	switch {
	case v.Kind() == nodes.Array:
		t, ok := readDateList(v, local)
		if !ok {
			return luxon.DateTime{}, nodes.Errorf("Invalid date format")
		}
		return luxon.At(t), nil
	case v.Kind() != nodes.String || isTimeOnly(text):
		return luxon.DateTime{}, nodes.Errorf("Invalid date format")
	}
	env := luxon.Env{Now: d.env.Now, Location: local}
	if date, err := asDate(luxon.Static(env, "DateTime", "fromISO", []any{text})); err == nil {
		return date, nil
	}
	if len(text) >= 10 && text[4] == '-' && text[7] == '-' {
		if _, err := d.static("fromISO", text[:10]); err != nil { // such as February 30th, which the other forms take
			return luxon.DateTime{}, err
		}
	}
	ms, ok := looseDate(v, local)
	if !ok {
		return luxon.DateTime{}, nodes.Errorf("Invalid date format")
	}
	return luxon.At(time.UnixMilli(int64(ms))), nil
}

// offsetHours finds the hours of an offset to the east in a date's text; n8n looks at nothing else of it.
var offsetHours = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\+(\d\d?)`)
})

// written is a date in the zone in which it is written if the workflow says none: a Luxon date's own, hours to the east of
// UTC that a text names, else UTC.
func written(date luxon.DateTime, v nodes.Value) luxon.DateTime {
	if _, own := v.Foreign().(luxon.DateTime); own {
		return date
	}
	if m := offsetHours().FindStringSubmatch(v.Str()); m != nil {
		if east, err := method(date, "setZone", "UTC+"+m[1]); err == nil {
			return east
		}
	}
	return luxon.At(date.Time().UTC())
}
