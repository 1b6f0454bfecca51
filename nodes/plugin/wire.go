package plugin

import (
	"errors"
	"fmt"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin/proto"
)

func itemToWire(it nodes.Item) *proto.Item {
	w := &proto.Item{Json: it.JSON()}
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
		Message: e.Message, Description: e.Description, Hint: e.Hint, Item: int32(e.Item), Parameter: e.Parameter,
		Pointer: e.Pointer, HttpCode: e.HTTPCode, Kind: e.Kind,
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

func accessToWire(a nodes.Access) *proto.Access {
	return &proto.Access{BaseUrl: a.BaseURL, Token: a.Token, Generation: a.Generation, Fields: a.Fields}
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
