package network_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/request"
)

// TestFeedEncodings: a feed is read in the encoding that it is in, whoever says it.
func TestFeedEncodings(t *testing.T) {
	t.Parallel()
	const plain = `<?xml version="1.0"%s?><rss version="2.0"><channel><item><title>Grüße „x“ €</title></item></channel></rss>`
	encode := func(text string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString([]byte(text))
	}
	said, unsaid := fmt.Sprintf(plain, ` encoding='windows-1252'`), fmt.Sprintf(plain, "")
	for name, c := range map[string]struct{ base64, contentType string }{
		"by its first line":      {encode(charmap.Windows1252.NewEncoder().String(said)), "text/xml"},
		"by the server":          {encode(charmap.Windows1252.NewEncoder().String(unsaid)), "text/xml; charset=windows-1252"},
		"by its byte order mark": {encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(unsaid)), "text/xml"},
		"big endian":             {encode(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(unsaid)), "text/xml"},
		"UTF-8 after all":        {encode(said, nil), "text/xml; charset=iso-8859-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, gjson.Parse(fmt.Sprintf(`{"/feed":{"base64":%q,"headers":{"content-type":%q}}}`, c.base64, c.contentType)))
			got := run(t, gjson.Parse(server.here(`{"node":{"type":"n8n-nodes-base.rssFeedRead","typeVersion":1.2,"parameters":{"url":"http://SERVER/feed"}},"input":[{"json":{}}]}`)))
			if want := `{"title":"Grüße „x“ €"}`; !strings.Contains(got, want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestFeedAddresses: an error has no password of the address, and private addresses are refused where they are to be.
func TestFeedAddresses(t *testing.T) {
	t.Parallel()
	got := run(t, gjson.Parse(`{"node":{"type":"n8n-nodes-base.rssFeedRead","typeVersion":1.2,"parameters":{"url":"http://user:hunter2@127.0.0.1:1/feed"}},"input":[{"json":{}}]}`))
	if strings.Contains(got, "hunter2") || !strings.Contains(got, "http://user:xxxxx@127.0.0.1:1/feed") {
		t.Errorf("got %s", got)
	}
	server := newServer(t, gjson.Result{})
	n := rssNode(t, network.Options{PublicOnly: true})
	err := n.Execute(t.Context(), rssCall(t, nil, server.URL, nil))
	if err == nil || !strings.Contains(err.Error(), "private networks") || server.requests() != "" {
		t.Errorf("got %v, %s", err, server.requests())
	}
}

// minutes is an engine on whose clock each look takes a minute, so that nobody waits.
type minutes struct {
	nodes.Engine
	now  time.Time
	look func()
}

func (m *minutes) Now() time.Time {
	m.look()
	m.now = m.now.Add(time.Minute)
	return m.now
}

func (*minutes) Location() *time.Location { return time.UTC }

// marks is a history in memory.
type marks struct {
	nodes.History
	values map[string]string
	fails  func() bool // whether a write does
}

func (m *marks) Latest(_ context.Context, scope string) (string, error) { return m.values[scope], nil }

func (m *marks) SetLatest(_ context.Context, scope, value string) error {
	if m.fails != nil && m.fails() {
		return errors.New("no connection")
	}
	m.values[scope] = value
	return nil
}

func rssNode(t *testing.T, o network.Options) nodes.Trigger {
	t.Helper()
	o.Executor = request.New()
	t.Cleanup(o.Executor.Close)
	for _, typ := range network.NodesWith(o) {
		if typ.Descriptor.Type == "n8n-nodes-base.rssFeedReadTrigger" {
			return typ.Node.(nodes.Trigger)
		}
	}
	t.Fatal("there is no such node")
	return nil
}

func rssCall(t *testing.T, engine nodes.Engine, address string, history nodes.History) *nodes.Call {
	t.Helper()
	params, errs := nodes.CompileTemplate(gjson.Parse(fmt.Sprintf(`{"feedUrl":%q,"pollTimes":{"item":[{"mode":"everyMinute"}]}}`, address+"/feed")), nil)
	if errs != nil {
		t.Fatal(errs)
	}
	return &nodes.Call{Name: "Feed", Version: 1, Params: params, Engine: engine, History: history, Log: slog.New(slog.DiscardHandler), Inputs: []nodes.Items{nodes.ItemsOf(nodes.NewItem("{}"))}}
}

// feeds are answers of a server with these entries, "title:day of June 2025".
func feeds(list ...string) gjson.Result {
	var answers []string
	for _, entries := range list {
		text := ""
		for _, e := range strings.Fields(entries) {
			title, day, dated := strings.Cut(e, ":")
			if text += "<item><title>" + title + "</title>"; dated {
				text += "<pubDate>2025-06-" + day + "T04:00:00Z</pubDate>"
			}
			text += "</item>"
		}
		answers = append(answers, fmt.Sprintf(`{"body":%q}`, `<rss version='2.0'><channel>`+text+`</channel></rss>`))
	}
	return gjson.Parse(`{"/feed":[` + strings.Join(answers, ",") + `]}`)
}

// started are the runs of a trigger: the titles of each.
type started struct {
	runs  []string
	items string // of all runs, a line each
	keys  map[string]bool
	fail  int // how many starts fail
}

func (s *started) start(ctx context.Context, items nodes.Items) (*nodes.Started, error) {
	if s.fail > 0 {
		s.fail--
		return nil, errors.New("the store is not there")
	}
	key := nodes.OnceKey(ctx)
	if key == "" || s.keys[key] { // as a server has it: of the same key one starts a run
		return &nodes.Started{}, nil
	}
	if s.keys == nil {
		s.keys = map[string]bool{}
	}
	s.keys[key] = true
	var titles []string
	for _, it := range items.All() {
		titles = append(titles, it.Get("title").Str)
		s.items += it.JSON() + "\n"
	}
	s.runs = append(s.runs, strings.Join(titles, ","))
	return &nodes.Started{}, nil
}

// listen runs the trigger until the server was asked so often. The time is the 20th of June 2025.
func listen(t *testing.T, server *server, history nodes.History, polls int, s *started) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := strings.Count(server.requests(), "GET")
	engine := &minutes{now: time.Date(2025, 6, 20, 0, 0, 0, 0, time.UTC)}
	engine.look = func() { // there is one after each poll
		if strings.Count(server.requests(), "GET")-asked >= polls {
			cancel()
		}
	}
	if err := rssNode(t, network.Options{}).Listen(ctx, rssCall(t, engine, server.URL, history), s.start); err != nil {
		t.Fatal(err)
	}
}

// notAsPolled are the recorded cases that are not met, each with the reason.
var notAsPolled = map[string]string{
	"empty-first": "n8n loses the first entries of a feed that was empty",
	"empty-long":  "n8n loses the first entries of a feed that was empty",
	"older-only":  "n8n starts a run again with an entry that was away meanwhile",
}

// TestFeedPolls runs the cases of testdata/polls/rss, recorded from n8n 2.40.7 by record.mjs, which also says what is in a case: poll by
// poll with a new trigger each time, and by one that keeps nothing.
func TestFeedPolls(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/polls/rss/*.json")
	if err != nil || len(files) < 25 {
		t.Fatalf("only %d cases: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reason := notAsPolled[name]; reason != "" {
				t.Skip(reason)
			}
			c := golden.Read(t, file)
			var answers []string
			for _, f := range c.Get("feeds").Array() {
				if f.Type == gjson.Number {
					answers = append(answers, `{"status":`+f.Raw+`}`)
				} else {
					answers = append(answers, `{"body":`+f.Raw+`}`)
				}
			}
			routes := gjson.Parse(`{"/feed":[` + strings.Join(answers, ",") + `]}`)
			server, history, all := newServer(t, routes), &marks{values: map[string]string{}}, ""
			for i, want := range c.Get("want").Array() {
				wanted, s := "", &started{}
				for _, it := range want.Array() {
					if want.IsArray() {
						wanted += it.Raw + "\n"
					}
				}
				if c.Get("byHand").Bool() {
					s.items = byHand(t, server)
				} else {
					listen(t, server, history, 1, s)
				}
				if s.items != wanted {
					t.Errorf("poll %d: got\n%swant\n%s", i, s.items, wanted)
				}
				all += wanted
			}
			if c.Get("byHand").Bool() {
				return
			}
			s := &started{}
			if listen(t, newServer(t, routes), nil, len(answers), s); s.items != all {
				t.Errorf("without a history: got\n%swant\n%s", s.items, all)
			}
		})
	}
}

// byHand is what a run by hand gets.
func byHand(t *testing.T, server *server) string {
	t.Helper()
	call := rssCall(t, nil, server.URL, nil)
	if err := rssNode(t, network.Options{}).Execute(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	outputs, _, _ := call.Outcome()
	text := ""
	for _, it := range outputs[0].All() {
		text += it.JSON() + "\n"
	}
	return text
}

// TestFeedTrigger: what n8n loses or starts twice.
func TestFeedTrigger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		feeds []string
		want  string
	}{
		"an empty feed":              {[]string{"", "", "c1:10", "c2:11 c1:10"}, "c1 c2"},
		"an entry that was away":     {[]string{"b:11", "a:10", "b:11 a:10", "c:12 b:11"}, "c"},
		"a date that cannot be read": {[]string{"x:nn h1:10", "h2:11 x:nn h1:10"}, "h2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, history := range []nodes.History{nil, &marks{values: map[string]string{}}} {
				s := &started{}
				listen(t, newServer(t, feeds(c.feeds...)), history, len(c.feeds), s)
				if got := strings.Join(s.runs, " "); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			}
		})
	}
}

// TestFeedTriggerRestart: what is new starts one run, whenever the trigger ends and whatever fails.
func TestFeedTriggerRestart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failedWrite, failedStarts int
		want                      string
	}{
		"nothing fails":                             {0, 0, "b d,c"},
		"the run cannot be started":                 {0, 1, "b d,c"},
		"nobody notes that it begins":               {2, 0, "b d,c"},
		"nobody notes that the run is there":        {3, 0, "b d,c"},
		"nobody notes where it began to look":       {1, 0, "d,c"}, // of the first answer that is noted all is old
		"neither a start nor the note of the other": {3, 1, "b d,c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			write := 0
			history, s := &marks{values: map[string]string{}}, &started{fail: c.failedStarts}
			history.fails = func() bool {
				write++
				return write == c.failedWrite
			}
			server := newServer(t, feeds("a:10", "b:11 a:10", "d:13 c:12 b:11 a:10"))
			listen(t, server, history, 1, s)
			listen(t, server, history, 1, s)
			if name != "nothing fails" { // there is another look before more comes
				server.served["/feed"] = 1
				listen(t, server, history, 1, s)
			}
			server.served["/feed"] = 2
			listen(t, server, history, 1, s)
			listen(t, server, history, 1, s)
			if got := strings.Join(s.runs, " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestFeedTriggerCrash: what came between a start and its note is not started twice along with what came later.
func TestFeedTriggerCrash(t *testing.T) {
	t.Parallel()
	s, failed := &started{}, false
	history := &marks{values: map[string]string{}, fails: func() bool {
		fails := len(s.runs) == 1 && !failed
		failed = failed || fails
		return fails
	}}
	server := newServer(t, feeds("a:10", "b:11 a:10", "c:12 b:11 a:10"))
	for range 3 {
		listen(t, server, history, 1, s)
	}
	if got := strings.Join(s.runs, " "); got != "b c" {
		t.Errorf("got %s", got)
	}
}

// TestFeedTriggerHandsOn: a run of the trigger gets its items.
func TestFeedTriggerHandsOn(t *testing.T) {
	t.Parallel()
	call := rssCall(t, nil, "http://127.0.0.1:1", nil)
	call.Inputs = []nodes.Items{nodes.ItemsOf(nodes.NewItem(`{"title":"z"}`))}
	if err := rssNode(t, network.Options{}).Execute(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if outputs, _, _ := call.Outcome(); len(outputs) != 1 || outputs[0].Len() != 1 || outputs[0].At(0).JSON() != `{"title":"z"}` {
		t.Errorf("got %v", outputs)
	}
}
