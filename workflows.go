package cordboard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime"
)

// ErrNoWorkflow says that there is no workflow with an id.
var ErrNoWorkflow = errors.New("Workflow does not exist.") //nolint:staticcheck // n8n's words

const (
	maxWorkflow  = 16 << 20
	fetchTimeout = 30 * time.Second
	// keptWorkflows are those that others have called; more are compiled anew.
	keptWorkflows = 200
)

// library holds the workflows that others have called, by their text: a call for each item compiles them once.
type library struct {
	mu   sync.Mutex
	kept map[string]*Workflow
}

// finder finds workflows for runs. It implements runtime.Workflows.
type finder struct{ *Runtime }

var _ runtime.Workflows = finder{}

// Find is runtime.Workflows'.
func (f finder) Find(ctx context.Context, ref nodes.WorkflowRef, caller *runtime.Workflow) (*runtime.Plan, *runtime.Engine, error) {
	file, text, err := f.read(ctx, ref, caller)
	if err != nil {
		return nil, nil, err
	}
	f.library.mu.Lock()
	w := f.library.kept[file+"\x00"+text]
	f.library.mu.Unlock()
	if w != nil {
		return w.Plan, w.engine, nil
	}
	parsed, err := runtime.ParseWorkflow(file, []byte(text))
	if err != nil {
		return nil, nil, nodes.Errorf("the called workflow cannot be used: %w", err)
	}
	if ref.JSON != "" && parsed.ID == "" {
		parsed.ID = caller.ID
	}
	if w, err = f.Compile(ctx, parsed); err != nil {
		return nil, nil, nodes.Errorf("the called workflow cannot be used: %w", err)
	}
	f.library.mu.Lock()
	defer f.library.mu.Unlock()
	if f.library.kept == nil || len(f.library.kept) >= keptWorkflows {
		f.library.kept = map[string]*Workflow{}
	}
	f.library.kept[file+"\x00"+text] = w
	return w.Plan, w.engine, nil
}

// read returns the text of a workflow, and a name for it.
func (f finder) read(ctx context.Context, ref nodes.WorkflowRef, caller *runtime.Workflow) (file, text string, err error) {
	switch {
	case ref.JSON != "":
		return caller.File + " (called workflow)", ref.JSON, nil
	case ref.File != "":
		return readBeside(ref.File, caller.File)
	case ref.URL != "":
		text, err = fetch(ctx, ref.URL)
		return ref.URL, text, err
	case f.opts.Workflows != nil:
		return f.opts.Workflows(ctx, ref.ID)
	}
	return findBeside(ref.ID, caller.File)
}

// readBeside reads a workflow file that lies in the folder of the calling one, or below it.
func readBeside(path, caller string) (file, text string, err error) {
	folder, err := filepath.Abs(filepath.Dir(caller))
	if err != nil {
		return "", "", err
	}
	full := path
	if !filepath.IsAbs(full) {
		full = filepath.Join(folder, full)
	}
	refused := nodes.Errorf("Access to the workflow file path is not allowed")
	refused.Hint = fmt.Sprintf("A called file must lie in the folder of the calling workflow, %s, or below it.", folder)
	inside, err := filepath.Rel(folder, full)
	if err != nil || !filepath.IsLocal(inside) {
		return "", "", refused
	}
	root, err := os.OpenRoot(folder) // no link leads out of it
	if err != nil {
		return "", "", err
	}
	defer root.Close()
	content, err := root.ReadFile(inside)
	if errors.Is(err, os.ErrNotExist) {
		return "", "", nodes.Errorf("the workflow file %s does not exist", full)
	}
	if err != nil {
		return "", "", nodes.Errorf("the workflow file %s cannot be read: %w", full, err)
	}
	return full, string(content), nil
}

// findBeside looks for a workflow by its id among the files in the folder of the calling one: ID.json, else the file whose
// "id" is that.
func findBeside(id, caller string) (file, text string, err error) {
	folder := filepath.Dir(caller)
	missing := nodes.Errorf("%w", ErrNoWorkflow)
	missing.Hint = fmt.Sprintf("No file in %s holds a workflow with the id %q: name it %s.json, or give it that \"id\".", folder, id, id)
	if id == "" {
		missing.Hint = "The parameter workflowId is empty."
		return "", "", missing
	}
	if filepath.IsLocal(id+".json") && filepath.Base(id) == id {
		named := filepath.Join(folder, id+".json")
		if content, err := os.ReadFile(named); err == nil {
			return named, string(content), nil
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", "", missing
	}
	for _, entry := range entries {
		if entry.IsDir() || !strings.EqualFold(filepath.Ext(entry.Name()), ".json") {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		if info, err := entry.Info(); err != nil || info.Size() > maxWorkflow {
			continue
		}
		content, err := os.ReadFile(path)
		if err == nil && gjson.GetBytes(content, "id").String() == id && gjson.GetBytes(content, "nodes").IsArray() {
			return path, string(content), nil
		}
	}
	return "", "", missing
}

// fetch reads a workflow from an address.
func fetch(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", nodes.Errorf("the workflow's address cannot be used: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", nodes.Errorf("the workflow cannot be read: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, maxWorkflow))
	if err != nil {
		return "", nodes.Errorf("the workflow at %s cannot be read: %w", address, err)
	}
	if res.StatusCode != http.StatusOK {
		return "", nodes.Errorf("the workflow cannot be read: %s answered %s", address, res.Status)
	}
	return string(text), nil
}

// reportFailure starts the error workflow of a run that failed: the one that the settings name, else the workflow's own Error
// Trigger. What goes wrong with it is logged. A failed error workflow starts no other.
func (r *Runtime) reportFailure(ctx context.Context, w *Workflow, run *runtime.Run) {
	if run.Status != runtime.StatusError || run.State.Mode == "error" {
		return
	}
	item := nodes.ItemsOf(run.ErrorItem(""))
	id := w.Workflow.Settings.ErrorWorkflow
	handler := w
	if id != "" && id != w.Workflow.ID {
		plan, engine, err := finder{r}.Find(ctx, nodes.WorkflowRef{ID: id}, w.Workflow)
		if err != nil {
			r.opts.Log.Error("the error workflow cannot be started", "workflow", w.Workflow.Name, "errorWorkflow", id, "error", err)
			return
		}
		handler = &Workflow{plan, engine}
	}
	start := handler.ErrorStart()
	if start == "" {
		if id != "" {
			r.opts.Log.Error("the error workflow has no Error Trigger", "workflow", w.Workflow.Name, "errorWorkflow", id)
		}
		return
	}
	result, err := r.Run(ctx, handler, RunOptions{Start: start, Input: &item, Mode: "error"})
	if result != nil {
		defer result.Close()
	}
	if err != nil {
		r.opts.Log.Error("the error workflow failed", "workflow", w.Workflow.Name, "errorWorkflow", handler.Workflow.Name, "error", err)
	}
}
