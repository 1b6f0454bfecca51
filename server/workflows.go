package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/store"
)

// versions knows the compiled workflows that executions were begun with.
type versions struct {
	store *store.Store
	mu    sync.Mutex
	ids   map[*runtime.Plan]string
	flows map[[2]string]*cordboard.Workflow // by id and version
}

// maxVersions bounds what is remembered.
const maxVersions = 1000

// of returns the version of a workflow, which is in the store from then on.
func (v *versions) of(ctx context.Context, flow *cordboard.Workflow) (string, error) {
	v.mu.Lock()
	id, ok := v.ids[flow.Plan]
	v.mu.Unlock()
	if ok {
		return id, nil
	}
	if flow.Workflow.ID == "" {
		return "", errors.New("the workflow has no id")
	}
	id = store.VersionID(flow.Workflow.Source)
	if err := v.store.KeepVersion(ctx, flow.Workflow.ID, flow.Workflow.Source); err != nil {
		return "", err
	}
	v.add(flow, id)
	return id, nil
}

func (v *versions) add(flow *cordboard.Workflow, version string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ids == nil || len(v.ids) >= maxVersions {
		v.ids, v.flows = map[*runtime.Plan]string{}, map[[2]string]*cordboard.Workflow{}
	}
	v.ids[flow.Plan], v.flows[[2]string{flow.Workflow.ID, version}] = version, flow
}

func (v *versions) find(id, version string) *cordboard.Workflow {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.flows[[2]string{id, version}]
}

// AddFile keeps the workflow of a file and serves its triggers, until the next start without it. A workflow without an id gets one
// by the file's name.
func (s *Server) AddFile(ctx context.Context, flow *cordboard.Workflow) error {
	file, err := filepath.Abs(flow.Workflow.File)
	if err != nil {
		return err
	}
	if flow.Workflow.ID == "" {
		sum := sha256.Sum256([]byte(file))
		flow.Workflow.ID = "file-" + hex.EncodeToString(sum[:])[:11]
	}
	old, err := s.store.Workflow(ctx, flow.Workflow.ID)
	if err == nil && old.Source != file && old.Source != "" && s.serves(old.ID) {
		return fmt.Errorf("%s: it has the id %q of another workflow that is served: %s", file, old.ID, old.Source)
	}
	hooks, _, err := triggersOf(ctx, flow)
	if err != nil {
		return err
	}
	s.mu.Lock()
	err = s.routes.free(s.served[flow.Workflow.ID].flow, hooks)
	s.mu.Unlock()
	if err != nil { // what cannot be served is not kept
		return err
	}
	kept := store.Workflow{ID: flow.Workflow.ID, Name: flow.Workflow.Name, Active: true, Source: file, JSON: flow.Workflow.Source}
	if kept, err = s.store.SaveWorkflow(ctx, kept); err != nil {
		return err
	}
	s.versions.add(flow, kept.VersionID)
	return s.Add(ctx, flow)
}

// Load serves the active workflows of the store. Those that came from files at an earlier start are not served: the files say
// what is. What is wrong with one workflow keeps the others from nothing.
func (s *Server) Load(ctx context.Context) error {
	s.follows.Store(true)
	active := true
	list, err := s.store.Workflows(ctx, store.WorkflowFilter{Active: &active})
	if err != nil {
		return err
	}
	for _, w := range list {
		if s.serves(w.ID) {
			continue
		}
		if w.Source != "" {
			if err := s.store.SetActive(ctx, w.ID, false); err != nil {
				return err
			}
			continue
		}
		if err := s.Activate(ctx, w); err != nil {
			s.log.Error("an active workflow cannot be served", "workflow", w.Name, "id", w.ID, "error", err)
		}
	}
	return nil
}

