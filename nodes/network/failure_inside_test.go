package network

import (
	"errors"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes"
)

// TestAsked: an error of a request tells its method and address, without user, password, query and secrets, and other errors do not.
func TestAsked(t *testing.T) {
	t.Parallel()
	x := exchange{message: message{method: "GET", url: "http://me:hunter2@example.com:81/bot%3Acan%2Bary/a b?key=x#y"}}
	x.auth.secrets = []string{"hunter2", ":can+ary"}
	refused := &nodes.Error{Message: "no, hunter2", Item: -1, Kind: nodes.APIError}
	for _, c := range []struct {
		sent, url string
		err       error
		want      string
	}{
		{"", x.message.url, refused, "GET http://example.com:81/bot***/a%20b"},
		{"POST", "https://hunter2.example.com", refused, "POST https://***.example.com"},
		{"", x.message.url, &shownError{err: refused}, "GET http://example.com:81/bot***/a%20b"},
		{"", "http://example.com/a|%zz", refused, "GET http://example.com/a%7C%25zz"},
		{"", "nowhere", refused, ""},
		{"", "http://a b", refused, ""},
		{"", x.message.url, nodes.Errorf("a parameter"), ""},
	} {
		x.sent, x.message.url = c.sent, c.url
		var e *nodes.Error
		if !errors.As(x.redacted(c.err), &e) || e.Request != c.want || strings.Contains(e.Error(), "hunter2") {
			t.Errorf("%s %s: %v, %s", c.sent, c.url, e, e.Request)
		}
	}
}
