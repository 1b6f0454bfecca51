package credentials

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/tidwall/gjson"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/cordboard/cordboard/nodes"
)

// oauth2Credential mints tokens, one for all who share its lease: with the client credentials grant (RFC 6749, 4.4), or, where a person
// has authorised it in n8n (authorization code, PKCE), with the refresh token that came of that (RFC 6749, 6).
type oauth2Credential struct {
	name         string
	leases       *Leases
	baseURL      string
	tokenURL     string
	clientID     string
	clientSecret string
	scope        string
	ownScope     string // what the credential says itself, without what is known of its service
	inHeader     bool
	insecure     bool          // the server's certificate is not verified
	lifetime     time.Duration // the user's own word on how long a token lives; 0: the server's
	// authorised says that a person has authorised it: given is the access token of that, refresh the refresh token.
	authorised     bool
	given, refresh string
}

var _ nodes.Credential = (*oauth2Credential)(nil)

// Access is nodes.Credential's.
func (o *oauth2Credential) Access(ctx context.Context) (nodes.Access, error) {
	return o.Renew(ctx, 0) // 0 is no token's generation
}

// Renew is nodes.Credential's.
func (o *oauth2Credential) Renew(ctx context.Context, generation uint64) (nodes.Access, error) {
	a, _, err := o.get(ctx, generation)
	return a, err
}

// Try is the credential's Access, and says whether a token server was asked for it. It is not where there is a token of before: a new
// one may end the old one, which others use. Credentials without tokens ask nobody.
func Try(ctx context.Context, c nodes.Credential) (access nodes.Access, asked bool, err error) {
	if o, ok := c.(*oauth2Credential); ok {
		return o.get(ctx, 0)
	}
	access, err = c.Access(ctx)
	return access, false, err
}

func (o *oauth2Credential) get(ctx context.Context, generation uint64) (access nodes.Access, asked bool, err error) {
	t, asked, err := o.leases.get(ctx, o, generation)
	if err != nil {
		return nodes.Access{}, asked, err
	}
	a := nodes.Access{BaseURL: o.baseURL, Token: t.Access, Generation: t.generation()}
	if o.insecure {
		a.Fields = map[string]string{"ignoreSSLIssues": "true"}
	}
	return a, asked, nil
}

// token is an access token as the lease keeps it.
type token struct {
	Access string    `json:"access"`
	Expiry time.Time `json:"expiry"`
	Minted time.Time `json:"minted"`
	// Refresh is the refresh token that came with it, where that was another one.
	Refresh string `json:"refresh,omitempty"`
}

// generation numbers a token. It comes of the token itself, so that processes which share a lease agree on it.
func (t token) generation() uint64 {
	if t.Access == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(t.Access))
	return binary.BigEndian.Uint64(sum[:8]) | 1
}

// usable reports whether the token lives for a while yet: a tenth of its life, at most 30 seconds, is left unused.
func (t token) usable(now time.Time) bool {
	if t.Access == "" {
		return false
	}
	if t.Expiry.IsZero() {
		return true
	}
	margin := min(t.Expiry.Sub(t.Minted)/10, 30*time.Second)
	return now.Before(t.Expiry.Add(-margin))
}

// tokenError is why there is no token. It holds no secret.
type tokenError struct {
	text    string
	refused bool // the server said no; asking again gives the same answer
	cause   error
}

func (e *tokenError) Error() string { return e.text }

func (e *tokenError) Unwrap() error { return e.cause }

const (
	tokenTimeout = 30 * time.Second
	maxLifetime  = 100 * 365 * 24 * time.Hour // what is above is no lifetime
)

// first is the token that came with the credential, whose age is not known.
func (o *oauth2Credential) first() token { return token{Access: o.given} }

// mint asks the token server for a token; last is the one before, if there was one.
func (o *oauth2Credential) mint(ctx context.Context, last token) (token, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, o.leases.client(o.insecure))
	style := oauth2.AuthStyleInParams
	if o.inHeader {
		style = oauth2.AuthStyleInHeader
	}
	minted := o.leases.now()
	if o.authorised {
		return o.mintAgain(ctx, last, style, minted)
	}
	c := clientcredentials.Config{
		ClientID: o.clientID, ClientSecret: o.clientSecret, TokenURL: o.tokenURL, Scopes: strings.Fields(o.scope), AuthStyle: style,
	}
	t, err := c.Token(ctx)
	if err != nil {
		return token{}, o.explain(err)
	}
	return token{Access: t.AccessToken, Minted: minted, Expiry: o.expiry(t, minted)}, nil
}

// mintAgain uses the refresh token: a server may give a new one with each token, and then the old one is dead.
func (o *oauth2Credential) mintAgain(ctx context.Context, last token, style oauth2.AuthStyle, minted time.Time) (token, error) {
	refresh := last.Refresh
	if refresh == "" {
		refresh = o.refresh
	}
	if refresh == "" {
		return token{}, &tokenError{refused: true, text: fmt.Sprintf(
			"credential %q: its access token has ended, and it has no refresh token (oauthTokenData.refresh_token): authorise it anew with offline access (cordboard credentials authorize)", o.name)}
	}
	c := oauth2.Config{ClientID: o.clientID, ClientSecret: o.clientSecret, Endpoint: oauth2.Endpoint{TokenURL: o.tokenURL, AuthStyle: style}}
	t, err := c.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	if err != nil {
		return token{}, o.explain(err, refresh)
	}
	again := token{Access: t.AccessToken, Minted: minted, Expiry: o.expiry(t, minted), Refresh: refresh}
	if t.RefreshToken != "" {
		again.Refresh = t.RefreshToken
	}
	return again, nil
}

