package credentials

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// TestRefresh: the access token that came with the credential is used until it is refused; then each refresh token once, also by two
// programs that share a lease.
func TestRefresh(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	valid, asked := "r0", 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "application/json")
		if r.Form.Get("grant_type") != "refresh_token" || r.Form.Get("refresh_token") != valid || r.Form.Get("client_id") != "me" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		asked++
		valid = fmt.Sprint("r", asked)
		fmt.Fprintf(w, `{"access_token":"a%d","token_type":"Bearer","expires_in":3600,"refresh_token":%q}`, asked, valid)
	}))
	defer server.Close()
	dir := t.TempDir()
	open := func(refresh string) *oauth2Credential {
		t.Helper()
		s := NewSet(NewLeases(dir))
		s.leases.pause = func(context.Context, time.Duration) error { return nil }
		s.Add(Credential{ID: "1", Name: "n", Type: "oAuth2Api", Data: fmt.Appendf(nil,
			`{"grantType":"authorizationCode","clientId":"me","clientSecret":"hunter2","accessTokenUrl":%q,"oauthTokenData":{"access_token":"a0"%s}}`, server.URL, refresh)})
		c, err := s.Find("1", "", "oAuth2Api")
		if err != nil {
			t.Fatal(err)
		}
		return c.(*oauth2Credential)
	}
	one, two := open(`,"refresh_token":"r0"`), open(`,"refresh_token":"r0"`)
	for i, c := range []struct {
		program      *oauth2Credential
		refused, got string
	}{{one, "", "a0"}, {two, "a0", "a1"}, {one, "a0", "a1"}, {one, "a1", "a2"}, {two, "a1", "a2"}} {
		a, err := c.program.Renew(t.Context(), token{Access: c.refused}.generation())
		if err != nil || a.Token != c.got {
			t.Fatalf("%d: %q, %v; want %q", i, a.Token, err, c.got)
		}
	}
	if asked != 2 {
		t.Errorf("the server was asked %d times", asked)
	}
	none := open("")
	a, err := none.Access(t.Context())
	if err != nil || a.Token != "a0" {
		t.Errorf("%q, %v", a.Token, err)
	}
	if _, err = none.Renew(t.Context(), a.Generation); err == nil || !strings.Contains(err.Error(), "no refresh token") {
		t.Error(err)
	}
	dead := open(`,"refresh_token":"canary"`)
	if _, err = dead.Renew(t.Context(), a.Generation); err == nil || !strings.Contains(err.Error(), "no longer takes the refresh token") || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
}

// TestRefreshTokenIsFoundAgain: the lease of a credential that a person authorised has the name that it had before scopes of services were
// known. Scopes of a client's own tokens tell leases apart, also those that are known.
func TestRefreshTokenIsFoundAgain(t *testing.T) {
	t.Parallel()
	name := func(kind, fields string) string {
		t.Helper()
		c, err := newTestSet(t).open(Credential{Name: "n", Type: kind, Data: []byte(`{"clientId":"me","clientSecret":"s","accessTokenUrl":"https://x/t",` + fields + "}")})
		if err != nil {
			t.Fatal(err)
		}
		return c.(*oauth2Credential).identity()
	}
	const tokens = `"oauthTokenData":{"access_token":"a","refresh_token":"r"}`
	for _, c := range []struct{ kind, fields, want string }{
		{"googleTasksOAuth2Api", tokens, "https://x/t\x00me\x00ra"},
		{"googleTasksOAuth2Api", `"customScopes":true,"enabledScopes":"more",` + tokens, "https://x/t\x00me\x00ra"},
		{"googleTasksOAuth2Api", `"scope":"own",` + tokens, "https://x/t\x00me\x00own\x00ra"},
		{"oAuth2Api", `"grantType":"pkce","scope":"own",` + tokens, "https://x/t\x00me\x00own\x00ra"},
		{"gumroadOAuth2Api", `"grantType":"clientCredentials"`, "https://x/t\x00me\x00view_sales"},
		{"oAuth2Api", `"scope":"own"`, "https://x/t\x00me\x00own"},
	} {
		if got := name(c.kind, c.fields); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.fields, got, c.want)
		}
	}
}

// TestTry: a token server is asked where there is no token, and then no more.
func TestTry(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	c := open(t, t.TempDir(), sim.URL(), "secret")
	for i, want := range []bool{true, false} {
		if a, asked, err := Try(t.Context(), c); err != nil || asked != want || a.Token == "" || sim.Counters().TokenMints != 1 {
			t.Errorf("%d: asked %t, %v", i, asked, err)
		}
	}
	if _, asked, err := Try(t.Context(), open(t, t.TempDir(), sim.URL(), "hunter2")); err == nil || !asked {
		t.Errorf("asked %t, %v", asked, err)
	}
	if a, asked, err := Try(t.Context(), fieldsCredential{nodes.Access{BaseURL: "b"}}); err != nil || asked || a.BaseURL != "b" {
		t.Errorf("asked %t, %v", asked, err)
	}
}
