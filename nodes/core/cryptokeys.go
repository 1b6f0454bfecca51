package core

import (
	"crypto"
	_ "crypto/md5"  //nolint:gosec // workflows ask for it
	_ "crypto/sha1" //nolint:gosec // workflows ask for it
	_ "crypto/sha3"
	_ "crypto/sha512" // the others' package is in use by itself
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// digestOf finds a digest by the names that OpenSSL has for it: SHA256, RSA-SHA256, sha256WithRSAEncryption, ssl3-sha1,
// RSA-SHA512/256, id-rsassa-pkcs1-v1_5-with-sha3-256.
func digestOf(name string) (crypto.Hash, error) {
	plainName := strings.TrimSuffix(strings.ReplaceAll(strings.ToLower(name), "/", "-"), "withrsaencryption")
	for _, start := range []string{"rsa-", "ssl3-", "id-rsassa-pkcs1-v1_5-with-"} {
		plainName = strings.TrimPrefix(plainName, start)
	}
	digest, ok := map[string]crypto.Hash{
		"md5": crypto.MD5, "sha1": crypto.SHA1, "sha1-2": crypto.SHA1, "sha224": crypto.SHA224, "sha256": crypto.SHA256, "sha384": crypto.SHA384,
		"sha512": crypto.SHA512, "sha512-224": crypto.SHA512_224, "sha512-256": crypto.SHA512_256, "sha3-224": crypto.SHA3_224,
		"sha3-256": crypto.SHA3_256, "sha3-384": crypto.SHA3_384, "sha3-512": crypto.SHA3_512,
	}[plainName]
	if !ok || !digest.Available() {
		return 0, nodes.Errorf("Digest method not supported").WithParam("type", "")
	}
	return digest, nil
}

// privateKey reads a key in PEM: PKCS #1, PKCS #8 or SEC 1. Its text is in no error.
func privateKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		e := nodes.Errorf("the private key is not in PEM format")
		e.Hint = "it begins with a line -----BEGIN … PRIVATE KEY----- and has line breaks"
		return nil, e
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		e := nodes.Errorf("the private key cannot be read: it is a %s", block.Type)
		e.Hint = "give an RSA or EC key without a passphrase"
		return nil, e
	}
	return signer, nil
}
