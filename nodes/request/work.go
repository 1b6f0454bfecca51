package request

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// work sends what the item asks for and hands the results on.
func (w *worker) work(ctx context.Context) error {
	var err error
	if w.options, err = w.optionsOf(w.params); err != nil {
		return err
	}
	if w.options.returnAll && w.op.Response.Kind == "collection" && w.op.Request.Method == http.MethodGet {
		return w.pages(ctx)
	}
	if w.options.idsPerRequest > 0 && w.op.Request.Body {
		if ids := w.params.Get("ids").Array(); len(ids) > w.options.idsPerRequest {
			return w.idBatches(ctx, ids)
		}
	}
	req, err := w.build(nil)
	if err != nil {
		return err
	}
	a, err := w.send(ctx, req)
	if err != nil {
		return err
	}
	return w.items(ctx, a)
}

// idBatches sends a long list of ids in several requests and joins what they answer. It ends at the first that fails, whose
// error says which ids were in it; what had been sent before stands.
func (w *worker) idBatches(ctx context.Context, ids []gjson.Result) error {
	var values []string // members of {value: […]}, joined
	for from := 0; from < len(ids); from += w.options.idsPerRequest {
		batch := ids[from:min(from+w.options.idsPerRequest, len(ids))]
		req, err := w.build(map[string]string{"ids": joinRaw(batch)})
		if err != nil {
			return err
		}
		a, err := w.send(ctx, req)
		if err != nil {
			return ofIDs(err, batch, from, len(ids)-from-len(batch))
		}
		switch w.op.Response.Kind {
		case "none":
		case "collection":
			list := gjson.Get(a.body, "value")
			for _, v := range list.Array() {
				values = append(values, v.Raw)
			}
		default: // no list to join
			if err := w.items(ctx, a); err != nil {
				return err
			}
		}
	}
	switch w.op.Response.Kind {
	case "none":
		return w.items(ctx, &answer{status: http.StatusNoContent})
	case "collection":
		return w.items(ctx, &answer{status: http.StatusOK, body: `{"value":[` + strings.Join(values, ",") + `]}`})
	}
	return nil
}

func joinRaw(list []gjson.Result) string {
	raw := make([]string, len(list))
	for i, r := range list {
		raw[i] = r.Raw
	}
	return "[" + strings.Join(raw, ",") + "]"
}

// ofIDs says in the error of a request which ids it was for.
func ofIDs(err error, batch []gjson.Result, before, after int) error {
	var whole *stepError
	if errors.As(err, &whole) {
		return err
	}
	e := *nodes.AsError(err)
	e.Description = joinLines(e.Description, fmt.Sprintf("the request was for the ids %s; before it %s, after it %s",
		joinRaw(batch), countIDs(before, "was done", "were done"), countIDs(after, "was not sent", "were not sent")))
	return &e
}

func countIDs(n int, one, many string) string {
	if n == 1 {
		return "1 id " + one
	}
	return fmt.Sprintf("%d ids %s", n, many)
}
