package credentials

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

func startPBX(t *testing.T, o pbxsim.Options) *pbxsim.Server {
	t.Helper()
	s := pbxsim.New(o)
	if err := s.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// open returns the credential of a set of its own, as another process would have it.
func open(t *testing.T, dir, url, secret string) *oauth2Credential {
	t.Helper()
	s := NewSet(NewLeases(dir))
	s.Add(pbxCredential(url, secret))
	c, err := s.Find("1", "", "")
	if err != nil {
		t.Fatal(err)
	}
	o := c.(*oauth2Credential)
	o.leases.pause = func(context.Context, time.Duration) error { return nil }
	return o
}

func access(t *testing.T, c nodes.Credential) nodes.Access {
	t.Helper()
	a, err := c.Access(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOneMintForAll(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	c := open(t, t.TempDir(), sim.URL(), "secret")
	var all sync.WaitGroup
	tokens := make([]string, 100)
	for i := range tokens {
		all.Go(func() {
			a, err := c.Access(t.Context())
			if err != nil {
				t.Error(err)
			}
			tokens[i] = a.Token
		})
	}
	all.Wait()
	for i := range tokens {
		if tokens[i] == "" || tokens[i] != tokens[0] {
			t.Fatalf("token %d is another one", i)
		}
	}
	if n := sim.Counters().TokenMints; n != 1 {
		t.Errorf("%d mints", n)
	}
}

func TestOneMintForTwoProcesses(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	dir := t.TempDir()
	var all sync.WaitGroup
	tokens := make([]string, 3)
	for i := range tokens {
		all.Go(func() { tokens[i] = otherProcess(t, helperSetting{Dir: dir, URL: sim.URL(), Secret: "secret"}) })
	}
	all.Wait()
	mine := access(t, open(t, dir, sim.URL(), "secret"))
	for i, token := range tokens {
		if token != mine.Token {
			t.Errorf("process %d has another token: %q", i, token)
		}
	}
	if n := sim.Counters().TokenMints; n != 1 {
		t.Errorf("%d mints", n)
	}
	// A renewal by another process is taken, not repeated.
	renewed := otherProcess(t, helperSetting{Dir: dir, URL: sim.URL(), Secret: "secret", Renew: mine.Generation})
	if n := sim.Counters().TokenMints; n != 2 || renewed == mine.Token {
		t.Errorf("%d mints after a renewal", n)
	}
	again, err := open(t, dir, sim.URL(), "secret").Renew(t.Context(), mine.Generation)
	if err != nil || again.Token != renewed || sim.Counters().TokenMints != 2 {
		t.Errorf("the renewed token was not shared: %v, %d mints", err, sim.Counters().TokenMints)
	}
}

func otherProcess(t *testing.T, h helperSetting) string {
	setting, err := json.Marshal(h)
	if err != nil {
		t.Error(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), helperEnv+"="+string(setting))
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("the other process: %v: %s", err, out)
	}
	return string(out)
}

func TestRenew(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	c := open(t, t.TempDir(), sim.URL(), "secret")
	first := access(t, c)
	var all sync.WaitGroup
	for range 20 { // all were refused with the same token
		all.Go(func() {
			a, err := c.Renew(t.Context(), first.Generation)
			if err != nil || a.Generation == first.Generation || a.Generation == 0 {
				t.Errorf("%v, generation %d", err, a.Generation)
			}
		})
	}
	all.Wait()
	if n := sim.Counters().TokenMints; n != 2 {
		t.Errorf("%d mints", n)
	}
	second := access(t, c)
	if second.Token == first.Token {
		t.Error("the old token is still in use")
	}
	if third, err := c.Renew(t.Context(), first.Generation); err != nil || third.Token != second.Token {
		t.Errorf("an old generation was renewed: %v", err)
	}
	if sim.Counters().TokenMints != 2 {
		t.Error("an old generation minted a token")
	}
}

func TestLeaseFile(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	dir := filepath.Join(t.TempDir(), "a", "b")
	token := access(t, open(t, dir, sim.URL(), "secret")).Token
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v %v", entries, err)
	}
	for _, e := range entries {
		info, _ := e.Info()
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", e.Name(), info.Mode(), err)
		}
		for _, bad := range []string{token, "secret", "900", "access", "127.0.0.1"} {
			if strings.Contains(string(text)+e.Name(), bad) {
				t.Errorf("%s holds %s", e.Name(), bad)
			}
		}
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("the directory's mode is %v", info.Mode())
	}
	file := filepath.Join(dir, strings.TrimSuffix(entries[0].Name(), ".lock"))
	for i, corrupt := range []string{"", "short", strings.Repeat("x", 500)} {
		if err := os.WriteFile(file, []byte(corrupt), 0o600); err != nil {
			t.Fatal(err)
		}
		access(t, open(t, dir, sim.URL(), "secret"))
		if n := sim.Counters().TokenMints; n != i+2 {
			t.Errorf("%q: %d mints", corrupt, n)
		}
	}
}

