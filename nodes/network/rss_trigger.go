package network

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/adhocore/gronx"

	"github.com/cordboard/cordboard/nodes"
)

// rssTrigger starts a run with the new entries of a feed, which it reads at the times of a schedule: those that are dated after all
// that it saw before. Entries without a date do not count.
type rssTrigger struct{ options Options }

var (
	_ nodes.ByHand  = rssTrigger{}
	_ nodes.Outward = rssTrigger{}
)

// ByHand is nodes.ByHand's.
func (rssTrigger) ByHand() {}

// Writes is nodes.Outward's: it reads.
func (rssTrigger) Writes(float64, *nodes.Template) bool { return false }

// Execute gives the first entry of the feed, for a run by hand, or hands on the entries that started the run.
func (n rssTrigger) Execute(ctx context.Context, call *nodes.Call) error {
	in := call.Input(0)
	if in.Len() != 1 || in.At(0).JSON() != "{}" {
		for i, it := range in.All() {
			call.EmitFrom(0, i, it)
		}
		return nil
	}
	entries, err := n.fetch(ctx, call)
	if err != nil {
		return err
	}
	for _, e := range entries[:min(len(entries), 1)] {
		call.EmitFrom(0, 0, nodes.NewItem(e.json()))
	}
	return nil
}

func (n rssTrigger) fetch(ctx context.Context, call *nodes.Call) ([]fields, error) {
	address, err := feedAddress(call)
	if err != nil {
		return nil, err
	}
	text, err := fetchFeed(ctx, n.options, address, "application/rss+xml", false)
	if err != nil {
		return nil, err
	}
	return readFeed(text, nil)
}

// feedAddress is the feed's address; the default is n8n's.
func feedAddress(call *nodes.Call) (string, error) {
	return call.Param("feedUrl").String(0, "https://blog.n8n.io/rss/")
}

// Listen reads the feed at once and then at the times of the schedule. A feed that cannot be read is read again at its next time.
func (n rssTrigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	times, err := pollTimes(call.Param("pollTimes").Get("item"))
	if err != nil {
		return err
	}
	address, err := feedAddress(call)
	if err != nil {
		return err
	}
	seen := &feedMark{history: call.History, scope: fmt.Sprintf("feed %s %x", call.Name, sha256.Sum256([]byte(address)))}
	now := func() time.Time { return call.Engine.Now().In(call.Engine.Location()) }
	if _, err := nextTime(times, now()); err != nil {
		return nodes.AsError(err).WithParam("pollTimes", "") // before the feed is read: what listens is started again after an error
	}
	for ctx.Err() == nil {
		if err := n.poll(ctx, call, seen, start); err != nil && ctx.Err() == nil {
			call.Log.Warn("the feed is read again later", "error", err)
		}
		due, err := nextTime(times, now())
		if err != nil {
			return err
		}
		for left := due.Sub(now()); left > 0; left = due.Sub(now()) {
			if nodes.Pause(ctx, min(left, maxSleep)) != nil {
				return nil //nolint:nilerr // it was cancelled, which is how a trigger ends
			}
		}
	}
	return nil
}

// maxSleep is how long the trigger sleeps at most: the clock may be set, or the machine sleep, meanwhile.
const maxSleep = 30 * time.Second

// poll reads the feed and starts a run with what is new. What is new is first noted as begun and, once the run is durable, as done:
// after a crash between the two the same entries are started under the same key, which starts them once.
func (n rssTrigger) poll(ctx context.Context, call *nodes.Call, seen *feedMark, start nodes.Start) error {
	if err := seen.read(ctx); err != nil {
		return err
	}
	entries, err := n.fetch(ctx, call)
	if err != nil {
		return err
	}
	since := seen.done
	if !seen.known {
		since = call.Engine.Now().UnixMilli() // n8n begins with what is dated in the future
	}
	if seen.begun > 0 {
		if err := seen.start(ctx, entries, since, seen.begun, start); err != nil {
			return err
		}
		since = seen.done
	}
	newest := since
	if !seen.known {
		newest = 0
	}
	for _, e := range entries {
		newest = max(newest, dateOf(e))
	}
	if newest <= since {
		if seen.known {
			return nil
		}
		return seen.write(ctx, newest, 0)
	}
	if err := seen.write(ctx, since, newest); err != nil {
		return err
	}
	return seen.start(ctx, entries, since, newest, start)
}

// dateOf is the date of an entry in milliseconds, 0 if it has none.
func dateOf(e fields) int64 {
	t, err := time.Parse(time.RFC3339, e.get("isoDate").Str())
	if err != nil || t.UnixMilli() < 0 {
		return 0
	}
	return t.UnixMilli()
}

// feedMark is how far a feed was read: all that is dated up to done started a run, and what is dated up to begun may have. It is kept
// in the history, if there is one.
type feedMark struct {
	history     nodes.History
	scope       string
	known       bool // the feed was read before
	done, begun int64
}

