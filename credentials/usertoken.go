package credentials

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/tidwall/gjson"
)

// userTokens moves the token of Slack's answers to where RFC 6749, 5.1 has it. Slack keeps the token of a person, which is the only one
// where no scopes of a bot were asked for, in authed_user (https://docs.slack.dev/authentication/installing-with-oauth).
type userTokens struct{ http.RoundTripper }

// maxAnswer is how much of an answer is read, as the OAuth2 library does.
const maxAnswer = 1 << 20

// RoundTrip is http.RoundTripper's.
func (u userTokens) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := u.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	body = withUserToken(body)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return res, nil
}

func withUserToken(answer []byte) []byte {
	var fields map[string]json.RawMessage
	user := gjson.GetBytes(answer, "authed_user")
	if gjson.GetBytes(answer, "access_token").String() != "" || user.Get("access_token").String() == "" || json.Unmarshal(answer, &fields) != nil {
		return answer
	}
	for _, name := range []string{"access_token", "token_type", "refresh_token", "expires_in", "scope"} {
		if v := user.Get(name); v.Exists() {
			fields[name] = json.RawMessage(v.Raw)
		}
	}
	moved, err := json.Marshal(fields)
	if err != nil {
		return answer
	}
	return moved
}

// tokensOf are the tokens that n8n keeps with a credential: the service's whole answer, Slack's too.
func tokensOf(data gjson.Result) gjson.Result {
	tokens := data.Get("oauthTokenData")
	if user := tokens.Get("authed_user"); !tokens.Get("access_token").Exists() && user.Get("access_token").Exists() {
		return user
	}
	return tokens
}
