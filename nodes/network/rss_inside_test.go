package network

import (
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
		"\xff\xfe<\x00r\x00", `<rss version="2`, `<!DOCTYPE`, `<?xml`, `<a b=`, `<![CDATA[`, `<!--`, "<a>\x00</a>", `<a></b>`, `</a>`, `<a/`,
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
