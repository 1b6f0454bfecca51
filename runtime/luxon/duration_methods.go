package luxon

import (
	"maps"
	"math"
	"sync"
)

type durationMethod func(d Duration, args []any) (any, error)

var durationMethods = sync.OnceValue(func() map[string]durationMethod {
	// changed is a method that leaves an invalid duration as it is.
	changed := func(f func(Duration) Duration) durationMethod {
		return func(d Duration, _ []any) (any, error) {
			if !d.valid() {
				return d, nil
			}
			return f(d), nil
		}
	}
	options := func(f func(Duration, Fields) (any, error), i int) durationMethod {
		return func(d Duration, args []any) (any, error) {
			return f(d, spreadAt(args, i))
		}
	}
	iso := func(d Duration, _ []any) (any, error) {
		if !d.valid() {
			return nil, nil
		}
		return d.isoText(), nil
	}
	millis := func(d Duration, _ []any) (any, error) { return d.millis(), nil }
	all := unitMethods()
	maps.Copy(all, map[string]durationMethod{
		"toISO": iso, "toJSON": iso, "toString": iso, "toMillis": millis, "valueOf": millis,
		"toISOTime": options(Duration.isoTime, 0),
		"toHuman":   options(func(d Duration, o Fields) (any, error) { return d.human(o) }, 0),
		"toFormat": func(d Duration, args []any) (any, error) {
			format, ok := argument(args, 0).(string)
			if !ok && d.valid() {
				return nil, throw("fmt.charAt is not a function")
			}
			o, err := optionsAt(args, 1)
			if err != nil {
				return nil, err
			}
			return d.format(format, o)
		},
		"toObject":    func(d Duration, _ []any) (any, error) { return d.object(), nil },
		"plus":        func(d Duration, args []any) (any, error) { return d.plusMethod(args, false) },
		"minus":       func(d Duration, args []any) (any, error) { return d.plusMethod(args, true) },
		"negate":      changed(Duration.negate),
		"normalize":   changed(Duration.normalize),
		"rescale":     changed(func(d Duration) Duration { return d.normalize().shiftTo(allShifted).withoutZeros() }),
		"shiftToAll":  changed(func(d Duration) Duration { return d.shiftTo(allShifted) }),
		"removeZeros": changed(Duration.withoutZeros),
		"shiftTo": func(d Duration, args []any) (any, error) {
			if !d.valid() || len(args) == 0 {
				return d, nil
			}
			units, err := unitsOrOne(args)
			if err != nil {
				return nil, err
			}
			return d.shiftTo(units), nil
		},
		"reconfigure": options(Duration.reconfigure, 0),
	})
	return all
})

// unitMethods are those that look at single units.
func unitMethods() map[string]durationMethod {
	return map[string]durationMethod{
		"as":  func(d Duration, args []any) (any, error) { return d.inUnit(argument(args, 0), Duration.as) },
		"get": func(d Duration, args []any) (any, error) { return d.unit(argument(args, 0)) },
		"set": func(d Duration, args []any) (any, error) {
			if !d.valid() {
				return d, nil
			}
			err := d.read(fieldsOf(argument(args, 0)))
			return d, err
		},
		"equals": func(d Duration, args []any) (any, error) {
			v := argument(args, 0)
			if isNullish(v) && d.valid() {
				return nil, throw("Cannot read properties of %s (reading 'isValid')", toText(v))
			}
			o, ok := v.(Duration)
			return ok && d.equals(o), nil
		},
	}
}

// inUnit is as: NaN for an invalid duration, whatever the unit.
func (d Duration) inUnit(v any, f func(Duration, int) float64) (any, error) {
	if !d.valid() {
		return math.NaN(), nil
	}
	unit, err := durationUnit(v)
	if err != nil {
		return nil, err
	}
	return f(d, unit), nil
}

func (d Duration) unit(v any) (any, error) {
	unit, err := durationUnit(v)
	if err != nil {
		return nil, err
	}
	return d.value(unit), nil
}

func (d Duration) plusMethod(args []any, negate bool) (any, error) {
	if !d.valid() {
		return d, nil
	}
	v := argument(args, 0)
	if name, ok := argument(args, 1).(string); ok && typeOf(v) != "object" { // n8n's form: an amount and a unit
		v = Fields{{name, v}}
	}
	other, err := d.env.durationLike(v)
	if err != nil {
		return nil, err
	}
	if negate {
		other = other.negate()
	}
	return d.plus(other), nil
}

func (d Duration) reconfigure(o Fields) (any, error) {
	l, err := d.loc.clone(d.env, Fields{{"locale", o.Get("locale")}, {"numberingSystem", o.Get("numberingSystem")}}, false)
	if err != nil {
		return nil, err
	}
	m, err := readMatrix(o.Get("matrix"))
	if err != nil {
		return nil, err
	}
	accuracy := firstText(o.text("conversionAccuracy"), d.accuracy)
	if m == nil {
		m = d.m // the matrix stays, whatever the accuracy is called
	}
	out := d.env.newDuration(l, accuracy, m)
	out.v, out.order, out.n, out.bad = d.v, d.order, d.n, nil
	return out, nil
}

// Class is "Duration".
func (d Duration) Class() string { return "Duration" }

// HasMethod reports whether a Duration has a method of this name.
func (d Duration) HasMethod(name string) bool { return durationMethods()[name] != nil }

// Call calls a method.
func (d Duration) Call(name string, args []any) (any, error) {
	m := durationMethods()[name]
	if m == nil {
		return nil, throw("%s is not a function", name)
	}
	return m(d, args)
}

// Get reads a property.
func (d Duration) Get(name string) (any, error) {
	switch name {
	case "isValid":
		return d.valid(), nil
	case "isLuxonDuration":
		return true, nil
	case "invalidReason", "invalidExplanation":
		return d.bad.field(name), nil
	case "conversionAccuracy":
		return d.accuracy, nil
	case "values":
		if !d.valid() {
			return Undefined{}, nil
		}
		return d.object(), nil
	case "locale", "numberingSystem":
		if !d.valid() {
			return nil, nil
		}
		if name == "locale" {
			return d.loc.name, nil
		}
		return textOrNull(d.loc.digits), nil
	}
	for unit, n := range durationUnits {
		if n == name {
			return d.value(unit), nil
		}
	}
	return Undefined{}, nil
}

// String is String(duration): the ISO text, null for an invalid one.
func (d Duration) String() string {
	if !d.valid() {
		return "null"
	}
	return d.isoText()
}

// AppendJSON appends the ISO text, or null.
func (d Duration) AppendJSON(dst []byte) []byte {
	if !d.valid() {
		return append(dst, "null"...)
	}
	return append(append(append(dst, '"'), d.isoText()...), '"')
}
