package network

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 7616 has it for servers that know nothing newer
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// digest answers the challenge of a server (RFC 7616), with MD5 or SHA-256 and the quality of protection "auth".
func digest(user, password string) func(context.Context, message, *answer) (message, bool, error) {
	return func(_ context.Context, m message, a *answer) (message, bool, error) {
		c, ok := challenge(a.header.Values("Www-Authenticate"))
		if !ok {
			return m, false, nil
		}
		sum := md5.New
		switch strings.ToUpper(strings.TrimSuffix(strings.ToLower(c["algorithm"]), "-sess")) {
		case "", "MD5":
		case "SHA-256":
			sum = sha256.New
		default:
			return m, false, nodes.Errorf("the server asks for the digest algorithm %q, which is not available", c["algorithm"])
		}
		m.header = m.header.clone()
		m.header.setHeader("authorization", digestHeader(c, sum, user, password, a.method, a.target))
		return m, true, nil
	}
}

func digestHeader(c map[string]string, sum func() hash.Hash, user, password, method, uri string) string {
	digest := func(parts ...string) string {
		h := sum()
		h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	const count = "00000001"
	cnonce := rand.Text()
	ha1 := digest(user, c["realm"], password)
	if strings.HasSuffix(strings.ToLower(c["algorithm"]), "-sess") {
		ha1 = digest(ha1, c["nonce"], cnonce)
	}
	ha2 := digest(method, uri)
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	out := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s"`, quote.Replace(user), quote.Replace(c["realm"]), quote.Replace(c["nonce"]), uri)
	if offersAuth(c["qop"]) {
		out += fmt.Sprintf(`, qop=auth, nc=%s, cnonce="%s", response="%s"`, count, cnonce, digest(ha1, c["nonce"], count, cnonce, "auth", ha2))
	} else {
		out += fmt.Sprintf(`, response="%s"`, digest(ha1, c["nonce"], ha2))
	}
	if c["algorithm"] != "" {
		out += ", algorithm=" + c["algorithm"]
	}
	if c["opaque"] != "" {
		out += fmt.Sprintf(`, opaque="%s"`, quote.Replace(c["opaque"]))
	}
	return out
}

func offersAuth(qop string) bool {
	for q := range strings.SplitSeq(qop, ",") {
		if strings.TrimSpace(q) == "auth" {
			return true
		}
	}
	return false
}

// challenge finds the parameters of a Digest challenge.
func challenge(headers []string) (map[string]string, bool) {
	for _, h := range headers {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(h), " ")
		if !strings.EqualFold(scheme, "Digest") {
			continue
		}
		c := map[string]string{}
		for rest != "" {
			var name, value string
			name, rest, _ = strings.Cut(rest, "=")
			if quoted, ok := strings.CutPrefix(rest, `"`); ok {
				value, rest, _ = strings.Cut(quoted, `"`)
				_, rest, _ = strings.Cut(rest, ",")
			} else {
				value, rest, _ = strings.Cut(rest, ",")
			}
			c[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
		return c, c["nonce"] != ""
	}
	return nil, false
}
