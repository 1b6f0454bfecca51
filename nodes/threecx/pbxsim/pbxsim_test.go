package pbxsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// get decodes the answer of a GET that succeeds.
func (c *client) get(path string) map[string]any {
	c.t.Helper()
	status, _, text := c.do(http.MethodGet, path, "")
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK {
		c.t.Fatalf("GET %s: %d %s", path, status, text)
	}
	return answer
}

// column is one property of each member of a list.
func (c *client) column(path, property string) string {
	c.t.Helper()
	list, _ := c.get(path)["value"].([]any)
	var texts []string
	for _, member := range list {
		e, _ := member.(map[string]any)
		texts = append(texts, fmt.Sprint(e[property]))
	}
	return strings.Join(texts, " ")
}

// q writes a query option.
func q(name, value string) string { return "?" + name + "=" + url.QueryEscape(value) }

func TestErrors(t *testing.T) {
	t.Parallel()
	c := start(t, pbxsim.Options{})
	for _, test := range []struct {
		request, body string
		status        int
		code, message string
	}{
		{"GET /Userz", "", 404, "NotFound", "there is no resource /Userz"},
		{"GET /Users()", "", 404, "NotFound", "Users takes one key in parentheses: Users({Id})"},
		{"GET /Users('1')", "", 400, "BadPath", "GetUser: the value of Id must be an integer literal, is the quoted text 1"},
		{"GET /Users(2147483648)", "", 400, "BadPath", "GetUser: the value of Id is out of range: 2147483648"},
		{"GET /Users(999)", "", 404, "NotFound", "Users has no entity with Id 999"},
		{"GET /Users(999)/Groups", "", 404, "NotFound", "Users has no entity with Id 999"},
		{"GET /Users(Number=100)", "", 400, "BadPath", "GetUserByNumber: the value of Number must be a quoted text literal, is the integer 100"},
		{"GET /Users(Number='999')", "", 404, "NotFound", "Users has no entity with Number 999"},
		{"PUT /Users(1)", "{}", 405, "MethodNotAllowed", "PUT does not apply to /Users({key}); allowed: DELETE, GET, PATCH"},
		{"POST /Users/Pbx.BatchDelete()", "{}", 404, "NotFound", "Pbx.BatchDelete takes no parentheses"},
		{"GET /Users/Pbx.ExportExtensions", "", 404, "NotFound", "Pbx.ExportExtensions is a function and needs parentheses: Pbx.ExportExtensions()"},
		{"GET /ActivityLog/Pbx.GetLogs(startDate=null,endDate=null,ext='1')", "", 404, "NotFound", "the arguments of Pbx.GetLogs do not fit, missing: extension, call, severity, unknown: ext"},
		{"GET /Users?top=1", "", 400, "BadQuery", "query option top is no query option; there are $top $skip $search $filter $count $orderby $select $expand"},
		{"GET /Users(1)?$top=1", "", 400, "BadQuery", "query option $top does not apply to this operation"},
		{"GET /Users?$top=1&$top=2", "", 400, "BadQuery", "query option $top stands there twice"},
		{"GET /Users?$top=-1", "", 400, "BadQuery", "query option $top=-1: is no whole number from 0 to 2147483647"},
		{"GET /Users?$filter=", "", 400, "BadQuery", "query option $filter=: has no value"},
		{"GET /Users?$filter=Foo+eq+1", "", 400, "BadQuery", `query option $filter: there is no property "Foo" on type Pbx.User`},
		{"GET /Users?$select=Id,Foo", "", 400, "BadQuery", `query option $select: there is no property "Foo" on type Pbx.User`},
		{"GET /Users?$orderby=foo", "", 400, "BadQuery", `query option $orderby: there is no property "foo" on type Pbx.User`},
		{"GET /Users?$expand=Id", "", 400, "BadQuery", "query option $expand: Id is a number, it cannot be expanded"},
		{"GET /Users?$expand=Groups($select=Foo)", "", 400, "BadQuery", `query option $expand of Groups: query option $select: there is no property "Foo" on type Pbx.UserGroup`},
		{"GET /Users?$count=yes", "", 400, "BadQuery", "query option $count=yes: is neither true nor false"},
		{"GET /Users", "{}", 400, "BadBody", "ListUser takes no body, but 2 bytes came"},
		{"POST /Users", "", 400, "BadBody", "CreateUser needs a JSON object as its body, at least {}"},
		{"POST /Users", "[]", 400, "BadBody", "the body is not a JSON object: json: cannot unmarshal array into Go value of type map[string]interface {}"},
		{"POST /Users", "null", 400, "BadBody", "the body is not a JSON object: it is null"},
		{"POST /Users", `{"Number":"100"}`, 409, "AlreadyInUse", "Number 100 is in use in Users"},
		{"POST /Users", `{"Number":"800"}`, 409, "AlreadyInUse", "Number 800 is in use in Queues"},
		{"PATCH /Users(1)", `{"Number":"999"}`, 400, "ReadOnly", "the Number of a user cannot be changed"},
		{"PATCH /Users(1)", `{"Id":2}`, 400, "ReadOnly", "Id cannot be changed"},
		{"DELETE /Users(1)", "", 409, "InUse", "Users 100 cannot be deleted: the extension is the operator"},
		{"POST /Users/Pbx.BulkUpdate", `{"ids":[4,999],"user":{"Enabled":false}}`, 404, "NotFound", "Users has no entity with Id 999"},
		{"POST /Users/Pbx.BatchDelete", `{"ids":[4,999]}`, 404, "NotFound", "Users has no entity with Id 999"},
	} {
		method, path, _ := strings.Cut(test.request, " ")
		status, _, text := c.do(method, path, test.body)
		var answer struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Errorf("%s: %v: %s", test.request, err, text)
		}
		if status != test.status || answer.Error.Code != test.code || answer.Error.Message != test.message {
			t.Errorf("%s %s\n got %d %s: %s\nwant %d %s: %s", test.request, test.body,
				status, answer.Error.Code, answer.Error.Message, test.status, test.code, test.message)
		}
	}
	if got := c.column("/Users"+q("$filter", "Id eq 4"), "Enabled"); got != "true" {
		t.Errorf("a refused bulk update changed something: %s", got)
	}
}

