package nodes

import (
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/schemas"
)

// minSecret is the length from which a secret is looked for: what is shorter stands in any text.
const minSecret = 3

// Redact replaces in text every value of a secret field of the JSON given, and these further secrets, by "***": as they
// are, and as JSON and addresses write them.
func Redact(text, json string, secrets ...string) string {
	if text == "" {
		return ""
	}
	secrets = slices.Clone(secrets)
	collectSecrets(gjson.Parse(json), false, &secrets)
	forms := make([]string, 0, len(secrets))
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		quoted := string(AppendString(nil, s))
		forms = append(forms, s, quoted[1:len(quoted)-1], url.QueryEscape(s), url.PathEscape(s), strings.ReplaceAll(url.QueryEscape(s), "+", "%20"))
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // one may be a part of another
	for _, f := range slices.Compact(forms) {
		text = strings.ReplaceAll(text, f, "***")
	}
	return text
}

// collectSecrets gathers the values of secret fields, and all values inside of those.
func collectSecrets(r gjson.Result, secret bool, found *[]string) {
	if !r.IsObject() && !r.IsArray() {
		switch {
		case secret && r.Type == gjson.String:
			*found = append(*found, r.Str)
		case secret && r.Type == gjson.Number:
			*found = append(*found, r.Raw)
		}
		return
	}
	r.ForEach(func(key, value gjson.Result) bool {
		collectSecrets(value, secret || schemas.IsSecret(key.Str), found)
		return true
	})
}
