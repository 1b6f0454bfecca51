package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// scheduleTrigger starts runs by the clock, in the workflow's time zone: at intervals, and at the times of cron expressions.
// Cron and Interval are its forerunners: what differs is how the parameters say it, and their items are empty.
type scheduleTrigger struct {
	read func(call *nodes.Call) ([]schedule, error)
	item func(at time.Time) nodes.Item
	// pause is nodes.Pause, but in tests.
	pause func(context.Context, time.Duration) error
}

var _ nodes.ByHand = scheduleTrigger{}

// schedule gives the times of one rule.
type schedule interface {
	// next is the first time after t. last is the time before it, zero at first: rules such as "every 3 days" count from it.
	// It is zero if there is none.
	next(t, last time.Time) time.Time
}

func newScheduleTrigger() scheduleTrigger {
	return scheduleTrigger{readSchedules, scheduleItem, nodes.Pause}
}

func newCronTrigger() scheduleTrigger {
	return scheduleTrigger{readCron, func(time.Time) nodes.Item { return nodes.NewItem("{}") }, nodes.Pause}
}

func newIntervalTrigger() scheduleTrigger {
	return scheduleTrigger{readInterval, func(time.Time) nodes.Item { return nodes.NewItem("{}") }, nodes.Pause}
}

// ByHand is nodes.ByHand's.
func (scheduleTrigger) ByHand() {}

