package core

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/cordboard/cordboard/nodes"
)

// cryptoNode hashes, signs, encrypts and decrypts values, and makes random texts. Version 1 has its secrets as parameters, version 2 in a credential.
type cryptoNode struct{}

var _ nodes.Node = cryptoNode{}

func (cryptoNode) Execute(ctx context.Context, call *nodes.Call) error {
	c := cryptoRun{call: call}
	for i, it := range call.Input(0).All() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		out, err := c.item(ctx, i, it)
		if c.unusable != nil {
			return c.unusable
		}
		if err != nil {
			if err := c.fail(i, err); err != nil {
				return err
			}
			continue
		}
		call.EmitFrom(0, i, out)
	}
	return nil
}

// cryptoRun is one execution.
type cryptoRun struct {
	call   *nodes.Call
	access *nodes.Access // of version 2's credential, once it is asked for
	// unusable is the error of a credential that is not there or lacks a field. The node fails as a whole then, whatever its
	// settings say of errors: no item could do better.
	unusable error
}

// errWrongType is the cause of errors about a value that is neither text nor bytes.
var errWrongType = errors.New("wrong type")

// fail is Fail, but that version 2 has an object in a failed item.
func (c *cryptoRun) fail(i int, err error) error {
	goesOn := c.call.OnError == nodes.ContinueRegularOutput || c.call.OnError == nodes.ContinueErrorOutput
	if c.call.Version < 2 || !goesOn {
		return c.call.Fail(i, err)
	}
	e := nodes.AsError(err).At(i)
	var what, b nodes.ObjectBuilder
	what.Set("message", nodes.StringValue(e.Message))
	if errors.Is(err, errWrongType) {
		what.Set("name", nodes.StringValue("TypeError"))
		what.Set("code", nodes.StringValue("ERR_INVALID_ARG_TYPE"))
	} else {
		what.Set("name", nodes.StringValue(e.Kind))
	}
	b.Raw("error", what.String())
	c.call.EmitFrom(0, i, nodes.NewItem(b.String()).WithError(e))
	return nil
}

func (c *cryptoRun) item(ctx context.Context, i int, it nodes.Item) (nodes.Item, error) {
	action, err := c.call.Param("action").String(i, "hash")
	if err != nil {
		return it, err
	}
	var result string
	fromBinary := false
	switch action {
	case "generate":
		result, err = c.generate(i)
	case "hash", "hmac":
		if fromBinary, err = c.call.Param("binaryData").Bool(i, false); err == nil {
			result, err = c.hash(ctx, i, action == "hmac", fromBinary)
		}
	case "sign":
		result, err = c.sign(ctx, i)
	case "encrypt", "decrypt":
		switch {
		case c.call.Version < 2:
			err = nodes.Errorf("typeVersion 1 has no action %s", action).WithParam("action", "")
		case action == "encrypt":
			result, err = c.encrypt(ctx, i)
		default:
			result, err = c.decrypt(ctx, i)
		}
	default:
		err = nodes.Errorf("the action must be decrypt, encrypt, generate, hash, hmac or sign, and is %q", action).WithParam("action", "")
	}
	if err != nil {
		return it, err
	}
	name, err := c.call.Param("dataPropertyName").String(i, "data")
	if err != nil {
		return it, err
	}
	json, err := assign(it.JSON(), name, result, false)
	if err != nil {
		return it, err
	}
	if json, err = nodes.Normalize(json); err != nil {
		return it, err
	}
	if fromBinary {
		it = it.WithBinary(nil)
	}
	return it.WithJSON(json), nil
}

// text reads a parameter that must be text; argument is what its error calls it, in Node's words.
func (c *cryptoRun) text(param, argument string, i int) (string, error) {
	v, err := c.call.Param(param).Value(i)
	if err != nil {
		return "", err
	}
	if v = plain(v); v.Kind() == nodes.String {
		return v.Str(), nil
	}
	if !c.call.Param(param).IsSet() {
		return "", nil
	}
	received := v.Text()
	switch v.Kind() {
	case nodes.Bool, nodes.Number:
		received = fmt.Sprintf("type %s (%s)", v.Kind(), v.Text())
	case nodes.Array:
		received = "an instance of Array"
	case nodes.Object:
		received = "an instance of Object"
	case nodes.Foreign:
		received = "an instance of Date"
	}
	takes := "string or an instance of Buffer, TypedArray, or DataView"
	if argument == "key" {
		takes = "string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey"
	}
	name := strconv.Quote(argument)
	if argument == "first" {
		name, takes = argument, "string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object"
	}
	e := nodes.Errorf("The %s argument must be of type %s. Received %s", name, takes, received).WithParam(param, "")
	e.Cause = errWrongType
	return "", e
}

func (c *cryptoRun) hash(ctx context.Context, i int, keyed, fromBinary bool) (string, error) {
	def := "MD5"
	if c.call.Version >= 2 {
		def = "SHA256"
	}
	name, err := c.call.Param("type").String(i, def)
	if err != nil {
		return "", err
	}
	digest, err := digestOf(name)
	if err != nil {
		return "", err
	}
	state := digest.New()
	if keyed {
		key, err := c.secret(ctx, "secret", "hmacSecret", i)
		if err != nil {
			return "", err
		}
		state = hmac.New(func() hash.Hash { return digest.New() }, []byte(key))
	}
	content, err := c.content(ctx, i, fromBinary)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(state, content)
	if err := errors.Join(err, content.Close()); err != nil {
		return "", err
	}
	return c.encoded(state.Sum(nil), i)
}

