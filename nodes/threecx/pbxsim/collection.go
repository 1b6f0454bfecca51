package pbxsim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// list answers a collection, whatever it comes from.
func (s *Server) list(c *call, values []any, element *shape, navigation []string) (*reply, *apiError) {
	if err := c.query.check(element); err != nil {
		return nil, err
	}
	p := c.query.apply(values, navigation, c.faults.PageSize, s.now())
	body := map[string]any{"@odata.context": c.context(element), "value": p.values}
	if c.query.count {
		body["@odata.count"] = p.total
	}
	if p.next > 0 {
		body["@odata.nextLink"] = c.nextLink(p.next)
	}
	return jsonReply(http.StatusOK, body), nil
}

// context is the @odata.context of an answer.
func (c *call) context(element *shape) string {
	head := c.route.places[0]
	name := head.name
	switch collection := c.op.Response.Kind == "collection"; {
	case len(c.route.places) > 1 || len(head.slots) != 1 && head.parens:
		if name = "Edm.String"; element.name != "" {
			name = element.name
		}
		if collection {
			name = "Collection(" + name + ")"
		}
	case head.parens || c.op.Response.Status == http.StatusCreated:
		name += "/$entity"
	}
	return c.base + "/xapi/v1/$metadata#" + name
}

// nextLink is the request's own address with another $skip, and a $top lessened by what was sent.
func (c *call) nextLink(next int) string {
	q, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		q = url.Values{}
	}
	skipped := 0
	if c.query.skip != nil {
		skipped = *c.query.skip
	}
	q.Set("$skip", strconv.Itoa(next))
	if c.query.top != nil {
		q.Set("$top", strconv.Itoa(max(0, *c.query.top-(next-skipped))))
	}
	return c.base + rawPath(c.r) + "?" + q.Encode()
}

// one answers an entity.
func (s *Server) one(c *call, status int, e entity, element *shape, navigation []string) (*reply, *apiError) {
	if err := c.query.check(element); err != nil {
		return nil, err
	}
	shaped, _ := c.query.shape(e, navigation, s.now()).(map[string]any)
	out := merged(shaped, entity{"@odata.context": c.context(element)})
	r := jsonReply(status, out)
	if c.faults.ETags {
		r.with("ETag", etag(e))
	}
	return r, nil
}

