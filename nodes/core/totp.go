package core

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// totp makes time-based one-time passwords (RFC 6238). The options are those of the first item.
type totp struct{}

var _ nodes.Node = totp{}

func (totp) Execute(ctx context.Context, call *nodes.Call) error {
	if call.Input(0).Len() == 0 {
		return nil
	}
	access, err := call.Engine.Access(ctx, "totpApi")
	if err != nil {
		return err
	}
	if label := access.Field("label"); label != "" && !strings.Contains(label, ":") {
		e := nodes.Errorf("Malformed label - expected `issuer:username`")
		e.Hint = "mend the label of the node's totpApi credential"
		return e
	}
	key, err := base32Key(access.Field("secret"))
	if err != nil {
		return err
	}
	token, remaining, err := password(call, key)
	if err != nil {
		return err
	}
	var b nodes.ObjectBuilder
	b.Set("token", nodes.StringValue(token))
	b.Set("secondsRemaining", nodes.NumberValue(remaining))
	json := b.String()
	for i := range call.Input(0).Len() {
		call.EmitFrom(0, i, nodes.NewItem(json))
	}
	return nil
}

// base32Key reads a secret in base 32 (RFC 4648), in any case and with or without padding.
func base32Key(secret string) ([]byte, error) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var (
		key        []byte
		bits, held uint32
	)
	for _, r := range strings.ToUpper(strings.TrimRight(secret, "=")) {
		n := strings.IndexRune(alphabet, r)
		if n < 0 {
			e := nodes.Errorf("Invalid character found: %c", r)
			e.Hint = "the secret of the totpApi credential is written in A to Z and 2 to 7"
			return nil, e
		}
		bits, held = bits<<5|uint32(n), held+5
		if held >= 8 {
			held -= 8
			key = append(key, byte(bits>>held))
		}
	}
	return key, nil
}

// password is the one of the moment, and how many seconds are left of it.
func password(call *nodes.Call, key []byte) (token string, remaining float64, err error) {
	options := call.Param("options")
	name, err := options.Get("algorithm").String(0, "SHA1")
	if err != nil {
		return "", 0, err
	}
	digest, err := digestOf(name)
	if err != nil {
		return "", 0, nodes.AsError(err).WithParam("options.algorithm", "")
	}
	digits, err := options.Get("digits").Number(0, 6)
	if err != nil {
		return "", 0, err
	}
	period, err := options.Get("period").Number(0, 30)
	if err != nil {
		return "", 0, err
	}
	if digits == 0 {
		digits = 6
	}
	if period == 0 {
		period = 30
	}
	switch {
	case digits < 1 || digits > 10 || digits != math.Trunc(digits):
		return "", 0, nodes.Errorf("the number of digits must be from 1 to 10, and is %v", digits).WithParam("options.digits", "")
	case period < 1 || period > 1<<31 || period != math.Trunc(period):
		return "", 0, nodes.Errorf("the period must be a whole number of seconds, and is %v", period).WithParam("options.period", "")
	}
	now := call.Engine.Now().Unix()
	state := hmac.New(func() hash.Hash { return digest.New() }, key)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(now/int64(period)))
	_, _ = state.Write(counter[:]) // a hash takes all
	sum := state.Sum(nil)
	at := sum[len(sum)-1] & 0xf // RFC 4226, section 5.3
	number := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	text := fmt.Sprintf("%010d", number)
	return text[len(text)-int(digits):], period - float64(now%int64(period)), nil
}