// content is what is hashed: the parameter value, or binary data.
func (c *cryptoRun) content(ctx context.Context, i int, fromBinary bool) (io.ReadCloser, error) {
	if !fromBinary {
		text, err := c.text("value", "data", i)
		return io.NopCloser(strings.NewReader(text)), err
	}
	name, err := c.call.Param("binaryPropertyName").String(i, "data")
	if err != nil {
		return nil, err
	}
	file, err := c.call.InputFile(i, name)
	if err != nil {
		return nil, err
	}
	return c.call.OpenFile(ctx, file)
}

// secret is a parameter in version 1, a field of the credential in version 2.
func (c *cryptoRun) secret(ctx context.Context, param, field string, i int) (string, error) {
	if c.call.Version < 2 {
		return c.text(param, "key", i)
	}
	secret, err := c.field(ctx, field)
	if field == "signPrivateKey" {
		secret = pemText(secret)
	}
	return secret, err
}

// field is a field of version 2's credential.
func (c *cryptoRun) field(ctx context.Context, name string) (string, error) {
	if c.access == nil {
		access, err := c.call.Engine.Access(ctx, "crypto")
		if err != nil {
			c.unusable = err
			return "", err
		}
		c.access = &access
	}
	secret := c.access.Field(name)
	if secret == "" {
		what := map[string][2]string{
			"hmacSecret": {"HMAC secret", "an HMAC secret"}, "signPrivateKey": {"private key", "a private key"},
			"encryptionPassphrase": {"encryption passphrase", "an Encryption Passphrase"},
			"encryptionPublicKey":  {"encryption public key", "an Encryption Public Key"},
			"encryptionPrivateKey": {"encryption private key", "an Encryption Private Key"},
		}[name]
		e := nodes.Errorf("No %s set in credentials. Please add %s to your Crypto credentials.", what[0], what[1])
		e.Hint = "it is the credential's field " + name
		c.unusable = e
		return "", c.unusable
	}
	return secret, nil
}

func (c *cryptoRun) sign(ctx context.Context, i int) (string, error) {
	name, err := c.call.Param("algorithm").String(i, "")
	if err != nil {
		return "", err
	}
	digest, err := digestOf(name)
	if err != nil {
		return "", nodes.Errorf("Invalid digest").WithParam("algorithm", "")
	}
	text, err := c.text("value", "chunk", i)
	if err != nil {
		return "", err
	}
	key, err := c.secret(ctx, "privateKey", "signPrivateKey", i)
	if err != nil {
		return "", err
	}
	signer, err := privateKey(key)
	if err != nil {
		return "", nodes.AsError(err).WithParam("privateKey", "")
	}
	state := digest.New()
	_, _ = io.WriteString(state, text) // a hash takes all
	signature, err := signer.Sign(rand.Reader, state.Sum(nil), digest)
	if err != nil {
		return "", nodes.Errorf("the text cannot be signed: %w", err)
	}
	return c.encoded(signature, i)
}

// encoded writes bytes as the encoding says, in JSON. One that is not known gives the bytes themselves, as Node writes a Buffer.
func (c *cryptoRun) encoded(sum []byte, i int) (string, error) {
	encoding, err := c.call.Param("encoding").String(i, "hex")
	if err != nil {
		return "", err
	}
	text := ""
	switch encoding {
	case "hex":
		text = hex.EncodeToString(sum)
	case "base64":
		text = base64.StdEncoding.EncodeToString(sum)
	case "base64url":
		text = base64.RawURLEncoding.EncodeToString(sum)
	default:
		list := make([]string, len(sum))
		for n, b := range sum {
			list[n] = fmt.Sprint(b)
		}
		return `{"type":"Buffer","data":[` + strings.Join(list, ",") + `]}`, nil
	}
	return nodes.StringValue(text).JSON(), nil
}

func (c *cryptoRun) generate(i int) (string, error) {
	kind, err := c.call.Param("encodingType").String(i, "uuid")
	if err != nil {
		return "", err
	}
	if kind == "uuid" {
		id, err := uuid.NewRandom()
		return nodes.StringValue(id.String()).JSON(), err
	}
	length, err := c.call.Param("stringLength").Number(i, 32)
	if err != nil {
		return "", err
	}
	if length < 0 || length > 1<<24 {
		return "", nodes.Errorf("the length must be between 0 and %d, and is %v", 1<<24, length).WithParam("stringLength", "")
	}
	text, err := randomText(kind, int(length))
	return nodes.StringValue(text).JSON(), err
}

// randomText makes a text of random bytes: in hex, in base64 without its signs, or as characters below 128.
func randomText(kind string, length int) (string, error) {
	raw := make([]byte, 2*length+8)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	switch kind {
	case "hex":
		return hex.EncodeToString(raw)[:length], nil
	case "base64":
		text := strings.NewReplacer("+", "", "/", "", "=", "").Replace(base64.StdEncoding.EncodeToString(raw))
		for len(text) < length { // that many signs are not to be expected
			more, err := randomText(kind, length-len(text))
			if err != nil {
				return "", err
			}
			text += more
		}
		return text[:length], nil
	case "ascii":
		for n := range raw {
			raw[n] &= 0x7f
		}
		return string(raw[:length]), nil
	}
	return "", nodes.Errorf("the type must be uuid, ascii, base64 or hex, and is %q", kind).WithParam("encodingType", "")
}
