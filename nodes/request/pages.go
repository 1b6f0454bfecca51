package request

import (
	"context"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

const pageSize = 100

// topLimit reads how many rows a PBX allows from the error that refuses more of them.
var topLimit = regexp.MustCompile(`limit of '(\d+)' for Top query`)

// pages reads a collection page by page and emits an item per entity as pages come in. $top caps the total, $skip says
// where to begin. A server that names the next page (@odata.nextLink) is followed; one that refuses the size of a
// page is asked for smaller ones.
func (w *worker) pages(ctx context.Context) error {
	size, left := pageSize, -1
	if top := w.params.Get(`\$top`); top.Exists() {
		left = int(top.Int())
	}
	skip := int(w.params.Get(`\$skip`).Int())
	next := ""
	for left != 0 {
		ask := size
		if left > 0 {
			ask = min(size, left)
		}
		req, err := w.pageRequest(ask, skip, next)
		if err != nil {
			return err
		}
		a, err := w.send(ctx, req)
		if err != nil {
			if limit := limitOf(err); limit > 0 && limit < ask {
				size = limit
				continue
			}
			return err
		}
		list := gjson.GetBytes(a.body, "value")
		if !list.IsArray() {
			return nodes.Errorf("%s: %s: the answer has no list \"value\", so there is nothing to page through", w.op.Resource, w.op.Name)
		}
		rows := list.Array()
		if left > 0 {
			rows = rows[:min(len(rows), left)]
			left -= len(rows)
		}
		for _, row := range rows {
			text, err := nodes.Normalize(row.Raw)
			if err != nil {
				return nodes.Errorf("%s: %s: the answer is no JSON: %w", w.op.Resource, w.op.Name, err)
			}
			if err := w.emit(ctx, w.item1(gjson.Parse(text))); err != nil {
				return err
			}
		}
		skip += len(rows)
		next = gjson.GetBytes(a.body, `@odata\.nextLink`).String()
		if len(rows) == 0 || (len(rows) < ask && next == "") {
			return nil
		}
	}
	return nil
}

// pageRequest asks for rows from skip on, or for the page that the server named. Of that address only the query is
// taken: the token goes to no other server or path.
func (w *worker) pageRequest(top, skip int, next string) (*Request, error) {
	req, err := w.build(map[string]string{"$top": strconv.Itoa(top), "$skip": strconv.Itoa(skip)})
	if err != nil || next == "" {
		return req, err
	}
	u, err := url.Parse(next)
	if err != nil {
		return nil, nodes.Errorf("%s: %s: the answer's @odata.nextLink is no address", w.op.Resource, w.op.Name)
	}
	req.Query = strings.TrimPrefix(u.RawQuery, "?")
	return req, nil
}

func limitOf(err error) int {
	e := nodes.AsError(err)
	if m := topLimit.FindStringSubmatch(e.Message + "\n" + e.Description); e.HTTPCode == "400" && m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}
