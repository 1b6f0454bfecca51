package pbxsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// entity is an object of the store. It is never changed once it is in there: a write puts a changed copy in its place.
type entity = map[string]any

// entitySet is a collection with state.
type entitySet struct {
	name   string
	key    string
	intKey bool
	shape  *shape
	// navigation names the properties that come only with $expand or under their own path.
	navigation []string
	list       []entity
	next       int
}

// setInfo is what the operations say of a set.
type setInfo struct {
	key        string
	navigation []string
	list, item *route
}

// store is the state of the PBX.
type store struct {
	info map[string]*setInfo
	seed func(set *entitySet) []entity

	mu      sync.RWMutex
	sets    map[string]*entitySet
	singles map[string]entity
	// results are what Set… actions stored for their Get… functions.
	results map[string]any
	// membersStale is set when users changed and the groups' lists of members are to be made anew.
	membersStale bool
}

// newStore finds the sets among the operations.
func newStore(t *routes, seed func(*entitySet) []entity) *store {
	st := &store{info: map[string]*setInfo{}, seed: seed}
	at := func(name string) *setInfo {
		if st.info[name] == nil {
			st.info[name] = &setInfo{}
		}
		return st.info[name]
	}
	for _, r := range t.all {
		head := r.places[0]
		if len(head.slots) == 1 && head.slots[0].argument == "" {
			info := at(head.name)
			info.key = head.slots[0].parameter
			if len(r.places) == 1 && r.summary.Method == http.MethodGet {
				info.item = r
			}
		}
		last := r.last()
		switch get := r.summary.Method == http.MethodGet && !last.parens; {
		case get && len(r.places) == 1:
			at(head.name).list = r
		case get && len(r.places) == 2 && !strings.Contains(last.name, "."):
			info := at(head.name)
			info.navigation = append(info.navigation, last.name)
			at(head.name + "/" + last.name).list = r
		}
	}
	st.reset()
	return st
}

// reset goes back to the seed.
func (st *store) reset() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.sets, st.singles, st.results = map[string]*entitySet{}, map[string]entity{}, map[string]any{}
	st.membersStale = true
}

// typeOf returns the shape of a set's or singleton's entities and whether it is a collection.
func (info *setInfo) typeOf() (*shape, bool, error) {
	r := info.list
	if r == nil {
		r = info.item
	}
	if r == nil {
		return plainShape(kindUnknown), true, nil
	}
	op, err := r.page()
	if err != nil {
		return nil, false, err
	}
	return op.entity(), r == info.item || op.Response.Kind == "collection", nil
}

// set returns a set, making it from its seed when it is first asked for. It needs st.mu for writing.
func (st *store) set(name string) (*entitySet, error) {
	if s := st.sets[name]; s != nil {
		return s, nil
	}
	info := st.info[name]
	if info == nil {
		return nil, fmt.Errorf("there is no set %s", name)
	}
	shape, _, err := info.typeOf()
	if err != nil {
		return nil, err
	}
	s := &entitySet{name: name, key: info.key, shape: shape, navigation: info.navigation, next: 1}
	if s.key == "" {
		s.key = "Id"
	}
	if key := shape.properties[s.key]; key != nil {
		s.intKey = key.shape().kind == kindNumber
	}
	list := st.seed(s)
	if list == nil {
		for n := 1; n <= 2; n++ {
			made, _ := sample(shape, "", n, 0).(entity)
			list = append(list, made)
		}
	}
	for _, e := range list {
		s.put(fit(shape, e))
	}
	st.sets[name] = s
	return s, nil
}

// snapshot returns a set's entities as they are now.
func (st *store) snapshot(name string) (*entitySet, []any, error) {
	st.mu.RLock()
	s := st.sets[name]
	if s != nil && !(name == "Groups" && st.membersStale) {
		defer st.mu.RUnlock()
		return s, s.values(), nil
	}
	st.mu.RUnlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	if name == "Groups" {
		if err := st.refreshMembers(); err != nil {
			return nil, nil, err
		}
	}
	s, err := st.set(name)
	if err != nil {
		return nil, nil, err
	}
	return s, s.values(), nil
}

func (s *entitySet) values() []any {
	out := make([]any, len(s.list))
	for i, e := range s.list {
		out[i] = e
	}
	return out
}

func (s *entitySet) find(key string) (int, entity) {
	for i, e := range s.list {
		if keyText(e[s.key]) == key {
			return i, e
		}
	}
	return -1, nil
}

func (s *entitySet) findBy(property, text string) (int, entity) {
	for i, e := range s.list {
		if keyText(e[property]) == text {
			return i, e
		}
	}
	return -1, nil
}

// put appends an entity and keeps count of the keys in use.
func (s *entitySet) put(e entity) {
	if n, ok := numberOf(e[s.key]); ok && s.intKey && int(n) >= s.next {
		s.next = int(n) + 1
	}
	s.list = append(s.list, e)
}

// remove takes out the entities with these keys.
func (s *entitySet) remove(keys map[string]bool) {
	kept := make([]entity, 0, len(s.list))
	for _, e := range s.list {
		if !keys[keyText(e[s.key])] {
			kept = append(kept, e)
		}
	}
	s.list = kept
}

// keyText is the form in which keys are compared.
func keyText(v any) string {
	switch k := v.(type) {
	case nil:
		return ""
	case string:
		return k
	case int:
		return strconv.Itoa(k)
	case json.Number:
		return string(k)
	}
	return fmt.Sprint(v)
}

// freshKey is a key that is not in use.
func (s *entitySet) freshKey() any {
	n := s.next
	s.next++
	if s.intKey {
		return n
	}
	return fmt.Sprintf("%s-%d", strings.ToLower(strings.TrimSuffix(s.name, "s")), n)
}

// numbered are the sets whose entities share one numbering plan, with the first number given out.
var numbered = map[string]int{
	"Users": 100, "Queues": 800, "RingGroups": 820, "Receptionists": 840, "Parkings": 860, "Fax": 880, "Trunks": 10000,
}

// numberTaken tells which set uses an internal number. It needs st.mu for writing.
func (st *store) numberTaken(number string) (string, error) {
	for name := range numbered {
		if st.info[name] == nil {
			continue
		}
		s, err := st.set(name)
		if err != nil {
			return "", err
		}
		if _, e := s.findBy("Number", number); e != nil {
			return name, nil
		}
	}
	return "", nil
}

// freeNumber is the lowest number from start that nothing uses. It needs st.mu for writing.
func (st *store) freeNumber(start int) (string, error) {
	for n := start; ; n++ {
		taken, err := st.numberTaken(strconv.Itoa(n))
		if err != nil || taken == "" {
			return strconv.Itoa(n), err
		}
	}
}

// merged is a copy of an entity with the members of a patch. Lists and objects of the patch replace the old ones.
func merged(e, patch entity) entity {
	out := make(entity, len(e)+len(patch))
	for name, value := range e {
		out[name] = value
	}
	for name, value := range patch {
		out[name] = value
	}
	return out
}