// Execute gives the item of now, for a run by hand, or hands on the items of the event that started the run.
func (s scheduleTrigger) Execute(_ context.Context, call *nodes.Call) error {
	if _, err := s.read(call); err != nil {
		return err
	}
	in := call.Input(0)
	if in.Len() == 1 && in.At(0).JSON() == "{}" {
		call.EmitFrom(0, 0, s.item(call.Engine.Now().In(call.Engine.Location())))
		return nil
	}
	for i, it := range in.All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

// recheck is how long the trigger sleeps at most: the clock may be set, or the machine sleep, meanwhile.
const recheck = 30 * time.Second

// Listen starts a run at each time of each rule. A time that passed while the machine slept is made up for once.
func (s scheduleTrigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	rules, err := s.read(call)
	if err != nil {
		return err
	}
	now := func() time.Time { return call.Engine.Now().In(call.Engine.Location()) }
	due, ran := make([]time.Time, len(rules)), make([]time.Time, len(rules)) // of each rule the next time and the one before
	since := lastTime(ctx, call)
	for i, r := range rules {
		due[i] = r.next(now(), time.Time{})
		if missed := r.next(since, since); !since.IsZero() && missed.Before(now()) {
			due[i] = missed // made up for once, by the latest of its times
			for next := r.next(missed, missed); !next.IsZero() && next.Before(now()); next = r.next(next, next) {
				due[i] = next
			}
		}
	}
	for {
		i := earliest(due)
		if i < 0 {
			return errors.New("none of the schedule's rules has a time to come")
		}
		call.Log.Info("the next run by schedule", "at", due[i].Format(time.RFC3339))
		back := false
		for at := now(); !back && at.Before(due[i]); at = now() {
			if s.pause(ctx, min(due[i].Sub(at), recheck)) != nil {
				return nil //nolint:nilerr // it was cancelled, which is how a trigger ends
			}
			back = now().Before(at)
		}
		if back { // the clock was set back: what is due now may be before what was due then
			for k, r := range rules {
				last := ran[k]
				if last.After(now()) {
					last = time.Time{}
				}
				if next := r.next(now(), last); !next.IsZero() && next.Before(due[k]) {
					due[k] = next
				}
			}
			continue
		}
		// Another server may have the same schedule for a moment.
		if _, err := start(nodes.Once(ctx, "at "+strconv.FormatInt(due[i].UnixMilli(), 10)), nodes.ItemsOf(s.item(due[i]))); err != nil {
			return err
		}
		if call.History != nil && call.MissedOnce {
			if err := call.History.SetLatest(ctx, scheduleScope+call.Name, strconv.FormatInt(due[i].UnixMilli(), 10)); err != nil {
				call.Log.Warn("a time that is missed from now on may be made up for twice", "error", err)
			}
		}
		at := due[i]
		for k, r := range rules { // rules that have the same time start one run
			if !due[k].After(at) && !due[k].IsZero() {
				ran[k] = due[k]
				due[k] = r.next(latest(at, now()), due[k])
			}
		}
	}
}

// scheduleScope is where the history has the time of a schedule's last run.
const scheduleScope = "schedule "

// lastTime is the time of the last run by this schedule, where times that were missed are to be made up for; else zero.
func lastTime(ctx context.Context, call *nodes.Call) time.Time {
	if call.History == nil || !call.MissedOnce {
		return time.Time{}
	}
	text, err := call.History.Latest(ctx, scheduleScope+call.Name)
	if err != nil {
		call.Log.Warn("it is not known whether a time was missed", "error", err)
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{} // there was none
	}
	return time.UnixMilli(ms).In(call.Engine.Location())
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(times []time.Time) int {
	first := -1
	for i, t := range times {
		if !t.IsZero() && (first < 0 || t.Before(times[first])) {
			first = i
		}
	}
	return first
}

// scheduleItem is the item of a time, as n8n gives it.
func scheduleItem(at time.Time) nodes.Item {
	day := at.Day()
	ordinal := "th"
	if day%100 < 11 || day%100 > 13 {
		ordinal = map[int]string{1: "st", 2: "nd", 3: "rd"}[day%10]
		if ordinal == "" {
			ordinal = "th"
		}
	}
	clock := at.Format("3:04:05 pm")
	var b nodes.ObjectBuilder
	for _, field := range []struct{ name, value string }{
		{"timestamp", at.Format("2006-01-02T15:04:05.000-07:00")},
		{"Readable date", fmt.Sprintf("%s %d%s %d, %s", at.Month(), day, ordinal, at.Year(), clock)},
		{"Readable time", clock},
		{"Day of week", at.Weekday().String()},
		{"Year", at.Format("2006")},
		{"Month", at.Month().String()},
		{"Day of month", at.Format("02")},
		{"Hour", at.Format("15")},
		{"Minute", at.Format("04")},
		{"Second", at.Format("05")},
		{"Timezone", fmt.Sprintf("%s (UTC%s)", at.Location(), at.Format("-07:00"))},
	} {
		b.Set(field.name, nodes.StringValue(field.value))
	}
	return nodes.NewItem(b.String())
}

// readSchedules reads the rules of a Schedule Trigger.
func readSchedules(call *nodes.Call) ([]schedule, error) {
	list, err := call.Param("rule").Get("interval").List(0)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return []schedule{&calendar{unit: "days", every: 1}}, nil
	}
	rules := make([]schedule, len(list))
	for i, p := range list {
		if rules[i], err = readRule(p); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

func readRule(p nodes.Param) (schedule, error) {
	field, err := p.Get("field").Option(0, "days", "seconds", "minutes", "hours", "days", "weeks", "months", "cronExpression")
	if err != nil {
		return nil, err
	}
	r := &numbers{p: p}
	switch field {
	case "cronExpression":
		text, err := p.Get("expression").String(0, "")
		if err != nil {
			return nil, err
		}
		return newCron(text)
	case "seconds":
		return rulesErr(&steady{every: time.Duration(r.get("secondsInterval", 30, 1, 86400)) * time.Second}, r.err)
	case "minutes":
		return rulesErr(&steady{every: time.Duration(r.get("minutesInterval", 5, 1, 1440*7)) * time.Minute}, r.err)
	}
	c := &calendar{unit: field, every: 1}
	switch field {
	case "hours":
		c.every, c.minute = r.get("hoursInterval", 1, 1, 24*366), r.get("triggerAtMinute", 0, 0, 59)
	case "days":
		c.every, c.hour, c.minute = r.get("daysInterval", 1, 1, 366), r.get("triggerAtHour", 0, 0, 23), r.get("triggerAtMinute", 0, 0, 59)
	case "weeks":
		c.every, c.hour, c.minute = r.get("weeksInterval", 1, 1, 520), r.get("triggerAtHour", 0, 0, 23), r.get("triggerAtMinute", 0, 0, 59)
		if c.weekdays, err = weekdays(p.Get("triggerAtDay")); err != nil {
			return nil, err
		}
	case "months":
		c.every, c.day = r.get("monthsInterval", 1, 1, 120), r.get("triggerAtDayOfMonth", 1, 1, 31)
		c.hour, c.minute = r.get("triggerAtHour", 0, 0, 23), r.get("triggerAtMinute", 0, 0, 59)
	}
	return rulesErr(c, r.err)
}

func rulesErr(s schedule, err error) (schedule, error) { return s, err }

// numbers reads whole numbers and keeps the first failure.
type numbers struct {
	p   nodes.Param
	err error
}

func (n *numbers) get(name string, def, least, most int) int {
	v, err := n.p.Get(name).Number(0, float64(def))
	if err == nil && (v < float64(least) || v > float64(most) || v != float64(int(v))) {
		err = nodes.Errorf("must be a whole number from %d to %d, and is %v", least, most, v).WithParam(name, "")
	}
	if err != nil && n.err == nil {
		n.err = err
	}
	return int(v)
}

func weekdays(p nodes.Param) ([]time.Weekday, error) {
	list, err := p.List(0)
	if err != nil {
		return nil, err
	}
	var days []time.Weekday
	for _, el := range list {
		v, err := el.Number(0, 0)
		if err != nil {
			return nil, err
		}
		days = append(days, time.Weekday(int(v)%7))
	}
	if days == nil {
		days = []time.Weekday{time.Sunday}
	}
	slices.Sort(days)
	return days, nil
}
