package pbxsim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

func TestParseFault(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"429:3,retry-after=1", `{"status429":{"count":3,"retryAfter":1}}`},
		{"503", `{"status503":{"count":1}}`},
		{"503:always,operation=BulkUpdate,method=POST", `{"status503":{"count":-1,"operation":"BulkUpdate","method":"POST"}}`},
		{"drop", `{"dropConnection":{"count":1}}`},
		{"drop:2,at=after", `{"dropConnection":{"count":2,"at":"after"}}`},
		{"slow:200ms", `{"slow":"200ms"}`},
		{"top-limit:100", `{"topLimit":100}`},
		{"page-size:50", `{"pageSize":50}`},
		{"unauthorized-after:10", `{"unauthorizedAfter":10}`},
		{"kill-token", `{"killToken":true}`},
		{"csv-downloads", `{"csvDownloads":true}`},
		{"etags", `{"etags":true}`},
		{"", `fault "": is unknown: there are STATUS:COUNT, drop, slow, top-limit, page-size, unauthorized-after, kill-token, csv-downloads and etags`},
		{"429:x", `fault "429:x": the count is "x", neither a number above 0 nor always`},
		{"429:1,retry-after", `fault "429:1,retry-after": "retry-after" is not of the form key=value`},
		{"429:1,retry-after=soon", `fault "429:1,retry-after=soon": retry-after is "soon", not a number of seconds`},
		{"429:1,speed=1", `fault "429:1,speed=1": 429 has no setting "speed"`},
		{"drop,at=later", `fault "drop,at=later": dropConnection: at is "later", not before, after or body`},
		{"top-limit", `fault "top-limit": top-limit needs a number above 0, such as top-limit:100`},
		{"slow:fast", `fault "slow:fast": "fast" is no duration such as 200ms`},
	} {
		f, err := pbxsim.ParseFault(test.text)
		got := fmt.Sprint(err)
		if err == nil {
			data, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			var again pbxsim.Faults
			if err := json.Unmarshal(data, &again); err != nil {
				t.Errorf("%s cannot be read again: %v", data, err)
			}
			var x, y any
			_ = json.Unmarshal(data, &x)
			_ = json.Unmarshal([]byte(test.want), &y)
			if got = string(data); fmt.Sprint(x) == fmt.Sprint(y) {
				continue
			}
		}
		if got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.text, got, test.want)
		}
	}
}

// faulty is a client of a simulator with these faults.
func faulty(t *testing.T, texts ...string) *client {
	t.Helper()
	c := start(t, pbxsim.Options{})
	var all pbxsim.Faults
	for _, text := range texts {
		f, err := pbxsim.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		all = all.Merge(f)
	}
	if err := c.sim.SetFaults(all); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *client) statuses(n int, path string) string {
	c.t.Helper()
	var list []string
	for range n {
		status, _, _ := c.do(http.MethodGet, path, "")
		list = append(list, fmt.Sprint(status))
	}
	return strings.Join(list, " ")
}

func TestStatusFaults(t *testing.T) {
	t.Parallel()
	c := faulty(t, "429:2,retry-after=7", "503:1,operation=GetUser")
	if status, header, text := c.do("GET", "/Users", ""); status != 429 || header.Get("Retry-After") != "7" ||
		text != `{"error":{"code":"SimulatedFault","message":"simulated: too many requests"}}` {
		t.Errorf("%d %v %s", status, header, text)
	}
	if got := c.statuses(2, "/Users") + ", " + c.statuses(2, "/Users(1)"); got != "429 200, 503 200" {
		t.Errorf("then %s", got)
	}
}

func TestTokenFaults(t *testing.T) {
	t.Parallel()
	c := faulty(t, "unauthorized-after:2")
	if got := c.statuses(3, "/Users(1)"); got != "200 200 401" {
		t.Errorf("got %s", got)
	}
	c.mint()
	if got := c.statuses(1, "/Users(1)"); got != "200" {
		t.Errorf("after a new token %s", got)
	}
	killed := faulty(t, "kill-token")
	if got := killed.statuses(1, "/Users(1)"); got != "401" {
		t.Errorf("after the kill %s", got)
	}
	killed.mint()
	if got := killed.statuses(2, "/Users(1)"); got != "200 200" {
		t.Errorf("after a new token %s", got)
	}
	down := faulty(t, "503:1,operation=token")
	if status, _ := down.grant(nil); status != 503 {
		t.Errorf("the token endpoint answers %d", status)
	}
}

