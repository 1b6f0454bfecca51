package core

import (
	"context"
	"regexp"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// cryptoEngine has a credential for Crypto 2.
type cryptoEngine struct {
	nodes.Engine
	secrets nodes.Secrets
}

func (e cryptoEngine) Access(context.Context, string) (nodes.Access, error) {
	return nodes.Access{Secrets: e.secrets}, nil
}

func runCrypto(t *testing.T, version float64, params string, secrets nodes.Secrets) (string, error) {
	t.Helper()
	template, errs := nodes.CompileTemplate(gjson.Parse(params), nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	call := &nodes.Call{Version: version, Params: template, Engine: cryptoEngine{secrets: secrets}, Inputs: []nodes.Items{nodes.ItemsOf(nodes.NewItem(`{}`))}}
	if err := (cryptoNode{}).Execute(context.Background(), call); err != nil {
		return "", err
	}
	outputs, _, _ := call.Outcome()
	return outputs[0].At(0).Get("data").String(), nil
}

// TestCryptoCredential: version 2 takes its secrets from the credential (the value is n8n's).
func TestCryptoCredential(t *testing.T) {
	t.Parallel()
	got, err := runCrypto(t, 2, `{"action":"hmac","value":"hello"}`, nodes.Secrets{"hmacSecret": "key"})
	if want := "9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b"; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	_, err = runCrypto(t, 2, `{"action":"sign","value":"hello","algorithm":"RSA-SHA256"}`, nodes.Secrets{"hmacSecret": "key"})
	if want := "No private key set in credentials. Please add a private key to your Crypto credentials.\nit is the credential's field signPrivateKey"; err == nil || nodes.AsError(err).Message+"\n"+nodes.AsError(err).Hint != want {
		t.Errorf("%v; want %s", err, want)
	}
}

// TestCryptoGenerate: random texts have the shape that is asked for, and differ.
func TestCryptoGenerate(t *testing.T) {
	t.Parallel()
	for params, shape := range map[string]string{
		`{"action":"generate"}`:                                             `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
		`{"action":"generate","encodingType":"hex"}`:                        `^[0-9a-f]{32}$`,
		`{"action":"generate","encodingType":"hex","stringLength":33}`:      `^[0-9a-f]{33}$`,
		`{"action":"generate","encodingType":"base64","stringLength":1000}`: `^[0-9A-Za-z]{1000}$`,
		`{"action":"generate","encodingType":"ascii","stringLength":"40"}`:  `^(?s)[\x00-\x7f]{40}$`,
	} {
		one, err := runCrypto(t, 1, params, nil)
		if err != nil || !regexp.MustCompile(shape).MatchString(one) {
			t.Errorf("%s: %q, %v", params, one, err)
		}
		if other, _ := runCrypto(t, 1, params, nil); other == one {
			t.Errorf("%s: %q twice", params, one)
		}
	}
	for params, want := range map[string]string{
		`{"action":"generate","encodingType":"hex","stringLength":-1}`: "the length must be between 0 and 16777216, and is -1",
		`{"action":"generate","encodingType":"roman"}`:                 `the type must be uuid, ascii, base64 or hex, and is "roman"`,
		`{"action":"encrypt"}`:                                         "typeVersion 1 has no action encrypt",
		`{"action":"foo"}`:                                             `the action must be decrypt, encrypt, generate, hash, hmac or sign, and is "foo"`,
	} {
		if _, err := runCrypto(t, 1, params, nil); err == nil || nodes.AsError(err).Message != want {
			t.Errorf("%s: %v; want %s", params, err, want)
		}
	}
}

// TestCryptoBinary: binary data is hashed wherever it is kept, and data that is not kept is named.
func TestCryptoBinary(t *testing.T) {
	t.Parallel()
	run := func(f nodes.File) (string, error) {
		call := callOf(t, 1, `{"action":"hash","binaryData":true}`)
		call.Inputs = []nodes.Items{nodes.ItemsOf(nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", f)))}
		err := cryptoNode{}.Execute(t.Context(), call)
		return output(call), err
	}
	got, err := run(nodes.File{Data: "aGVsbG8="})
	if want := `{"data":"5d41402abc4b2a76b9719d911017c592"}`; got != want || err != nil {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	_, err = run(nodes.File{ID: "1", FileName: "a.txt"})
	wantError(t, err, "", `the binary data "a.txt" lies in a store that is not there`)
}
