package nodes

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

var secretWords = []string{"password", "secret", "vmpin", "pincode", "apikey", "privatekey", "accesstoken", "refreshtoken", "authorization", "passphrase"}

// IsSecret reports whether a field of this name holds a secret, whose value must not reach an error or a log.
func IsSecret(name string) bool {
	name = strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
	return name == "pin" || slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(name, w) })
}

// SecretPointer reports whether a JSON pointer leads to or into a field that holds a secret.
func SecretPointer(pointer string) bool {
	return slices.ContainsFunc(strings.Split(pointer, "/"), IsSecret)
}

// Redact replaces in text every value of a secret field of the JSON given, and these further secrets, by "***".
func Redact(text, json string, secrets ...string) string {
	collectSecrets(gjson.Parse(json), &secrets)
	for _, s := range secrets {
		if len(s) > 2 {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}

func collectSecrets(r gjson.Result, found *[]string) {
	if !r.IsObject() && !r.IsArray() {
		return
	}
	r.ForEach(func(key, value gjson.Result) bool {
		if IsSecret(key.Str) && (value.Type == gjson.String || value.Type == gjson.Number) {
			*found = append(*found, value.String())
		}
		collectSecrets(value, found)
		return true
	})
}
