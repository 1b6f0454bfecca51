// Package luxon is Luxon (version 3.7.2) as Go values: what expressions know as DateTime, Duration, Interval, Info, Settings
// and the zones, with their static members, getters and methods under Luxon's names. It also answers the part of Intl that
// Luxon stands on, for the locales in the directory tables: formats of dates and numbers, lists, relative times, plurals.
//
// It follows Luxon, which is under the MIT licence (see LICENSE.luxon), and is held to cases recorded from it; the tables
// are recorded from the Intl of Node with full ICU. It does not know expressions: arguments and results are plain Go
// values (see Object). What is not here fails with ErrNotYet: calendars other than the Gregorian one, locales without a
// table, and a few options of Intl.
package luxon

import (
	"errors"
	"fmt"
)

var (
	// ErrNotYet is returned for a part of Luxon or Intl that is not here.
	ErrNotYet = errors.New("not available yet")
	// ErrArgument is returned where Luxon throws.
	ErrArgument = errors.New("invalid argument")
)

// thrown is an exception of Luxon's: the text is its message.
type thrown struct{ message string }

func (t *thrown) Error() string        { return t.message }
func (t *thrown) Is(target error) bool { return target == ErrArgument }

func throw(format string, args ...any) error { return &thrown{fmt.Sprintf(format, args...)} }

func notYet(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrNotYet)
}

// invalid is why an object is invalid.
type invalid struct {
	reason      string
	explanation any // a text or nil
}

func (i *invalid) field(name string) any {
	switch {
	case i == nil:
		return nil
	case name == "invalidReason":
		return i.reason
	}
	return i.explanation
}

func unitOutOfRange(unit string, value any) *invalid {
	return &invalid{"unit out of range", fmt.Sprintf("you specified %s (of type %s) as a %s, which is invalid", toText(value), typeOf(value), unit)}
}
