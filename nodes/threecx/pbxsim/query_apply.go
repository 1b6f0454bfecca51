package pbxsim

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// check refuses options that name what the entity does not have.
func (q *queryOptions) check(entity *shape) *apiError {
	if q.filter != nil {
		if err := checkFilter(q.filter, entity); err != nil {
			return badOption("$filter", ": %v", err)
		}
	}
	for _, key := range q.orderby {
		if _, err := key.by.check(&scope{entity: entity}); err != nil {
			return badOption("$orderby", ": %v", err)
		}
	}
	for _, path := range q.selected {
		if _, err := (&scope{entity: entity}).resolve(path); err != nil {
			return badOption("$select", ": %v", err)
		}
	}
	for name, inner := range q.expand {
		found, err := entity.property(name)
		if err == nil && !found.is(kindCollection) && !found.is(kindObject) {
			err = fmt.Errorf("%s is a %s, it cannot be expanded", name, found.kind)
		}
		if err != nil {
			return badOption("$expand", ": %v", err)
		}
		if found.kind == kindCollection {
			found = found.element()
		}
		if err := inner.check(found); err != nil {
			return badOption("$expand", " of %s: %s", name, err.Message)
		}
	}
	return nil
}

// page is a list after the options were applied. next is where the following page starts, 0 if there is none.
type page struct {
	values []any
	total  int
	next   int
}

// apply filters, sorts, cuts and shapes a list. navigation names the properties that come only when expanded;
// pageSize is the server's own limit, 0 for none.
func (q *queryOptions) apply(list []any, navigation []string, pageSize int, now time.Time) page {
	kept := make([]any, 0, len(list))
	for _, entity := range list {
		if q.filter != nil && !matches(q.filter, entity, now) {
			continue
		}
		if q.search != nil && !q.search.matches(entity) {
			continue
		}
		kept = append(kept, entity)
	}
	q.sort(kept, now)
	p := page{total: len(kept)}
	start := 0
	if q.skip != nil {
		start = min(*q.skip, len(kept))
	}
	end := len(kept)
	if q.top != nil {
		end = min(start+*q.top, end)
	}
	if pageSize > 0 && end-start > pageSize {
		end = start + pageSize
		p.next = end
	}
	p.values = make([]any, 0, end-start)
	for _, entity := range kept[start:end] {
		p.values = append(p.values, q.shape(entity, navigation, now))
	}
	return p
}

func (q *queryOptions) sort(list []any, now time.Time) {
	if len(q.orderby) == 0 {
		return
	}
	type row struct {
		entity any
		keys   []any
	}
	rows := make([]row, len(list))
	for i, entity := range list {
		rows[i] = row{entity, make([]any, len(q.orderby))}
		for k, key := range q.orderby {
			rows[i].keys[k] = key.by.eval(&env{entity: entity, now: now})
		}
	}
	sort.SliceStable(rows, func(i, j int) bool {
		for k, key := range q.orderby {
			order := orderNulls(rows[i].keys[k], rows[j].keys[k])
			if order != 0 {
				return order < 0 != key.desc
			}
		}
		return false
	})
	for i := range rows {
		list[i] = rows[i].entity
	}
}

// orderNulls sorts null before everything.
func orderNulls(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	order, _ := orderOf(a, b)
	return order
}

// shape leaves out what was not selected and navigation that was not expanded. The entity itself stays as it is.
func (q *queryOptions) shape(entity any, navigation []string, now time.Time) any {
	object, ok := entity.(map[string]any)
	if !ok {
		return entity
	}
	out := make(map[string]any, len(object))
	for name, value := range object {
		if inner, ok := q.expand[name]; ok {
			out[name] = inner.shapeMember(value, now)
			continue
		}
		if q.wants(name) && (q.expandAll || !slices.Contains(navigation, name)) {
			out[name] = q.narrow(name, value)
		}
	}
	return out
}

func (q *queryOptions) shapeMember(value any, now time.Time) any {
	if list, ok := value.([]any); ok {
		return q.apply(list, nil, 0, now).values
	}
	return q.shape(value, nil, now)
}

func (q *queryOptions) wants(name string) bool {
	if q.selected == nil || strings.HasPrefix(name, "@odata.") {
		return true
	}
	for _, path := range q.selected {
		if path[0] == name {
			return true
		}
	}
	return false
}

// narrow keeps only the selected members of an object: $select=Gateway/Host.
func (q *queryOptions) narrow(name string, value any) any {
	object, ok := value.(map[string]any)
	if !ok || q.selected == nil {
		return value
	}
	out := map[string]any{}
	for _, path := range q.selected {
		if path[0] != name {
			continue
		}
		if len(path) == 1 {
			return value
		}
		if member, ok := object[path[1]]; ok {
			out[path[1]] = member
		}
	}
	return out
}
