package cordboard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	// files are the names of the files in which ids were found, by folder and id.
	files map[[2]string]string
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
		return cleanURL(ref.URL), text, err
	case f.opts.Workflows != nil:
		file, text, err = f.opts.Workflows(ctx, ref.ID)
		if !errors.Is(err, ErrNoWorkflow) {
			return file, text, err
		}
	}
	return f.findBeside(ref.ID, caller.File)
}

// cleanURL is an address for messages: without user, password and query, which may be secrets.
func cleanURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
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
// "id" is that. No link leads out of the folder.
func (f finder) findBeside(id, caller string) (file, text string, err error) {
	folder := filepath.Dir(caller)
	missing := nodes.Errorf("%w", ErrNoWorkflow)
	missing.Hint = fmt.Sprintf("No file in %s holds a workflow with the id %q: name it %s.json, or give it that \"id\".", folder, id, id)
	if id == "" {
		missing.Hint = "The parameter workflowId is empty."
		return "", "", missing
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return "", "", missing
	}
	defer root.Close()
	if filepath.IsLocal(id+".json") && filepath.Base(id) == id {
		if text, ok := workflowIn(root, id+".json"); ok {
			return filepath.Join(folder, id+".json"), text, nil
		}
	}
	has := func(name string) (string, bool) {
		text, ok := workflowIn(root, name)
		return text, ok && gjson.Get(text, "id").String() == id && gjson.Get(text, "nodes").IsArray()
	}
	f.library.mu.Lock()
	known := f.library.files[[2]string{folder, id}]
	f.library.mu.Unlock()
	if text, ok := has(known); known != "" && ok {
		return filepath.Join(folder, known), text, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", "", missing
	}
	for _, entry := range entries {
		if text, ok := has(entry.Name()); ok {
			f.library.mu.Lock()
			defer f.library.mu.Unlock()
			if f.library.files == nil {
				f.library.files = map[[2]string]string{}
			}
			f.library.files[[2]string{folder, id}] = entry.Name()
			return filepath.Join(folder, entry.Name()), text, nil
		}
	}
	return "", "", missing
}

// workflowIn reads a file that may hold a workflow: a regular one of a bounded size whose name ends with .json.
func workflowIn(root *os.Root, name string) (text string, ok bool) {
	if !strings.EqualFold(filepath.Ext(name), ".json") {
		return "", false
	}
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxWorkflow {
		return "", false
	}
	content, err := root.ReadFile(name)
	return string(content), err == nil
}

// fetch reads a workflow from an address.
func fetch(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", nodes.Errorf("the workflow's address, %s, cannot be used", cleanURL(address))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		var whole *url.Error // its text repeats the address
		if errors.As(err, &whole) {
			err = whole.Err
		}
		return "", nodes.Errorf("the workflow at %s cannot be read: %w", cleanURL(address), err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, maxWorkflow))
	if err != nil {
		return "", nodes.Errorf("the workflow at %s cannot be read: %w", cleanURL(address), err)
	}
	if res.StatusCode != http.StatusOK {
		return "", nodes.Errorf("the workflow cannot be read: %s answered %s", cleanURL(address), res.Status)
	}
	return string(text), nil
}

// awaiter is RunOptions.Await.
type awaiter = func(ctx context.Context, w runtime.Waiting) (*nodes.Items, error)

// ErrorWorkflow returns the workflow that a failed run starts, and its Error Trigger: the one that the settings name, else the
// workflow itself. It returns nil where there is none; what keeps one from starting is logged. A failed error workflow starts no
// other.
func (r *Runtime) ErrorWorkflow(ctx context.Context, w *Workflow, run *runtime.Run) (handler *Workflow, start string) {
	if run.Status != runtime.StatusError && run.Status != runtime.StatusCrashed || run.State.Mode == "error" {
		return nil, ""
	}
	id := w.Workflow.Settings.ErrorWorkflow
	handler = w
	if id != "" && id != w.Workflow.ID {
		plan, engine, err := finder{r}.Find(ctx, nodes.WorkflowRef{ID: id}, w.Workflow)
		if err != nil {
			r.opts.Log.Error("the error workflow cannot be started", "workflow", w.Workflow.Name, "errorWorkflow", id, "error", err)
			return nil, ""
		}
		handler = &Workflow{plan, engine}
	}
	if start = handler.ErrorStart(); start != "" {
		return handler, start
	}
	if id != "" {
		r.opts.Log.Error("the error workflow has no Error Trigger", "workflow", w.Workflow.Name, "errorWorkflow", id)
	}
	return nil, ""
}

// reportFailure runs the error workflow of a run that failed. What goes wrong with it is logged.
func (r *Runtime) reportFailure(ctx context.Context, w *Workflow, run *runtime.Run, await awaiter) {
	handler, start := r.ErrorWorkflow(ctx, w, run)
	if handler == nil {
		return
	}
	item := nodes.ItemsOf(run.ErrorItem(""))
	result, err := r.Run(ctx, handler, RunOptions{Start: start, Input: &item, Mode: "error", Await: await})
	if result != nil {
		defer result.Close()
	}
	if err != nil {
		r.opts.Log.Error("the error workflow failed", "workflow", w.Workflow.Name, "errorWorkflow", handler.Workflow.Name, "error", err)
	}
}
