package api

import (
	"maps"
	"slices"

	"github.com/tidwall/gjson"
)

// Field is a field of a credential type.
type Field struct {
	// Type is string, number or boolean; any other word stands for whatever JSON there is.
	Type string
	// Choices are the values that there are; nil for any.
	Choices []string
	// Required is set where a credential is of no use without the field.
	Required bool
}

// CredentialTypes are the names of the types whose fields are known.
func CredentialTypes() []string { return slices.Sorted(maps.Keys(schemas())) }

// Fields returns the fields of a credential type by name: n8n's, and those that only Cordboard reads; nil for a type that is not known.
func Fields(credentialType string) map[string]Field {
	schema := gjson.ParseBytes(schemas()[credentialType])
	if !schema.Exists() {
		return nil
	}
	fields := map[string]Field{}
	add := func(name string, f gjson.Result) {
		field := Field{Type: f.Get("type").Str}
		for _, choice := range f.Get("enum").Array() {
			field.Choices = append(field.Choices, choice.String())
		}
		fields[name] = field
	}
	schema.Get("properties").ForEach(func(name, f gjson.Result) bool {
		add(name.Str, f)
		return true
	})
	for name, text := range ownFields[credentialType] {
		add(name, gjson.Parse(text))
	}
	for name, kind := range alsoRead[credentialType] {
		fields[name] = Field{Type: kind}
	}
	for _, name := range needed(credentialType, schema) {
		f := fields[name]
		f.Required = true
		fields[name] = f
	}
	return fields
}

// alsoRead are fields by type that the REST API does not take and credentials of other sources may have: generated node sets take the server's
// address from baseUrl.
var alsoRead = map[string]map[string]string{
	"httpBasicAuth": {"baseUrl": "string"}, "httpBearerAuth": {"baseUrl": "string"}, "httpHeaderAuth": {"baseUrl": "string"}, "httpQueryAuth": {"baseUrl": "string"},
	"oAuth2Api": {
		"baseUrl": "string", "url": "string", "domain": "string", "tokenLifetime": "number", "allowUnauthorizedCerts": "boolean", "useDynamicClientRegistration": "boolean",
	},
	"threeCXOAuth2Api": {"url": "string", "serverUrl": "string", "domain": "string", "oauthTokenData": "json"},
}

// needed are the fields without which nothing can be done. n8n's schemas know few of them, and count ports in, which have defaults.
func needed(credentialType string, schema gjson.Result) []string {
	switch credentialType {
	case "httpHeaderAuth", "httpQueryAuth":
		return []string{"name", "value"}
	case "httpBasicAuth", "httpDigestAuth":
		return []string{"user"}
	case "httpBearerAuth":
		return []string{"token"}
	case "smtp", "imap", "mqtt":
		return []string{"host"}
	case "rabbitmq":
		return []string{"hostname"}
	case "kafka":
		return []string{"brokers"}
	case "oAuth2Api", "threeCXOAuth2Api": // whoever opens it says what is missing: it depends on the other fields
		return nil
	}
	var names []string
	for _, name := range schema.Get("required").Array() {
		if name.Str != "port" {
			names = append(names, name.Str)
		}
	}
	return names
}
