package core

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// checkToken holds a request to its bearer token, and returns what that says.
func checkToken(ctx context.Context, call *nodes.Call, req *http.Request) (payload string, refused *nodes.Response, err error) {
	access, err := call.Engine.Access(ctx, "jwtAuth")
	if err != nil {
		return "", nil, err
	}
	method, key, err := tokenKey(access, false)
	if err != nil {
		return "", nil, err
	}
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); token == "" || !strings.EqualFold(scheme, "Bearer") {
		return "", refuse(http.StatusUnauthorized, "No token provided"), nil
	}
	_, err = jwt.NewParser(jwt.WithJSONNumber()).Parse(token, func(t *jwt.Token) (any, error) {
		if t.Method.Alg() != method.Alg() {
			return nil, errAlgorithm
		}
		return key, nil
	})
	if err != nil {
		return "", refuse(http.StatusForbidden, tokenProblem(token, err)), nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		payload, err = nodes.Normalize(string(raw))
	}
	if err != nil {
		return "", refuse(http.StatusForbidden, "invalid token"), nil //nolint:nilerr // as above
	}
	return payload, nil, nil
}

var errAlgorithm = errors.New("invalid algorithm")

// tokenProblem is what n8n tells the caller.
func tokenProblem(token string, err error) string {
	switch {
	case strings.HasSuffix(token, "."):
		return "jwt signature is required"
	case errors.Is(err, errAlgorithm):
		return "invalid algorithm"
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return "invalid signature"
	case errors.Is(err, jwt.ErrTokenExpired):
		return "jwt expired"
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return "jwt not active"
	}
	return "invalid token"
}

// tokenKey is the credential's method, with its key to sign or to verify. No error repeats a key.
func tokenKey(access nodes.Access, sign bool) (jwt.SigningMethod, any, error) {
	name := access.Field("algorithm")
	if name == "" {
		name = "HS256"
	}
	method := jwt.GetSigningMethod(name)
	if method == nil || name == "none" {
		return nil, nil, nodes.Errorf("the JWT credential's algorithm %q is not known: use HS256 to HS512, RS256 to RS512, ES256 to ES512 or PS256 to PS512", name)
	}
	isText := strings.HasPrefix(name, "HS")
	if usesText := access.Field("keyType") != "pemKey"; usesText != isText {
		return nil, nil, nodes.Errorf("the JWT credential's algorithm %s does not fit its kind of key (%s)", name, access.Field("keyType"))
	}
	switch {
	case isText && access.Field("secret") == "":
		return nil, nil, nodes.Errorf("the JWT credential has no secret")
	case isText:
		return method, []byte(access.Field("secret")), nil
	case sign:
		key, err := privateKey(pemText(access.Field("privateKey")))
		if err != nil {
			return nil, nil, err
		}
		return method, key, fitsAlgorithm(key.Public(), name)
	}
	key := publicKey(pemText(access.Field("publicKey")))
	if key == nil {
		e := nodes.Errorf("the JWT credential's public key cannot be read")
		e.Hint = "it begins with a line -----BEGIN PUBLIC KEY----- and has line breaks"
		return nil, nil, e
	}
	return method, key, fitsAlgorithm(key, name)
}

// signToken makes a token that says payload, a JSON object. It gets the time at which it was made, unless it says one.
func signToken(ctx context.Context, call *nodes.Call, payload string) (string, error) {
	access, err := call.Engine.Access(ctx, "jwtAuth")
	if err != nil {
		return "", err
	}
	method, key, err := tokenKey(access, true)
	if err != nil {
		return "", err
	}
	if !gjson.Get(payload, "iat").Exists() {
		payload = assignPath(payload, "iat", nil, nodes.NumberValue(float64(call.Engine.Now().Unix())).JSON())
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"`+method.Alg()+`","typ":"JWT"}`)) + "." + encode([]byte(payload))
	signature, err := method.Sign(text, key)
	if err != nil {
		return "", nodes.Errorf("Error signing JWT token")
	}
	return text + "." + encode(signature), nil
}
