package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/cordboard/cordboard/nodes"
)

// oauth2Credential mints tokens with the client credentials grant (RFC 6749, 4.4), one for all who share its lease.
type oauth2Credential struct {
	name         string
	set          *Set
	baseURL      string
	tokenURL     string
	clientID     string
	clientSecret string
	scope        string
	inHeader     bool
	lifetime     time.Duration // the user's own word on how long a token lives; 0: the server's
}

var _ nodes.Credential = (*oauth2Credential)(nil)

// Access is nodes.Credential's.
func (o *oauth2Credential) Access(ctx context.Context) (nodes.Access, error) {
	t, err := o.set.leases.get(ctx, o, 0)
	return o.access(t), err
}

// Renew is nodes.Credential's.
func (o *oauth2Credential) Renew(ctx context.Context, generation uint64) (nodes.Access, error) {
	t, err := o.set.leases.get(ctx, o, generation)
	return o.access(t), err
}

func (o *oauth2Credential) access(t token) nodes.Access {
	return nodes.Access{BaseURL: o.baseURL, Token: t.Access, Generation: t.generation()}
}

// token is an access token as the lease keeps it.
type token struct {
	Access string    `json:"access"`
	Expiry time.Time `json:"expiry"`
	Minted time.Time `json:"minted"`
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

// tokenError is a token server's refusal. It holds no secret.
type tokenError struct {
	text    string
	refused bool // the server said no; asking again gives the same answer
}

func (e *tokenError) Error() string { return e.text }

const tokenTimeout = 30 * time.Second

// mint asks the token server for a token.
func (o *oauth2Credential) mint(ctx context.Context) (token, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	c := clientcredentials.Config{
		ClientID: o.clientID, ClientSecret: o.clientSecret, TokenURL: o.tokenURL, AuthStyle: oauth2.AuthStyleInParams,
	}
	if o.inHeader {
		c.AuthStyle = oauth2.AuthStyleInHeader
	}
	if o.scope != "" {
		c.Scopes = strings.Fields(o.scope)
	}
	minted := o.set.leases.now()
	t, err := c.Token(context.WithValue(ctx, oauth2.HTTPClient, o.set.leases.client))
	if err != nil {
		return token{}, o.explain(err)
	}
	return token{Access: t.AccessToken, Minted: minted, Expiry: o.expiry(t, minted)}, nil
}

// expiry says when a token ends: what the user says, else the JWT's exp (RFC 7519, 4.1.4), else expires_in. 3CX before
// 20.0.9 counted expires_in in minutes; taken as seconds it only ends too early, and never too late.
func (o *oauth2Credential) expiry(t *oauth2.Token, minted time.Time) time.Time {
	if o.lifetime > 0 {
		return minted.Add(o.lifetime)
	}
	if parts := strings.Split(t.AccessToken, "."); len(parts) == 3 {
		if claims, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			if exp := gjson.GetBytes(claims, "exp"); exp.Type == gjson.Number && exp.Int() > 0 {
				return time.Unix(exp.Int(), 0)
			}
		}
	}
	if t.ExpiresIn > 0 {
		return minted.Add(time.Duration(t.ExpiresIn) * time.Second)
	}
	return time.Time{}
}

func (o *oauth2Credential) explain(err error) error {
	var refused *oauth2.RetrieveError
	at := fmt.Sprintf("credential %q: ", o.name)
	e := &tokenError{}
	var dns *net.DNSError
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_client",
		errors.As(err, &refused) && refused.Response.StatusCode == http.StatusUnauthorized:
		e.refused = true
		e.text = at + "the server refused the client id or the client secret; check them in the API client's settings on the server"
	case errors.As(err, &refused) && refused.Response.StatusCode == http.StatusNotFound:
		e.refused = true
		e.text = at + fmt.Sprintf("there is no token endpoint at %s; check the credential's base URL", o.tokenURL)
	case errors.As(err, &refused):
		e.refused = refused.Response.StatusCode < 500
		e.text = at + fmt.Sprintf("the token endpoint %s answered %d %s", o.tokenURL, refused.Response.StatusCode, refused.ErrorCode)
	case errors.As(err, &dns):
		e.text = at + fmt.Sprintf("the host %q is not known; check the credential's base URL", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		e.text = at + fmt.Sprintf("nothing answers at %s; check the credential's base URL and that the server runs", o.tokenURL)
	case errors.Is(err, context.DeadlineExceeded):
		e.text = at + fmt.Sprintf("the token endpoint %s did not answer in %s", o.tokenURL, tokenTimeout)
	default:
		e.text = at + nodes.Redact(err.Error(), "", o.clientSecret)
	}
	return e
}