func TestBodyViolations(t *testing.T) {
	t.Parallel()
	c := start(t, pbxsim.Options{})
	status, _, text := c.do(http.MethodPost, "/Users/Pbx.BulkUpdate", `{"ids":[1,"2"],"user":{"VMEmailOptions":"Never"}}`)
	var answer struct {
		Error struct {
			Code    string
			Details []struct{ Code, Message, Target string }
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != 400 || answer.Error.Code != "BadBody" {
		t.Fatalf("%d %v %s", status, err, text)
	}
	var targets []string
	for _, d := range answer.Error.Details {
		targets = append(targets, d.Target+" "+d.Code)
	}
	if got, want := strings.Join(targets, ", "), "/ids/1 type, /user/VMEmailOptions enum"; got != want {
		t.Errorf("details are %s, want %s", got, want)
	}
	status, _, text = c.do(http.MethodPost, "/Users", "{}", "Content-Type", "text/plain")
	if want := `{"error":{"code":"UnsupportedMediaType","message":"the Content-Type is \"text/plain\", not application/json"}}`; status != 415 || text != want {
		t.Errorf("%d %s, want 415 %s", status, text, want)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix())
	c := start(t, pbxsim.Options{
		Clients:       map[string]string{"900": "secret", "901": "other"},
		Clock:         func() time.Time { return time.Unix(now.Load(), 0) },
		TokenLifetime: 10 * time.Minute,
	})
	denied := func(want string) {
		t.Helper()
		status, header, text := c.do(http.MethodGet, "/Users", "")
		if status != 401 || !strings.Contains(text, want) || !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%d %s %s, want 401: %s", status, header.Get("WWW-Authenticate"), text, want)
		}
	}
	first := c.token
	if _, answer := c.grant(url.Values{"client_id": {"901"}, "client_secret": {"other"}, "grant_type": {"client_credentials"}}); answer["refresh_token"] != nil ||
		answer["expires_in"] != 600.0 || answer["token_type"] != "Bearer" {
		t.Errorf("the token answer is %v", answer)
	}
	c.get("/Users(1)") // another client's token leaves this one's alive
	c.mint()
	second := c.token
	c.token = first
	denied("the access token was replaced by a newer one of the same client")
	c.token = second
	c.get("/Users(1)")
	now.Add(600)
	denied("the access token has expired")
	c.token = "x"
	denied("the access token was never issued here")
	c.mint()
	c.sim.KillTokens()
	denied("the access token was revoked")
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	c := start(t, pbxsim.Options{})
	for _, test := range []struct {
		form   url.Values
		status int
		code   string
	}{
		{url.Values{"client_id": {"900"}, "client_secret": {"wrong"}, "grant_type": {"client_credentials"}}, 401, "invalid_client"},
		{url.Values{"client_id": {"999"}, "client_secret": {"secret"}, "grant_type": {"client_credentials"}}, 401, "invalid_client"},
		{url.Values{"client_id": {"900"}, "client_secret": {"secret"}, "grant_type": {"password"}}, 400, "unsupported_grant_type"},
	} {
		if status, answer := c.grant(test.form); status != test.status || answer["error"] != test.code {
			t.Errorf("%v: %d %v", test.form, status, answer)
		}
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+"/connect/token", strings.NewReader("grant_type=client_credentials"))
	r.SetBasicAuth("900", "secret")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 401 {
		t.Errorf("Basic authentication is answered with %d", answer.StatusCode)
	}
	if got := c.sim.Counters(); got.TokenRequests != 5 || got.TokenMints != 1 {
		t.Errorf("counters are %+v", got)
	}
	for _, r := range c.sim.Requests() {
		if strings.Contains(r.Body, "secret=secret") || strings.Contains(r.Body, "secret=other") {
			t.Errorf("the log holds a secret: %s", r.Body)
		}
	}
}

func TestTokenForms(t *testing.T) {
	t.Parallel()
	old := start(t, pbxsim.Options{Version: "20.0.7", OpaqueTokens: true})
	if _, answer := old.grant(url.Values{"client_id": {"900"}, "client_secret": {"secret"}, "grant_type": {"client_credentials"}}); answer["expires_in"] != 60.0 {
		t.Errorf("20.0.7 counts %v, not 60 minutes", answer["expires_in"])
	}
	if strings.Contains(old.token, ".") {
		t.Errorf("the opaque token is %s", old.token)
	}
	if parts := strings.Split(start(t, pbxsim.Options{}).token, "."); len(parts) != 3 {
		t.Errorf("the JWT has %d parts", len(parts))
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	c := start(t, pbxsim.Options{})
	for _, test := range []struct{ path, property, want string }{
		{"/Users" + q("$filter", "PrimaryGroupId eq 2 and Enabled eq false"), "Number", "105 107"},
		{"/Users" + q("$filter", "Groups/any(g: g/Name eq 'Sales') and VMEnabled and VMPIN eq ''"), "Number", "106 107"},
		{"/Users" + q("$filter", "LastName eq 'O''Neil'"), "EmailAddress", "wendy.o'neil@example.com"},
		{"/Users" + q("$filter", "startswith(LastName,'Hu')") + "&$orderby=FirstName+desc", "FirstName", "Henry Hector"},
		{"/Users" + q("$orderby", "Enabled,Number desc") + "&$top=7", "Number", "124 114 107 105 123 122 121"},
		{"/Users?$top=2&$skip=23", "Number", "123 124"},
		{"/Users?$top=0", "Number", ""},
		{"/Users" + q("$search", `"hana holm"`), "Number", "112"},
		{"/Users" + q("$search", `hana OR hugo`), "Number", "111 112"},
		{"/Users(4)/Groups", "Name", "Sales"},
		{"/Users(4)/ForwardingProfiles?$top=2", "Name", "Available Away"},
		{"/Groups(5)/Members" + q("$orderby", "Number"), "Number", "121 122 123 124"},
		{"/Queues(301)/Agents" + q("$filter", "Name eq 'Sophie Stone'"), "Number", "104"},
		{"/Queues", "Number", "800 801"},
		{"/Trunks" + q("$filter", "Gateway/Host eq 'sip.example.org'"), "Number", "10001"},
	} {
		if got := c.column(test.path, test.property); got != test.want {
			t.Errorf("%s: %s is %q, want %q", test.path, test.property, got, test.want)
		}
	}
	if got := c.get("/Users?$count=true&$top=3&$filter=Enabled")["@odata.count"]; got != 21.0 {
		t.Errorf("the count is %v", got)
	}
	plain := c.get("/Users(Number='103')")
	if _, inline := plain["Groups"]; inline || plain["DisplayName"] != "Sam Seller" || plain["@odata.context"] != c.base+"/xapi/v1/$metadata#Users/$entity" {
		t.Errorf("by number: %v", plain)
	}
	full := c.get("/Users(4)?$select=Id&$expand=Groups($select=Name;$expand=Rights($select=RoleName))")
	delete(full, "@odata.context")
	if got, _ := json.Marshal(full); string(got) != `{"Groups":[{"Name":"Sales","Rights":{"RoleName":"managers"}}],"Id":4}` {
		t.Errorf("expanded: %s", got)
	}
}

func TestUsersAreChanged(t *testing.T) {
	t.Parallel()
	c := start(t, pbxsim.Options{})
	want := func(status int, method, path, body string) string {
		t.Helper()
		got, _, text := c.do(method, path, body)
		if got != status {
			t.Fatalf("%s %s: %d %s", method, path, got, text)
		}
		return text
	}
	var made struct {
		Id     int
		Number string
	}
	if err := json.Unmarshal([]byte(want(201, "POST", "/Users", `{"FirstName":"New","Groups":[{"GroupId":2,"Name":"Sales","Rights":{"RoleName":"users"}}]}`)), &made); err != nil || made.Id != 26 || made.Number != "125" {
		t.Fatalf("created %+v %v", made, err)
	}
	if got := c.column("/Groups(2)/Members", "Number"); got != "103 104 105 106 107 108 109 125" {
		t.Errorf("members of Sales are %s", got)
	}
	want(204, "PATCH", "/Users(26)", `{"Groups":[],"Number":"125"}`)
	if got := c.column("/Users(26)/Groups", "Name"); got != "" {
		t.Errorf("a nested list is not replaced: %s", got)
	}
	want(204, "PATCH", "/Groups(5)", `{"Members":[{"Number":"100"},{"Number":"125"}]}`)
	if got := c.column("/Groups(5)/Members", "Number") + "; " + c.column("/Users(22)/Groups", "Name") + "; " + c.column("/Users(26)/Groups", "Name"); got != "100 125; ; Warehouse" {
		t.Errorf("after a change of members: %s", got)
	}
	want(204, "POST", "/Users/Pbx.BulkUpdate", `{"ids":[3,4],"user":{"Enabled":false,"Mobile":null}}`)
	if got := c.column("/Users"+q("$filter", "Id in (3,4) and Mobile eq null"), "Enabled"); got != "false false" {
		t.Errorf("after the bulk update: %s", got)
	}
	want(204, "POST", "/Users/Pbx.MultiUserUpdate", `{"ids":[3,4],"user":{"Number":"103, 104","DisplayNumbers":"x","Enabled":true}}`)
	if got := c.column("/Users"+q("$filter", "Id in (3,4)"), "Number") + c.column("/Users"+q("$filter", "Id in (3,4)"), "Enabled"); got != "102 103true true" {
		t.Errorf("after the multi update: %s", got)
	}
	var refused struct{ Value []map[string]any }
	if err := json.Unmarshal([]byte(want(200, "POST", "/Users/Pbx.BatchDelete", `{"ids":[1,2,3]}`)), &refused); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(refused.Value); got != "[map[Error:the extension is the operator ExtensionNumber:100] map[Error:the user is the last system owner ExtensionNumber:101]]" {
		t.Errorf("refused: %s", got)
	}
	want(404, "GET", "/Users(3)", "")
	want(204, "DELETE", "/Users(4)", "")
	want(404, "DELETE", "/Users(4)", "")
	if err := c.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	want(200, "GET", "/Users(4)", "")
}

func TestOtherState(t *testing.T) {
	t.Parallel()
	c := start(t, pbxsim.Options{})
	if status, _, text := c.do("POST", "/Sbcs", `{"Name":"O'N & Sö/1","Group":"x"}`); status != 201 {
		t.Fatalf("%d %s", status, text)
	}
	path := "/Sbcs('O''N%20%26%20S%C3%B6%2F1')"
	if got := c.get(path)["Group"]; got != "x" {
		t.Errorf("Group is %v", got)
	}
	if status, _, _ := c.do("DELETE", path, "", "If-Match", "anything"); status != 204 {
		t.Errorf("deleting is answered with %d", status)
	}
	last := c.sim.Requests()[len(c.sim.Requests())-1]
	if last.Path != "/xapi/v1/Sbcs('O''N & Sö/1')" || last.RawPath != "/xapi/v1"+path || last.IfMatch != "anything" || last.Operation != "DeleteSbc" || !last.Authorised {
		t.Errorf("logged %+v", last)
	}
	if status, _, _ := c.do("PATCH", "/AISettings", `{}`); status != 204 {
		t.Error("a singleton cannot be patched")
	}
	if status, _, text := c.do("POST", "/Backups/Pbx.SetBackupSettings", `{"settings":{"Rotation":7}}`); status != 204 {
		t.Errorf("%d %s", status, text)
	}
	if got := c.get("/Backups/Pbx.GetBackupSettings()")["Rotation"]; got != 7.0 {
		t.Errorf("Rotation is %v", got)
	}
	status, header, text := c.do("GET", "/Recordings/Pbx.DownloadRecording(recId=5)", "")
	if status != 200 || header.Get("Content-Type") != "audio/wav" || header.Get("Content-Disposition") != "attachment; filename=recording-5.wav" || !strings.HasPrefix(text, "RIFF") {
		t.Errorf("%d %v", status, header)
	}
	if got := c.get("/Users/Pbx.GetFirstAvailableExtensionNumber()")["Number"]; got != "125" {
		t.Errorf("the first free number is %v", got)
	}
	if got := start(t, pbxsim.Options{NoSeed: true}).column("/Users", "Id"); got != "" {
		t.Errorf("without a seed there are users %s", got)
	}
	old := start(t, pbxsim.Options{Version: "20.0.7"})
	if got := old.get("/Users/Pbx.GetByNumber(number='103')")["Id"]; got != 4.0 {
		t.Errorf("GetByNumber gives %v", got)
	}
}

func TestCallLog(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 31, 0, 0, 0, 0, time.UTC)
	c := start(t, pbxsim.Options{Clock: func() time.Time { return now }})
	path := func(from, to string) string {
		return "/ReportCallLogData/Pbx.GetCallLogData(periodFrom=" + url.PathEscape(from) + ",periodTo=" + url.PathEscape(to) +
			",sourceType=0,sourceFilter='',destinationType=0,destinationFilter='',callsType=0,callTimeFilterType=0,callTimeFilterFrom='0:00:0',callTimeFilterTo='0:00:0',hidePcalls=true)"
	}
	all := path("2026-05-01T00:00:00Z", "2026-05-31T00:00:00+00:00")
	if got := c.get(all + "?$count=true&$top=5&$filter=Answered"); got["@odata.count"] != 48.0 || len(got["value"].([]any)) != 5 {
		t.Errorf("count %v, %d rows", got["@odata.count"], len(got["value"].([]any)))
	}
	if got := c.get(all)["value"].([]any); len(got) != 60 {
		t.Errorf("%d calls in 30 days", len(got))
	}
	day := path("2026-05-30T00:00:00Z", "2026-05-31T00:00:00Z")
	if got := c.column(day+q("$orderby", "StartTime"), "StartTime"); got != "2026-05-30T06:00:00Z 2026-05-30T18:00:00Z" {
		t.Errorf("the last day's calls start at %s", got)
	}
	if status, _, text := c.do("GET", path("2026-05-31T00:00:00Z", "2026-05-30T00:00:00Z"), ""); status != 400 {
		t.Errorf("%d %s", status, text)
	}
	if err := c.sim.SetFaults(pbxsim.Faults{CSVDownloads: true}); err != nil {
		t.Fatal(err)
	}
	status, header, text := c.do("GET", "/CallHistoryView/Pbx.DownloadCallHistory()", "")
	if lines := strings.Count(text, "\n"); status != 200 || header.Get("Content-Type") != "text/csv; charset=utf-8" || lines != 61 {
		t.Errorf("%d %s, %d lines", status, header.Get("Content-Type"), lines)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := start(t, pbxsim.Options{})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 10 {
				for _, r := range [][3]string{
					{"GET", "/Users?$expand=Groups", ""}, {"GET", "/Groups(2)/Members", ""}, {"POST", "/Users", `{"Groups":[{"GroupId":2}]}`},
					{"PATCH", fmt.Sprintf("/Users(%d)", n+4), fmt.Sprintf(`{"Mobile":"%d"}`, i)},
				} {
					if status, _, text, err := c.try(r[0], "/xapi/v1"+r[1], r[2]); err != nil || status >= 300 {
						t.Errorf("%s %s: %d %s %v", r[0], r[1], status, text, err)
					}
				}
			}
		})
	}
	wg.Wait()
	if got := c.get("/Users?$count=true&$top=0")["@odata.count"]; got != 105.0 {
		t.Errorf("%v users, want 105", got)
	}
}