// etag changes with the entity's content.
func etag(e entity) string {
	data, _ := json.Marshal(e) // it came from JSON
	sum := sha256.Sum256(data)
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`
}

func (s *Server) listSet(c *call, name string) (*reply, *apiError) {
	set, values, err := s.store.snapshot(name)
	if err != nil {
		return nil, internal(err)
	}
	if limit := c.faults.TopLimit; limit > 0 && c.query.top != nil && *c.query.top > limit {
		return nil, badOption("$top", ": The limit of '%d' for Top query has been exceeded. The value from the incoming request is '%d'.",
			limit, *c.query.top)
	}
	return s.list(c, values, set.shape, set.navigation)
}

func internal(err error) *apiError {
	return fail(http.StatusInternalServerError, codeInternal, "the simulator cannot do this: %v", err)
}

// keyed finds the entity that the first segment of the path names by a key or an alternate key.
func (s *Server) keyed(c *call) (*entitySet, entity, *apiError) {
	head := c.route.places[0]
	set, values, err := s.store.snapshot(head.name)
	if err != nil {
		return nil, nil, internal(err)
	}
	property := head.slots[0].argument
	if property == "" {
		property = set.key
	}
	wanted := c.values[head.slots[0].parameter].text
	for _, v := range values {
		if e, _ := v.(entity); keyText(e[property]) == wanted {
			return set, e, nil
		}
	}
	return nil, nil, notThere(head.name, property, wanted)
}

func notThere(set, property, wanted string) *apiError {
	return fail(http.StatusNotFound, codeNotFound, "%s has no entity with %s %s", set, property, wanted).at(property)
}

func (s *Server) create(c *call, name string) (*reply, *apiError) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	set, err := s.store.set(name)
	if err != nil {
		return nil, internal(err)
	}
	e, failed := s.insert(set, c.body)
	if failed != nil {
		return nil, failed
	}
	r, failed := s.one(c, c.op.Response.Status, e, set.shape, set.navigation)
	if failed != nil {
		return nil, failed
	}
	return r.with("Location", fmt.Sprintf("%s/xapi/v1/%s(%s)", c.base, name, keyLiteral(set, e[set.key]))), nil
}

func keyLiteral(set *entitySet, key any) string {
	if set.intKey {
		return keyText(key)
	}
	return "'" + url.PathEscape(strings.ReplaceAll(keyText(key), "'", "''")) + "'"
}

// insert adds an entity made of a body. It needs the store's lock.
func (s *Server) insert(set *entitySet, body entity) (entity, *apiError) {
	e := complete(set.shape, body)
	given := keyText(body[set.key])
	switch {
	case set.intKey || given == "":
		// The PBX gives the numbers; clients send 0 or nothing.
		e[set.key] = set.freshKey()
	default:
		if _, there := set.find(given); there != nil {
			return nil, fail(http.StatusConflict, codeConflict, "%s %s is in use", set.key, given).at(set.key)
		}
	}
	if start, ok := numbered[set.name]; ok {
		if failed := s.giveNumber(e, start); failed != nil {
			return nil, failed
		}
	}
	set.put(e)
	return e, s.linkMembers(set, e, body)
}

// giveNumber checks an entity's number, or finds one if it has none. It needs the store's lock.
func (s *Server) giveNumber(e entity, start int) *apiError {
	number := keyText(e["Number"])
	if number == "" {
		free, err := s.store.freeNumber(start)
		if err != nil {
			return internal(err)
		}
		e["Number"] = free
		return nil
	}
	taken, err := s.store.numberTaken(number)
	if err != nil {
		return internal(err)
	}
	if taken != "" {
		return fail(http.StatusConflict, codeConflict, "Number %s is in use in %s", number, taken).at("Number")
	}
	return nil
}

// patch changes the entity that the path names.
func (s *Server) patch(c *call) (*reply, *apiError) {
	set, e, failed := s.keyed(c)
	if failed != nil {
		return nil, failed
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return noContent(), s.change(set, []string{keyText(e[set.key])}, c.body)
}

// change patches the entities with these keys, all or none. It needs the store's lock.
func (s *Server) change(set *entitySet, keys []string, patch entity) *apiError {
	at := make([]int, 0, len(keys))
	for _, key := range keys {
		i, e := set.find(key)
		if e == nil {
			return notThere(set.name, set.key, key)
		}
		if failed := s.mayChange(set, e, patch); failed != nil {
			return failed
		}
		at = append(at, i)
	}
	for _, i := range at {
		set.list[i] = merged(set.list[i], patch)
		if failed := s.linkMembers(set, set.list[i], patch); failed != nil {
			return failed
		}
	}
	return nil
}

func (s *Server) mayChange(set *entitySet, e, patch entity) *apiError {
	if key, ok := patch[set.key]; ok && keyText(key) != keyText(e[set.key]) {
		return fail(http.StatusBadRequest, codeReadOnly, "%s cannot be changed", set.key).at(set.key)
	}
	number, ok := patch["Number"]
	if _, plan := numbered[set.name]; !ok || !plan || keyText(number) == keyText(e["Number"]) {
		return nil
	}
	if set.name == "Users" {
		return fail(http.StatusBadRequest, codeReadOnly, "the Number of a user cannot be changed").at("Number")
	}
	return s.giveNumber(entity{"Number": number}, 0)
}

// remove deletes the entity that the path names.
func (s *Server) remove(c *call) (*reply, *apiError) {
	set, e, failed := s.keyed(c)
	if failed != nil {
		return nil, failed
	}
	if match := c.r.Header.Get("If-Match"); c.faults.ETags && match != "" && match != "*" && match != etag(e) {
		return nil, fail(http.StatusPreconditionFailed, codePrecondition, "If-Match %s is not the entity's ETag %s", match, etag(e))
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if why := s.undeletable(set, e); why != "" {
		return nil, fail(http.StatusConflict, codeInUse, "%s %s cannot be deleted: %s", set.name, keyText(e["Number"]), why)
	}
	set.remove(map[string]bool{keyText(e[set.key]): true})
	s.store.membersStale = s.store.membersStale || set.name == "Users"
	return noContent(), nil
}

// single returns the entity of a singleton, made when it is first asked for. It needs the store's lock.
func (st *store) single(name string, shape *shape) entity {
	if st.singles[name] == nil {
		made, _ := sample(shape, "", 1, 0).(entity)
		st.singles[name] = made
	}
	return st.singles[name]
}
