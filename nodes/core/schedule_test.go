package core

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// clock is an engine whose time a test moves.
type clock struct {
	nodes.Engine
	now time.Time
	loc *time.Location
}

func (c *clock) Now() time.Time           { return c.now }
func (c *clock) Location() *time.Location { return c.loc }

func scheduleCall(t *testing.T, c *clock, parameters string) *nodes.Call {
	t.Helper()
	params, errs := nodes.CompileTemplate(gjson.Parse(parameters), nil)
	if errs != nil {
		t.Fatal(errs)
	}
	return &nodes.Call{Name: "Clock", Version: 1.2, Params: params, Engine: c, Log: slog.New(slog.DiscardHandler)}
}

func TestScheduleTimes(t *testing.T) {
	t.Parallel()
	const iso = "2006-01-02T15:04:05-07:00"
	for _, c := range []struct{ name, node, parameters, zone, from, want string }{
		{"seconds", "s", `{"field":"seconds"}`, "UTC", "2026-01-01T00:00:10Z", "2026-01-01T00:00:30+00:00 2026-01-01T00:01:00+00:00"},
		{"7 seconds", "s", `{"field":"seconds","secondsInterval":7}`, "UTC", "2026-01-01T23:59:57Z", "2026-01-02T00:00:00+00:00 2026-01-02T00:00:07+00:00"},
		{"minutes", "s", `{"field":"minutes"}`, "UTC", "2026-01-01T00:05:00Z", "2026-01-01T00:10:00+00:00 2026-01-01T00:15:00+00:00"},
		{"hours", "s", `{"field":"hours","triggerAtMinute":20}`, "UTC", "2026-01-01T00:20:00Z", "2026-01-01T01:20:00+00:00 2026-01-01T02:20:00+00:00"},
		{"6 hours", "s", `{"field":"hours","hoursInterval":6}`, "UTC", "2026-01-01T07:00:00Z", "2026-01-01T12:00:00+00:00 2026-01-01T18:00:00+00:00 2026-01-02T00:00:00+00:00"},
		{"5 hours", "s", `{"field":"hours","hoursInterval":5}`, "UTC", "2026-01-01T07:30:00Z", "2026-01-01T08:00:00+00:00 2026-01-01T13:00:00+00:00 2026-01-01T18:00:00+00:00 2026-01-01T23:00:00+00:00"},
		{"default", "s", `{}`, "Europe/Berlin", "2026-01-01T00:00:00+01:00", "2026-01-02T00:00:00+01:00 2026-01-03T00:00:00+01:00"},
		{"days", "s", `{"field":"days","daysInterval":3,"triggerAtHour":9,"triggerAtMinute":30}`, "Asia/Tokyo", "2026-02-27T10:00:00+09:00", "2026-02-28T09:30:00+09:00 2026-03-03T09:30:00+09:00"},
		{"weeks", "s", `{"field":"weeks","triggerAtDay":[5,1],"triggerAtHour":8}`, "UTC", "2026-01-01T09:00:00Z", "2026-01-02T08:00:00+00:00 2026-01-05T08:00:00+00:00 2026-01-09T08:00:00+00:00"},
		{"2 weeks", "s", `{"field":"weeks","weeksInterval":2,"triggerAtDay":[1,3]}`, "UTC", "2026-01-01T09:00:00Z", "2026-01-05T00:00:00+00:00 2026-01-07T00:00:00+00:00 2026-01-19T00:00:00+00:00"},
		{"months", "s", `{"field":"months","triggerAtDayOfMonth":31}`, "UTC", "2026-01-31T09:00:00Z", "2026-02-28T00:00:00+00:00 2026-03-31T00:00:00+00:00 2026-04-30T00:00:00+00:00"},
		{"2 months", "s", `{"field":"months","monthsInterval":2}`, "UTC", "2026-01-31T09:00:00Z", "2026-02-01T00:00:00+00:00 2026-04-01T00:00:00+00:00"},
		{"a time that does not exist", "s", `{"field":"days","triggerAtHour":2,"triggerAtMinute":30}`, "Europe/Berlin", "2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00 2026-03-30T02:30:00+02:00"},
		{"a time that comes twice", "s", `{"field":"days","triggerAtHour":2,"triggerAtMinute":30}`, "Europe/Berlin", "2026-10-24T12:00:00+02:00", "2026-10-25T02:30:00+02:00 2026-10-26T02:30:00+01:00"},
		{"hours over a jump", "s", `{"field":"hours"}`, "Europe/Berlin", "2026-03-29T00:30:00+01:00", "2026-03-29T01:00:00+01:00 2026-03-29T03:00:00+02:00 2026-03-29T04:00:00+02:00"},
		{"cron", "s", `{"field":"cronExpression","expression":"0 9 * * 1-5"}`, "America/New_York", "2026-01-02T09:00:00-05:00", "2026-01-05T09:00:00-05:00 2026-01-06T09:00:00-05:00"},
		{"cron with seconds", "s", `{"field":"cronExpression","expression":"*/15 30 9 1 * *"}`, "UTC", "2026-01-01T09:30:40Z", "2026-01-01T09:30:45+00:00 2026-02-01T09:30:00+00:00"},
		{"cron over a jump", "s", `{"field":"cronExpression","expression":"0 12 * * *"}`, "Europe/Berlin", "2026-03-28T12:00:00+01:00", "2026-03-29T12:00:00+02:00"},
		{"cron, words", "s", `{"field":"cronExpression","expression":"0 0 29 FEB *"}`, "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00+00:00"},
		{"old, minute", "c", `{"mode":"everyMinute"}`, "UTC", "2026-01-01T00:00:10Z", "2026-01-01T00:01:00+00:00"},
		{"old, day", "c", `{}`, "UTC", "2026-01-01T00:00:10Z", "2026-01-01T14:00:00+00:00"},
		{"old, week", "c", `{"mode":"everyWeek","weekday":0,"hour":7}`, "UTC", "2026-01-01T00:00:10Z", "2026-01-04T07:00:00+00:00 2026-01-11T07:00:00+00:00"},
		{"old, x", "c", `{"mode":"everyX","unit":"minutes","value":20}`, "UTC", "2026-01-01T00:00:10Z", "2026-01-01T00:20:00+00:00"},
		{"old, interval", "i", `{"interval":90,"unit":"seconds"}`, "UTC", "2026-01-01T00:00:10Z", "2026-01-01T00:01:40+00:00 2026-01-01T00:03:10+00:00"},
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		from, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		node, parameters := newScheduleTrigger(), `{"rule":{"interval":[`+c.parameters+`]}}`
		switch c.node {
		case "c":
			node, parameters = newCronTrigger(), `{"triggerTimes":{"item":[`+c.parameters+`]}}`
		case "i":
			node, parameters = newIntervalTrigger(), c.parameters
		}
		engine := &clock{now: from, loc: loc}
		wanted := strings.Fields(c.want)
		var got []string
		ctx, cancel := context.WithCancel(t.Context())
		node.pause = func(ctx context.Context, d time.Duration) error {
			engine.now = engine.now.Add(d)
			return ctx.Err()
		}
		err = node.Listen(ctx, scheduleCall(t, engine, parameters), func(context.Context, nodes.Items) (*nodes.Started, error) {
			if got = append(got, engine.now.In(loc).Format(iso)); len(got) == len(wanted) {
				cancel()
			}
			return &nodes.Started{}, nil
		})
		cancel()
		if text := strings.Join(got, " "); err != nil || text != c.want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", c.name, text, err, c.want)
		}
	}
}

