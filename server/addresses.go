package server

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/store"
)

// Addresses returns what the server serves: "POST /webhook/path", and the triggers that are not webhooks.
func (s *Server) Addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.routes.list()
	for _, id := range slices.Sorted(maps.Keys(s.served)) {
		list = append(list, listening(s.served[id].listeners)...)
	}
	return list
}

// OnServed has f told of what is served from now on, in the words of Addresses: what a workflow serves that is activated or changed while the
// server runs. f must return soon.
func (s *Server) OnServed(f func(address string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = f
}

// tellServed tells of what a workflow serves since its routes were replaced. It is called with s.mu held.
func (s *Server) tellServed(flow *cordboard.Workflow, before []string, now, old []source) {
	if s.told == nil {
		return
	}
	added := append(s.routes.of(flow), listening(now)...)
	for _, known := range append(before, listening(old)...) {
		added = slices.DeleteFunc(added, func(one string) bool { return one == known })
	}
	for _, one := range added {
		s.told(one)
	}
}

// listening names triggers that are not webhooks.
func listening(list []source) []string {
	names := make([]string, len(list))
	for i, src := range list {
		names[i] = fmt.Sprintf("the trigger %q of %q", src.trigger.Name, src.flow.Workflow.Name)
	}
	return names
}

// Conflict says which active workflow of the store has an address that the webhooks of w want; nil if none has. files says whether the
// workflows count that came from files: a server that runs has them. Nothing is served or changed.
func (s *Server) Conflict(ctx context.Context, w store.Workflow, files bool) error {
	flow, err := s.compile(ctx, w)
	if err != nil {
		return err
	}
	wanted, _, err := triggersOf(ctx, flow)
	if err != nil || len(wanted) == 0 {
		return err
	}
	active := true
	others, err := s.store.Workflows(ctx, store.WorkflowFilter{Active: &active})
	if err != nil {
		return err
	}
	var taken routes
	for _, other := range others {
		if other.ID == w.ID || other.Source != "" && !files {
			continue
		}
		flow, err := s.compile(ctx, other)
		if err != nil { // it is not served either
			continue
		}
		if hooks, _, err := triggersOf(ctx, flow); err == nil {
			_ = taken.replace(nil, hooks) // what conflicts among the others is not served
		}
	}
	return taken.replace(nil, wanted)
}

// address is a route as people call it.
func (r route) address() string { return r.method + " /webhook/" + strings.Join(r.segments, "/") }
