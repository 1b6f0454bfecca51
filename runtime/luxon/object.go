package luxon

import "time"

// Object is a Luxon object: DateTime, Duration, Interval, a zone (IANAZone, FixedOffsetZone, SystemZone, InvalidZone) or
// the parser that DateTime.buildFormatParser makes (TokenParser).
//
// Arguments and results are nil (null), Undefined, bool, float64, string, JSDate, []any, Fields or an Object. An error is
// ErrArgument where Luxon throws (its text is Luxon's message), ErrNotYet for what is not here.
type Object interface {
	// Class is the name of the object's class: "DateTime".
	Class() string
	// HasMethod reports whether the object has a method of this name.
	HasMethod(name string) bool
	// Get reads a property; a name that the class does not have gives Undefined.
	Get(name string) (any, error)
	// Call calls a method.
	Call(name string, args []any) (any, error)
	// AppendJSON appends what JSON.stringify gives.
	AppendJSON(dst []byte) []byte
	// String is what String() gives in JavaScript.
	String() string
	// AppendWire appends JSON text that FromWire reads back.
	AppendWire(dst []byte) []byte
}

// Undefined is JavaScript's undefined.
type Undefined struct{}

// JSDate is a JavaScript Date: milliseconds since 1970, NaN if it is invalid.
type JSDate struct{ Ms float64 }

// Field is a member of a plain object.
type Field struct {
	Name  string
	Value any
}

// Fields is a plain object, in the order of its keys.
type Fields []Field

// Env is what Luxon takes from its surroundings. The zero value is the current time, UTC and en-US.
type Env struct {
	Now      func() time.Time
	Location *time.Location // Luxon's default zone: the workflow's
	System   *time.Location // the zone of the process
	Locale   string         // the default locale, en-US if empty
}

// Static calls (or reads, with no arguments) a static member of a class: Static(env, "DateTime", "fromISO", args).
func Static(env Env, class, name string, args []any) (any, error) {
	return callStatic(env, class, name, args)
}

// Zone returns the zone of a name: an IANA name, "utc", "UTC+2", or "local", "default" and "system" for the fallback.
func Zone(name string, fallback *time.Location) (*time.Location, error) {
	if name == "" {
		return nil, throw("zone %q", name)
	}
	z := Env{Location: fallback, System: fallback}.scope().normalizeZone(name)
	if !z.valid() {
		return nil, throw("zone %q", name)
	}
	return z.location(), nil
}
