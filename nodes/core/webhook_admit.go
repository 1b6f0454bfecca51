package core

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"

	"github.com/cordboard/cordboard/nodes"
)

// admit decides whether a request may start a run: addresses, bots, authentication. A refusal is the answer.
// authentication names the parameter that says how callers prove who they are. jwt is the JSON of a caller's token, "" without.
func admit(ctx context.Context, call *nodes.Call, req *http.Request, authentication string) (jwt string, refused *nodes.Response, err error) {
	options := call.Param("options")
	allowed, err := options.Get("ipWhitelist").String(0, "")
	if err != nil {
		return "", nil, err
	}
	if allowed != "" && !addressAllowed(allowed, req.RemoteAddr) {
		r := refuse(http.StatusForbidden, "IP is not allowed to access the webhook!")
		r.Header.Del("WWW-Authenticate")
		return "", r, nil
	}
	ignoreBots, err := options.Get("ignoreBots").Bool(0, false)
	if err != nil {
		return "", nil, err
	}
	if agent := req.UserAgent(); ignoreBots && agent != "" && (bots.MatchString(agent) || !browser.MatchString(agent)) {
		return "", refuse(http.StatusForbidden, "Authorization data is wrong!"), nil
	}
	auth, err := call.Param(authentication).Option(0, "none", "none", "basicAuth", "headerAuth", "jwtAuth")
	if err != nil {
		return "", nil, err
	}
	switch auth {
	case "basicAuth":
		refused, err = checkBasic(ctx, call, req)
	case "headerAuth":
		refused, err = checkHeader(ctx, call, req)
	case "jwtAuth":
		jwt, refused, err = checkToken(ctx, call, req)
	}
	return jwt, refused, err
}

// Browsers begin so, and bots are the words by which crawlers, link previews and scripts name themselves all the same.
var (
	browser = regexp.MustCompile(`^(Mozilla|Opera)/`)
	bots    = regexp.MustCompile(`(?i)bot|crawl|spider|slurp|facebookexternalhit|whatsapp|embedly|preview|lighthouse|headless|scrap|monitor|fetch|feed`)
)

// refuse is an answer to one who is not let in. n8n gives it no Content-Type, and names a scheme whatever the node asks for.
func refuse(status int, text string) *nodes.Response {
	return &nodes.Response{
		Status: status, Header: http.Header{"Content-Type": {""}, "Www-Authenticate": {`Basic realm="Webhook"`}}, Body: []byte(text),
	}
}

// addressAllowed reports whether an address is one of a list of addresses and ranges.
func addressAllowed(list, remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(splitNames(list), func(entry string) bool {
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			return prefix.Contains(addr)
		}
		one, err := netip.ParseAddr(entry)
		return err == nil && one.Unmap() == addr
	})
}

func checkBasic(ctx context.Context, call *nodes.Call, req *http.Request) (*nodes.Response, error) {
	access, err := call.Engine.Access(ctx, "httpBasicAuth")
	if err != nil {
		return nil, err
	}
	user, password, ok := req.BasicAuth()
	if !ok {
		return refuse(http.StatusUnauthorized, "Authorization is required!"), nil
	}
	// Both are compared, so that the time does not tell which one was wrong.
	userOK, passwordOK := same(user, access.Field("user")), same(password, access.Field("password"))
	if !userOK || !passwordOK || access.Field("user") == "" || access.Field("password") == "" {
		return refuse(http.StatusUnauthorized, "Authentication data is wrong!"), nil
	}
	return nil, nil
}

func checkHeader(ctx context.Context, call *nodes.Call, req *http.Request) (*nodes.Response, error) {
	access, err := call.Engine.Access(ctx, "httpHeaderAuth")
	if err != nil {
		return nil, err
	}
	name, value := access.Field("name"), access.Field("value")
	if name == "" || value == "" {
		return nil, nodes.Errorf("the credential of the webhook has no name or no value")
	}
	if !same(req.Header.Get(name), value) {
		return refuse(http.StatusForbidden, "Authorization data is wrong!"), nil
	}
	return nil, nil
}

// same compares in a time that does not depend on the texts, nor on their lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
