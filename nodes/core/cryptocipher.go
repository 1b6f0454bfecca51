package core

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/encoding/unicode"

	"github.com/cordboard/cordboard/nodes"
)

// What a passphrase encrypts is a byte for the version of the layout, a salt, a nonce, the cipher's tag and the text, in base64.
// The key is made of the passphrase and the salt by scrypt. All is found from outside: each side decrypts what the other wrote.
const (
	sealedVersion = 1
	saltSize      = 16
	nonceSize     = 12
	tagSize       = 16
	textStart     = 1 + saltSize + nonceSize + tagSize
	scryptN       = 1 << 16
	scryptR       = 8
	scryptP       = 1
)

// encrypt encrypts the value for the passphrase or for the public key of the credential.
func (c *cryptoRun) encrypt(ctx context.Context, i int) (string, error) {
	symmetric, err := c.symmetric(i)
	if err != nil {
		return "", err
	}
	var secret, text string
	var sealed []byte
	if symmetric {
		if secret, err = c.field(ctx, "encryptionPassphrase"); err != nil {
			return "", err
		}
		if text, err = c.text("value", "data", i); err != nil {
			return "", err
		}
		var kind string
		if kind, err = c.call.Param("cipher").String(i, "aes-256-gcm"); err == nil {
			sealed, err = seal(kind, secret, text, rand.Reader)
		}
	} else {
		if secret, err = c.field(ctx, "encryptionPublicKey"); err != nil {
			return "", err
		}
		if text, err = c.text("value", "first", i); err == nil {
			sealed, err = sealFor(secret, text)
		}
	}
	if err != nil {
		return "", err
	}
	return nodes.StringValue(base64.StdEncoding.EncodeToString(sealed)).JSON(), nil
}

// decrypt decrypts what encrypt gives, with the passphrase or the private key of the credential.
func (c *cryptoRun) decrypt(ctx context.Context, i int) (string, error) {
	symmetric, err := c.symmetric(i)
	if err != nil {
		return "", err
	}
	field := "encryptionPassphrase"
	if !symmetric {
		field = "encryptionPrivateKey"
	}
	secret, err := c.field(ctx, field)
	if err != nil {
		return "", err
	}
	v, err := c.call.Param("value").Value(i)
	if err != nil {
		return "", err
	}
	if v = plain(v); v.Kind() != nodes.String && c.call.Param("value").IsSet() {
		return "", undecipherable("the value must be text in base64")
	}
	sealed := looseBase64(v.Str())
	var text []byte
	if symmetric {
		var kind string
		if kind, err = c.call.Param("cipher").String(i, "aes-256-gcm"); err == nil {
			text, err = unseal(kind, secret, sealed)
		}
	} else {
		text, err = unsealWith(secret, sealed)
	}
	if err != nil {
		return "", err
	}
	if text, err = unicode.UTF8.NewDecoder().Bytes(text); err != nil {
		return "", err
	}
	return nodes.StringValue(string(text)).JSON(), nil
}

// symmetric tells a passphrase from a pair of keys.
func (c *cryptoRun) symmetric(i int) (bool, error) {
	mode, err := c.call.Param("mode").String(i, "symmetric")
	if err == nil && mode != "symmetric" && mode != "asymmetric" {
		err = nodes.Errorf("the mode must be symmetric or asymmetric, and is %q", mode).WithParam("mode", "")
	}
	return mode == "symmetric", err
}

// undecipherable is the error of whatever cannot be decrypted: why, a cipher does not tell.
func undecipherable(hint string) error {
	e := nodes.Errorf("Decryption failed: wrong passphrase, key, cipher, or corrupted payload").WithParam("value", "")
	e.Hint = hint
	return e
}

