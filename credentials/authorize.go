package credentials

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"
	"golang.org/x/oauth2"

	"github.com/cordboard/cordboard/nodes"
)

// Authorization is a person's agreement to an OAuth2 credential in the making: the authorization code grant (RFC 6749, 4.1), always
// with proof of who asked (PKCE, RFC 7636).
type Authorization struct {
	credential      *oauth2Credential
	data            gjson.Result
	config          oauth2.Config
	query           url.Values
	state, verifier string
}

// NewAuthorization begins one. Redirect is the address to which the service sends the person back; the service must know it.
func (s *Set) NewAuthorization(c Credential, redirect string) (*Authorization, error) {
	data := gjson.ParseBytes(c.Data)
	at, err := serviceOf(c.Type, data)
	if err != nil {
		return nil, fmt.Errorf("credential %q: %w", c.Name, err)
	}
	a := &Authorization{
		data: data, state: rand.Text(), verifier: oauth2.GenerateVerifier(),
		credential: &oauth2Credential{name: c.Name, leases: s.leases, tokenURL: at.token, clientID: firstText(data, "clientId"), clientSecret: data.Get("clientSecret").String(), insecure: data.Get("ignoreSSLIssues").Bool()},
	}
	switch {
	case !isOAuth2(c.Type, data):
		err = fmt.Errorf("credentials of type %s are not authorised by a person", c.Type)
	case at.grant == "clientCredentials":
		err = errors.New("its grant type is clientCredentials, which needs nobody's agreement")
	case a.credential.clientID == "":
		err = errors.New("it has no clientId")
	case !isAddress(at.auth):
		err = errors.New("it has no authUrl, the address at which a person agrees")
	case !isAddress(at.token):
		err = errors.New("it has no accessTokenUrl")
	case !isAddress(redirect):
		err = fmt.Errorf("%q is no address to come back to", redirect)
	default:
		a.query, err = url.ParseQuery(at.query)
	}
	if err != nil {
		return nil, fmt.Errorf("credential %q: %w", c.Name, err)
	}
	style := oauth2.AuthStyleInParams
	if at.header {
		style = oauth2.AuthStyleInHeader
	}
	a.config = oauth2.Config{
		ClientID: a.credential.clientID, ClientSecret: a.credential.clientSecret, RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{AuthURL: at.auth, TokenURL: at.token, AuthStyle: style},
	}
	if at.scope != "" {
		a.config.Scopes = []string{at.scope} // as it is written: some services have commas between
	}
	return a, nil
}

func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// URL is where the person agrees.
func (a *Authorization) URL() string {
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.verifier)}
	for name := range a.query {
		options = append(options, oauth2.SetAuthURLParam(name, a.query.Get(name)))
	}
	return a.config.AuthCodeURL(a.state, options...)
}

// Answers reports whether a query that came to the address to come back to answers URL's question: any page that the browser shows
// can send one there.
func (a *Authorization) Answers(answer url.Values) bool {
	return subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(a.state)) == 1
}

// Finish takes the query with which the service sent the person back, asks for the tokens, and returns the credential's fields with
// them (oauthTokenData, as n8n keeps them). An answer to another question than URL's is refused.
func (a *Authorization) Finish(ctx context.Context, answer url.Values) (json.RawMessage, error) {
	fail := func(format string, args ...any) (json.RawMessage, error) {
		return nil, fmt.Errorf("credential %q: %s", a.credential.name, nodes.Redact(fmt.Sprintf(format, args...), "", a.credential.clientSecret))
	}
	if !a.Answers(answer) {
		return fail("the answer does not belong to this authorisation (its state is another): begin anew")
	}
	if answer.Get("error") != "" {
		return fail("the service refused: %s", strings.TrimSpace(answer.Get("error")+" "+answer.Get("error_description")))
	}
	if answer.Get("code") == "" {
		return fail("the answer has no code")
	}
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, a.credential.leases.client(a.credential.insecure))
	t, err := a.config.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(a.verifier))
	if err != nil {
		return nil, a.credential.explain(err, answer.Get("code"), a.verifier)
	}
	tokens := map[string]any{"access_token": t.AccessToken, "token_type": t.TokenType}
	if t.RefreshToken != "" {
		tokens["refresh_token"] = t.RefreshToken
	}
	for _, name := range []string{"expires_in", "scope", "authed_user"} {
		if v := t.Extra(name); v != nil {
			tokens[name] = v
		}
	}
	fields := map[string]json.RawMessage{}
	a.data.ForEach(func(key, v gjson.Result) bool {
		fields[key.Str] = json.RawMessage(v.Raw)
		return true
	})
	if fields["oauthTokenData"], err = json.Marshal(tokens); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}
