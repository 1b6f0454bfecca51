package credentials

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"
)

// services are, for n8n's OAuth2 credential types of single services, what n8n fills in and does not export: addresses, scopes and
// how the client says who it is. {field} stands for a field of the credential.
//
//go:embed services.json
var services string

// service is where and how a credential is authorised.
type service struct {
	auth, token, scope string
	query              string // what is added to the address of authorisation
	header             bool   // the client's id and secret go into a header
	grant              string // n8n's grantType
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// serviceOf takes what the credential says itself, and what its type says where it does not.
func serviceOf(credentialType string, data gjson.Result) (service, error) {
	known := gjson.Get(services, gjson.Escape(credentialType))
	var missing string
	given := func(field, name string) string {
		if v := firstText(data, field); v != "" {
			return v
		}
		return placeholder.ReplaceAllStringFunc(known.Get(name).Str, func(p string) string {
			field := strings.Trim(p, "{}")
			v := strings.TrimRight(firstText(data, field), "/")
			if v == "" {
				v = known.Get("defaults." + field).Str
			}
			if v == "" {
				missing = field
			}
			return v
		})
	}
	s := service{
		auth: given("authUrl", "auth"), token: given("accessTokenUrl", "token"), scope: given("scope", "scope"),
		query: given("authQueryParameters", "query"), grant: firstText(data, "grantType"), header: known.Get("header").Bool(),
	}
	if way := data.Get("authentication").String(); way != "" {
		s.header = way == "header"
	}
	if data.Get("customScopes").Bool() {
		s.scope = firstText(data, "enabledScopes")
	}
	if s.grant == "" && known.Exists() {
		if s.grant = known.Get("grant").Str; s.grant == "" {
			s.grant = "authorizationCode"
		}
	}
	if missing != "" {
		return s, fmt.Errorf("it has no %s, which is a part of its service's address", missing)
	}
	return s, nil
}