func TestListFaults(t *testing.T) {
	t.Parallel()
	c := faulty(t, "top-limit:10", "page-size:4", "etags")
	status, _, text := c.do("GET", "/Users?$top=11", "")
	want := "query option $top: The limit of '10' for Top query has been exceeded. The value from the incoming request is '11'."
	if status != 400 || !strings.Contains(text, want) {
		t.Errorf("%d %s", status, text)
	}
	var numbers []string
	pages := 0
	for path := "/Users?$top=10&$select=Number"; path != ""; pages++ {
		answer := c.get(path)
		for _, v := range answer["value"].([]any) {
			numbers = append(numbers, v.(map[string]any)["Number"].(string))
		}
		next, _ := answer["@odata.nextLink"].(string)
		path = strings.TrimPrefix(next, c.base+"/xapi/v1")
	}
	if got := strings.Join(numbers, " "); got != "100 101 102 103 104 105 106 107 108 109" || pages != 3 {
		t.Errorf("%d pages of %s", pages, got)
	}
	_, header, _ := c.do("GET", "/Users(5)", "")
	if status, _, _ := c.do("DELETE", "/Users(5)", "", "If-Match", `W/"old"`); status != 412 {
		t.Errorf("a wrong If-Match is answered with %d", status)
	}
	if status, _, _ := c.do("DELETE", "/Users(5)", "", "If-Match", header.Get("ETag")); status != 204 {
		t.Errorf("the right If-Match is answered with %d", status)
	}
}

func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		at    string
		users string
	}{{"before", "25"}, {"after", "26"}, {"body", "26"}} {
		c := faulty(t, "drop:1,method=POST,at="+test.at)
		_, _, _, err := c.try(http.MethodPost, "/xapi/v1/Users", "{}")
		if err == nil || test.at == "body" && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: the error is %v", test.at, err)
		}
		if got := fmt.Sprint(c.get("/Users?$count=true&$top=0")["@odata.count"]); got != test.users {
			t.Errorf("%s: %s users, want %s", test.at, got, test.users)
		}
		if got := c.sim.Counters(); got.Dropped != 1 || got.ByOperation["CreateUser"] != 1 {
			t.Errorf("%s: counters %+v", test.at, got)
		}
	}
}

func TestCloseEndsSlowAnswers(t *testing.T) {
	t.Parallel()
	c := faulty(t, "slow:1h")
	done := make(chan error)
	go func() {
		_, _, _, err := c.try(http.MethodGet, "/xapi/v1/Users", "")
		done <- err
	}()
	if err := c.sim.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Error("the request was answered")
	}
	if err := c.sim.Start(t.Context(), "127.0.0.1:0"); err == nil || err.Error() != "pbxsim: the server was started before" {
		t.Errorf("starting again: %v", err)
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	c := start(t, pbxsim.Options{})
	ask := func(method, path, body string) (int, string) {
		t.Helper()
		status, _, text, err := c.try(method, path, body, "Authorization", "")
		if err != nil {
			t.Fatal(err)
		}
		return status, text
	}
	if status, text := ask("POST", "/_sim/faults", `{"slow":"1ms","status503":{"count":2}}`); status != 200 || text != `{"slow":"1ms","status503":{"count":2}}` {
		t.Errorf("%d %s", status, text)
	}
	if status, text := ask("POST", "/_sim/faults", `{"topLimit":100,"slow":"0s"}`); status != 200 || text != `{"slow":"0s","status503":{"count":2},"topLimit":100}` && text != `{"status503":{"count":2},"topLimit":100}` {
		t.Errorf("%d %s", status, text)
	}
	if status, text := ask("POST", "/_sim/faults", `{"toplimits":1}`); status != 400 || text != `{"error":{"code":"BadBody","message":"the faults cannot be read: json: unknown field \"toplimits\""}}` {
		t.Errorf("%d %s", status, text)
	}
	if got := c.statuses(3, "/Users"); got != "503 503 200" {
		t.Errorf("got %s", got)
	}
	if status, text := ask("DELETE", "/_sim/faults", ""); status != 200 || text != "{}" {
		t.Errorf("%d %s", status, text)
	}
	var state pbxsim.State
	_, text := ask("GET", "/_sim/state", "")
	if err := json.Unmarshal([]byte(text), &state); err != nil || state.Counters.Requests != 4 || state.Counters.TokenMints != 1 || len(state.Requests) != 4 {
		t.Errorf("%v %+v", err, state.Counters)
	}
	if status, _ := ask("POST", "/_sim/reset", ""); status != 204 || len(c.sim.Requests()) != 0 {
		t.Errorf("the reset is answered with %d", status)
	}
	c = start(t, pbxsim.Options{NoAdmin: true})
	if status, _ := ask("GET", "/_sim/state", ""); status != 404 {
		t.Errorf("the admin endpoint that is switched off answers %d", status)
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	if err := pbxsim.New(pbxsim.Options{Version: "18"}).Start(t.Context(), "127.0.0.1:0"); err == nil ||
		err.Error() != `pbxsim: API version "18" is not known; there are 20.0.7 and 20.0.10` {
		t.Error(err)
	}
	s := pbxsim.New(pbxsim.Options{TokenLifetime: time.Minute})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if s.URL() != "" {
		t.Error("a server that does not listen has a URL")
	}
}