func TestLeaseOfAnotherSecret(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	dir := t.TempDir()
	access(t, open(t, dir, sim.URL(), "secret"))
	const want = `credential "PBX": the server refused the client id or the client secret; check them in the API client's settings on the server`
	if _, err := open(t, dir, sim.URL(), "hunter2").Access(t.Context()); errorText(err) != want {
		t.Error(err)
	}
}

func TestNoDirectory(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := open(t, filepath.Join(blocked, "tokens"), sim.URL(), "secret")
	first, again := access(t, c), access(t, c)
	if first.Token != again.Token || sim.Counters().TokenMints != 1 {
		t.Errorf("%d mints", sim.Counters().TokenMints)
	}
	// The file itself cannot be written: the token is good all the same.
	dir := t.TempDir()
	c = open(t, dir, sim.URL(), "secret")
	if err := os.Mkdir(filepath.Join(dir, c.leaseName()), 0o700); err != nil {
		t.Fatal(err)
	}
	if access(t, c).Token == "" {
		t.Error("no token")
	}
}

func TestRefusalIsRemembered(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	c := open(t, t.TempDir(), sim.URL(), "hunter2")
	now := time.Now()
	c.leases.now = func() time.Time { return now }
	for range 5 {
		_, err := c.Access(t.Context())
		if errorText(err) != `credential "PBX": the server refused the client id or the client secret; check them in the API client's settings on the server` {
			t.Error(err)
		}
	}
	if n := sim.Counters().TokenRequests; n != 1 {
		t.Errorf("%d requests", n)
	}
	now = now.Add(11 * time.Second)
	_, _ = c.Access(t.Context())
	if n := sim.Counters().TokenRequests; n != 2 {
		t.Errorf("%d requests after the refusal is old", n)
	}
}

func TestBusyTokenServer(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{Faults: pbxsim.Faults{Status: map[int]pbxsim.StatusFault{503: {Count: 2, Target: pbxsim.Target{Operation: "token"}}}}})
	c := open(t, t.TempDir(), sim.URL(), "secret")
	var waits []time.Duration
	c.leases.pause = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	access(t, c)
	if fmt.Sprint(waits) != "[250ms 500ms]" {
		t.Error(waits)
	}
}

