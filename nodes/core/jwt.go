package core

import (
	"context"
	"encoding/base64"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// jwtNode signs, verifies and decodes JSON Web Tokens (RFC 7519). Its messages are those of the JavaScript library
// jsonwebtoken, and so is the order of what a token holds.
type jwtNode struct{}

var _ nodes.Node = jwtNode{}

func (jwtNode) Execute(ctx context.Context, call *nodes.Call) error {
	if call.Input(0).Len() == 0 {
		return nil
	}
	access, err := call.Engine.Access(ctx, "jwtAuth")
	if err != nil {
		return err
	}
	j := jwtRun{call: call, access: access}
	for i := range call.Input(0).Len() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		json, err := j.item(i)
		if err == nil {
			json, err = nodes.Normalize(json)
		}
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		call.EmitFrom(0, i, nodes.NewItem(json))
	}
	return nil
}

// jwtRun is one execution.
type jwtRun struct {
	call   *nodes.Call
	access nodes.Access
}

func (j *jwtRun) item(i int) (string, error) {
	operation, err := j.call.Param("operation").Option(i, "sign", "sign", "verify", "decode")
	if err != nil {
		return "", err
	}
	if operation == "sign" {
		return j.sign(i)
	}
	text, err := j.call.Param("token").String(i, "")
	if err != nil {
		return "", err
	}
	complete, err := j.call.Param("options").Get("complete").Bool(i, false)
	if err != nil {
		return "", err
	}
	if parts := strings.Split(text, "."); len(parts) != 3 {
		return "", nodes.Errorf("the token must have three parts with dots between them, and has %d", len(parts)).WithParam("token", "")
	}
	t, err := readToken(text)
	unreadable := errors.Is(err, errNoToken)
	if err != nil && !(unreadable && operation == "decode") {
		return "", nodes.AsError(err).WithParam("token", "")
	}
	if operation == "verify" {
		if err := j.verify(i, t); err != nil {
			return "", nodes.AsError(err).WithParam("token", "")
		}
	}
	var b nodes.ObjectBuilder
	switch {
	case unreadable:
		b.Raw("payload", "null")
	case complete:
		b.Raw("header", t.header)
		b.Raw("payload", t.payload)
		b.Set("signature", nodes.StringValue(t.signature))
	default:
		b.Raw("payload", t.payload)
	}
	return b.String(), nil
}

// jsonWebToken is a token taken apart; header and payload are JSON.
type jsonWebToken struct {
	header, payload, signed, signature string
}

// readToken takes a token apart; errNoToken if it is none. The payload of a token that does not say to be a JWT may be a text.
func readToken(text string) (jsonWebToken, error) {
	parts := strings.Split(text, ".")
	header, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || !gjson.ValidBytes(header) || !gjson.ParseBytes(header).IsObject() {
		return jsonWebToken{}, errNoToken
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return jsonWebToken{}, errNoToken
	}
	t := jsonWebToken{header: rewritten(gjson.ParseBytes(header)), signed: parts[0] + "." + parts[1], signature: parts[2]}
	switch {
	case gjson.ValidBytes(payload):
		t.payload = rewritten(gjson.ParseBytes(payload))
	case gjson.GetBytes(header, "typ").Str == "JWT":
		return jsonWebToken{}, nodes.Errorf("the token's payload is not valid JSON")
	default:
		t.payload = nodes.StringValue(string(payload)).JSON()
	}
	return t, nil
}

// errNoToken says that a text is no token.
var errNoToken = nodes.Errorf("invalid token")

