package cordboard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/nodes/plugin"
	"github.com/cordboard/cordboard/nodes/request"
)

// PluginsError says which plugins and descriptor files cannot be used, and why: a node may be unknown because of it.
type PluginsError struct{ Failed []error }

func (e *PluginsError) Error() string { return errors.Join(e.Failed...).Error() }

// Unwrap is for errors.Is and errors.As.
func (e *PluginsError) Unwrap() []error { return e.Failed }

// found is what a search for plugins came to.
type found struct {
	types  []nodes.Type
	hosts  []*plugin.Host
	failed []error
}

// add takes in the nodes of one file. What conflicts with another's is left out, and no more.
func (f *found) add(file string, types []nodes.Type) bool {
	all := append(slices.Clip(f.types), types...)
	if err := new(nodes.Registry).Add(all...); err != nil {
		f.failed = append(f.failed, fmt.Errorf("%s cannot be used: %w", file, err))
		return false
	}
	f.types = all
	return true
}

// plugIn starts the plugins there are and adds their nodes, once. Those that cannot be used are an error, which is repeated
// each time; the others are there all the same. A search that was cancelled is not remembered: the next one begins anew.
func (r *Runtime) plugIn(ctx context.Context) error {
	select {
	case r.plugging <- struct{}{}:
		defer func() { <-r.plugging }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	r.mu.Lock()
	done, failed, f := r.plugged, r.pluginErr, &found{types: r.types}
	r.mu.Unlock()
	if done {
		return failed
	}
	if err := r.startPlugins(ctx, f); err != nil {
		for _, h := range f.hosts {
			h.Close()
		}
		return err
	}
	r.addDescribed(f)
	if len(f.failed) > 0 {
		failed = &PluginsError{f.failed}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.types, r.hosts, r.plugged, r.pluginErr = f.types, f.hosts, true, failed
	return errors.Join(failed, r.build())
}

// startPlugins starts all plugins. It is an error only where there is nothing to remember.
func (r *Runtime) startPlugins(ctx context.Context, f *found) error {
	list, err := r.FindPlugins()
	if err != nil {
		return &PluginsError{[]error{err}}
	}
	for _, p := range list {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if p.Err != nil {
			f.failed = append(f.failed, p.Err)
			continue
		}
		host := plugin.NewHost(p.Trusted, r.opts.Log)
		types, err := host.Types(ctx)
		if err != nil {
			host.Close()
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			f.failed = append(f.failed, err)
			continue
		}
		if !f.add("plugin "+p.File, types) {
			host.Close()
			continue
		}
		f.hosts = append(f.hosts, host)
	}
	return nil
}

// addDescribed adds the nodes of descriptor files (cordboard nodes generate --out), which need no program: they are called
// cordboard-node-NAME.jsonl and lie where plugins do. Of files with one name the first counts, as with plugins.
func (r *Runtime) addDescribed(f *found) {
	seen := map[string]bool{}
	_, beside := thisProgram()
	for _, dir := range append(slices.Clip(r.opts.PluginDirs), beside) {
		if dir == "" {
			continue
		}
		entries, err := os.ReadDir(dir) // not a glob: the directory's name may hold anything
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			f.failed = append(f.failed, err)
		}
		for _, entry := range entries {
			name := entry.Name()
			if ok, _ := filepath.Match(plugin.Prefix+"*.jsonl", name); !ok || seen[name] {
				continue
			}
			seen[name] = true
			file := filepath.Join(dir, name)
			set, err := descriptors.LoadFile(file)
			if err != nil {
				f.failed = append(f.failed, err)
				continue
			}
			types, err := request.Types(set, r.requests, name)
			if err != nil {
				f.failed = append(f.failed, fmt.Errorf("%s: %w", file, err))
				continue
			}
			for i := range types {
				if types[i].Descriptor.Routing != nil { // n8n's declarative style
					types[i].Node = network.Declared(types[i].Descriptor, r.network)
				}
			}
			f.add(file, types)
		}
	}
}

// Plugin is a plugin's file, and whether it may be executed.
type Plugin struct {
	plugin.Trusted
	File string
	Err  error
}

// FindPlugins looks for plugins in Options.PluginDirs and beside the program. It starts none.
func (r *Runtime) FindPlugins() ([]Plugin, error) {
	program, beside := thisProgram()
	lock := plugin.Lock{}
	if r.opts.PluginsLock != "" {
		var err error
		if lock, err = plugin.ReadLock(r.opts.PluginsLock); err != nil {
			return nil, err
		}
	}
	files, err := plugin.Find(append(slices.Clip(r.opts.PluginDirs), beside)...)
	if err != nil {
		return nil, err
	}
	list := make([]Plugin, len(files))
	for i, file := range files {
		list[i].File = file
		if list[i].Trusted, list[i].Err = plugin.Trust(file, program, lock); list[i].Err == nil {
			list[i].Err = list[i].Check()
		}
	}
	return list, nil
}

// thisProgram is the path of the program that runs, and its directory; empty if they are not known.
func thisProgram() (path, dir string) {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return "", ""
	}
	return self, filepath.Dir(self)
}
