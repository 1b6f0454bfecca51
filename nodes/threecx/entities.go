package threecx

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// entity is what an event is about: "/callcontrol/100/participants/12".
type entity struct {
	path string
	dn   string
	kind string // participants, devices; "" for the DN itself
	id   string
}

func parseEntity(path string) entity {
	e := entity{path: path}
	parts := strings.SplitN(strings.TrimPrefix(strings.TrimPrefix(path, apiPath), "/"), "/", 3)
	for i, field := range []*string{&e.dn, &e.kind, &e.id} {
		if i < len(parts) {
			if text, err := url.PathUnescape(parts[i]); err == nil {
				*field = text
			}
		}
	}
	return e
}

// event is what happened to an entity.
type event struct {
	number    int
	sequence  string // JSON; "" for what was found by reading the state
	entity    entity
	data      string // JSON
	recovered bool
}

func (e event) name() string {
	if e.number >= 0 && e.number < len(eventNames) {
		return eventNames[e.number]
	}
	return fmt.Sprintf("type%d", e.number)
}

// item is the event as an item:
// {event, eventType, sequence, entity, dn, kind, id, data, recovered}.
func (e event) item() nodes.Item {
	var b nodes.ObjectBuilder
	b.Set("event", nodes.StringValue(e.name()))
	b.Set("eventType", nodes.NumberValue(float64(e.number)))
	if e.sequence != "" {
		b.Raw("sequence", e.sequence)
	}
	b.Set("entity", nodes.StringValue(e.entity.path))
	b.Set("dn", nodes.StringValue(e.entity.dn))
	b.Set("kind", nodes.StringValue(e.entity.kind))
	b.Set("id", nodes.StringValue(e.entity.id))
	data := e.data
	if data == "" {
		data = "null"
	}
	b.Raw("data", data)
	if e.recovered {
		b.Set("recovered", nodes.BoolValue(true))
	}
	return nodes.NewItem(b.String())
}

const (
	upsert = 0
	remove = 1
)

// frame hands an event on: {"sequence", "event": {"event_type", "entity", "attached_data"}}.
func (l *listener) frame(ctx context.Context, text string) error {
	normal, err := nodes.Normalize(text)
	if err != nil {
		l.call.Log.Warn("a frame of the Call Control API is not JSON and is passed over", "error", err)
		return nil
	}
	frame := gjson.Parse(normal)
	body := frame.Get("event")
	e := event{
		number: int(body.Get("event_type").Int()), sequence: frame.Get("sequence").Raw,
		entity: parseEntity(body.Get("entity").String()), data: body.Get("attached_data").Raw,
	}
	if !body.Get("event_type").Exists() {
		l.call.Log.Warn("a frame of the Call Control API has no event and is passed over")
		return nil
	}
	switch {
	case !l.filter.wantsDN(e.entity.dn):
		return nil
	case e.number == remove:
		delete(l.known, e.entity.path)
	case e.number == upsert:
		if l.filter.read && l.filter.wants(e) && e.entity.dn != "" {
			found, err := l.get(ctx, e.entity.path)
			if err != nil {
				return err
			}
			if found.Exists() {
				e.data = found.Raw
			}
		}
		l.known[e.entity.path] = e.data
	}
	return l.emit(ctx, e)
}

// emit starts a run for an event that is wanted.
func (l *listener) emit(ctx context.Context, e event) error {
	if !l.filter.wants(e) {
		return nil
	}
	_, err := l.start(ctx, nodes.ItemsOf(e.item()))
	return err
}

// catchUp reads the state of all calls and devices. At the first connection that is what is so; later, what differs from
// what was known happened while nobody listened, and is told as an upsert or remove that is marked as recovered.
func (l *listener) catchUp(ctx context.Context) error {
	state, err := l.get(ctx, apiPath)
	if err != nil {
		return err
	}
	now, order := stateOf(state)
	if !l.connected {
		l.known, l.connected = now, true
		return nil
	}
	for _, path := range order {
		if was, known := l.known[path]; !known || was != now[path] {
			if err := l.emit(ctx, event{number: upsert, entity: parseEntity(path), data: now[path], recovered: true}); err != nil {
				return err
			}
			l.known[path] = now[path]
		}
	}
	for _, path := range slices.Sorted(maps.Keys(l.known)) {
		if _, still := now[path]; !still {
			if err := l.emit(ctx, event{number: remove, entity: parseEntity(path), recovered: true}); err != nil {
				return err
			}
			delete(l.known, path)
		}
	}
	return nil
}

// stateOf reads the answer of GET /callcontrol, a list of DNs, each with devices and participants: their JSON by path, and
// the paths in the answer's order.
func stateOf(state gjson.Result) (data map[string]string, order []string) {
	data = map[string]string{}
	add := func(path string, body gjson.Result) {
		data[path] = body.Raw
		order = append(order, path)
	}
	for _, dn := range state.Array() {
		base := apiPath + "/" + url.PathEscape(dn.Get("dn").String())
		for _, p := range dn.Get("participants").Array() {
			add(base+"/participants/"+p.Get("id").String(), p)
		}
		for _, d := range dn.Get("devices").Array() {
			add(base+"/devices/"+url.PathEscape(d.Get("device_id").String()), d)
		}
	}
	return data, order
}
