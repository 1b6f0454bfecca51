package network

import (
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// FuzzReadFeed: whatever a server sends, the reader answers with entries that are JSON, or with an error.
func FuzzReadFeed(f *testing.F) {
	for _, text := range []string{
		`<?xml version="1.0" encoding="ISO-8859-1"?><rss version="2.0" xmlns:itunes="i"><channel><item><title>a</title><itunes:image href="x"/><pubDate>Tue, 10 Jun 2025 04:00:00 EST</pubDate></item></channel></rss>`,
		`<feed><entry><title type="xhtml"><div>x<br/></div></title><link rel="alternate" href="a"/><updated>2025-06-10</updated><summary type="x"/></entry></feed>`,
		`<rdf:RDF><item rdf:about="x"><category>a<![CDATA[<p>&nbsp;</p>]]></category><guid>&#x41;&amp;</guid><enclosure url='u'/></item></rdf:RDF>`,
		"\xff\xfe<\x00r\x00", `<rss version="2`, `<!DOCTYPE`, `<?xml`, `<a b=`, `<![CDATA[`, `<!--`, "<a>\x00</a>", `<a></b>`, `</a>`, `<a/`, `<?xml version="1.0"/>`, `<?php />`, `<rss><?x /></rss>`, `<?x/><rss version="2.0"><channel><item/></channel></rss>`,
	} {
		f.Add(text, "iso-8859-1")
	}
	f.Fuzz(func(t *testing.T, data, charset string) {
		entries, err := readFeed(feedText(data, charset), []string{"title", "x"})
		if (err == nil) != (entries != nil) {
			t.Fatalf("%v with %v", entries, err)
		}
		for _, e := range entries {
			if text := e.json(); !gjson.Valid(text) {
				t.Fatalf("no JSON: %s", text)
			}
		}
	})
}

func TestFeedDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Tue, 10 Jun 2025 04:00:00 +0530":    "2025-06-09T22:30:00.000Z",
		"Tue, 10 Jun 2025 04:00:00 -0330":    "2025-06-10T07:30:00.000Z",
		"Tue, 10 Jun 2025 12:00:00 AM GMT":   "2025-06-10T00:00:00.000Z",
		"Tue, 10 Jun 2025 04:00:00 GMT+0200": "2025-06-10T02:00:00.000Z",
		"10 Jun 49 04:00 GMT":                "2049-06-10T04:00:00.000Z",
		"10 Jun 50 04:00 GMT":                "1950-06-10T04:00:00.000Z",
		"Tue, 10 Jun 2025 25:00:00 GMT":      "",
		"Tue, 10 Foo 2025 04:00:00 GMT":      "",
		"Tue, 10 ebm 2025 04:00:00 GMT":      "",
		"0 Jun 2025":                         "",
	} {
		got, ok := isoTime(text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s: got %s %v, want %s", text, got, ok, want)
		}
	}
}

// TestPollTimes: when a trigger asks next after Wednesday, the 1st of January 2025, 10:20:30.
func TestPollTimes(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		``:                                "2025-01-01T10:21:00Z",
		`{"mode":"everyMinute"}`:          "2025-01-01T10:21:00Z",
		`{"mode":"everyHour","minute":5}`: "2025-01-01T11:05:00Z",
		`{}`:                              "2025-01-01T14:00:00Z",
		`{"mode":"everyDay","hour":9,"minute":30}`:                     "2025-01-02T09:30:00Z",
		`{"mode":"everyWeek","weekday":0,"hour":7}`:                    "2025-01-05T07:00:00Z",
		`{"mode":"everyMonth","dayOfMonth":1,"hour":7}`:                "2025-02-01T07:00:00Z",
		`{"mode":"everyX","unit":"minutes","value":15}`:                "2025-01-01T10:30:00Z",
		`{"mode":"everyX","unit":"hours","value":6}`:                   "2025-01-01T12:00:00Z",
		`{"mode":"custom","cronExpression":"0 9 * * 1-5"}`:             "2025-01-02T09:00:00Z",
		`{"mode":"custom","cronExpression":"20 0 9 * * 1-5"}`:          "2025-01-02T09:00:20Z",
		`{"mode":"everyDay"},{"mode":"everyHour"},{"mode":"everyDay"}`: "2025-01-01T11:00:00Z",
		`{"mode":"custom","cronExpression":"*/5 * * * * *"}`:           "The polling interval is too short. It has to be at least a minute.",
		`{"mode":"custom","cronExpression":"nope"}`:                    "Invalid cron expression",
		`{"mode":"everyX","unit":"minutes","value":0}`:                 "must be a whole number from 1 to 59, and is 0",
		`{"mode":"weekly"}`: "must be one of everyMinute, everyHour, everyDay, everyWeek, everyMonth, everyX, custom, and is \"weekly\"",
	} {
		params, errs := nodes.CompileTemplate(gjson.Parse(`{"pollTimes":{"item":[`+list+`]}}`), nil)
		if errs != nil {
			t.Fatal(errs)
		}
		got := ""
		times, err := pollTimes((&nodes.Call{Params: params}).Param("pollTimes").Get("item"))
		if err != nil {
			got = nodes.AsError(err).Message
		} else if at, err := nextTime(times, time.Date(2025, 1, 1, 10, 20, 30, 0, time.UTC)); err != nil {
			t.Error(list, err)
		} else {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", list, got, want)
		}
	}
}

// TestFeedInstructions: what begins as an instruction and ends as an element does not end the element around it.
func TestFeedInstructions(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`<?xml version="1.0"/><rss version="2.0"><channel><item/></channel></rss>`, `<rss version="2.0"><?x /><channel><?php a="b"/><item/></channel></rss>`} {
		if entries, err := readFeed(text, nil); err != nil || len(entries) != 1 {
			t.Errorf("%s: %d entries, %v", text, len(entries), err)
		}
	}
}

// TestDeepFeed: text is not copied for each element that it stands in.
func TestDeepFeed(t *testing.T) {
	const depth, size = 240, 1 << 20
	deep := strings.Repeat("<a>", depth) + strings.Repeat("x", size) + strings.Repeat("</a>", depth)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	entries, err := readFeed(`<rss version="2.0"><channel><item><author b="1">`+deep+`</author></item></channel></rss>`, nil)
	runtime.ReadMemStats(&after)
	if err != nil || len(entries) != 1 || len(entries[0].json()) < size {
		t.Fatalf("%d entries: %v", len(entries), err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64*size {
		t.Errorf("%d bytes were taken for a feed of %d", used, size)
	}
}

// TestListenNever: a schedule without a time to come ends the trigger before it reads the feed.
func TestListenNever(t *testing.T) {
	t.Parallel()
	params, errs := nodes.CompileTemplate(gjson.Parse(`{"feedUrl":"http://127.0.0.1:1/","pollTimes":{"item":[{"mode":"custom","cronExpression":"0 0 30 2 *"}]}}`), nil)
	if errs != nil {
		t.Fatal(errs)
	}
	var logged strings.Builder
	call := &nodes.Call{Params: params, Engine: utcClock{}, Log: slog.New(slog.NewTextHandler(&logged, nil))}
	err := rssTrigger{}.Listen(t.Context(), call, nil)
	if e := nodes.AsError(err); err == nil || !strings.HasPrefix(e.Message, "the schedule has no time to come") || e.Parameter != "pollTimes" || logged.Len() > 0 {
		t.Errorf("got %v, %s", err, logged.String())
	}
}

type utcClock struct{ nodes.Engine }

func (utcClock) Now() time.Time           { return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }
func (utcClock) Location() *time.Location { return time.UTC }