// Activate serves a workflow of the store, in place of an earlier version of it, which goes on being served where that fails.
func (s *Server) Activate(ctx context.Context, w store.Workflow) error {
	flow, err := s.compile(ctx, w)
	if err != nil {
		return err
	}
	if err := s.store.KeepVersion(ctx, w.ID, w.JSON); err != nil { // executions may begin before the workflow is saved
		return err
	}
	version := store.VersionID(w.JSON)
	s.versions.add(flow, version)
	return s.serve(ctx, flow, version)
}

func (s *Server) compile(ctx context.Context, w store.Workflow) (*cordboard.Workflow, error) {
	parsed, err := runtime.ParseWorkflow(w.Name, []byte(w.JSON))
	if err != nil {
		return nil, err
	}
	parsed.ID = w.ID
	return s.rt.Compile(ctx, parsed)
}

// serves reports whether the triggers of a workflow are served.
func (s *Server) serves(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.served[id]
	return ok
}

// Add serves a workflow's triggers, in place of those of an earlier version of it. A workflow without any, or with the address of
// another one, is an error.
func (s *Server) Add(ctx context.Context, flow *cordboard.Workflow) error {
	return s.serve(ctx, flow, "")
}

// serve is Add for a version of the store, "" for none.
func (s *Server) serve(ctx context.Context, flow *cordboard.Workflow, version string) error {
	hooks, listeners, err := triggersOf(ctx, flow)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.served[flow.Workflow.ID]
	before := s.routes.list()
	if err := s.routes.replace(old.flow, hooks); err != nil {
		return err
	}
	s.tellServed(flow, before, listeners, old.listeners)
	if old.stop != nil {
		old.stop()
	}
	ctx, cancel := context.WithCancel(s.runs.ctx)
	now := served{flow, version, listeners, ctx, cancel}
	s.served[flow.Workflow.ID] = now
	s.listenTo(now)
	return nil
}

// triggersOf are the addresses that a workflow's webhooks want, and its other triggers. It is an error if there is neither.
func triggersOf(ctx context.Context, flow *cordboard.Workflow) (hooks []hookRoute, listeners []source, err error) {
	triggers := flow.Triggers()
	if len(triggers) == 0 {
		return nil, nil, runtime.Problems{{
			Severity: runtime.SeverityError, File: flow.Workflow.File, Message: "the workflow has no trigger that waits for events",
			Mend: "add a Webhook node",
		}}
	}
	for _, t := range triggers {
		if err := flow.CanStart(t.Name); err != nil {
			return nil, nil, err
		}
		hook, ok := t.Node.(nodes.Webhook)
		if !ok {
			listeners = append(listeners, source{flow, t})
			continue
		}
		list, err := hook.Routes(flow.TriggerCall(ctx, t))
		if err != nil {
			return nil, nil, fmt.Errorf("%s: node %q: %w", flow.Workflow.File, t.Name, err)
		}
		for _, r := range withIDs(list, t.WebhookID) {
			hooks = append(hooks, hookRoute{r, source{flow, t}})
		}
	}
	return hooks, listeners, nil
}

// hookRoute is an address of a webhook.
type hookRoute struct {
	route nodes.Route
	src   source
}

// served is a workflow whose triggers are served; stop ends them.
type served struct {
	flow      *cordboard.Workflow
	version   string          // of the store's; "" for one that is served without it
	listeners []source        // triggers that are not webhooks
	ctx       context.Context //nolint:containedctx // until it is no longer served
	stop      context.CancelFunc
}

// Remove ends the serving of a workflow's triggers. Its executions go on.
func (s *Server) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.served[id]
	if !ok {
		return
	}
	old.stop()
	delete(s.served, id)
	_ = s.routes.replace(old.flow, nil) // nothing is added that could be taken
}

// withIDs adds the address that n8n gives to a path with parameters: the webhook's id goes before it. The path alone is
// served as well.
func withIDs(list []nodes.Route, id string) []nodes.Route {
	for _, r := range list {
		if id != "" && strings.Contains("/"+r.Path, "/:") {
			r.Path = id + "/" + r.Path
			list = append(list, r)
		}
	}
	return list
}
