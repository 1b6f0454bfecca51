package pbxsim

import (
	"net/http"
	"strings"
)

// call is a request whose operation is known.
type call struct {
	r      *http.Request
	op     *operation
	route  *route
	values map[string]literal
	query  *queryOptions
	body   entity
	faults Faults
	base   string
}

// handler carries out an operation.
type handler func(s *Server, c *call) (*reply, *apiError)

// perform carries out an operation: by a handler of its own, by the form of its path, or with sample data.
func (s *Server) perform(c *call) (*reply, *apiError) {
	if failed := s.bound(c); failed != nil {
		return nil, failed
	}
	if h := s.handlers[c.op.ID]; h != nil {
		return h(s, c)
	}
	if isByNumber(c.route) {
		return lookup(c.route.places[0].name, "Number", c.route.last().slots[0].parameter)(s, c)
	}
	places := c.route.places
	head, last := places[0], c.route.last()
	switch {
	case len(places) == 1 && head.parens && s.isSet(head):
		return s.performKeyed(c)
	case len(places) == 1 && !head.parens:
		return s.performPlain(c, head.name)
	case len(places) == 2 && !last.parens && !strings.Contains(last.name, "."):
		return s.navigate(c)
	case c.op.Request.Method == http.MethodGet:
		return s.function(c)
	}
	return s.action(c)
}

// isSet tells a key (Users(1)) from a function's arguments (GetUpdateDetails(key=”,id=”)).
func (s *Server) isSet(head place) bool {
	info := s.store.info[head.name]
	return info != nil && info.key != "" && len(head.slots) == 1
}

// bound refuses what is asked of an entity that does not exist.
func (s *Server) bound(c *call) *apiError {
	if head := c.route.places[0]; len(c.route.places) > 1 && s.isSet(head) {
		_, _, failed := s.keyed(c)
		return failed
	}
	return nil
}

func (s *Server) performKeyed(c *call) (*reply, *apiError) {
	switch c.op.Request.Method {
	case http.MethodPatch:
		return s.patch(c)
	case http.MethodDelete:
		return s.remove(c)
	}
	set, e, failed := s.keyed(c)
	if failed != nil {
		return nil, failed
	}
	return s.one(c, http.StatusOK, e, set.shape, set.navigation)
}

