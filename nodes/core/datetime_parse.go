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
	v, err := d.call.Param(param).Value(i)
	if err != nil {
		return luxon.DateTime{}, err
	}
	date, err := d.parse(v, "")
	if err != nil {
		return date, nodes.AsError(err).WithParam(param, "")
	}
	if v.Kind() == nodes.Foreign {
		return date, nil
	}
	return d.inZone(date)
}

// parse reads a date as n8n does: a number, or a text that is one, is seconds since 1970, or milliseconds if it is
// longer than 11 characters; nothing is now. A text's offset is kept.
func (d *dates) parse(v nodes.Value, from string) (luxon.DateTime, error) {
	if date, ok := v.Foreign().(luxon.DateTime); ok {
		return date, nil
	}
	if t, ok := jsDate(v); ok {
		return luxon.At(t.In(d.call.Engine.Location())), nil
	}
	if v.Kind() == nodes.Undefined {
		return luxon.At(d.call.Engine.Now().In(d.call.Engine.Location())), nil
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
	text := strings.Trim(v.Str(), jsSpace)
	if v.Kind() != nodes.String || timeOnly.MatchString(text) {
		return luxon.DateTime{}, nodes.Errorf("Invalid date format")
	}
	if date, err := d.static("fromISO", text, luxon.Fields{{Name: "setZone", Value: true}}); err == nil {
		return date, nil
	}
	if len(text) >= 10 && text[4] == '-' && text[7] == '-' {
		if _, err := d.static("fromISO", text[:10]); err != nil { // such as February 30th, which the other forms take
			return luxon.DateTime{}, err
		}
	}
	ms, ok := looseDate(v, d.call.Engine.Location())
	if !ok {
		return luxon.DateTime{}, nodes.Errorf("Invalid date format")
	}
	date := luxon.At(time.UnixMilli(int64(ms)).In(d.call.Engine.Location()))
	if offset := textOffset().FindString(text); offset != "" {
		return method(date, "setZone", "UTC"+offset[:3]+":"+offset[len(offset)-2:])
	}
	return date, nil
}

// textOffset finds the offset in a date's text.
var textOffset = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[+-]\d\d:?\d\d\b`)
})
