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
// authentication names the parameter that says how callers prove who they are.
func admit(ctx context.Context, call *nodes.Call, req *http.Request, authentication string) (refused *nodes.Response, err error) {
	options := call.Param("options")
	allowed, err := options.Get("ipWhitelist").String(0, "")
	if err != nil {
		return nil, err
	}
	if allowed != "" && !addressAllowed(allowed, req.RemoteAddr) {
		return refuse(http.StatusForbidden, "IP is not allowed to access the webhook!"), nil
	}
	ignoreBots, err := options.Get("ignoreBots").Bool(0, false)
	if err != nil {
		return nil, err
	}
	if ignoreBots && (bots.MatchString(req.UserAgent()) || !browser.MatchString(req.UserAgent())) {
		return refuse(http.StatusForbidden, "Authorization data is wrong!"), nil
	}
	auth, err := call.Param(authentication).String(0, "none")
	if err != nil {
		return nil, err
	}
	switch auth {
	case "none":
		return nil, nil
	case "basicAuth":
		return checkBasic(ctx, call, req)
	case "headerAuth":
		return checkHeader(ctx, call, req)
	}
	return nil, nodes.Errorf("the authentication %s is not available yet", auth).WithParam(authentication, "")
}

// Browsers begin so, and bots are the words by which crawlers, link previews and scripts name themselves all the same.
var (
	browser = regexp.MustCompile(`^(Mozilla|Opera)/`)
	bots    = regexp.MustCompile(`(?i)bot|crawl|spider|slurp|facebookexternalhit|whatsapp|embedly|preview|lighthouse|headless|scrap|monitor|fetch|feed`)
)

func refuse(status int, text string) *nodes.Response {
	return &nodes.Response{Status: status, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: []byte(text)}
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
		return challenge("Authorization is required!"), nil
	}
	// Both are compared, so that the time does not tell which one was wrong.
	userOK, passwordOK := same(user, access.Field("user")), same(password, access.Field("password"))
	if !userOK || !passwordOK || access.Field("user") == "" || access.Field("password") == "" {
		return challenge("Authentication data is wrong!"), nil
	}
	return nil, nil
}

// challenge asks for a user and a password.
func challenge(text string) *nodes.Response {
	r := refuse(http.StatusUnauthorized, text)
	r.Header.Set("WWW-Authenticate", `Basic realm="Webhook"`)
	return r
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

// allowOrigin tells a browser that the caller's page may read the answer.
func allowOrigin(call *nodes.Call, req *http.Request, h http.Header) error {
	origin := req.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	allowed, err := call.Param("options").Get("allowedOrigins").String(0, "*")
	if err != nil {
		return err
	}
	list := splitNames(allowed)
	if !slices.Contains(list, "*") && !slices.Contains(list, origin) {
		origin = list[0] // which the browser refuses
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Add("Vary", "Origin")
	return nil
}
