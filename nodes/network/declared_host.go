package network

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what functions of packages ask for
	"crypto/sha1" //nolint:gosec // what functions of packages ask for
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

const (
	// maxFunctionFile bounds binary data that passes through functions, which hold it whole.
	maxFunctionFile = 64 << 20
	// maxInlineFile is how large data may be that stays in the item.
	maxInlineFile = 16 << 10
)

// functionHost answers what declared_functions.js asks for a function; a is the answer that it works on, if there is one.
type functionHost struct {
	draft *draft
	a     *answer
}

func (h functionHost) answer(ctx context.Context, what string, args []gjson.Result) (string, error) {
	call := h.draft.run.http.call
	arg := func(i int) gjson.Result {
		if i < len(args) {
			return args[i]
		}
		return gjson.Result{}
	}
	switch what {
	case "item":
		it := call.Input(0).At(h.draft.item)
		return entry{it.JSON(), it.Binary()}.object(), nil
	case "binary":
		f, err := call.InputFile(h.draft.item, arg(0).String())
		if err != nil {
			return "", fmt.Errorf("%s", nodes.AsError(err).Message)
		}
		return h.read(ctx, f)
	case "file":
		if h.a == nil || h.a.file == nil {
			return "", fmt.Errorf("the answer is no file")
		}
		return h.read(ctx, *h.a.file)
	case "prepareBinary":
		return h.keep(ctx, arg(0).Str, arg(1).String(), arg(2).String())
	case "hash":
		return digestOf(arg(0).String(), arg(1), arg(2).Str)
	}
	return "", fmt.Errorf("there is no answer to %q", what)
}

// read gives the content of a file in base64, as JSON.
func (h functionHost) read(ctx context.Context, f nodes.File) (string, error) {
	r, err := h.draft.run.http.call.OpenFile(ctx, f)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }() // only read
	content, err := io.ReadAll(io.LimitReader(r, maxFunctionFile+1))
	if err == nil && len(content) > maxFunctionFile {
		err = fmt.Errorf("the data is larger than %s, which is too large for a function", nodes.SizeText(maxFunctionFile))
	}
	return `"` + base64.StdEncoding.EncodeToString(content) + `"`, err
}

// keep makes binary data of what a function gives, in n8n's form.
func (h functionHost) keep(ctx context.Context, content, name, mimeType string) (string, error) {
	data, err := decodedBase64(content)
	if err != nil {
		return "", err
	}
	f := nodes.File{MimeType: mimeType}.Named(name, data)
	if len(data) <= maxInlineFile {
		f.Data, f.Bytes, f.FileSize = content, int64(len(data)), nodes.SizeText(int64(len(data)))
	} else if f, err = h.draft.run.http.call.KeepFile(ctx, bytes.NewReader(data), f); err != nil {
		return "", err
	}
	text, err := json.Marshal(f)
	return string(text), err
}

func decodedBase64(text string) ([]byte, error) { return base64.StdEncoding.DecodeString(text) }

var newHash = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// digestOf is Node.js's createHash, or createHmac where there is a key; key, data and answer are in base64.
func digestOf(algorithm string, key gjson.Result, data string) (string, error) {
	make := newHash[strings.ReplaceAll(strings.ToLower(algorithm), "-", "")]
	if make == nil {
		return "", fmt.Errorf("the digest %s is not available to functions of packages", algorithm)
	}
	content, err := decodedBase64(data)
	if err != nil {
		return "", err
	}
	sum := make()
	if key.Type == gjson.String {
		secret, err := decodedBase64(key.Str)
		if err != nil {
			return "", err
		}
		sum = hmac.New(make, secret)
	}
	sum.Write(content)
	return `"` + base64.StdEncoding.EncodeToString(sum.Sum(nil)) + `"`, nil
}
