package pbxsim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// tokenState is what became of a token that is not valid any more.
type tokenState string

const (
	tokenReplaced tokenState = "was replaced by a newer one of the same client"
	tokenKilled   tokenState = "was revoked"
	tokenExpired  tokenState = "has expired"
)

// tokenIssuer mints access tokens. A client has one live token: minting the next one ends it.
type tokenIssuer struct {
	clients  map[string]string
	lifetime time.Duration
	minutes  bool
	opaque   bool
	now      func() time.Time
	key      [32]byte

	mu     sync.Mutex
	live   map[string]issuedToken // by token
	holder map[string]string      // client to its live token
	dead   map[string]tokenState  // tokens that were live, for the error's sake
}

type issuedToken struct {
	client  string
	expires time.Time
	uses    int
}

func newTokenIssuer(o *Options) *tokenIssuer {
	t := &tokenIssuer{
		clients: o.Clients, lifetime: o.TokenLifetime, minutes: o.ExpiresInMinutes, opaque: o.OpaqueTokens, now: o.Clock,
		live: map[string]issuedToken{}, holder: map[string]string{}, dead: map[string]tokenState{},
	}
	rand.Read(t.key[:])
	return t
}

// oauthError is RFC 6749's error answer.
func oauthError(status int, code, description string) *reply {
	r := jsonReply(status, map[string]any{"error": code, "error_description": description})
	return r.with("Cache-Control", "no-store")
}

// grant answers POST /connect/token.
func (t *tokenIssuer) grant(r *http.Request, body []byte) *reply {
	if r.Method != http.MethodPost {
		return oauthError(http.StatusMethodNotAllowed, "invalid_request", "a token is asked for with POST").with("Allow", http.MethodPost)
	}
	if r.Header.Get("Authorization") != "" {
		return oauthError(http.StatusUnauthorized, "invalid_client",
			"client_id and client_secret belong in the form body, not in an Authorization header").with("WWW-Authenticate", "Basic")
	}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/x-www-form-urlencoded" {
		return oauthError(http.StatusBadRequest, "invalid_request", "the body must be application/x-www-form-urlencoded")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", "the form body cannot be read")
	}
	if got := form.Get("grant_type"); got != "client_credentials" {
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", fmt.Sprintf("grant_type is %q, not client_credentials", got))
	}
	client := form.Get("client_id")
	secret, known := t.clients[client]
	if !known || subtle.ConstantTimeCompare([]byte(secret), []byte(form.Get("client_secret"))) != 1 {
		return oauthError(http.StatusUnauthorized, "invalid_client", "client_id or client_secret is wrong")
	}
	unit := time.Second
	if t.minutes {
		unit = time.Minute
	}
	return jsonReply(http.StatusOK, map[string]any{
		"token_type":    "Bearer",
		"expires_in":    int64(t.lifetime / unit),
		"access_token":  t.mint(client),
		"refresh_token": nil,
	}).with("Cache-Control", "no-store")
}

func (t *tokenIssuer) mint(client string) string {
	expires := t.now().Add(t.lifetime)
	token := t.sign(client, expires)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(t.holder[client], tokenReplaced)
	t.holder[client] = token
	t.live[token] = issuedToken{client: client, expires: expires}
	return token
}

// sign makes the token: a JWT, or random text.
func (t *tokenIssuer) sign(client string, expires time.Time) string {
	id := rand.Text()
	if t.opaque {
		return "sim-" + id
	}
	encode := func(v any) string {
		data, _ := json.Marshal(v) // maps of text and integers always can be
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signed := encode(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." + encode(map[string]any{
		"iss": "pbxsim", "sub": client, "client_id": client, "jti": id,
		"iat": t.now().Unix(), "nbf": t.now().Unix(), "exp": expires.Unix(),
	})
	mac := hmac.New(sha256.New, t.key[:])
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// end needs t.mu.
func (t *tokenIssuer) end(token string, why tokenState) {
	if token == "" {
		return
	}
	if client := t.live[token].client; t.holder[client] == token {
		delete(t.holder, client)
	}
	delete(t.live, token)
	if len(t.dead) > 1000 {
		clear(t.dead)
	}
	t.dead[token] = why
}

// kill ends every live token.
func (t *tokenIssuer) kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for token := range t.live {
		t.end(token, tokenKilled)
	}
}

// check returns the client that an Authorization header speaks for. A token is revoked after limit uses, if limit is above 0.
func (t *tokenIssuer) check(header string, limit int) (string, *apiError) {
	scheme, token, _ := strings.Cut(header, " ")
	if header == "" {
		return "", unauthorized("", "the request has no Authorization header")
	}
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", unauthorized("invalid_request", "the Authorization header is not \"Bearer TOKEN\"")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if issued, ok := t.live[token]; ok {
		switch {
		case !t.now().Before(issued.expires):
			t.end(token, tokenExpired)
		case limit > 0 && issued.uses >= limit:
			t.end(token, tokenKilled)
		default:
			issued.uses++
			t.live[token] = issued
			return issued.client, nil
		}
	}
	if why, ok := t.dead[token]; ok {
		return "", unauthorized("invalid_token", "the access token "+string(why))
	}
	return "", unauthorized("invalid_token", "the access token was never issued here")
}

func unauthorized(code, message string) *apiError {
	challenge := "Bearer"
	if code != "" {
		challenge = fmt.Sprintf("Bearer error=%q, error_description=%q", code, message)
	}
	return fail(http.StatusUnauthorized, codeUnauthorized, "%s", message).with("WWW-Authenticate", strings.ReplaceAll(challenge, `\"`, `'`))
}
