package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// publicFields are, for credential types without tokens, the fields that are no secrets. All others are: of a type that is
// not known here any field may be one.
func publicFields(credentialType string) []string {
	switch credentialType {
	case "httpBasicAuth", "httpDigestAuth":
		return []string{"user"}
	case "httpHeaderAuth", "httpQueryAuth":
		return []string{"name"}
	case "jwtAuth":
		return []string{"keyType", "algorithm"}
	}
	return publicServerFields(credentialType)
}

// publicServerFields are the fields, by n8n's names, of credentials for servers that are no secrets.
func publicServerFields(credentialType string) []string {
	tunnel := []string{"sshTunnel", "sshAuthenticateWith", "sshHost", "sshPort", "sshUser", "sshHostKey"}
	switch credentialType {
	case "postgres":
		return append(tunnel, "host", "port", "database", "user", "ssl", "allowUnauthorizedCerts", "maxConnections")
	case "mySql":
		return append(tunnel, "host", "port", "database", "user", "ssl", "connectTimeout", "caCertificate", "clientCertificate")
	case "redis":
		return []string{"host", "port", "database", "user", "ssl", "disableTlsVerification"}
	case "smtp", "imap":
		return []string{"host", "port", "user", "secure", "disableStartTls", "hostName", "allowUnauthorizedCerts"}
	case "sshPassword", "sshPrivateKey", "sftp":
		return []string{"host", "port", "username", "hostKey"}
	case "ftp":
		return []string{"host", "port", "username", "secure", "allowUnauthorizedCerts"}
	case "mqtt":
		return []string{"protocol", "host", "port", "username", "clientId", "clean", "ssl", "passwordless", "rejectUnauthorized", "ca", "cert"}
	case "rabbitmq":
		return []string{"hostname", "port", "username", "vhost", "ssl", "passwordless", "ca", "cert"}
	case "kafka":
		return []string{"clientId", "brokers", "ssl", "allowUnauthorizedCerts", "ca", "cert", "authentication", "username", "saslMechanism"}
	}
	return nil
}

// open makes a credential usable. Those of 3CX and other OAuth2 ones mint tokens, any other hands on its fields.
func (s *Set) open(c Credential) (nodes.Credential, error) {
	var (
		opened nodes.Credential
		err    error
	)
	if data := gjson.ParseBytes(c.Data); isOAuth2(c.Type, data) {
		opened, err = s.openOAuth2(c, data)
	} else {
		opened, err = openFields(c.Type, data)
	}
	if err != nil {
		return nil, fmt.Errorf("credential %q (%s): %w", c.Name, c.Source, err)
	}
	return opened, nil
}

// isOAuth2 goes by the name, and for a type that is not known by the fields: any type name is accepted for 3CX.
func isOAuth2(credentialType string, data gjson.Result) bool {
	if publicFields(credentialType) != nil { // some have a clientId of another kind
		return false
	}
	return strings.Contains(strings.ToLower(credentialType), "oauth2") || data.Get("clientId").Exists() || data.Get("clientSecret").Exists()
}

// openOAuth2 reads the fields of n8n's generic OAuth2 credential and those of the 3CX node, with what they are also called.
func (s *Set) openOAuth2(c Credential, data gjson.Result) (*oauth2Credential, error) {
	at, err := serviceOf(c.Type, data)
	if err != nil {
		return nil, err
	}
	o := &oauth2Credential{
		name: c.Name, leases: s.leases,
		clientID: firstText(data, "clientId"), clientSecret: data.Get("clientSecret").String(),
		scope: at.scope, ownScope: firstText(data, "scope"), tokenURL: at.token,
		lifetime: time.Duration(data.Get("tokenLifetime").Float() * float64(time.Second)),
		inHeader: at.header,
		insecure: data.Get("ignoreSSLIssues").Bool() || data.Get("allowUnauthorizedCerts").Bool(),
	}
	if o.clientID == "" {
		return nil, errors.New("it has no clientId")
	}
	tokens := tokensOf(data)
	switch grant := at.grant; grant {
	case "authorizationCode", "pkce":
		o.authorised = true
	case "", "clientCredentials":
		o.authorised = grant == "" && tokens.Get("access_token").Exists()
	default:
		return nil, fmt.Errorf("the grant type %q is not supported; use clientCredentials, authorizationCode or pkce", grant)
	}
	o.given, o.refresh = tokens.Get("access_token").String(), tokens.Get("refresh_token").String()
	if o.authorised && o.given == "" && o.refresh == "" {
		return nil, unauthorised(data)
	}
	if o.clientSecret == "" && !o.authorised { // with PKCE there may be none
		return nil, errors.New("it has no clientSecret")
	}
	return o, o.addresses(firstText(data, "baseUrl", "url", "serverUrl", "domain"))
}

