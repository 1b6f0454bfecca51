package server

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/cordboard/cordboard/store"
)

// follower brings what a server serves in line with what the store says, where another program or machine has changed it.
type follower struct {
	server *Server
	// told are the reasons why versions cannot be served, by id and version: each is told once, and tried again at each look.
	told map[[2]string]string
}

// look acts on what differs. The REST API changes nothing meanwhile.
func (f *follower) look(ctx context.Context) {
	s := f.server
	if !s.follows.Load() {
		return
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	wanted, err := s.store.ActiveVersions(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Error("what is to be served cannot be read", "error", err)
		}
		return
	}
	now := s.servedVersions()
	for id := range now { // first, as others may take over its addresses
		if _, ok := wanted[id]; !ok {
			s.log.Info("a workflow is no longer served: it was deactivated", "id", id)
			s.Remove(id)
		}
	}
	maps.DeleteFunc(f.told, func(of [2]string, _ string) bool { return wanted[of[0]] != of[1] })
	var differ []string
	for id, version := range wanted {
		if now[id] != version {
			differ = append(differ, id)
		}
	}
	f.serve(ctx, differ, wanted)
}

// serve begins to serve versions. One may wait for an address that another one leaves, or two for each other's.
func (f *follower) serve(ctx context.Context, ids []string, wanted map[string]string) {
	slices.Sort(ids)
	errs := map[string]error{}
	for {
		var taken []string
		for _, id := range ids {
			if errs[id] = f.activate(ctx, id, wanted[id]); errors.Is(errs[id], errTaken) {
				taken = append(taken, id)
			}
		}
		if len(taken) == len(ids) {
			break // nothing has moved
		}
		ids = taken
	}
	if len(ids) > 1 {
		f.swap(ctx, ids, wanted, errs)
	}
	for id, err := range errs {
		f.tell(ctx, id, wanted[id], err)
	}
}

// swap takes workflows away whose addresses others of them wait for, and serves them anew. One that still cannot be is served as it was.
func (f *follower) swap(ctx context.Context, ids []string, wanted map[string]string, errs map[string]error) {
	s := f.server
	before := map[string]served{}
	for _, id := range ids {
		s.mu.Lock()
		before[id] = s.served[id]
		s.mu.Unlock()
		s.Remove(id)
	}
	for _, id := range ids {
		if errs[id] = f.activate(ctx, id, wanted[id]); errs[id] != nil && before[id].flow != nil {
			errs[id] = errors.Join(errs[id], s.serve(ctx, before[id].flow, before[id].version))
		}
	}
}

// activate serves a version, unless it is not the one to be served any more: then the next look sees what is.
func (f *follower) activate(ctx context.Context, id, version string) error {
	w, err := f.server.store.Workflow(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (!w.Active || w.VersionID != version) {
		return nil
	}
	if err == nil {
		err = f.server.Activate(ctx, w)
	}
	return err
}

func (f *follower) tell(ctx context.Context, id, version string, err error) {
	of := [2]string{id, version}
	switch {
	case err == nil:
		f.server.log.Info("a workflow is served as it was activated or changed", "id", id)
		delete(f.told, of)
	case ctx.Err() == nil && f.told[of] != err.Error():
		f.server.log.Error("an active workflow cannot be served", "id", id, "error", err)
		if f.told == nil {
			f.told = map[[2]string]string{}
		}
		f.told[of] = err.Error()
	}
}

// servedVersions are the workflows of the store that are served.
func (s *Server) servedVersions() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := map[string]string{}
	for id, w := range s.served {
		if w.version != "" {
			list[id] = w.version
		}
	}
	return list
}