func TestExpiryAndRenewalAhead(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{OpaqueTokens: true, TokenLifetime: time.Hour})
	c := open(t, t.TempDir(), sim.URL(), "secret")
	now := time.Now()
	c.leases.now = func() time.Time { return now }
	access(t, c)
	now = now.Add(time.Hour - 31*time.Second)
	access(t, c)
	if n := sim.Counters().TokenMints; n != 1 {
		t.Errorf("%d mints before the margin", n)
	}
	now = now.Add(2 * time.Second)
	access(t, c)
	if n := sim.Counters().TokenMints; n != 2 {
		t.Errorf("%d mints within the margin", n)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	minted := time.Unix(1_800_000_000, 0)
	jwt := func(claims string) string { return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s" }
	for _, c := range []struct {
		name, token string
		expiresIn   any
		lifetime    time.Duration
		want        time.Duration // 0: unknown
	}{
		{"expires_in", "opaque", 60, 0, time.Minute},
		{"the user's word", jwt(`{"exp":1800000600}`), 60, 5 * time.Minute, 5 * time.Minute},
		{"exp", jwt(`{"exp":1800000600}`), 60, 0, 10 * time.Minute},
		{"exp and iat, the server's clock is behind", jwt(`{"exp":1700000600,"iat":1700000000}`), 60, 0, 10 * time.Minute},
		{"exp in the past", jwt(`{"exp":1700000600}`), 60, 0, time.Minute},
		{"iat after exp", jwt(`{"exp":1800000600,"iat":1900000000}`), 60, 0, 10 * time.Minute},
		{"no number", jwt(`{"exp":"x"}`), 60, 0, time.Minute},
		{"a huge number", jwt(`{"exp":1e300}`), 60, 0, time.Minute},
		{"no claims", "a.!!.c", 60, 0, time.Minute},
		{"nothing", "opaque", nil, 0, 0},
		{"text", "opaque", "90", 0, 90 * time.Second},
		{"a number without end", "opaque", 1e300, 0, 0},
	} {
		o := &oauth2Credential{lifetime: c.lifetime}
		var want time.Time
		if c.want > 0 {
			want = minted.Add(c.want)
		}
		answer := (&oauth2.Token{AccessToken: c.token}).WithExtra(map[string]any{"expires_in": c.expiresIn})
		if got := o.expiry(answer, minted); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
}

// TestTokenEndpoints holds what is sent and what is said about servers that are no token endpoint.
func TestTokenEndpoints(t *testing.T) {
	t.Parallel()
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	const base = `credential "PBX": `
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		err     string
	}{
		{"echo", answer(400, "application/json", `{"error":"bad hunter2","error_description":"hunter2"}`), "the token endpoint answered POST URL/connect/token with 400 bad ***: ***; check the credential's client id, client secret and scope against what the server says"},
		{"words", answer(400, "application/json", `{"error":"invalid_scope","error_description":"AADSTS1: no\r\n such scope, hunter2. `+strings.Repeat("ü", 400)+`"}`),
			"the token endpoint answered POST URL/connect/token with 400 invalid_scope: AADSTS1: no such scope, ***. " + strings.Repeat("ü", 271) + "…; check the credential's client id, client secret and scope against what the server says"},
		{"an error that is 200", answer(200, "application/json", `{"ok":false,"error":"invalid_code"}`), "the token endpoint answered POST URL/connect/token with 200 invalid_code; check the credential's client id, client secret and scope against what the server says"},
		{"web page", answer(200, "text/html", "<html>hunter2"), "what answers at URL/connect/token is no token endpoint (oauth2: cannot parse json: invalid character '<' looking for beginning of value); check the credential's base URL"},
		{"not found", answer(404, "text/html", "<html>"), "there is no token endpoint at URL/connect/token; check the credential's base URL"},
		{"no token in it", answer(200, "application/json", "{}"), "what answers at URL/connect/token is no token endpoint (oauth2: server response missing access_token); check the credential's base URL"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://other.example.com/x?secret=hunter2", http.StatusTemporaryRedirect)
		}, "the token endpoint URL/connect/token redirects to https://other.example.com; if that is right, make it the credential's base URL"},
		{"500", answer(500, "text/plain", "hunter2"), "the token endpoint answered POST URL/connect/token with 500; that is the server's own fault: try again later, and look at its log if it stays"},
		{"429", answer(429, "text/plain", "hunter2"), "the token endpoint answered POST URL/connect/token with 429; it is asked too often: try again later"},
	} {
		server := httptest.NewServer(c.handler)
		t.Cleanup(server.Close)
		_, err := open(t, t.TempDir(), server.URL, "hunter2").Access(t.Context())
		if got := strings.ReplaceAll(errorText(err), server.URL, "URL"); got != base+c.err {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	server := httptest.NewServer(nil)
	server.Close()
	_, err := open(t, t.TempDir(), server.URL, "hunter2").Access(t.Context())
	if got := strings.ReplaceAll(errorText(err), server.URL, "URL"); got != base+"nothing answers at URL/connect/token; check the credential's base URL and that the server runs" {
		t.Error(got)
	}
}

// TestTokenAddressShown: of the token endpoint's address the query is in no error.
func TestTokenAddressShown(t *testing.T) {
	t.Parallel()
	status := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("key") != "hunter2" {
			t.Error("the query was not sent")
		}
		if status == 307 {
			w.Header().Set("Location", "https://other.example.com/x")
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	ask := func() string {
		o := open(t, t.TempDir(), server.URL, "s")
		o.tokenURL = server.URL + "/token?key=hunter2"
		_, err := o.Access(t.Context())
		return strings.ReplaceAll(errorText(err), server.URL, "URL")
	}
	for _, status = range []int{200, 307, 400, 404, 429, 503} {
		if got := ask(); strings.Contains(got, "hunter2") || !strings.Contains(got, "URL/token") {
			t.Errorf("%d: %s", status, got)
		}
	}
	server.Close()
	if got := ask(); got != `credential "PBX": nothing answers at URL/token; check the credential's base URL and that the server runs` {
		t.Error(got)
	}
}

// quietTLSServer does not tell of handshakes that fail, as some are meant to.
func quietTLSServer(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	return s
}

func TestTokenRequest(t *testing.T) {
	t.Parallel()
	var form, auth string
	server := quietTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		form, auth = r.Form.Encode(), r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":60}`)
	}))
	t.Cleanup(server.Close)
	get := func(extra string) (nodes.Access, error) {
		s := newTestSet(t)
		s.leases.pause = func(context.Context, time.Duration) error { return nil }
		s.Add(Credential{ID: "1", Name: "n", Type: "oAuth2Api", Data: []byte(`{"clientId":"900","clientSecret":"hunter2","accessTokenUrl":"` + server.URL + `/t"` + extra + `}`)})
		c, err := s.Find("1", "", "")
		if err != nil {
			t.Fatal(err)
		}
		return c.Access(t.Context())
	}
	if a, err := get(`,"ignoreSSLIssues":true,"scope":"a  b"`); err != nil || a.Token != "t" || a.Fields["ignoreSSLIssues"] != "true" || a.BaseURL != "" {
		t.Errorf("%+v %v", a, err)
	}
	if form != "client_id=900&client_secret=hunter2&grant_type=client_credentials&scope=a+b" || auth != "" {
		t.Errorf("%s, %s", form, auth)
	}
	if _, err := get(`,"ignoreSSLIssues":true,"authentication":"header"`); err != nil || form != "grant_type=client_credentials" ||
		auth != "Basic "+base64.StdEncoding.EncodeToString([]byte("900:hunter2")) {
		t.Errorf("%v %s, %s", err, form, auth)
	}
	_, err := get("")
	if got := strings.ReplaceAll(errorText(err), server.URL, "URL"); got != `credential "n": the certificate of URL/t cannot be verified: x509: certificate signed by unknown authority; if it is your own server's, set ignoreSSLIssues in the credential` {
		t.Error(got)
	}
}

// TestCancelled lets one caller hold the lease while another gives up.
func TestCancelled(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-release
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer"}`)
	}))
	t.Cleanup(server.Close)
	c := open(t, t.TempDir(), server.URL, "secret")
	var all sync.WaitGroup
	all.Go(func() {
		if a, err := c.Access(t.Context()); err != nil || a.Token != "t" {
			t.Errorf("%v %v", a, err)
		}
	})
	<-asked
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := c.Access(ctx); !errors.Is(err, gone) {
		t.Errorf("waiting in the process: %v", err)
	}
	if _, err := open(t, c.leases.dir, server.URL, "secret").Access(ctx); !errors.Is(err, gone) {
		t.Errorf("waiting for another process: %v", err)
	}
	close(release)
	all.Wait()
}
