package core

import (
	"slices"
	"strings"
	"time"

	"github.com/adhocore/gronx"

	"github.com/cordboard/cordboard/nodes"
)

// steady is every so many seconds or minutes, counted from midnight of the zone.
type steady struct{ every time.Duration }

func (s *steady) next(t, _ time.Time) time.Time {
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	n := t.Sub(midnight)/s.every + 1
	next := midnight.Add(n * s.every)
	tomorrow := time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
	if s.every < 24*time.Hour && next.After(tomorrow) { // the count begins anew
		return tomorrow
	}
	return next
}

// calendar is a time of the day, every so many hours, days, weeks or months. Hours that divide a day are those of the clock; all
// else counts from the time before, the first being the next that fits. A time that the clock jumps over is at the end of
// the jump; of two of the same name it is the first.
type calendar struct {
	unit         string
	every        int
	day          int // of the month; 31 is the last one in shorter months
	weekdays     []time.Weekday
	hour, minute int
}

// maxDays bounds the search: ten years of months.
const maxDays = 366 * 11

func (c *calendar) next(t, last time.Time) time.Time {
	if c.unit == "hours" {
		return c.nextHour(t, last)
	}
	for d := range maxDays {
		at := clockTime(t.Year(), t.Month(), t.Day()+d, c.hour, c.minute, t.Location())
		if at.After(t) && c.fits(at, last) {
			return at
		}
	}
	return time.Time{}
}

// clockTime is a time of day. Where the clock jumps over it, Go gives a time of before or after the jump with the other offset:
// what is named otherwise is moved to the jump's end.
func clockTime(year int, month time.Month, day, hour, minute int, loc *time.Location) time.Time {
	at := time.Date(year, month, day, hour, minute, 0, 0, loc)
	if at.Hour() == hour && at.Minute() == minute {
		if before := at.Add(-time.Hour); before.Hour() == hour && before.Minute() == minute { // the hour comes twice
			return before
		}
		return at
	}
	_, jump := at.ZoneBounds()
	if start, _ := at.ZoneBounds(); at.Hour() > hour {
		return start
	}
	return jump
}

func (c *calendar) nextHour(t, last time.Time) time.Time {
	at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), c.minute, 0, 0, t.Location())
	for !at.After(t) {
		at = at.Add(time.Hour)
	}
	for range 24 * maxDays {
		switch {
		case 24%c.every == 0 && at.Hour()%c.every == 0, 24%c.every != 0 && (last.IsZero() || at.Sub(last) >= time.Duration(c.every)*time.Hour):
			return at
		}
		at = at.Add(time.Hour)
	}
	return time.Time{}
}

func (c *calendar) fits(at, last time.Time) bool {
	switch c.unit {
	case "days":
		return last.IsZero() || days(last, at) >= c.every
	case "weeks":
		return slices.Contains(c.weekdays, at.Weekday()) && (last.IsZero() || week(at) == week(last) || week(at)-week(last) >= c.every)
	}
	lastDay := time.Date(at.Year(), at.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	months := (at.Year()-last.Year())*12 + int(at.Month()) - int(last.Month())
	return at.Day() == min(c.day, lastDay) && (last.IsZero() || months >= c.every)
}

// days is how many calendar days lie between two times.
func days(from, to time.Time) int {
	a := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC)
	b := time.Date(to.Year(), to.Month(), to.Day(), 0, 0, 0, 0, time.UTC)
	return int(b.Sub(a) / (24 * time.Hour))
}

// week numbers the weeks, which begin with Sunday.
func week(t time.Time) int {
	sunday := time.Date(1970, 1, 4, 0, 0, 0, 0, time.UTC)
	return days(sunday, t) / 7
}

// cron is the times of an expression with five fields, or six with seconds before them.
type cron struct{ expression string }

func newCron(text string) (schedule, error) {
	text = strings.Join(strings.Fields(text), " ")
	if n := len(strings.Fields(text)); !gronx.IsValid(text) || n > 6 && !strings.HasPrefix(text, "@") {
		e := *nodes.Errorf("Invalid cron expression")
		e.Description = "It has the fields minute, hour, day of the month, month and day of the week, with seconds before them if wanted: 0 9 * * 1-5"
		return nil, e.WithParam("expression", "")
	}
	return &cron{text}, nil
}

func (c *cron) next(t, _ time.Time) time.Time {
	at, err := gronx.NextTickAfter(c.expression, t, false)
	if err != nil {
		return time.Time{}
	}
	return at
}

// readCron reads the rules of the old Cron node.
func readCron(call *nodes.Call) ([]schedule, error) {
	list, err := call.Param("triggerTimes").Get("item").List(0)
	if err != nil {
		return nil, err
	}
	var rules []schedule
	for _, p := range list {
		rule, err := readCronRule(p)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	if rules == nil {
		return nil, nodes.Errorf("no time is set").WithParam("triggerTimes", "")
	}
	return rules, nil
}

func readCronRule(p nodes.Param) (schedule, error) {
	mode, err := p.Get("mode").Option(0, "everyDay", "everyMinute", "everyHour", "everyDay", "everyWeek", "everyMonth", "everyX", "custom")
	if err != nil {
		return nil, err
	}
	r := &numbers{p: p}
	c := &calendar{every: 1}
	switch mode {
	case "everyMinute":
		return &steady{time.Minute}, nil
	case "custom":
		text, err := p.Get("cronExpression").String(0, "")
		if err != nil {
			return nil, err
		}
		return newCron(text)
	case "everyX":
		unit, err := p.Get("unit").Option(0, "hours", "minutes", "hours")
		if err != nil {
			return nil, err
		}
		value := r.get("value", 2, 1, 1000)
		if unit == "minutes" {
			return rulesErr(&steady{time.Duration(value) * time.Minute}, r.err)
		}
		c.unit, c.every = "hours", value
	case "everyHour":
		c.unit, c.minute = "hours", r.get("minute", 0, 0, 59)
	default:
		c.unit, c.hour, c.minute = "days", r.get("hour", 14, 0, 23), r.get("minute", 0, 0, 59)
		if mode == "everyMonth" {
			c.unit, c.day = "months", r.get("dayOfMonth", 1, 1, 31)
		}
		if mode == "everyWeek" {
			c.unit, c.weekdays = "weeks", []time.Weekday{time.Weekday(r.get("weekday", 1, 0, 6))}
		}
	}
	return rulesErr(c, r.err)
}

// readInterval reads the old Interval node: every so many seconds, minutes or hours.
func readInterval(call *nodes.Call) ([]schedule, error) {
	unit, err := call.Param("unit").Option(0, "seconds", "seconds", "minutes", "hours")
	if err != nil {
		return nil, err
	}
	v, err := call.Param("interval").Number(0, 1)
	if err != nil {
		return nil, err
	}
	each := map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour}[unit]
	if !(v > 0) || v > 1e6 {
		return nil, nodes.Errorf("The interval has to be set to at least 1 or higher!").WithParam("interval", "")
	}
	return []schedule{&pace{time.Duration(v * float64(each))}}, nil
}

// pace is every so often from the time before.
type pace struct{ every time.Duration }

func (p *pace) next(t, last time.Time) time.Time {
	if !last.IsZero() && last.Add(p.every).After(t) {
		return last.Add(p.every)
	}
	return t.Add(p.every)
}
