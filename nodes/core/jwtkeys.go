package core

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// errNoKey is the cause of the error that the credential has no key.
var errNoKey = errors.New("no key")

// keyText is the credential's secret, or its key in PEM format; isPEM tells which.
func (j *jwtRun) keyText(field string) (text string, isPEM bool) {
	if j.access.Field("keyType") == "pemKey" {
		return pemText(j.access.Field(field)), true
	}
	return j.access.Field("secret"), false
}

// pemText gives a key its line breaks back, which forms and files take away.
func pemText(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, `\n`, "\n"))
	begin := strings.Index(text, "-----BEGIN ")
	if begin < 0 {
		return text
	}
	kind, rest, ok := strings.Cut(text[begin+len("-----BEGIN "):], "-----")
	body, _, closed := strings.Cut(rest, "-----END ")
	if !ok || !closed {
		return text
	}
	return "-----BEGIN " + kind + "-----\n" + strings.Join(strings.Fields(body), "\n") + "\n-----END " + kind + "-----\n"
}

func (j *jwtRun) signingKey(algorithm string) (any, error) {
	text, isPEM := j.keyText("privateKey")
	if text == "" {
		e := nodes.Errorf("secretOrPrivateKey must have a value")
		e.Hint = "add it to the node's jwtAuth credential"
		return nil, e
	}
	if isPEM {
		if block, _ := pem.Decode([]byte(text)); block == nil {
			isPEM = false // a secret, as far as it can be one
		}
	}
	switch {
	case strings.HasPrefix(algorithm, "HS") && !isPEM:
		return []byte(text), nil
	case strings.HasPrefix(algorithm, "HS"):
		return nil, nodes.Errorf("secretOrPrivateKey must be a symmetric key when using %s", algorithm)
	case !isPEM:
		return nil, nodes.Errorf("secretOrPrivateKey must be an asymmetric key when using %s", algorithm)
	}
	key, err := privateKey(text)
	if err != nil {
		return nil, err
	}
	return key, fitsAlgorithm(key.Public(), algorithm)
}

// fitsAlgorithm reports an error if a key cannot be used with an algorithm.
func fitsAlgorithm(key crypto.PublicKey, algorithm string) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if strings.HasPrefix(algorithm, "ES") {
			return nodes.Errorf(`"alg" parameter for "rsa" key type must be one of: RS256, PS256, RS384, PS384, RS512, PS512.`)
		}
		return nil
	case *ecdsa.PublicKey:
		curve := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm]
		if curve == k.Curve.Params().Name {
			return nil
		}
	}
	return nodes.Errorf("the key of the credential cannot be used with the algorithm %s", algorithm)
}

func (j *jwtRun) verifyingKey(algorithm string) (any, error) {
	text, isPEM := j.keyText("publicKey")
	if text == "" {
		e := nodes.Errorf("secret or public key must be provided")
		e.Cause, e.Hint = errNoKey, "add it to the node's jwtAuth credential"
		return nil, e
	}
	symmetric := strings.HasPrefix(algorithm, "HS")
	if !isPEM && symmetric {
		return []byte(text), nil
	}
	key := publicKey(text)
	switch {
	case symmetric && key == nil: // as jsonwebtoken does: what is no key is a secret
		return []byte(text), nil
	case symmetric:
		return nil, nodes.Errorf("secretOrPublicKey must be a symmetric key when using %s", algorithm)
	case key == nil:
		return nil, nodes.Errorf("secretOrPublicKey must be an asymmetric key when using %s", algorithm)
	}
	return key, fitsAlgorithm(key, algorithm)
}

// publicKey reads a public key, that of a certificate or that of a private key in PEM; nil if the text is none of these.
func publicKey(text string) crypto.PublicKey {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil
	}
	if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
		return certificate.PublicKey
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key
	}
	if key, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		return key
	}
	if key, err := privateKey(text); err == nil {
		return key.Public()
	}
	return nil
}
