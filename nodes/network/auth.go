package network

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// authentication is what a credential adds to requests.
type authentication struct {
	secrets []string
	headers []string // their names: they go to no other server
	// again, if set, makes the request anew after it was refused with 401.
	again func(ctx context.Context, m message, a *answer) (message, bool, error)
}

// oldCredentials are the credential types of version 1 by its parameter authentication.
var oldCredentials = map[string]string{
	"basicAuth": "httpBasicAuth", "digestAuth": "httpDigestAuth", "headerAuth": "httpHeaderAuth", "queryAuth": "httpQueryAuth", "oAuth2": "oAuth2Api",
	"oAuth1": "oAuth1Api",
}

// authenticate adds what the item's credentials say.
func (x *exchange) authenticate(ctx context.Context, in *reader) error {
	call := in.call
	mode, kind := in.text(call.Param("authentication"), "none"), ""
	switch {
	case mode == "none" || mode == "":
	case mode == "genericCredentialType":
		kind = in.text(call.Param("genericAuthType"), "")
	case mode == "predefinedCredentialType":
		kind = in.text(call.Param("nodeCredentialType"), "")
	default:
		kind = oldCredentials[mode]
	}
	certificates := in.yes(call.Param("provideSslCertificates"), false)
	if in.err != nil {
		return in.err
	}
	if kind == "" && mode != "none" && mode != "" {
		return nodes.Errorf("the workflow does not say which credential: set genericAuthType or nodeCredentialType")
	}
	if certificates {
		a, err := x.access(ctx, "httpSslAuth")
		if err != nil {
			return err
		}
		x.connection.Identity.CA, x.connection.Identity.Certificate, x.connection.Identity.Key = pemOf(a.Field("ca")), pemOf(a.Field("cert")), pemOf(a.Field("key"))
		if a.Field("passphrase") != "" {
			return nodes.Errorf("the key of the credential (httpSslAuth) has a passphrase, which is not available yet: use a key without one")
		}
	}
	if kind == "" {
		return nil
	}
	return x.apply(ctx, kind)
}

// pemOf puts the line ends back that a form's one-line field takes away.
func pemOf(text string) string {
	if strings.Contains(strings.TrimSpace(text), "\n") || !strings.HasPrefix(text, "-----BEGIN ") {
		return text
	}
	head, rest, _ := strings.Cut(text[len("-----BEGIN "):], "-----")
	body, _, _ := strings.Cut(rest, "-----END")
	return "-----BEGIN " + head + "-----\n" + strings.Join(strings.Fields(body), "\n") + "\n-----END " + head + "-----\n"
}

// access asks for a credential once for all items.
func (x *exchange) access(ctx context.Context, kind string) (nodes.Access, error) {
	r := x.run
	a, ok := r.auth[kind]
	if !ok {
		var err error
		if a, err = r.call.Engine.Access(ctx, kind); err != nil {
			return a, nodes.Errorf("the credential (%s) cannot be used: %w", kind, err)
		}
		if r.auth == nil {
			r.auth = map[string]nodes.Access{}
		}
		r.auth[kind] = a
	}
	x.keepSecret(a)
	return a, nil
}

func (x *exchange) keepSecret(a nodes.Access) {
	if a.Token != "" {
		x.auth.secrets = append(x.auth.secrets, a.Token)
	}
	for _, s := range a.Secrets {
		x.auth.secrets = append(x.auth.secrets, s)
	}
}

