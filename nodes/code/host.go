package code

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

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
		return "", h.call.CustomData.Save(nodes.ResultValue(arg(0)), nodes.ResultValue(arg(1)))
	case "customDataOf":
		if text := h.call.CustomData.JSON(); text != "" {
			return text, nil
		}
		return "{}", nil
	case "hash":
		return nodes.ScriptDigest(arg(0).String(), arg(1), arg(2).Str)
	case "binary":
		return h.read(ctx, int(arg(0).Int()), arg(1).String())
	case "prepareBinary":
		return h.call.KeepScriptFile(ctx, arg(0).Str, arg(1).String(), arg(2).String())
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

// read is getBinaryDataBuffer: the content of item i's binary data.
func (h *host) read(ctx context.Context, i int, key string) (string, error) {
	if i < 0 || i >= h.call.Input(0).Len() {
		return "", fmt.Errorf("there is no item %d", i)
	}
	f, err := h.call.InputFile(i, key)
	if err != nil {
		return "", fmt.Errorf("%s", nodes.AsError(err).Message)
	}
	return h.call.ScriptFile(ctx, f)
}
