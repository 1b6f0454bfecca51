package credentials

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// open makes a credential usable. Credentials of 3CX and generic ones with the grant clientCredentials mint tokens.
func (s *Set) open(c Credential) (nodes.Credential, error) {
	data := gjson.ParseBytes(c.Data)
	o := &oauth2Credential{name: c.Name, set: s}
	o.clientID, o.clientSecret = data.Get("clientId").String(), data.Get("clientSecret").String()
	o.scope = data.Get("scope").String()
	o.tokenURL = data.Get("accessTokenUrl").String()
	o.lifetime = time.Duration(data.Get("tokenLifetime").Float() * float64(time.Second))
	o.inHeader = data.Get("authentication").String() == "header"
	address := firstText(data, "baseUrl", "url", "serverUrl", "domain")
	if address == "" && o.tokenURL != "" {
		address = strings.TrimSuffix(o.tokenURL, "/connect/token")
	}
	base, err := CleanBaseURL(address)
	if err != nil {
		return nil, fmt.Errorf("credential %q (%s): %w", c.Name, c.Source, err)
	}
	o.baseURL = base
	if o.tokenURL == "" {
		o.tokenURL = base + "/connect/token"
	}
	for field, value := range map[string]string{"clientId": o.clientID, "clientSecret": o.clientSecret} {
		if value == "" {
			return nil, fmt.Errorf("credential %q (%s): it has no %s", c.Name, c.Source, field)
		}
	}
	if grant := data.Get("grantType").String(); grant != "" && grant != "clientCredentials" {
		return nil, fmt.Errorf("credential %q (%s): the grant type %q is not supported; use clientCredentials", c.Name, c.Source, grant)
	}
	return o, nil
}

func firstText(data gjson.Result, names ...string) string {
	for _, name := range names {
		if v := strings.TrimSpace(data.Get(name).String()); v != "" {
			return v
		}
	}
	return ""
}

var apiPath = regexp.MustCompile(`(?i)/xapi(/v1)?$`)

// CleanBaseURL brings an address that a person pasted into the form scheme://host[:port][/path]: without trailing slash,
// query, and 3CX's API path. Without a scheme it is taken as https.
func CleanBaseURL(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", fmt.Errorf("it has no baseUrl: the address of the server, such as https://pbx.example.com")
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", fmt.Errorf("the baseUrl is no address: it must look like https://pbx.example.com")
	}
	if u.User != nil {
		return "", fmt.Errorf("the baseUrl holds a user name: leave it out, the client id and secret are fields of their own")
	}
	path := apiPath.ReplaceAllString(strings.TrimRight(u.Path, "/"), "")
	return u.Scheme + "://" + u.Host + strings.TrimRight(path, "/"), nil
}