// aeadOf makes a cipher of its name, a passphrase and a salt.
func aeadOf(kind, passphrase string, salt []byte) (cipher.AEAD, error) {
	size, ok := map[string]int{"aes-256-gcm": 32, "aes-192-gcm": 24, "aes-128-gcm": 16, "chacha20-poly1305": chacha20poly1305.KeySize}[kind]
	if !ok {
		return nil, nodes.Errorf("the cipher must be aes-256-gcm, aes-192-gcm, aes-128-gcm or chacha20-poly1305, and is %q", kind).WithParam("cipher", "")
	}
	key, err := scrypt.Key([]byte(passphrase), salt, scryptN, scryptR, scryptP, size)
	if err != nil {
		return nil, err
	}
	if kind == "chacha20-poly1305" {
		return chacha20poly1305.New(key)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts a text; salt and nonce are read from random.
func seal(kind, passphrase, text string, random io.Reader) ([]byte, error) {
	head := make([]byte, 1+saltSize+nonceSize, textStart+len(text))
	if _, err := io.ReadFull(random, head[1:]); err != nil {
		return nil, err
	}
	head[0] = sealedVersion
	salt, nonce := head[1:1+saltSize], head[1+saltSize:]
	aead, err := aeadOf(kind, passphrase, salt)
	if err != nil {
		return nil, err
	}
	sealed := aead.Seal(nil, nonce, []byte(text), nil) // the tag comes last
	tag := sealed[len(sealed)-tagSize:]
	return append(append(head, tag...), sealed[:len(sealed)-tagSize]...), nil
}

// unseal decrypts what seal gives.
func unseal(kind, passphrase string, sealed []byte) ([]byte, error) {
	if len(sealed) < textStart {
		return nil, nodes.Errorf("Ciphertext is malformed or truncated").WithParam("value", "")
	}
	if sealed[0] != sealedVersion {
		return nil, nodes.Errorf("Unsupported ciphertext version 0x%02x", sealed[0]).WithParam("value", "")
	}
	salt, rest := sealed[1:1+saltSize], sealed[1+saltSize:]
	nonce, tag, text := rest[:nonceSize], rest[nonceSize:nonceSize+tagSize], rest[nonceSize+tagSize:]
	aead, err := aeadOf(kind, passphrase, salt)
	if err != nil {
		return nil, err
	}
	text, err = aead.Open(nil, nonce, append(append([]byte{}, text...), tag...), nil)
	if err != nil {
		return nil, undecipherable("compare cipher and passphrase with those that the text was encrypted with")
	}
	return text, nil
}

// sealFor encrypts a text for an RSA key in PEM: OAEP with SHA-256.
func sealFor(public, text string) ([]byte, error) {
	key, ok := publicKey(pemText(public)).(*rsa.PublicKey)
	if !ok {
		e := nodes.Errorf("the credential's encryptionPublicKey is no RSA key in PEM format")
		e.Hint = "it begins with a line -----BEGIN PUBLIC KEY-----"
		return nil, e
	}
	if len(text) > key.Size()-2*sha256.Size-2 {
		return nil, nodes.Errorf("Plaintext is too large for the RSA key. Use symmetric mode for larger data.").WithParam("value", "")
	}
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, []byte(text), nil)
	if err != nil {
		return nil, nodes.Errorf("the text cannot be encrypted: %w", err)
	}
	return sealed, nil
}

// unsealWith decrypts what sealFor gives.
func unsealWith(private string, sealed []byte) ([]byte, error) {
	signer, err := privateKey(pemText(private))
	key, ok := signer.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, undecipherable("the credential's encryptionPrivateKey must be an RSA key in PEM format, without a passphrase")
	}
	text, err := rsa.DecryptOAEP(sha256.New(), nil, key, sealed, nil)
	if err != nil {
		return nil, undecipherable("the private key must be that of the public key which the text was encrypted for")
	}
	return text, nil
}

// looseBase64 reads base64 as Node.js does: in either alphabet, up to the first "=", passing over what is no character of it.
func looseBase64(text string) []byte {
	text, _, _ = strings.Cut(text, "=")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '+', r == '/':
			return r
		}
		return -1
	}, text)
	if len(text)%4 == 1 { // a character alone is no byte
		text = text[:len(text)-1]
	}
	raw, _ := base64.RawStdEncoding.DecodeString(text) // all of its characters are right
	return raw
}