// TestScheduleAfterSleep: of the times that passed while the machine slept one is made up for.
func TestScheduleAfterSleep(t *testing.T) {
	t.Parallel()
	engine := &clock{now: time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC), loc: time.UTC}
	node := newScheduleTrigger()
	slept := false
	node.pause = func(ctx context.Context, d time.Duration) error {
		if !slept {
			slept, d = true, 3*time.Hour
		}
		engine.now = engine.now.Add(d)
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	err := node.Listen(ctx, scheduleCall(t, engine, `{"rule":{"interval":[{"field":"minutes","minutesInterval":10}]}}`), func(context.Context, nodes.Items) (*nodes.Started, error) {
		if got = append(got, engine.now.Format("15:04:05")); len(got) == 3 {
			cancel()
		}
		return &nodes.Started{}, nil
	})
	if text := strings.Join(got, " "); err != nil || text != "03:00:30 03:10:00 03:20:00" {
		t.Errorf("got %s, %v", text, err)
	}
	failed := errors.New("it cannot start")
	if err := node.Listen(t.Context(), scheduleCall(t, engine, `{}`), func(context.Context, nodes.Items) (*nodes.Started, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

// TestScheduleClockSet: where the clock is set, times go by what it says from then on; a time that comes a second time is given with
// the same key, by which the server knows it.
func TestScheduleClockSet(t *testing.T) {
	t.Parallel()
	engine := &clock{now: time.Date(2026, 1, 1, 12, 0, 30, 0, time.UTC), loc: time.UTC}
	node := newScheduleTrigger()
	jumps := map[int]time.Duration{3: -2 * time.Hour, 6: 5 * time.Hour} // at the n-th pause
	pauses := 0
	node.pause = func(ctx context.Context, d time.Duration) error {
		pauses++
		engine.now = engine.now.Add(d + jumps[pauses])
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	err := node.Listen(ctx, scheduleCall(t, engine, `{"rule":{"interval":[{"field":"minutes","minutesInterval":1}]}}`), func(ctx context.Context, _ nodes.Items) (*nodes.Started, error) {
		ms, _ := strconv.ParseInt(strings.TrimPrefix(nodes.OnceKey(ctx), "at "), 10, 64)
		if got = append(got, time.UnixMilli(ms).UTC().Format("15:04:05")); len(got) == 5 {
			cancel()
		}
		return &nodes.Started{}, nil
	})
	if text, want := strings.Join(got, " "), "12:01:00 10:03:00 10:04:00 15:04:00"; err != nil || !strings.HasPrefix(text, want) {
		t.Errorf("got %s, %v; want %s …", text, err, want)
	}
}

// TestScheduleKeepsPhase: a clock that is set back a little does not make "every 3 days" count anew.
func TestScheduleKeepsPhase(t *testing.T) {
	t.Parallel()
	engine := &clock{now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), loc: time.UTC}
	node := newScheduleTrigger()
	pauses := 0
	node.pause = func(ctx context.Context, d time.Duration) error {
		if pauses++; pauses%2000 == 0 {
			d -= 45 * time.Second
		}
		engine.now = engine.now.Add(d)
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	err := node.Listen(ctx, scheduleCall(t, engine, `{"rule":{"interval":[{"field":"days","daysInterval":3}]}}`), func(context.Context, nodes.Items) (*nodes.Started, error) {
		if got = append(got, engine.now.Format("01-02")); len(got) == 3 {
			cancel()
		}
		return &nodes.Started{}, nil
	})
	if text := strings.Join(got, " "); err != nil || text != "01-02 01-05 01-08" {
		t.Errorf("got %s, %v", text, err)
	}
}

// TestScheduleItem has the item that n8n 2.40.7 gave.
func TestScheduleItem(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]string{
		"UTC":              `{"timestamp":"2026-11-22T06:59:18.886+00:00","Readable date":"November 22nd 2026, 6:59:18 am","Readable time":"6:59:18 am","Day of week":"Sunday","Year":"2026","Month":"November","Day of month":"22","Hour":"06","Minute":"59","Second":"18","Timezone":"UTC (UTC+00:00)"}`,
		"America/New_York": `{"timestamp":"2026-11-22T01:59:18.886-05:00","Readable date":"November 22nd 2026, 1:59:18 am","Readable time":"1:59:18 am","Day of week":"Sunday","Year":"2026","Month":"November","Day of month":"22","Hour":"01","Minute":"59","Second":"18","Timezone":"America/New_York (UTC-05:00)"}`,
	} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		call := scheduleCall(t, &clock{now: time.Date(2026, 11, 22, 6, 59, 18, 886e6, time.UTC), loc: loc}, `{"rule":{"interval":[{"field":"hours"}]}}`)
		call.Inputs = []nodes.Items{nodes.ItemsOf(nodes.NewItem("{}"))}
		if err := newScheduleTrigger().Execute(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		outputs, _, _ := call.Outcome()
		if got := outputs[0].At(0).JSON(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestScheduleMistakes(t *testing.T) {
	t.Parallel()
	for parameters, want := range map[string]string{
		`{"field":"cronExpression","expression":"nope"}`:               `parameter "expression": Invalid cron expression`,
		`{"field":"cronExpression","expression":"0 9 * * 1-5 2026 1"}`: `parameter "expression": Invalid cron expression`,
		`{"field":"fortnights"}`:                                       `field`,
		`{"field":"seconds","secondsInterval":0}`:                      `parameter "secondsInterval": must be a whole number from 1 to 86400, and is 0`,
		`{"field":"days","triggerAtHour":24}`:                          `parameter "triggerAtHour": must be a whole number from 0 to 23, and is 24`,
	} {
		call := scheduleCall(t, &clock{now: time.Now(), loc: time.UTC}, `{"rule":{"interval":[`+parameters+`]}}`)
		if err := newScheduleTrigger().Listen(t.Context(), call, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", parameters, err, want)
		}
	}
}
