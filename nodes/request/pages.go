package request

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

const pageSize = 100

// topLimit reads how many rows a PBX allows from the error that refuses more of them.
var topLimit = regexp.MustCompile(`limit of '(\d+)' for Top query`)

// pager is a walk through a collection.
type pager struct {
	size  int    // of a page
	left  int    // how many entities are still wanted; -1: all
	skip  int    // how many are behind
	next  string // the query of the page that the server named last
	paged bool   // the operation has $top and $skip
	// seen are the queries that the server named; last is what the page before held, as far as $skip leads from it to the
	// next: a server that goes in circles would be asked for ever.
	seen map[string]bool
	last string
}

// pages reads a collection page by page and hands its entities on as pages come in. $top caps the total, $skip says
// where to begin. A server that names the next page (@odata.nextLink) is followed; one that refuses the size of a
// page is asked for smaller ones.
func (w *worker) pages(ctx context.Context) error {
	p := pager{size: pageSize, left: -1, skip: int(w.params.Get(`\$skip`).Int()), paged: w.hasProperty("$top") && w.hasProperty("$skip")}
	if top := w.params.Get(`\$top`); top.Exists() && top.Type != gjson.Null {
		p.left = int(top.Int())
	}
	for p.left != 0 {
		ask := p.size
		if p.left > 0 {
			ask = min(ask, p.left)
		}
		req, err := w.pageRequest(&p, ask)
		if err != nil {
			return err
		}
		a, err := w.send(ctx, req)
		if err != nil {
			if limit := limitOf(err); limit > 0 && limit < ask && p.paged {
				p.size = limit
				continue
			}
			return err
		}
		more, err := w.page(ctx, &p, a, ask)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// page hands on the entities of a page and says whether there is another one.
func (w *worker) page(ctx context.Context, p *pager, a *answer, ask int) (more bool, err error) {
	body, err := w.parse(a)
	if err != nil {
		return false, err
	}
	list := body.Get("value")
	if !list.IsArray() {
		return false, nodes.Errorf("%s: the answer has no list \"value\", so there is nothing to page through", w.action())
	}
	rows := list.Array()
	got := len(rows)
	if p.left > 0 {
		rows = rows[:min(got, p.left)]
		p.left -= len(rows)
	}
	if p.next == "" && got > 0 && w.wholeRows() {
		if list.Raw == p.last {
			return false, nodes.Errorf("%s: the page from $skip=%d on is the same as the one before: the server does not heed $skip, so not all can be read", w.action(), p.skip)
		}
		p.last = list.Raw
	}
	items := make([]nodes.Item, len(rows))
	for i, row := range rows {
		items[i] = w.item(row)
	}
	if err := w.deliver(ctx, items...); err != nil {
		return false, err
	}
	p.skip += len(rows)
	link := body.Get(`@odata\.nextLink`).String()
	if link == "" {
		p.next = ""
		return p.paged && got == ask, nil // more than was asked for: a server that does not page
	}
	next, err := url.Parse(link)
	if err != nil || next.RawQuery == "" || p.seen[next.RawQuery] {
		return false, nodes.Errorf("%s: the answer's @odata.nextLink leads to no further page", w.action())
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.next, p.seen[next.RawQuery] = next.RawQuery, true
	return true, nil
}

// wholeRows reports whether rows come with all their fields, among them a key, so that no two pages can be the same. Of
// chosen fields such as Enabled they can.
func (w *worker) wholeRows() bool {
	return w.params.Get(`\$select`).String() == "" && w.params.Get(`\$apply`).String() == "" && w.options.rawQuery == ""
}

// pageRequest asks for rows from skip on, or for the page that the server named. Of that address only the query is
// taken: the token goes to no other server or path.
func (w *worker) pageRequest(p *pager, ask int) (*Request, error) {
	req, err := w.build(map[string]string{"$top": strconv.Itoa(ask), "$skip": strconv.Itoa(p.skip)})
	if err == nil && p.next != "" {
		req.Query = p.next
	}
	return req, err
}

func (w *worker) hasProperty(name string) bool {
	return slices.ContainsFunc(w.op.Properties, func(p descriptors.Property) bool { return p.Name == name })
}

func limitOf(err error) int {
	e := nodes.AsError(err)
	if m := topLimit.FindStringSubmatch(e.Message + "\n" + e.Description); e.HTTPCode == "400" && m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}