// expiry says when a token ends: what the user says, else the JWT's exp (RFC 7519, 4.1.4), else expires_in. 3CX before
// 20.0.9 counted expires_in in minutes; taken as seconds it only ends too early, and never too late. Of a JWT the time from
// iat to exp counts, so that a server whose clock is wrong does not give tokens that seem to have ended already.
func (o *oauth2Credential) expiry(t *oauth2.Token, minted time.Time) time.Time {
	if o.lifetime > 0 {
		return minted.Add(o.lifetime)
	}
	if exp, iat := jwtTimes(t.AccessToken); exp > 0 {
		if iat > 0 && iat < exp {
			return minted.Add(time.Duration(exp-iat) * time.Second)
		}
		if end := time.Unix(exp, 0); end.After(minted) {
			return end
		}
	}
	// The library keeps expires_in only as a time of its own clock.
	if s, err := strconv.ParseFloat(fmt.Sprint(t.Extra("expires_in")), 64); err == nil && s > 0 && s < maxLifetime.Seconds() {
		return minted.Add(time.Duration(s * float64(time.Second)))
	}
	return time.Time{}
}

// jwtTimes reads a JWT's exp and iat; 0 for what is not there.
func jwtTimes(access string) (exp, iat int64) {
	parts := strings.Split(access, ".")
	if len(parts) != 3 {
		return 0, 0
	}
	claims, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || !gjson.ValidBytes(claims) {
		return 0, 0
	}
	number := func(name string) int64 {
		if v := gjson.GetBytes(claims, name); v.Type == gjson.Number && v.Num < 1<<40 {
			return v.Int()
		}
		return 0
	}
	return number("exp"), number("iat")
}

// explain makes a token error of what the OAuth2 library says, whose own text holds the server's whole answer. Secrets are what the
// request held besides the credential's own.
func (o *oauth2Credential) explain(err error, secrets ...string) error {
	hide := func(text string) string { return nodes.Redact(text, "", append(secrets, o.clientSecret, o.refresh)...) }
	e := &tokenError{cause: err}
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) {
		e.cause = nil // it holds the answer
		e.refused = answered.Response.StatusCode < 500 && answered.Response.StatusCode != http.StatusTooManyRequests
		e.text = o.explainAnswer(answered, hide)
	} else {
		e.text, e.refused = o.explainNetwork(err)
	}
	e.text = fmt.Sprintf("credential %q: %s", o.name, hide(e.text))
	return e
}

func (o *oauth2Credential) explainAnswer(a *oauth2.RetrieveError, hide func(string) string) string {
	status := a.Response.StatusCode
	switch {
	case a.ErrorCode == "invalid_grant" && o.authorised:
		return "the server no longer takes the refresh token; authorise the credential anew (cordboard credentials authorize)"
	case a.ErrorCode == "invalid_client" || status == http.StatusUnauthorized:
		return "the server refused the client id or the client secret; check them in the API client's settings on the server"
	case status == http.StatusNotFound:
		return fmt.Sprintf("there is no token endpoint at %s; check the credential's base URL", o.shownURL())
	case status >= 300 && status < 400:
		to := "elsewhere"
		if u, err := a.Response.Location(); err == nil {
			to = "to " + u.Scheme + "://" + u.Host
		}
		return fmt.Sprintf("the token endpoint %s redirects %s; if that is right, make it the credential's base URL", o.shownURL(), to)
	case status < 300 && a.ErrorCode == "": // a page of something else
		return fmt.Sprintf("what answers at %s is no token endpoint; check the credential's base URL", o.shownURL())
	}
	text := strings.TrimSpace(fmt.Sprintf("the token endpoint answered POST %s with %d %s", o.shownURL(), status, quote(hide(a.ErrorCode))))
	if said := quote(hide(a.ErrorDescription)); said != "" {
		text += ": " + said
	}
	switch {
	case status == http.StatusTooManyRequests:
		return text + "; it is asked too often: try again later"
	case status >= 500:
		return text + "; that is the server's own fault: try again later, and look at its log if it stays"
	}
	return text + "; check the credential's client id, client secret and scope against what the server says"
}

// shownURL is the token endpoint without what may be secret: user, password and query.
func (o *oauth2Credential) shownURL() string {
	u, err := url.Parse(o.tokenURL)
	if err != nil {
		return "of the credential"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// quote makes one line of what a server said, and leaves out what goes on and on.
func quote(text string) string {
	const most = 300
	line := []rune(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "))
	if len(line) > most {
		return string(line[:most]) + "…"
	}
	return string(line)
}

// explainNetwork also says whether asking again is in vain.
func (o *oauth2Credential) explainNetwork(err error) (text string, final bool) {
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		wrap *url.Error
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("the host %q is not known; check the credential's base URL", dns.Name), false
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing answers at %s; check the credential's base URL and that the server runs", o.shownURL()), false
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("the token endpoint %s did not answer in %s", o.shownURL(), tokenTimeout), false
	case errors.Is(err, context.Canceled):
		return "cancelled", false
	case errors.As(err, &cert):
		return fmt.Sprintf("the certificate of %s cannot be verified: %s; if it is your own server's, set ignoreSSLIssues in the credential", o.shownURL(), cert.Err), true
	case errors.As(err, &wrap):
		return fmt.Sprintf("the token endpoint %s: %s", o.shownURL(), wrap.Err), false
	}
	return fmt.Sprintf("what answers at %s is no token endpoint (%s); check the credential's base URL", o.shownURL(), err), true
}
