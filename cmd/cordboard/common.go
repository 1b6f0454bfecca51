package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/runtime"
)

// settings are the flags that several commands share.
type settings struct {
	credentialFiles []string
	dataDir         string
	pluginDir       string
	pluginsLock     string
	logFormat       string
	serves          bool // it is a server
	publicOnly      bool
	resumeURL       func(executionID string) string // of a server
	workflows       func(ctx context.Context, id string) (name, text string, err error)
	tokens          credentials.LeaseStore // of several machines
	stored          credentials.Source     // nil: that of the data directory, if it has a database
}

func (s *settings) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&s.credentialFiles, "credentials", nil, "file with credentials: n8n export:credentials --all --decrypted (may be repeated)")
	s.addPluginFlags(cmd)
	f.StringVar(&s.logFormat, "log", "", "log each step to standard error, as text or json")
}

func (s *settings) addPluginFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.dataDir, "data-dir", defaultDataDir(), "directory for plugins, pins and data")
	f.StringVar(&s.pluginDir, "plugin-dir", "", "a further directory with plugins")
	f.StringVar(&s.pluginsLock, "plugins-lock", "", "file with the pins of trusted plugins (default plugins.lock in the data directory)")
}

// addServerFlags adds those of servers and workers.
func (s *settings) addServerFlags(cmd *cobra.Command, database *string) {
	s.addFlags(cmd)
	f := cmd.Flags()
	f.StringVar(database, "database", "", "PostgreSQL's address (postgres://…), for several servers; SQLite in the data directory without it")
	f.BoolVar(&s.publicOnly, "public-only", false, "keep HTTP Request and the other network nodes from private networks and this machine")
}

// defaultDataDir is CORDBOARD_DATA_DIR, else cordboard in the user's directory for data.
func defaultDataDir() string {
	if dir := os.Getenv("CORDBOARD_DATA_DIR"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "cordboard")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "share", "cordboard")
}

func (s *settings) lockFile() string {
	if s.pluginsLock != "" {
		return s.pluginsLock
	}
	if s.dataDir == "" {
		return ""
	}
	return filepath.Join(s.dataDir, "plugins.lock")
}

// open makes a runtime of the settings. closeAll ends it and sends what OpenTelemetry has left.
func (s *settings) open(cmd *cobra.Command, observe func(runtime.Event)) (rt *cordboard.Runtime, closeAll func(), err error) {
	o, err := s.options(cmd)
	if err != nil {
		return nil, nil, err
	}
	o.Observe, o.ResumeURL, o.Workflows, o.Tokens = observe, s.resumeURL, s.workflows, s.tokens
	closeStored := func() {}
	if o.CredentialSource = s.stored; s.stored == nil {
		lazy := &lazyCredentials{dir: s.dataDir}
		o.CredentialSource, closeStored = lazy, lazy.close
	}
	var sendSpans func(context.Context) error
	if o.Tracer, sendSpans, err = tracer(cmd.Context()); err != nil {
		return nil, nil, err
	}
	if rt, err = cordboard.New(o); err != nil {
		return nil, nil, err
	}
	return rt, func() {
		_ = rt.Close() // plugins that do not end by themselves were killed
		closeStored()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), 5*time.Second)
		defer cancel()
		if err := sendSpans(ctx); err != nil {
			o.Log.Warn("OpenTelemetry could not be sent", "error", err)
		}
	}, nil
}

func (s *settings) options(cmd *cobra.Command) (cordboard.Options, error) {
	for _, file := range s.credentialFiles {
		if _, err := os.Stat(file); err != nil {
			return cordboard.Options{}, fmt.Errorf("--credentials: %w", err)
		}
	}
	log, err := s.logger(cmd.ErrOrStderr())
	if err != nil {
		return cordboard.Options{}, err
	}
	var dirs []string
	if s.pluginDir != "" {
		dirs = append(dirs, s.pluginDir)
	}
	if s.dataDir != "" {
		dirs = append(dirs, s.dataDir, filepath.Join(s.dataDir, "plugins"))
	}
	return cordboard.Options{
		PluginDirs: dirs, PluginsLock: s.lockFile(), CredentialFiles: s.credentialFiles, Env: workflowEnv(), Log: log, FileDirs: s.fileDirs(), PublicOnly: s.publicOnly,
		AllowCommands: os.Getenv("CORDBOARD_ALLOW_COMMANDS") == "true",
	}, nil
}

// fileDirs are the directories that workflows may read and write: n8n's own setting, else the one where a person runs the program.
// What a server's callers send may name files, so it has none unless it is told.
func (s *settings) fileDirs() []string {
	if list := os.Getenv("N8N_RESTRICT_FILE_ACCESS_TO"); list != "" {
		var dirs []string
		for dir := range strings.SplitSeq(list, ";") {
			if dir = strings.TrimSpace(dir); dir != "" {
				dirs = append(dirs, dir)
			}
		}
		return dirs
	}
	if s.serves {
		return nil
	}
	return []string{"."}
}

// workflowEnv lets expressions read the environment only where n8n's own switch says so.
func workflowEnv() func(string) (string, bool) {
	if os.Getenv("N8N_BLOCK_ENV_ACCESS_IN_NODE") == "false" {
		return os.LookupEnv
	}
	return nil
}
