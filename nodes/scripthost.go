package nodes

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what scripts ask for
	"crypto/sha1" //nolint:gosec // what scripts ask for
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/tidwall/gjson"
)

// What the scripts of nodes ask a ScriptHost for, answered alike for Code and for the functions of community packages. Bytes cross into a
// script and back as base64, as JSON text.

const (
	// maxScriptBytes bounds binary data and answers that pass through a script, which holds them whole.
	maxScriptBytes = 64 << 20
	// maxInline is how large data may be that stays in the item; larger data goes to the run's store.
	maxInline = 16 << 10
)

// ScriptBytes reads what a script is to hold, 64 MiB at most.
func ScriptBytes(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxScriptBytes+1))
	if err == nil && len(content) > maxScriptBytes {
		err = fmt.Errorf("the data is larger than %s, which is too large for a script", SizeText(maxScriptBytes))
	}
	return content, err
}

// ScriptBase64 is how a script is given bytes.
func ScriptBase64(content []byte) (text string) {
	return `"` + base64.StdEncoding.EncodeToString(content) + `"`
}

// ScriptFile answers getBinaryDataBuffer: the content of a file.
func (c *Call) ScriptFile(ctx context.Context, f File) (text string, err error) {
	r, err := c.OpenFile(ctx, f)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }() // only read
	content, err := ScriptBytes(r)
	if err != nil {
		return "", err
	}
	return ScriptBase64(content), nil
}

// KeepScriptFile answers prepareBinaryData: n8n's form of a file with this content.
func (c *Call) KeepScriptFile(ctx context.Context, content, name, mimeType string) (text string, err error) {
	data, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		return "", err
	}
	f := File{MimeType: mimeType}.Named(name, data)
	if len(data) <= maxInline {
		f.Data, f.Bytes, f.FileSize = content, int64(len(data)), SizeText(int64(len(data)))
	} else if f, err = c.KeepFile(ctx, bytes.NewReader(data), f); err != nil {
		return "", err
	}
	encoded, err := json.Marshal(f)
	return string(encoded), err
}

var scriptHashes = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

// ScriptDigest answers Node.js's createHash, or createHmac where there is a key; key and data are in base64.
func ScriptDigest(algorithm string, key gjson.Result, data string) (text string, err error) {
	newHash := scriptHashes[strings.ReplaceAll(strings.ToLower(algorithm), "-", "")]
	if newHash == nil {
		return "", errors.New("Digest method not supported") //nolint:staticcheck // Node.js's words
	}
	content, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return "", err
	}
	sum := newHash()
	if key.Type == gjson.String {
		secret, err := base64.StdEncoding.DecodeString(key.Str)
		if err != nil {
			return "", err
		}
		sum = hmac.New(newHash, secret)
	}
	sum.Write(content)
	return ScriptBase64(sum.Sum(nil)), nil
}
