package request

import (
	"net/http"
	"net/url"

	"github.com/cordboard/cordboard/nodes"
)

// authenticate puts a credential without a live token into a request, by the fields that it has: token goes as a bearer token (RFC 6750),
// user and password as basic authentication (RFC 7617), name and value are a header, of n8n's type httpQueryAuth a query parameter. These are
// the fields of n8n's generic credential types; a type of one's own has them, too. One without secrets adds nothing.
func authenticate(r *http.Request, credential string, a nodes.Access) error {
	field := a.Field
	switch {
	case field("token") != "":
		r.Header.Set("Authorization", "Bearer "+field("token"))
	case field("user") != "":
		r.SetBasicAuth(field("user"), field("password"))
	case field("name") != "" && credential == "httpQueryAuth":
		if r.URL.RawQuery != "" {
			r.URL.RawQuery += "&"
		}
		r.URL.RawQuery += url.QueryEscape(field("name")) + "=" + url.QueryEscape(field("value"))
	case field("name") != "":
		r.Header.Set(field("name"), field("value"))
	case len(a.Secrets) > 0:
		e := nodes.Errorf("the credential (%s) has no field that goes into a request", credential)
		e.Hint = "It takes token (a bearer token), user and password, or name and value (a header)."
		return e
	}
	return nil
}
