package core

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// TestSealLayout: with the salt and the nonce of what n8n encrypted, the same text comes to the same bytes.
func TestSealLayout(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"aes-256-gcm", "aes-192-gcm", "aes-128-gcm", "chacha20-poly1305"} {
		text, err := os.ReadFile("testdata/crypto/v2-decrypt-" + kind + ".json")
		if err != nil {
			t.Fatal(err)
		}
		recorded := gjson.ParseBytes(text)
		want := looseBase64(recorded.Get("node.parameters.value").Str)
		plaintext := recorded.Get("want.outputs.0.0.json.data").Str
		got, err := seal(kind, recorded.Get("credentials.crypto.encryptionPassphrase").Str, plaintext, bytes.NewReader(want[1:textStart-tagSize]))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %x, %v; want %x", kind, got, err, want)
		}
	}
	if _, err := seal("aes-256-gcm", "x", "y", strings.NewReader("too short")); err == nil {
		t.Error("a nonce of nothing")
	}
}

// pemPair makes a key, and returns it and its public key in PEM.
func pemPair(t *testing.T, private crypto.Signer) (string, string) {
	t.Helper()
	inner, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: inner})), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: outer}))
}

// TestCryptoEncrypt: what is encrypted can be decrypted, and is never the same twice.
func TestCryptoEncrypt(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	private, public := pemPair(t, key)
	secrets := nodes.Secrets{"encryptionPassphrase": "pä𝄞", "encryptionPublicKey": strings.ReplaceAll(public, "\n", " "), "encryptionPrivateKey": strings.ReplaceAll(private, "\n", `\n`)}
	for params, size := range map[string]int{`"mode":"asymmetric"`: 128, `"mode":"symmetric"`: 51} { // of an encrypted "héllo"
		one, err := runCrypto(t, 2, `{"action":"encrypt","value":"héllo",`+params+`}`, secrets)
		if raw, bad := base64.StdEncoding.DecodeString(one); err != nil || bad != nil || len(raw) != size {
			t.Errorf("%s: %q, %v, %v; want %d bytes", params, one, err, bad, size)
		}
		if other, _ := runCrypto(t, 2, `{"action":"encrypt","value":"héllo",`+params+`}`, secrets); other == one {
			t.Errorf("%s: %q twice", params, one)
		}
		if got, err := runCrypto(t, 2, `{"action":"decrypt","value":"`+one+`",`+params+`}`, secrets); err != nil || got != "héllo" {
			t.Errorf("%s: %q, %v", params, got, err)
		}
	}
}

// TestCryptoEncryptErrors: errors name what is at fault, and hold nothing of a secret.
func TestCryptoEncryptErrors(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ec := pemPair(t, key)
	const noKey = "the credential's encryptionPublicKey is no RSA key in PEM format"
	for _, c := range []struct{ params, public, want string }{
		{`"action":"encrypt","mode":"foo"`, "", `the mode must be symmetric or asymmetric, and is "foo"`},
		{`"action":"decrypt","mode":"foo"`, "", `the mode must be symmetric or asymmetric, and is "foo"`},
		{`"action":"encrypt","cipher":"aes-256-cbc"`, "", `the cipher must be aes-256-gcm, aes-192-gcm, aes-128-gcm or chacha20-poly1305, and is "aes-256-cbc"`},
		{`"action":"encrypt","mode":"asymmetric"`, "sesame", noKey},
		{`"action":"encrypt","mode":"asymmetric"`, strings.ReplaceAll(ec, "PUBLIC KEY", "SESAME"), noKey},
		{`"action":"encrypt","mode":"asymmetric"`, ec, noKey},
	} {
		_, err := runCrypto(t, 2, `{"value":"x",`+c.params+`}`, nodes.Secrets{"encryptionPassphrase": "sesame", "encryptionPublicKey": c.public})
		if err == nil || nodes.AsError(err).Message != c.want {
			t.Errorf("%s: %v; want %s", c.params, err, c.want)
		}
	}
}

// TestLooseBase64: what Node.js reads of texts that are not quite base64.
func TestLooseBase64(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Y": "", "YQ": "a", "YQ==": "a", "YWI": "ab", "YWJjZ": "abc", "YW Jj": "abc", "YW-_": "ao\xbf", "YW+/": "ao\xbf",
		"YQ==YQ==": "a", "YWJ=jYWJj": "ab", "=YWJj": "", "é☃": "",
	} {
		if got := string(looseBase64(text)); got != want {
			t.Errorf("%q: %q; want %q", text, got, want)
		}
	}
}
