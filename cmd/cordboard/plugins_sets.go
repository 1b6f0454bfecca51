package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes/plugin"
)

// describedSet is a descriptor file that lies where plugins do: a node set without a program.
type describedSet struct {
	file string
	// nodes say what is in it, a text a node; err why it cannot be used, hidden that another file of its name goes first.
	nodes  []string
	err    error
	hidden bool
}

// pluginDirs are the directories in which plugins and descriptor files are looked for, in order.
func (s *settings) pluginDirs(cmd *cobra.Command) ([]string, error) {
	o, err := s.options(cmd)
	if err != nil {
		return nil, err
	}
	return append(slices.Clip(o.PluginDirs), programDir()), nil
}

// describedSets finds and checks the descriptor files in directories.
func describedSets(dirs []string) []describedSet {
	list := describedFiles(dirs)
	for i := range list {
		if one := &list[i]; !one.hidden {
			one.nodes, one.err = describedNodes(one.file)
		}
	}
	return list
}

// describedFiles finds the descriptor files in directories. Of files with one name the first counts, as in a run.
func describedFiles(dirs []string) []describedSet {
	var list []describedSet
	first := map[string]string{}
	for _, dir := range dirs {
		entries, _ := os.ReadDir(dir) // whoever looks for programs says what keeps a directory from being read
		for _, e := range entries {
			if ok, _ := filepath.Match(plugin.Prefix+"*.jsonl", e.Name()); !ok {
				continue
			}
			one := describedSet{file: filepath.Join(dir, e.Name())}
			switch hidden := first[e.Name()]; hidden {
			case one.file: // the directory was named twice
				continue
			case "":
				first[e.Name()] = one.file
			default:
				one.hidden, one.err = true, fmt.Errorf("hidden by %s, which has the same name", hidden)
			}
			list = append(list, one)
		}
	}
	return list
}

func describedNodes(file string) ([]string, error) {
	set, err := descriptors.LoadFile(file)
	if err != nil {
		return nil, err
	}
	list, err := set.Nodes()
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = n.Type + counted(n)
	}
	return texts, err
}

// state is the set in a line, or several where it cannot be used.
func (d describedSet) state() string {
	switch {
	case d.hidden:
		return d.err.Error()
	case d.err != nil:
		return "refused: " + strings.ReplaceAll(d.err.Error(), "\n", "\n  ")
	}
	return "descriptor set, needs no program and no pin: " + strings.Join(d.nodes, "; ")
}
