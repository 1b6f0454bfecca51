package threecx

import (
	"cmp"
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
	path string // as the API wrote it
	key
}

// key names an entity; paths do not, since they can be escaped in several ways.
type key struct {
	dn   string
	kind string // participants, devices; "" for the DN itself
	id   string
}

// stateful reports whether the state of all calls and devices tells of the entity.
func (k key) stateful() bool {
	return (k.kind == "participants" || k.kind == "devices") && k.id != ""
}

// fact is what is known of an entity.
type fact struct {
	path string
	data string // JSON
}

func parseEntity(path string) entity {
	e := entity{path: path}
	parts := strings.SplitN(strings.TrimPrefix(strings.TrimPrefix(path, apiPath), "/"), "/", 3)
	for i, field := range []*string{&e.dn, &e.kind, &e.id} {
		if i < len(parts) {
			text, err := url.PathUnescape(parts[i])
			if err != nil {
				text = parts[i] // a percent sign that escapes nothing
			}
			*field = text
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
	if !l.filter.wantsDN(e.entity.dn) {
		return nil
	}
	if e.number == upsert && l.filter.read && l.filter.wants(e) && e.entity.dn != "" {
		found, err := l.get(ctx, e.entity.path)
		if err != nil {
			return err
		}
		if found.Exists() {
			e.data = found.Raw
		}
	}
	return l.tell(ctx, e)
}

// tell starts a run for an event that is wanted, again and again until one is started: not every event can be found in the
// state later. Only then what the event says is known. It fails only when ctx ends.
func (l *listener) tell(ctx context.Context, e event) error {
	for try := 0; l.filter.wants(e); try++ {
		_, err := l.start(ctx, nodes.ItemsOf(e.item()))
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return err
		}
		wait := backoff(try)
		l.call.Log.Error("a run for an event of the Call Control API could not be started and will be started again",
			"event", e.name(), "entity", e.entity.path, "wait", wait, "error", err)
		if err := l.pause(ctx, wait); err != nil {
			return err
		}
	}
	switch {
	case !e.entity.stateful():
	case e.number == upsert:
		l.known[e.entity.key] = fact{e.entity.path, e.data}
	case e.number == remove:
		delete(l.known, e.entity.key)
	}
	return nil
}

// catchUp reads the state of all calls and devices. At the first connection that is what is so; later, what differs from
// what was known happened while nobody listened, and is told as an upsert or remove that is marked as recovered. Where
// entities are not read, their data is not known, and only what came or went differs.
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
	for _, k := range order {
		is := now[k]
		if was, known := l.known[k]; known && (!l.filter.read || was.data == is.data) {
			continue
		}
		if err := l.tell(ctx, event{number: upsert, entity: entity{is.path, k}, data: is.data, recovered: true}); err != nil {
			return err
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(l.known), key.compare) {
		if _, still := now[k]; still {
			continue
		}
		if err := l.tell(ctx, event{number: remove, entity: entity{l.known[k].path, k}, recovered: true}); err != nil {
			return err
		}
	}
	return nil
}

func (k key) compare(other key) int {
	return cmp.Or(cmp.Compare(k.dn, other.dn), cmp.Compare(k.kind, other.kind), cmp.Compare(k.id, other.id))
}

// stateOf reads the answer of GET /callcontrol, a list of DNs, each with devices and participants: what it tells of each,
// and the order of the answer.
func stateOf(state gjson.Result) (facts map[key]fact, order []key) {
	facts = map[key]fact{}
	for _, line := range state.Array() {
		dn := line.Get("dn").String()
		add := func(kind, id string, body gjson.Result) {
			k := key{dn, kind, id}
			path := apiPath + "/" + url.PathEscape(dn) + "/" + kind + "/" + url.PathEscape(id)
			facts[k] = fact{path, body.Raw}
			order = append(order, k)
		}
		for _, p := range line.Get("participants").Array() {
			add("participants", p.Get("id").String(), p)
		}
		for _, d := range line.Get("devices").Array() {
			add("devices", d.Get("device_id").String(), d)
		}
	}
	return facts, order
}