func (m *feedMark) read(ctx context.Context) error {
	if m.history == nil {
		return nil
	}
	text, err := m.history.Latest(ctx, m.scope)
	if err != nil {
		return err
	}
	done, begun, _ := strings.Cut(text, " ")
	m.done, err = strconv.ParseInt(done, 10, 64)
	m.known = err == nil
	m.begun, _ = strconv.ParseInt(begun, 10, 64) // none is 0
	return nil
}

func (m *feedMark) write(ctx context.Context, done, begun int64) error {
	if m.history != nil {
		text := strconv.FormatInt(done, 10)
		if begun > 0 {
			text += " " + strconv.FormatInt(begun, 10)
		}
		if err := m.history.SetLatest(ctx, m.scope, text); err != nil {
			return err
		}
	}
	m.known, m.done, m.begun = true, done, begun
	return nil
}

// start starts a run with the entries dated after since, up to newest, and notes that they are done.
func (m *feedMark) start(ctx context.Context, entries []fields, since, newest int64, start nodes.Start) error {
	var items nodes.ItemsBuilder
	for _, e := range entries {
		if at := dateOf(e); at > since && at <= newest {
			items.Add(nodes.NewItem(e.json()))
		}
	}
	if items.Len() > 0 {
		if _, err := start(nodes.Once(ctx, fmt.Sprintf("feed %d-%d", since, newest)), items.Items()); err != nil {
			return err
		}
	}
	return m.write(ctx, newest, 0)
}

// pollTimes are the cron expressions of the times at which a trigger asks; n8n's default is every minute.
func pollTimes(p nodes.Param) ([]string, error) {
	list, err := p.List(0)
	if err != nil {
		return nil, err
	}
	var times []string
	for _, rule := range list {
		text, err := pollTime(rule)
		if err != nil {
			return nil, err
		}
		times = append(times, text)
	}
	if times == nil {
		times = []string{"* * * * *"}
	}
	return times, nil
}

func pollTime(p nodes.Param) (string, error) {
	mode, err := p.Get("mode").Option(0, "everyDay", "everyMinute", "everyHour", "everyDay", "everyWeek", "everyMonth", "everyX", "custom")
	if err != nil {
		return "", err
	}
	whole := func(name string, def, least, most int) int {
		v, numberErr := p.Get(name).Number(0, float64(def))
		if numberErr == nil && (v < float64(least) || v > float64(most) || v != float64(int(v))) {
			numberErr = nodes.Errorf("must be a whole number from %d to %d, and is %v", least, most, v).WithParam("pollTimes."+name, "")
		}
		if err == nil {
			err = numberErr
		}
		return int(v)
	}
	text := ""
	switch mode {
	case "everyMinute":
		text = "* * * * *"
	case "everyHour":
		text = fmt.Sprintf("%d * * * *", whole("minute", 0, 0, 59))
	case "everyDay":
		text = fmt.Sprintf("%d %d * * *", whole("minute", 0, 0, 59), whole("hour", 14, 0, 23))
	case "everyWeek":
		text = fmt.Sprintf("%d %d * * %d", whole("minute", 0, 0, 59), whole("hour", 14, 0, 23), whole("weekday", 1, 0, 6))
	case "everyMonth":
		text = fmt.Sprintf("%d %d %d * *", whole("minute", 0, 0, 59), whole("hour", 14, 0, 23), whole("dayOfMonth", 1, 1, 31))
	case "everyX":
		if unit, unitErr := p.Get("unit").Option(0, "hours", "minutes", "hours"); unitErr != nil {
			err = unitErr
		} else if unit == "minutes" {
			text = fmt.Sprintf("*/%d * * * *", whole("value", 2, 1, 59))
		} else {
			text = fmt.Sprintf("0 */%d * * *", whole("value", 2, 1, 23))
		}
	case "custom":
		return customTime(p.Get("cronExpression"))
	}
	return text, err
}

// customTime checks a cron expression of five fields, or six with a second before them: n8n polls at most once a minute.
func customTime(p nodes.Param) (string, error) {
	text, err := p.String(0, "")
	if err != nil {
		return "", err
	}
	parts := strings.Fields(text)
	text = strings.Join(parts, " ")
	if len(parts) == 6 {
		if _, err := strconv.Atoi(parts[0]); err != nil {
			return "", nodes.Errorf("The polling interval is too short. It has to be at least a minute.").WithParam(p.Name(), "")
		}
	}
	if len(parts) > 6 || !gronx.IsValid(text) {
		e := *nodes.Errorf("Invalid cron expression")
		e.Description = "It has the fields minute, hour, day of the month, month and day of the week: 0 9 * * 1-5"
		return "", e.WithParam(p.Name(), "")
	}
	return text, nil
}

// nextTime is the first of the times after now.
func nextTime(times []string, now time.Time) (time.Time, error) {
	var first time.Time
	for _, text := range times {
		at, err := gronx.NextTickAfter(text, now, false)
		if err != nil {
			return first, nodes.Errorf("the schedule has no time to come: %w", err)
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first, nil
}
