package server

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/cordboard/cordboard"
)

// routes finds the webhook for a request. Fixed segments go before parameters (":id").
type routes struct {
	mu      sync.RWMutex
	all     []route // never changed, but replaced
	options WebhookOptions
}

type route struct {
	method   string
	segments []string
	origins  []string // whose pages may call; nil: any
	src      source
}

// replace takes the routes of one workflow (nil for none) away and adds others, all or nothing.
func (r *routes) replace(old *cordboard.Workflow, list []hookRoute) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, err := r.with(old, list)
	if err == nil {
		r.all = next
	}
	return err
}

// free is the error that replace would give.
func (r *routes) free(old *cordboard.Workflow, list []hookRoute) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, err := r.with(old, list)
	return err
}

// with are the routes as replace leaves them. The caller holds the lock.
func (r *routes) with(old *cordboard.Workflow, list []hookRoute) ([]route, error) {
	next := slices.DeleteFunc(slices.Clone(r.all), func(one route) bool { return old != nil && one.src.flow == old })
	for _, h := range list {
		segments := strings.Split(strings.Trim(h.route.Path, "/"), "/")
		for _, one := range next {
			if one.method == h.route.Method && sameShape(one.segments, segments) {
				return nil, fmt.Errorf("%s: node %q: the webhook %s %s %w by node %q of %s", h.src.flow.Workflow.File, h.src.trigger.Name,
					h.route.Method, h.route.Path, errTaken, one.src.trigger.Name, one.src.flow.Workflow.File)
			}
		}
		next = append(next, route{h.route.Method, segments, h.route.Origins, h.src})
	}
	slices.SortStableFunc(next, func(a, b route) int { return slices.Compare(a.weights(), b.weights()) })
	return next, nil
}

// errTaken says that another workflow has an address.
var errTaken = errors.New("is already taken")

// weights sorts routes with fixed segments in front of those with parameters.
func (r route) weights() []int {
	w := make([]int, len(r.segments))
	for i, s := range r.segments {
		if strings.HasPrefix(s, ":") {
			w[i] = 1
		}
	}
	return w
}

func sameShape(a, b []string) bool {
	return slices.EqualFunc(a, b, func(x, y string) bool {
		return x == y || (strings.HasPrefix(x, ":") && strings.HasPrefix(y, ":"))
	})
}

// find returns the route of a request, and the methods that its path takes, sorted. The path is escaped: a "%2F" is part of a
// segment.
func (r *routes) find(method, path string) (found *route, params map[string]string, methods []string) {
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	r.mu.RLock()
	all := r.all
	r.mu.RUnlock()
	for i := range all {
		values, ok := all[i].match(segments)
		if !ok {
			continue
		}
		if all[i].method == method && found == nil {
			found, params = &all[i], values
		}
		if !slices.Contains(methods, all[i].method) {
			methods = append(methods, all[i].method)
		}
	}
	slices.Sort(methods)
	return found, params, methods
}

func (r route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, s := range r.segments {
		if name, ok := strings.CutPrefix(s, ":"); ok && segments[i] != "" {
			params[name] = segments[i]
		} else if s != segments[i] {
			return nil, false
		}
	}
	return params, true
}

func (r *routes) list() []string { return r.of(nil) }

// of are the addresses of a workflow, nil for all.
func (r *routes) of(flow *cordboard.Workflow) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []string
	for _, one := range r.all {
		if flow == nil || one.src.flow == flow {
			list = append(list, one.address())
		}
	}
	return list
}
