package credentials

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/tidwall/gjson"
)

// slack answers as oauth.v2.access does where only scopes of a person were asked for, and for a refresh token.
func slack(t *testing.T) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		switch {
		case r.Form.Get("refresh_token") == "r1":
			fmt.Fprint(w, `{"ok":true,"access_token":"a2","refresh_token":"r2","token_type":"user","expires_in":43200,"authed_user":{"id":"U1","access_token":"not this"}}`)
		case r.Form.Get("code") == "good":
			fmt.Fprint(w, `{"ok":true,"app_id":"A1","scope":"","authed_user":{"id":"U1","scope":"chat:write","access_token":"a1","refresh_token":"r1","token_type":"user","expires_in":43200},"team":{"id":"T1"}}`)
		default:
			fmt.Fprint(w, `{"ok":false,"error":"invalid_code"}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestUserToken: the token of a person is found in Slack's answer, in one that n8n kept too, and refreshed.
func TestUserToken(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"slackOAuth2Api", "slackManagerOAuth2Api"} {
		s := NewSet(NewLeases(t.TempDir()))
		fields := fmt.Sprintf(`"clientId":"me","clientSecret":"canary","accessTokenUrl":%q`, slack(t))
		a, err := s.NewAuthorization(Credential{Name: "n", Type: kind, Data: []byte("{" + fields + "}")}, "http://localhost:1/cb")
		if err != nil {
			t.Fatal(err)
		}
		data, err := a.Finish(t.Context(), url.Values{"state": {a.state}, "code": {"good"}})
		if err != nil {
			t.Fatal(err)
		}
		tokens := gjson.GetBytes(data, "oauthTokenData")
		if got := tokens.Get("[access_token,refresh_token,scope,token_type,expires_in,authed_user.id]").Raw; got != `["a1","r1","chat:write","user",43200,"U1"]` {
			t.Errorf("%s: %s", kind, tokens.Raw)
		}
		kept := `{"ok":true,"authed_user":{"id":"U1","access_token":"a1","refresh_token":"r1"}}`
		for i, data := range []string{string(data), "{" + fields + `,"oauthTokenData":` + kept + "}"} {
			c, err := s.open(Credential{Name: "n", Type: kind, Data: []byte(data)})
			if err != nil {
				t.Fatal(err)
			}
			first := access(t, c)
			second, err := c.Renew(t.Context(), token{Access: "a1"}.generation())
			if err != nil || i == 0 && first.Token != "a1" || second.Token != "a2" {
				t.Errorf("%s %d: %q, then %q, %v", kind, i, first.Token, second.Token, err)
			}
		}
		if _, err = a.Finish(t.Context(), url.Values{"state": {a.state}, "code": {"bad"}}); err == nil || err.Error() != `credential "n": the token endpoint answered POST `+a.config.Endpoint.TokenURL+" with 200 invalid_code; check the credential's client id, client secret and scope against what the server says" {
			t.Error(err)
		}
	}
}
