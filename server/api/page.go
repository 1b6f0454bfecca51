package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cordboard/cordboard/store"
)

// The numbers of entries in a page: n8n's.
const (
	defaultLimit = 100
	maxLimit     = 250
)

// cursor is where a list goes on: n8n's, base64 of JSON. Lists of executions have LastID, others Offset.
type cursor struct {
	LastID string `json:"lastId,omitempty"`
	Limit  int    `json:"limit"`
	Offset int    `json:"offset"`
}

func (c cursor) text() string {
	v := map[string]any{"limit": c.Limit, "offset": c.Offset}
	if c.LastID != "" {
		delete(v, "offset")
		v["lastId"] = c.LastID
	}
	b, _ := json.Marshal(v) // it is text and numbers
	return base64.StdEncoding.EncodeToString(b)
}

// lastID is the execution behind which the list goes on; 0 for the newest.
func (c cursor) lastID() int64 {
	id, _ := strconv.ParseInt(c.LastID, 10, 64)
	return id
}

// page reads limit and cursor of a query. A cursor brings its own limit.
func page(q url.Values) (cursor, error) {
	c := cursor{Limit: defaultLimit}
	for _, name := range []string{"limit", "cursor"} {
		if err := single(q, name, "string"); err != nil {
			return c, err
		}
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		switch {
		case err != nil:
			return c, bad("request/query/limit Param `limit` must be a valid integer")
		case n < 0:
			return c, bad("request/query/limit Param `limit` must be a non-negative integer")
		}
		c.Limit = n
	}
	if text := q.Get("cursor"); text != "" {
		var err error
		if c, err = parseCursor(text, c.Limit); err != nil {
			return c, err
		}
	}
	if c.Limit = min(c.Limit, maxLimit); c.Limit == 0 {
		c.Limit = defaultLimit
	}
	return c, nil
}

// parseCursor reads a cursor; limit is for one that has none.
func parseCursor(text string, limit int) (cursor, error) {
	wrong := bad("An invalid cursor was provided")
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	}
	c := cursor{Limit: limit}
	if err != nil || json.Unmarshal(b, &c) != nil || c.Limit < 0 || c.Offset < 0 {
		return c, wrong
	}
	if c.LastID != "" {
		if id, err := strconv.ParseInt(c.LastID, 10, 64); err != nil || id < 1 {
			return c, wrong
		}
	}
	return c, nil
}

// look is the page to ask a store for: with one entry more, which tells whether the list goes on.
func (c cursor) look() store.Page { return store.Page{Offset: c.Offset, Limit: c.Limit + 1} }

// list is n8n's {"data", "nextCursor"}.
type list struct {
	Data       any     `json:"data"`
	NextCursor *string `json:"nextCursor"`
}

// cut makes a page of entries that were asked for with look.
func cut[T any](c cursor, entries []T) ([]T, *string) {
	if len(entries) <= c.Limit {
		return entries, nil
	}
	next := cursor{Limit: c.Limit, Offset: c.Offset + c.Limit}.text()
	return entries[:c.Limit], &next
}

// single refuses a query parameter that is there more than once: which one counts would be a guess.
func single(q url.Values, name, what string) error {
	if len(q[name]) > 1 {
		return bad("request/query/" + name + " Expected " + what + ", received array")
	}
	return nil
}

// choice reads a query parameter that has few values; "" if it is not there.
func choice(q url.Values, name string, values ...string) (string, error) {
	if err := single(q, name, quoted(values)); err != nil || !q.Has(name) {
		return "", err
	}
	got := q.Get(name)
	for _, v := range values {
		if v == got {
			return got, nil
		}
	}
	return "", bad(fmt.Sprintf("request/query/%s Invalid enum value. Expected %s, received '%s'", name, quoted(values), got))
}

func quoted(values []string) string { return "'" + strings.Join(values, "' | '") + "'" }

// stamp writes a time as n8n does; null for none.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
