package code

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what code asks for
	"crypto/sha1" //nolint:gosec // what code asks for
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// maxBytes bounds binary data and answers that pass through code, which holds them whole.
const maxBytes = 64 << 20

// host answers what library.js asks.
type host struct {
	call   *nodes.Call
	static nodes.Scripts

	mu      sync.Mutex
	clients map[bool]*http.Client // by whether certificates go unchecked
}

func (h *host) close() {
	for _, c := range h.clients {
		c.CloseIdleConnections()
	}
}

func (h *host) answer(ctx context.Context, what string, args []gjson.Result) (string, error) {
	arg := func(i int) gjson.Result {
		if i < len(args) {
			return args[i]
		}
		return gjson.Result{}
	}
	switch what {
	case "log":
		h.log(ctx, arg(0).Str, arg(1).String())
		return "", nil
	case "staticData":
		return h.static.StaticData(), nil
	case "keepStaticData":
		text, err := nodes.Normalize(arg(0).Str)
		if err != nil {
			return "", err
		}
		h.static.KeepStaticData(text)
		return "", nil
	case "customData":
		return "", h.call.CustomData.Save(arg(0).String(), nodes.ResultValue(arg(1)))
	case "customDataOf":
		if text := h.call.CustomData.JSON(); text != "" {
			return text, nil
		}
		return "{}", nil
	case "hash":
		return digest(arg(0).String(), arg(1), arg(2).Str)
	case "binary":
		return h.read(ctx, int(arg(0).Int()), arg(1).String())
	case "prepareBinary":
		return h.keep(ctx, arg(0).Str, arg(1).String(), arg(2).String())
	case "httpRequest":
		return h.httpRequest(ctx, arg(0))
	}
	return "", fmt.Errorf("there is no answer to %q", what)
}

func (h *host) log(ctx context.Context, level, text string) {
	at := map[string]slog.Level{"error": slog.LevelError, "warn": slog.LevelWarn, "debug": slog.LevelDebug}[level]
	if h.call.Log != nil {
		h.call.Log.Log(ctx, at, text)
	}
}

// read is getBinaryDataBuffer: the content of item i's binary data in base64, as JSON.
func (h *host) read(ctx context.Context, i int, key string) (string, error) {
	if i < 0 || i >= h.call.Input(0).Len() {
		return "", fmt.Errorf("there is no item %d", i)
	}
	f, err := h.call.InputFile(i, key)
	if err != nil {
		return "", fmt.Errorf("%s", nodes.AsError(err).Message)
	}
	r, err := h.call.OpenFile(ctx, f)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }() // only read
	content, err := readAll(r)
	if err != nil {
		return "", err
	}
	return quotedBase64(content), nil
}

func readAll(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err == nil && len(content) > maxBytes {
		err = fmt.Errorf("the data is larger than %s, which is too large for code", nodes.SizeText(maxBytes))
	}
	return content, err
}

func quotedBase64(content []byte) string {
	return `"` + base64.StdEncoding.EncodeToString(content) + `"`
}

// maxInline is how large data may be that stays in the item; larger data goes to the run's store.
const maxInline = 16 << 10

// keep is prepareBinaryData: n8n's form of a file with this content.
func (h *host) keep(ctx context.Context, content, name, mimeType string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		return "", err
	}
	f := nodes.File{MimeType: mimeType}.Named(name, data)
	if len(data) <= maxInline {
		f.Data, f.Bytes, f.FileSize = content, int64(len(data)), nodes.SizeText(int64(len(data)))
	} else if f, err = h.call.KeepFile(ctx, bytes.NewReader(data), f); err != nil {
		return "", err
	}
	text, err := json.Marshal(f)
	return string(text), err
}

var hashes = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// digest is createHash, or createHmac where there is a key; key, data and answer are in base64.
func digest(algorithm string, key gjson.Result, data string) (string, error) {
	newHash := hashes[strings.ReplaceAll(strings.ToLower(algorithm), "-", "")]
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
	return quotedBase64(sum.Sum(nil)), nil
}