// rewritten is JSON as JSON.stringify writes it.
func rewritten(r gjson.Result) string {
	switch {
	case r.IsObject():
		var b nodes.ObjectBuilder
		r.ForEach(func(key, v gjson.Result) bool {
			b.Raw(key.Str, rewritten(v))
			return true
		})
		return b.String()
	case r.IsArray():
		var parts []string
		for _, el := range r.Array() {
			parts = append(parts, rewritten(el))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case r.Type == gjson.String:
		return nodes.StringValue(r.Str).JSON()
	}
	return r.Raw
}

// algorithm is the one of the options, else that of the credential.
func (j *jwtRun) algorithm(i int) (string, error) {
	def := j.access.Field("algorithm")
	if def == "" {
		def = "HS256"
	}
	return j.call.Param("options").Get("algorithm").String(i, def)
}

func (j *jwtRun) sign(i int) (string, error) {
	payload, err := j.claims(i)
	if err != nil {
		return "", err
	}
	algorithm, err := j.algorithm(i)
	if err != nil {
		return "", err
	}
	header, algorithm, err := j.header(i, algorithm)
	if err != nil {
		return "", err
	}
	for _, name := range []string{"iat", "exp", "nbf"} {
		if r := gjson.Get(payload, name); r.Exists() && r.Type != gjson.Number {
			return "", nodes.Errorf("%q should be a number of seconds", name).WithParam("claimsJson", "")
		}
	}
	if !gjson.Get(payload, "iat").Exists() {
		now := float64(j.call.Engine.Now().UnixMilli() / 1000)
		if payload, err = assign(payload, "iat", nodes.NumberValue(now).JSON(), false); err != nil {
			return "", err
		}
	}
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	text := encode(header) + "." + encode(payload)
	signature := ""
	if algorithm != "none" {
		method := jwt.GetSigningMethod(algorithm)
		if method == nil {
			return "", nodes.Errorf("the algorithm %q is not known", algorithm).WithParam("options.algorithm", "")
		}
		key, err := j.signingKey(algorithm)
		if err != nil {
			return "", err
		}
		raw, err := method.Sign(text, key)
		if err != nil {
			return "", nodes.Errorf("the token cannot be signed: %w", err)
		}
		signature = base64.RawURLEncoding.EncodeToString(raw)
	}
	var b nodes.ObjectBuilder
	b.Set("token", nodes.StringValue(text+"."+signature))
	return b.String(), nil
}

// claims is what the token says. As in n8n, those of the form are taken under the names of the form (audience, expiresIn, …).
func (j *jwtRun) claims(i int) (string, error) {
	asJSON, err := j.call.Param("useJson").Bool(i, false)
	if err != nil {
		return "", err
	}
	if !asJSON {
		v, err := j.call.Param("claims").Value(i)
		if v.Kind() != nodes.Object {
			return "{}", err
		}
		return v.JSON(), err
	}
	v, err := j.call.Param("claimsJson").Value(i)
	if err != nil {
		return "", err
	}
	switch {
	case v.Kind() == nodes.Object:
		return v.JSON(), nil
	case gjson.Valid(v.Str()) && gjson.Parse(v.Str()).IsObject():
		return nodes.Normalize(v.Str())
	case j.call.Params.Member("claimsJson").Constant():
		return "", nodes.Errorf("it must be a JSON object").WithParam("claimsJson", "")
	}
	return "{}", nil // as in n8n
}

// header is the token's header, and the algorithm that it names in the end.
func (j *jwtRun) header(i int, algorithm string) (header, final string, err error) {
	kid, err := j.call.Param("options").Get("kid").String(i, "")
	if err != nil {
		return "", "", err
	}
	v, err := j.call.Param("headerClaims").Value(i)
	if err != nil {
		return "", "", err
	}
	more := v.Result()
	if v.Kind() == nodes.String {
		more = gjson.Parse(v.Str())
	}
	if v.Kind() == nodes.String && v.Str() != "" && (!gjson.Valid(v.Str()) || !more.IsObject()) {
		return "", "", nodes.Errorf("it must be a JSON object").WithParam("headerClaims", "")
	}
	values := map[string]string{"alg": nodes.StringValue(algorithm).JSON(), "typ": `"JWT"`}
	if kid != "" {
		values["kid"] = nodes.StringValue(kid).JSON()
	}
	names := []string{"alg", "typ", "kid"}
	more.ForEach(func(key, value gjson.Result) bool {
		if !slices.Contains(names, key.Str) {
			names = append(names, key.Str)
		}
		values[key.Str] = value.Raw
		return true
	})
	var b nodes.ObjectBuilder
	for _, name := range names {
		if raw, ok := values[name]; ok {
			b.Raw(name, raw)
		}
	}
	header = b.String()
	return header, gjson.Get(header, "alg").String(), nil
}

// verify checks a token's signature and the times between which it is good.
func (j *jwtRun) verify(i int, t jsonWebToken) error {
	algorithm, err := j.algorithm(i)
	if err != nil {
		return err
	}
	if strings.TrimSpace(t.signature) == "" {
		return nodes.Errorf("jwt signature is required")
	}
	if gjson.Get(t.header, "alg").String() != algorithm || algorithm == "none" {
		if _, err := j.verifyingKey(algorithm); err != nil && errors.Is(err, errNoKey) {
			return err
		}
		return nodes.Errorf("invalid algorithm")
	}
	key, err := j.verifyingKey(algorithm)
	if err != nil {
		return err
	}
	signature, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(t.signature, "="))
	method := jwt.GetSigningMethod(algorithm)
	if err != nil || method == nil || method.Verify(t.signed, signature, key) != nil {
		e := nodes.Errorf("The JWT token can't be verified")
		e.Description = "Be sure that the provided JWT token is correctly encoded and matches the selected credentials"
		return e
	}
	return j.checkTimes(i, t.payload)
}

func (j *jwtRun) checkTimes(i int, payload string) error {
	options := j.call.Param("options")
	tolerance, err := options.Get("clockTolerance").Number(i, 0)
	if err != nil {
		return err
	}
	now := math.Floor(float64(j.call.Engine.Now().UnixMilli()) / 1000)
	for _, c := range []struct{ claim, ignore, message string }{{"nbf", "ignoreNotBefore", "jwt not active"}, {"exp", "ignoreExpiration", "jwt expired"}} {
		ignored, err := options.Get(c.ignore).Bool(i, false)
		if err != nil {
			return err
		}
		r := gjson.Get(payload, c.claim)
		switch {
		case ignored || !r.Exists() || !gjson.Parse(payload).IsObject():
		case r.Type != gjson.Number:
			return nodes.Errorf("invalid %s value", c.claim)
		case c.claim == "nbf" && r.Num > now+tolerance, c.claim == "exp" && now >= r.Num+tolerance:
			return nodes.Errorf("%s", c.message)
		}
	}
	return nil
}
