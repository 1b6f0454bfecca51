package schemas

import "strings"

// secretWords are parts of names that hold secrets; secretNames are whole names that do.
var (
	secretWords = [...]string{
		"password", "passwd", "secret", "token", "apikey", "privatekey", "authorization", "passphrase", "pincode", "pinnumber",
	}
	secretNames = map[string]bool{
		"pwd": true, "licensekey": true, "transcribekeygrok": true, "serviceaccountcredentials": true,
	}
)

// IsSecret reports whether a name, or a part of a JSON pointer, is that of something whose value must not be repeated in
// messages and logs: AuthPassword, VMPIN, clientSecret, access_token. It errs on the careful side, and it is the one rule
// for all packages.
func IsSecret(pointer string) bool {
	for name := range strings.SplitSeq(strings.ToLower(pointer), "/") {
		if strings.ContainsAny(name, "_- ") {
			name = strings.NewReplacer("_", "", "-", "", " ", "").Replace(name)
		}
		if secretNames[name] || strings.HasSuffix(name, "pin") {
			return true
		}
		for _, word := range secretWords {
			if strings.Contains(name, word) {
				return true
			}
		}
	}
	return false
}
