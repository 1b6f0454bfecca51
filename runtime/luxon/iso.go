package luxon

import (
	"math"
	"strconv"
)

// isoOptions are the options of toISO and its like.
type isoOptions struct {
	basic, noSeconds, noMillis, offset, extendedZone bool
	precision                                        int // a unit of dates
}

var isoDefaults = isoOptions{offset: true, precision: uMillisecond}

func readISOOptions(o Fields) (isoOptions, error) {
	if len(o) == 0 {
		return isoDefaults, nil
	}
	opts := isoOptions{
		noSeconds: o.flag("suppressSeconds", false), noMillis: o.flag("suppressMilliseconds", false),
		offset: o.flag("includeOffset", true), extendedZone: o.flag("extendedZone", false), precision: uMillisecond,
	}
	if v := o.Get("format"); !isUndefined(v) && v != "extended" {
		opts.basic = true
	}
	var err error
	opts.precision, err = readPrecision(o, uMillisecond)
	return opts, err
}

func readPrecision(o Fields, otherwise int) (int, error) {
	v := o.Get("precision")
	if isUndefined(v) {
		return otherwise, nil
	}
	name, ok := v.(string)
	if !ok {
		return 0, throw("unit.toLowerCase is not a function")
	}
	unit, err := dateUnit(name)
	if err != nil || unit >= uLocalWeekYear {
		return 0, throw("Invalid unit %s", name)
	}
	return unit, nil
}

// appendPadded appends an integer with at least n digits.
func appendPadded(dst []byte, v, n int) []byte {
	if v < 0 {
		dst, v = append(dst, '-'), -v
	}
	for limit := int(math.Pow10(n - 1)); n > 1 && v < limit; limit /= 10 {
		dst = append(dst, '0')
		n--
	}
	return strconv.AppendInt(dst, int64(v), 10)
}

func (d DateTime) appendISODate(dst []byte, basic bool, precision int) []byte {
	c := d.c
	switch {
	case c.year > 9999:
		dst = appendPadded(append(dst, '+'), int(c.year), 6)
	case c.year < 0:
		dst = appendPadded(dst, int(c.year), 6)
	default:
		dst = appendPadded(dst, int(c.year), 4)
	}
	if precision == uYear {
		return dst
	}
	if !basic {
		dst = append(dst, '-')
	}
	dst = appendPadded(dst, int(c.month), 2)
	if precision == uMonth {
		return dst
	}
	if !basic {
		dst = append(dst, '-')
	}
	return appendPadded(dst, int(c.day), 2)
}

func (d DateTime) appendISO(dst []byte, o isoOptions) []byte {
	dst = d.appendISODate(dst, o.basic, o.precision)
	return d.appendISOTime(dst, o, o.precision >= uHour && o.precision <= uMillisecond)
}

// appendISOTime appends the time of day, and the offset where that is asked for; prefix puts a T before.
func (d DateTime) appendISOTime(dst []byte, o isoOptions, prefix bool) []byte {
	if prefix && o.precision >= uHour && o.precision <= uMillisecond {
		dst = append(dst, 'T')
	}
	if o.precision != uDay && o.precision != uMonth && o.precision != uYear {
		dst = d.appendClock(dst, o)
	}
	if o.offset {
		dst = d.appendOffset(dst, o.extendedZone)
	}
	if o.extendedZone {
		dst = append(append(append(dst, '['), d.zone.ianaName()...), ']')
	}
	return dst
}

func (d DateTime) appendClock(dst []byte, o isoOptions) []byte {
	c := d.c
	colon := func() {
		if !o.basic {
			dst = append(dst, ':')
		}
	}
	seconds := !o.noSeconds || c.ms != 0 || c.second != 0
	dst = appendPadded(dst, int(c.hour), 2)
	if o.precision == uHour {
		return dst
	}
	colon()
	dst = appendPadded(dst, int(c.minute), 2)
	if o.precision == uMinute {
		return dst
	}
	if seconds {
		colon()
		dst = appendPadded(dst, int(c.second), 2)
	}
	if o.precision == uSecond {
		return dst
	}
	if seconds && (!o.noMillis || c.ms != 0) {
		dst = appendPadded(append(dst, '.'), int(c.ms), 3)
	}
	return dst
}

func (d DateTime) appendOffset(dst []byte, extendedZone bool) []byte {
	if d.zone.class == "FixedOffsetZone" && d.off == 0 && !extendedZone {
		return append(dst, 'Z')
	}
	minutes := d.off
	if minutes < 0 {
		dst, minutes = append(dst, '-'), -minutes
	} else {
		dst = append(dst, '+')
	}
	dst = appendPadded(dst, int(minutes/60), 2)
	return appendPadded(append(dst, ':'), int(math.Mod(minutes, 60)), 2)
}

// toISO, toISODate and toISOTime give null for an invalid date.
func (d DateTime) toISO(o Fields) (any, error) {
	if !d.Valid() {
		return nil, nil
	}
	opts, err := readISOOptions(o)
	if err != nil {
		return nil, err
	}
	return string(d.appendISO(make([]byte, 0, 32), opts)), nil
}

func (d DateTime) toISODate(o Fields) (any, error) {
	if !d.Valid() {
		return nil, nil
	}
	precision, err := readPrecision(o, uDay)
	if err != nil {
		return nil, err
	}
	v := o.Get("format")
	return string(d.appendISODate(nil, !isUndefined(v) && v != "extended", precision)), nil
}

func (d DateTime) toISOTime(o Fields) (any, error) {
	if !d.Valid() {
		return nil, nil
	}
	opts, err := readISOOptions(o)
	if err != nil {
		return nil, err
	}
	return string(d.appendISOTime(nil, opts, o.flag("includePrefix", false))), nil
}

// technical formats with English words and plain digits; null for an invalid date.
func (d DateTime) technical(format string, allowZ bool) (any, error) {
	if !d.Valid() {
		return nil, nil
	}
	f := formatter{loc: &locale{name: "en-US", specified: "en-US"}, simple: true, allowZ: allowZ}
	return f.format(d, format)
}

func sqlTimeFormat(o Fields) string {
	format := "HH:mm:ss.SSS"
	zone, offset := o.flag("includeZone", false), o.flag("includeOffset", true)
	if (zone || offset) && o.flag("includeOffsetSpace", true) {
		format += " "
	}
	switch {
	case zone:
		format += "z"
	case offset:
		format += "ZZ"
	}
	return format
}

func (d DateTime) toSQL(o Fields) (any, error) {
	if !d.Valid() {
		return nil, nil
	}
	clock, err := d.technical(sqlTimeFormat(o), true)
	if err != nil {
		return nil, err
	}
	return string(d.appendISODate(nil, false, uDay)) + " " + clock.(string), nil
}