// header sets a header that is secret and goes to no other server.
func (x *exchange) header(name, value string) {
	x.message.header.setHeader(name, value)
	x.auth.headers = append(x.auth.headers, name)
	x.auth.secrets = append(x.auth.secrets, value)
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// apply adds what a credential of this type asks for.
func (x *exchange) apply(ctx context.Context, kind string) error {
	if kind == "oAuth1Api" {
		return nodes.Errorf("credentials of type oAuth1Api are not available yet")
	}
	a, err := x.access(ctx, kind)
	if err != nil {
		return err
	}
	switch kind {
	case "httpBasicAuth":
		x.header("authorization", basic(a.Field("user"), a.Field("password")))
	case "httpHeaderAuth":
		x.header(strings.ToLower(a.Field("name")), a.Field("value"))
	case "httpQueryAuth":
		x.message.query.set(a.Field("name"), nodes.StringValue(a.Field("value")))
	case "httpBearerAuth":
		x.header("authorization", "Bearer "+a.Field("token"))
	case "httpDigestAuth":
		x.auth.again = digest(a.Field("user"), a.Field("password"))
	case "httpCustomAuth":
		return x.custom(a.Field("json"))
	default:
		if a.Token != "" {
			x.token(kind, a)
			return nil
		}
		return x.predefined(kind, a)
	}
	return nil
}

// token adds a live token, and asks for a newer one where a server refuses it.
func (x *exchange) token(kind string, a nodes.Access) {
	x.header("authorization", "Bearer "+a.Token)
	x.auth.again = func(ctx context.Context, m message, _ *answer) (message, bool, error) {
		x.run.eval.Lock()
		defer x.run.eval.Unlock()
		newer, err := x.run.call.Engine.Renew(ctx, kind, a.Generation)
		if err != nil || newer.Generation == a.Generation {
			return m, false, err
		}
		a = newer
		x.run.auth[kind] = newer
		x.keepSecret(newer)
		for _, of := range []*fields{&m.header, &x.message.header} { // further pages begin with the message of the exchange
			*of = of.clone()
			of.setHeader("authorization", "Bearer "+newer.Token)
		}
		return m, true, nil
	}
}

// custom adds the headers, query (qs) and body of a custom credential.
func (x *exchange) custom(text string) error {
	normal, err := nodes.Normalize(text)
	r := gjson.Parse(normal)
	if err != nil || !r.IsObject() {
		return nodes.Errorf("Invalid Custom Auth JSON")
	}
	collect := func(v gjson.Result) { x.auth.secrets = append(x.auth.secrets, v.String()) }
	for _, f := range fieldsOf(r.Get("headers")) {
		x.header(f.name, textOf(f.value))
	}
	for _, f := range fieldsOf(r.Get("qs")) {
		x.message.query.set(f.name, f.value)
		collect(f.value.Result())
	}
	for _, f := range fieldsOf(r.Get("body")) {
		x.message.body.set(f.name, f.value)
		collect(f.value.Result())
	}
	return nil
}

// rule is how a predefined credential goes into a request: a header or a query parameter, with {field} standing for a field
// of the credential. A header "basic" is user and password with a colon between them.
type rule struct{ header, query, value string }

// rules are recorded from n8n by credential type.
var rules = map[string][]rule{
	"activeCampaignApi":     {{header: "api-token", value: "{apiKey}"}},
	"airtableTokenApi":      {{header: "authorization", value: "Bearer {accessToken}"}},
	"asanaApi":              {{header: "authorization", value: "Bearer {accessToken}"}},
	"calendlyApi":           {{header: "authorization", value: "Bearer {apiKey}"}},
	"clickUpApi":            {{header: "authorization", value: "{accessToken}"}},
	"cloudflareApi":         {{header: "authorization", value: "Bearer {apiToken}"}},
	"convertKitApi":         {{query: "api_secret", value: "{apiSecret}"}},
	"discordBotApi":         {{header: "authorization", value: "Bot {botToken}"}},
	"elasticsearchApi":      {{header: "basic", value: "{username}:{password}"}},
	"freshdeskApi":          {{header: "basic", value: "{apiKey}:X"}},
	"ghostContentApi":       {{query: "key", value: "{apiKey}"}},
	"gitlabApi":             {{header: "private-token", value: "{accessToken}"}},
	"githubApi":             {{header: "authorization", value: "token {accessToken}"}},
	"grafanaApi":            {{header: "authorization", value: "Bearer {apiKey}"}},
	"hubspotAppToken":       {{header: "authorization", value: "Bearer {appToken}"}},
	"jiraSoftwareCloudApi":  {{header: "basic", value: "{email}:{apiToken}"}},
	"jiraSoftwareServerApi": {{header: "basic", value: "{email}:{password}"}},
	"linearApi":             {{header: "authorization", value: "{apiKey}"}},
	"mailchimpApi":          {{header: "authorization", value: "apikey {apiKey}"}},
	"mailerLiteApi":         {{header: "authorization", value: "Bearer {apiKey}"}, {header: "accept", value: "*/*"}},
	"mailgunApi":            {{header: "basic", value: "api:{apiKey}"}},
	"mailjetEmailApi":       {{header: "basic", value: "{apiKey}:{secretKey}"}},
	"mattermostApi":         {{header: "authorization", value: "Bearer {accessToken}"}},
	"mondayComApi":          {{header: "authorization", value: "Bearer {apiToken}"}},
	"n8nApi":                {{header: "x-n8n-api-key", value: "{apiKey}"}},
	"netlifyApi":            {{header: "authorization", value: "Bearer {accessToken}"}},
	"nextCloudApi":          {{header: "basic", value: "{user}:{password}"}},
	"nocoDb":                {{header: "xc-auth", value: "{apiToken}"}},
	"nocoDbApiToken":        {{header: "xc-token", value: "{apiToken}"}},
	"notionApi":             {{header: "authorization", value: "Bearer {apiKey}"}, {header: "notion-version", value: "2022-02-22"}},
	"openAiApi":             {{header: "authorization", value: "Bearer {apiKey}"}},
	"pipedriveApi":          {{query: "api_token", value: "{apiToken}"}},
	"postmarkApi":           {{header: "x-postmark-server-token", value: "{serverToken}"}},
	"sendGridApi":           {{header: "authorization", value: "Bearer {apiKey}"}},
	"sendInBlueApi":         {{header: "api-key", value: "{apiKey}"}},
	"sentryIoApi":           {{header: "authorization", value: "Bearer {token}"}},
	"serviceNowBasicApi":    {{header: "basic", value: "{user}:{password}"}},
	"shopifyAccessTokenApi": {{header: "x-shopify-access-token", value: "{accessToken}"}},
	"slackApi":              {{header: "authorization", value: "Bearer {accessToken}"}},
	"strapiTokenApi":        {{header: "authorization", value: "Bearer {apiToken}"}},
	"stripeApi":             {{header: "authorization", value: "Bearer {secretKey}"}},
	"supabaseApi":           {{header: "apikey", value: "{serviceRole}"}, {header: "authorization", value: "Bearer {serviceRole}"}},
	"todoistApi":            {{header: "authorization", value: "Bearer {apiKey}"}},
	"trelloApi":             {{query: "key", value: "{apiKey}"}, {query: "token", value: "{apiToken}"}},
	"typeformApi":           {{header: "authorization", value: "bearer {accessToken}"}},
	"webflowApi":            {{header: "authorization", value: "Bearer {accessToken}"}},
	"wooCommerceApi":        {{header: "basic", value: "{consumerKey}:{consumerSecret}"}},
	"wordpressApi":          {{header: "basic", value: "{username}:{password}"}},
	"zendeskApi":            {{header: "basic", value: "{email}/token:{apiToken}"}},
}

// predefined adds what the rules say for a credential type.
func (x *exchange) predefined(kind string, a nodes.Access) error {
	list := rules[kind]
	if list == nil {
		return nodes.Errorf("how credentials of type %s go into a request is not known here: use a generic credential (httpHeaderAuth, httpQueryAuth, httpBearerAuth, httpCustomAuth)", kind)
	}
	for _, r := range list {
		value := fill(r.value, a)
		switch {
		case r.query != "":
			x.message.query.set(r.query, nodes.StringValue(value))
		case r.header == "basic":
			x.header("authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(value)))
		case value == r.value: // nothing of the credential is in it
			x.message.header.setHeader(r.header, value)
		default:
			x.header(r.header, value)
		}
	}
	return nil
}

// fill puts a credential's fields into a text.
func fill(text string, a nodes.Access) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteString(a.Field(name))
		text = after
	}
}