// performPlain serves a set, a singleton or an action without arguments in the path.
func (s *Server) performPlain(c *call, name string) (*reply, *apiError) {
	switch {
	case c.op.Request.Method == http.MethodGet && c.op.Response.Kind == "collection":
		return s.listSet(c, name)
	case c.op.Request.Method == http.MethodPost && c.op.Response.Status == http.StatusCreated:
		return s.create(c, name)
	case c.op.Request.Method == http.MethodPost:
		return s.action(c)
	}
	if set, key := ownEntity(name); set != "" {
		return s.own(c, set, key)
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if c.op.Request.Method == http.MethodPatch {
		shape, _, err := s.store.info[name].typeOf()
		if err != nil {
			return nil, internal(err)
		}
		s.store.singles[name] = merged(s.store.single(name, shape), c.body)
		return noContent(), nil
	}
	return s.one(c, http.StatusOK, s.store.single(name, c.op.entity()), c.op.entity(), nil)
}

// ownEntity says which entity the names MyUser and MyGroup stand for.
func ownEntity(name string) (set, key string) {
	switch name {
	case "MyUser":
		return "Users", ownerID
	case "MyGroup":
		return "Groups", defaultGroupID
	}
	return "", ""
}

func (s *Server) own(c *call, name, key string) (*reply, *apiError) {
	set, _, err := s.store.snapshot(name)
	if err != nil {
		return nil, internal(err)
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if c.op.Request.Method == http.MethodPatch {
		return noContent(), s.change(set, []string{key}, c.body)
	}
	_, e := set.find(key)
	if e == nil {
		return nil, notThere(name, set.key, key)
	}
	return s.one(c, http.StatusOK, e, set.shape, set.navigation)
}

// navigate serves the lists below an entity: Users(1)/Groups.
func (s *Server) navigate(c *call) (*reply, *apiError) {
	head, property := c.route.places[0], c.route.last().name
	var owner entity
	if name, key := ownEntity(head.name); name != "" {
		set, values, err := s.store.snapshot(name)
		if err != nil {
			return nil, internal(err)
		}
		for _, v := range values {
			if e, _ := v.(entity); keyText(e[set.key]) == key {
				owner = e
			}
		}
	} else if s.isSet(head) {
		_, e, failed := s.keyed(c)
		if failed != nil {
			return nil, failed
		}
		owner = e
	} else {
		return s.listSet(c, head.name+"/"+property)
	}
	values, _ := owner[property].([]any)
	return s.list(c, values, c.op.entity(), nil)
}

// function answers a function that nothing here knows better with sample data.
func (s *Server) function(c *call) (*reply, *apiError) {
	switch c.op.Response.Kind {
	case "collection":
		values := make([]any, 3)
		for i := range values {
			values[i] = sample(c.op.entity(), "", i+1, 1)
		}
		return s.report(c, values)
	case "file":
		return file(c)
	}
	return s.result(c)
}

// action changes what can be changed generally and answers in the declared shape.
func (s *Server) action(c *call) (*reply, *apiError) {
	name := c.route.last().name
	if ids, ok := c.body["ids"].([]any); ok && strings.Contains(name, "Delete") && len(c.route.places) == 2 {
		if failed := s.bulkDelete(c.route.places[0].name, ids); failed != nil {
			return nil, failed
		}
	}
	if stem, ok := strings.CutPrefix(unqualified(name), "Set"); ok && len(c.body) == 1 {
		for _, value := range c.body {
			if object, ok := value.(entity); ok {
				s.store.keep(c.route.places[0].name, stem, object)
			}
		}
	}
	switch c.op.Response.Kind {
	case "none":
		return noContent(), nil
	case "collection":
		return s.list(c, []any{sample(c.op.entity(), "", 1, 1)}, c.op.entity(), nil)
	case "file":
		return jsonReply(c.op.Response.Status, map[string]any{}), nil
	}
	return s.result(c)
}

func unqualified(name string) string { return name[strings.LastIndex(name, ".")+1:] }

// result answers one object or value: what a Set… action stored, or a sample.
func (s *Server) result(c *call) (*reply, *apiError) {
	answer := c.op.answer
	if c.op.Response.Kind == "value" {
		value, _ := sample(answer, "", 1, 0).(entity)
		return jsonReply(c.op.Response.Status, merged(value, entity{"@odata.context": c.base + "/xapi/v1/$metadata#Edm.String"})), nil
	}
	stem := strings.TrimPrefix(unqualified(c.route.last().name), "Get")
	if kept := s.store.kept(c.route.places[0].name, stem); kept != nil {
		return s.one(c, c.op.Response.Status, complete(answer, kept), answer, nil)
	}
	made, ok := sample(answer, "", 1, 0).(entity)
	if !ok {
		return jsonReply(c.op.Response.Status, sample(answer, "", 1, 0)), nil
	}
	return s.one(c, c.op.Response.Status, made, answer, nil)
}

func (st *store) keep(resource, stem string, value entity) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.results[resource+"/"+stem] = value
}

func (st *store) kept(resource, stem string) entity {
	st.mu.RLock()
	defer st.mu.RUnlock()
	value, _ := st.results[resource+"/"+stem].(entity)
	return value
}

// bulkDelete deletes all of these or, if one does not exist, none.
func (s *Server) bulkDelete(name string, ids []any) *apiError {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	set, err := s.store.set(name)
	if err != nil {
		return internal(err)
	}
	keys := map[string]bool{}
	for _, id := range ids {
		key := keyText(id)
		if _, e := set.find(key); e == nil {
			return notThere(name, set.key, key)
		}
		keys[key] = true
	}
	set.remove(keys)
	return nil
}