// unauthorised says how a credential comes by its tokens. The type of a service stands for authorizationCode, in n8n too, unless the
// credential itself says otherwise.
func unauthorised(data gjson.Result) error {
	text := "nobody has authorised it yet (it has no oauthTokenData): authorise it (cordboard credentials authorize), or connect it in n8n and export it again"
	if firstText(data, "grantType") == "" {
		text += `; if the client itself is to have the token, nobody need agree: put "grantType": "clientCredentials" into its data`
	}
	return errors.New(text)
}

const tokenPath = "/connect/token"

// addresses finds the base URL and the token endpoint; 3CX's are made of each other. A generic credential may have only
// the endpoint: then the node must know where to send to.
func (o *oauth2Credential) addresses(base string) error {
	if base == "" && strings.HasSuffix(o.tokenURL, tokenPath) {
		base = o.tokenURL
	}
	if base != "" || o.tokenURL == "" {
		var err error
		if o.baseURL, err = CleanBaseURL(base); err != nil {
			return err
		}
	}
	if o.tokenURL == "" {
		o.tokenURL = o.baseURL + tokenPath
	}
	if u, err := url.Parse(o.tokenURL); err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("the accessTokenUrl is no address: it must look like https://pbx.example.com" + tokenPath)
	}
	return nil
}

// fieldsCredential is one without tokens: what a node needs of it are its fields.
type fieldsCredential struct{ access nodes.Access }

var _ nodes.Credential = fieldsCredential{}

// Access is nodes.Credential's.
func (f fieldsCredential) Access(context.Context) (nodes.Access, error) { return f.access, nil }

// Renew is nodes.Credential's. There is nothing newer to have.
func (f fieldsCredential) Renew(context.Context, uint64) (nodes.Access, error) { return f.access, nil }

// aboutServers are fields of any type that are no secrets.
var aboutServers = []string{"baseUrl", "serverUrl", "ignoreSSLIssues", "allowedDomains", "allowedHttpRequestDomains", "useCustomAuth"}

func openFields(credentialType string, data gjson.Result) (fieldsCredential, error) {
	a := nodes.Access{Fields: map[string]string{}, Secrets: nodes.Secrets{}}
	public := publicFields(credentialType)
	data.ForEach(func(key, v gjson.Result) bool {
		switch {
		case v.Type == gjson.Null:
		case slices.Contains(public, key.Str) || slices.Contains(aboutServers, key.Str):
			a.Fields[key.Str] = v.String()
		default:
			a.Secrets[key.Str] = v.String()
		}
		return true
	})
	var err error
	if base := firstText(data, "baseUrl", "serverUrl"); base != "" {
		a.BaseURL, err = CleanBaseURL(base)
	}
	return fieldsCredential{a}, err
}

func firstText(data gjson.Result, names ...string) string {
	for _, name := range names {
		if v := strings.TrimSpace(data.Get(name).String()); v != "" {
			return v
		}
	}
	return ""
}

// knownPath is what people paste along with a PBX's address.
var knownPath = regexp.MustCompile(`(?i)/(xapi(/v1(/swagger\.yaml|/\$metadata)?)?|connect/token)$`)

// CleanBaseURL brings an address that a person pasted into the form scheme://host[:port][/path]: without trailing slash,
// query, and 3CX's API path. Without a scheme it is taken as https. Errors do not repeat the address, which may hold a
// password.
func CleanBaseURL(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", errors.New("it has no baseUrl: the address of the server, such as https://pbx.example.com")
	}
	if !strings.Contains(text, "://") {
		text = "https://" + strings.TrimPrefix(text, "//")
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") || (u.Scheme != "https" && u.Scheme != "http") {
		return "", errors.New("the baseUrl is no address: it must look like https://pbx.example.com")
	}
	if u.User != nil {
		return "", errors.New("the baseUrl holds a user name: leave it out, the client id and secret are fields of their own")
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	path = strings.TrimRight(knownPath.ReplaceAllString(path, ""), "/")
	return u.Scheme + "://" + u.Host + path, nil
}
