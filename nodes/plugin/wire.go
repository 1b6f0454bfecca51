package plugin

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

func itemToWire(it nodes.Item) *proto.Item {
	w := &proto.Item{Json: utf8Text(it.JSON())}
	for p := range it.Parents() {
		w.Parents = append(w.Parents, &proto.Parent{Item: int32(p.Item()), Input: int32(p.Input())})
	}
	if it.Binary().Len() > 0 {
		w.Binary = it.Binary().AppendJSON(nil)
	}
	return w
}

// itemFromWire reads an item that comes from the other side; its JSON is checked, as it comes from outside.
func itemFromWire(w *proto.Item) (nodes.Item, error) {
	text, err := nodes.Normalize(w.GetJson())
	if err != nil {
		return nodes.Item{}, fmt.Errorf("an item's JSON: %w", err)
	}
	if text[0] != '{' {
		return nodes.Item{}, fmt.Errorf("an item's JSON is no object: %.40s", text)
	}
	return withRest(nodes.NewItem(text), w)
}

// itemFromHost reads an item that the plugin is given: the host's items are in the form that items have.
func itemFromHost(w *proto.Item) (nodes.Item, error) { return withRest(nodes.NewItem(w.GetJson()), w) }

// withRest adds lineage and binary data.
func withRest(it nodes.Item, w *proto.Item) (nodes.Item, error) {
	if len(w.GetParents()) > 0 {
		parents := make([]nodes.Parent, len(w.GetParents()))
		for i, p := range w.GetParents() {
			if p.GetItem() < 0 || p.GetItem() == math.MaxInt32 || p.GetInput() < 0 {
				return nodes.Item{}, fmt.Errorf("an item's parent: there is no item %d of input %d", p.GetItem(), p.GetInput())
			}
			parents[i] = nodes.From(int(p.GetItem()), int(p.GetInput()))
		}
		it = it.WithParents(parents...)
	}
	if len(w.GetBinary()) > 0 {
		if !gjson.ValidBytes(w.GetBinary()) {
			return nodes.Item{}, errors.New("an item's binary data is no JSON")
		}
		b, err := nodes.ParseBinary(gjson.ParseBytes(w.GetBinary()))
		if err != nil {
			return nodes.Item{}, fmt.Errorf("an item's binary data: %w", err)
		}
		it = it.WithBinary(b)
	}
	return it, nil
}

func itemsFromWire(list []*proto.Item) (nodes.Items, error) {
	var b nodes.ItemsBuilder
	for _, w := range list {
		it, err := itemFromWire(w)
		if err != nil {
			return nodes.Items{}, err
		}
		b.Add(it)
	}
	return b.Items(), nil
}

func itemsToWire(items nodes.Items) []*proto.Item {
	list := make([]*proto.Item, items.Len())
	for i, it := range items.All() {
		list[i] = itemToWire(it)
	}
	return list
}

func errorToWire(err error) *proto.Error {
	if err == nil {
		return nil
	}
	e := nodes.AsError(err)
	return &proto.Error{
		Message: utf8Text(e.Message), Description: utf8Text(e.Description), Hint: utf8Text(e.Hint), Item: int32(e.Item),
		Parameter: utf8Text(e.Parameter), Pointer: utf8Text(e.Pointer), HttpCode: utf8Text(e.HTTPCode), Kind: utf8Text(e.Kind),
	}
}

func errorFromWire(w *proto.Error) *nodes.Error {
	e := nodes.Errorf("%s", w.GetMessage())
	e.Description, e.Hint, e.Item = w.GetDescription(), w.GetHint(), int(w.GetItem())
	e.Parameter, e.Pointer, e.HTTPCode = w.GetParameter(), w.GetPointer(), w.GetHttpCode()
	if w.GetKind() != "" {
		e.Kind = w.GetKind()
	}
	return e
}

// accessToWire leaves out the Secrets: they stay in this process.
func accessToWire(a nodes.Access) *proto.Access {
	return &proto.Access{BaseUrl: utf8Text(a.BaseURL), Token: utf8Text(a.Token), Generation: a.Generation, Fields: utf8Texts(a.Fields)}
}

func accessFromWire(a *proto.Access) nodes.Access {
	return nodes.Access{BaseURL: a.GetBaseUrl(), Token: a.GetToken(), Generation: a.GetGeneration(), Fields: a.GetFields()}
}

func suspendToWire(s *nodes.Suspend) *proto.Suspend {
	if s == nil {
		return nil
	}
	w := &proto.Suspend{Webhook: s.Webhook}
	if !s.Until.IsZero() {
		w.UntilUnixMs = s.Until.UnixMilli()
	}
	return w
}

func suspendFromWire(w *proto.Suspend) nodes.Suspend {
	s := nodes.Suspend{Webhook: w.GetWebhook()}
	if w.GetUntilUnixMs() != 0 {
		s.Until = time.UnixMilli(w.GetUntilUnixMs())
	}
	return s
}

func replyToWire(r *nodes.Response) *proto.Response {
	if r == nil {
		return nil
	}
	w := &proto.Response{Status: int32(r.Status), Body: r.Body}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			w.Headers = append(w.Headers, &proto.Header{Name: utf8Text(name), Value: utf8Text(value)})
		}
	}
	return w
}

func replyFromWire(w *proto.Response) nodes.Response {
	r := nodes.Response{Status: int(w.GetStatus()), Body: w.GetBody()}
	for _, h := range w.GetHeaders() {
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Add(h.GetName(), h.GetValue())
	}
	return r
}

// utf8Text is text as the protocol's strings must be: one byte that is no UTF-8 would end the call.
func utf8Text(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func utf8Texts(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	valid := make(map[string]string, len(m))
	for name, text := range m {
		valid[utf8Text(name)] = utf8Text(text)
	}
	return valid
}

// batcher gathers results into messages of a handy size.
type batcher[T any] struct {
	list  []T
	bytes int
	flush func([]T) error
}

func (b *batcher[T]) add(v T, size int) error {
	b.list = append(b.list, v)
	b.bytes += size
	if len(b.list) >= batchItems || b.bytes >= batchBytes {
		return b.end()
	}
	return nil
}

func (b *batcher[T]) end() error {
	if len(b.list) == 0 {
		return nil
	}
	list := b.list
	b.list, b.bytes = nil, 0
	return b.flush(list)
}
