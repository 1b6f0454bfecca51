package credentials

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// provider is a service with OAuth2: it gives the code "good" to whoever asks, and tokens for it to the client "me" that proves
// to be the one who asked (RFC 7636).
func provider(t *testing.T) (address string) {
	t.Helper()
	var challenge string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		challenge = q.Get("code_challenge")
		if q.Get("response_type") != "code" || q.Get("client_id") != "me" || q.Get("code_challenge_method") != "S256" || q.Get("access_type") != "offline" || q.Get("scope") != "a,b c" {
			t.Errorf("it was asked %s", r.URL)
		}
		http.Redirect(w, r, q.Get("redirect_uri")+"?code=good&state="+url.QueryEscape(q.Get("state")), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		id, secret, ok := r.BasicAuth()
		if !ok {
			id, secret = r.Form.Get("client_id"), r.Form.Get("client_secret")
		}
		sum := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
		w.Header().Set("Content-Type", "application/json")
		if id != "me" || secret != "canary" || r.Form.Get("code") != "good" || base64.RawURLEncoding.EncodeToString(sum[:]) != challenge || r.Form.Get("redirect_uri") != "http://localhost:1/cb" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"%s %s %s"}`, id, secret, r.Form.Get("code"))
			return
		}
		fmt.Fprintf(w, `{"access_token":"a1","refresh_token":"r1","token_type":"bearer","expires_in":3600,"scope":"a","in_header":%t}`, ok)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// agree goes where a person would be sent, and returns the query with which the service sends the browser back.
func agree(t *testing.T, address string) url.Values {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	at, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	return at.Query()
}

func authorization(t *testing.T, fields string) (*Set, *Authorization) {
	t.Helper()
	at := provider(t)
	s := NewSet(NewLeases(""))
	a, err := s.NewAuthorization(Credential{ID: "1", Name: "n", Type: "oAuth2Api", Data: fmt.Appendf(nil,
		`{"grantType":"pkce","clientId":"me","clientSecret":"canary","scope":"a,b c","authQueryParameters":"access_type=offline","authUrl":"%s/authorize","accessTokenUrl":"%s/token"%s}`, at, at, fields)}, "http://localhost:1/cb")
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

// TestAuthorize: what comes of an authorisation is a credential that has tokens.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	for _, fields := range []string{`,"authentication":"body"`, `,"authentication":"header"`, `,"own":{"kept":[1]}`} {
		s, a := authorization(t, fields)
		data, err := a.Finish(t.Context(), agree(t, a.URL()))
		if err != nil {
			t.Fatal(err)
		}
		if got := gjson.GetBytes(data, "oauthTokenData").Raw; got != `{"access_token":"a1","expires_in":3600,"refresh_token":"r1","scope":"a","token_type":"bearer"}` {
			t.Error(got)
		}
		if strings.Contains(fields, "own") && gjson.GetBytes(data, "own.kept.0").Int() != 1 {
			t.Errorf("a field was lost: %s", data)
		}
		s.Add(Credential{ID: "1", Name: "n", Type: "oAuth2Api", Data: data})
		c, err := s.Find("1", "", "oAuth2Api")
		if err != nil {
			t.Fatal(err)
		}
		if access, err := c.Access(t.Context()); err != nil || access.Token != "a1" {
			t.Errorf("%+v, %v", access, err)
		}
	}
}

func TestAuthorizeRefused(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"state=other": "does not belong to this authorisation", "error=access_denied&error_description=no+thanks": "the service refused: access_denied no thanks",
		"code=": "no code", "code=not-this": "with 400 invalid_grant: me ***", "code=bad&state=": "does not belong",
	} {
		_, a := authorization(t, "")
		answer := agree(t, a.URL())
		with, _ := url.ParseQuery(change)
		for name := range with {
			answer.Set(name, with.Get(name))
		}
		_, err := a.Finish(t.Context(), answer)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "not-this") {
			t.Errorf("%s: %v", change, err)
		}
	}
}

// TestAnswers: what other pages send to the address to come back to is no answer.
func TestAnswers(t *testing.T) {
	t.Parallel()
	_, a := authorization(t, "")
	_, other := authorization(t, "")
	for _, answer := range []url.Values{{}, {"code": {"x"}}, {"state": {""}}, agree(t, other.URL())} {
		if a.Answers(answer) {
			t.Errorf("%v is taken", answer)
		}
	}
	if !a.Answers(agree(t, a.URL())) {
		t.Error("its own is not taken")
	}
}

func TestNoAuthorization(t *testing.T) {
	t.Parallel()
	s := NewSet(NewLeases(""))
	for data, want := range map[string]string{
		`{"clientId":"a","grantType":"clientCredentials","authUrl":"https://x","accessTokenUrl":"https://x"}`: "needs nobody's agreement",
		`{"clientId":"a","accessTokenUrl":"https://x"}`:                                                       "no authUrl",
		`{"clientId":"a","authUrl":"https://x"}`:                                                              "no accessTokenUrl",
		`{"authUrl":"https://x"}`:                                                                             "no clientId",
	} {
		if _, err := s.NewAuthorization(Credential{Name: "n", Type: "oAuth2Api", Data: []byte(data)}, "http://localhost/cb"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
	if _, err := s.NewAuthorization(Credential{Name: "n", Type: "httpHeaderAuth", Data: []byte(`{}`)}, "http://localhost/cb"); err == nil || !strings.Contains(err.Error(), "not authorised by a person") {
		t.Error(err)
	}
	if _, err := s.NewAuthorization(Credential{Name: "n", Type: "gitlabOAuth2Api", Data: []byte(`{"clientId":"a"}`)}, "somewhere"); err == nil || !strings.Contains(err.Error(), "no address to come back to") {
		t.Error(err)
	}
}

// TestServices: each credential type that is known has whole addresses.
func TestServices(t *testing.T) {
	t.Parallel()
	count := 0
	gjson.Parse(services).ForEach(func(name, known gjson.Result) bool {
		count++
		fields := "{"
		for _, m := range placeholder.FindAllStringSubmatch(known.Raw, -1) {
			fields += fmt.Sprintf(`%q:"acme",`, m[1])
		}
		s, err := serviceOf(name.Str, gjson.Parse(strings.TrimSuffix(fields, ",")+"}"))
		if name.Str == "gitlabOAuth2Api" || name.Str == "gristOAuth2Api" { // their field is an address itself
			s, err = serviceOf(name.Str, gjson.Parse(`{"server":"https://git.example.com/","url":"https://docs.example.com"}`))
		}
		if err != nil || !isAddress(s.token) || s.auth != "" && !isAddress(s.auth) || strings.Contains(s.auth+s.token+s.scope+s.query, "{") && name.Str != "microsoftSharePointOAuth2Api" {
			t.Errorf("%s: %+v, %v", name.Str, s, err)
		}
		return true
	})
	if count < 100 {
		t.Errorf("only %d", count)
	}
	for data, want := range map[string]string{
		`{}`: "https://gitlab.com/oauth/token api authorizationCode",
		`{"server":"https://git.example.com/","scope":"read_api"}`:                                          "https://git.example.com/oauth/token read_api authorizationCode",
		`{"accessTokenUrl":"https://own/token","customScopes":true,"enabledScopes":"x","grantType":"pkce"}`: "https://own/token x pkce",
	} {
		s, err := serviceOf("gitlabOAuth2Api", gjson.Parse(data))
		if got := s.token + " " + s.scope + " " + s.grant; err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", data, got, err, want)
		}
	}
	if _, err := serviceOf("zendeskOAuth2Api", gjson.Parse(`{}`)); err == nil || !strings.Contains(err.Error(), "it has no subdomain") {
		t.Error(err)
	}
}
