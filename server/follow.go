package server

import (
	"context"
	"maps"
)

// follower brings what a server serves in line with what the store says, where another program or machine has changed it.
type follower struct {
	server *Server
	// before are the differences of the last look. One counts when it is seen twice: the REST API serves a workflow a moment
	// before it is saved.
	before map[string]string
	// failed are the versions that could not be served, told once.
	failed map[string]string
}

// look acts on what differs now as at the last look.
func (f *follower) look(ctx context.Context) {
	s := f.server
	if !s.follows.Load() {
		return
	}
	wanted, err := s.store.ActiveVersions(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Error("what is to be served cannot be read", "error", err)
		}
		return
	}
	now := s.servedVersions()
	differs := map[string]string{}
	for id, version := range wanted {
		if now[id] != version && f.failed[id] != version {
			differs[id] = version
		}
	}
	for id := range now {
		if _, ok := wanted[id]; !ok {
			differs[id] = ""
		}
	}
	maps.DeleteFunc(f.failed, func(id, version string) bool { return wanted[id] != version })
	for id, version := range differs {
		if before, seen := f.before[id]; seen && before == version {
			f.follow(ctx, id, version)
			delete(differs, id)
		}
	}
	f.before = differs
}

func (f *follower) follow(ctx context.Context, id, version string) {
	s := f.server
	if version == "" {
		s.log.Info("a workflow is no longer served: it was deactivated", "id", id)
		s.Remove(id)
		return
	}
	w, err := s.store.Workflow(ctx, id)
	if err == nil && w.Active && w.VersionID == version {
		if err = s.Activate(ctx, w); err == nil {
			s.log.Info("a workflow is served as it was activated or changed", "workflow", w.Name, "id", id)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("an active workflow cannot be served", "workflow", w.Name, "id", id, "error", err)
		if f.failed == nil {
			f.failed = map[string]string{}
		}
		f.failed[id] = version
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
