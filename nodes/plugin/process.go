package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/hashicorp/go-plugin/runner"
)

// process runs a plugin. Unlike go-plugin's own runner it executes the very file that was hashed, in a process group
// and an environment of its own, with a pipe as standard input whose end tells the plugin that its host is gone.
type process struct {
	cmd            *exec.Cmd
	life           context.Context
	outlive        func() bool // ends the process's dependence on life
	path           string
	file           *os.File
	stdin          io.WriteCloser
	stdout, stderr io.ReadCloser
	// gone is closed when the process has ended and all that it wrote was read.
	gone chan struct{}
}

var _ runner.Runner = (*process)(nil)

// passedOn are the only variables of the host's environment that a plugin sees: none holds a secret.
var passedOn = []string{"TZ", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT"}

// newProcess returns a process that is killed when life ends, until outlive is called: go-plugin's start cannot be cancelled.
func newProcess(life context.Context, t Trusted, spec *exec.Cmd) (*process, error) {
	file, err := t.open()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(executable(file, t.Path)) //nolint:gosec // the file's hash and owner were checked
	cmd.Args = []string{t.Path}
	cmd.Dir = filepath.Dir(t.Path)
	cmd.Env = spec.Env
	for _, name := range passedOn {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.ExtraFiles = []*os.File{file}
	ownGroup(cmd)
	p := &process{cmd: cmd, life: life, path: t.Path, file: file, gone: make(chan struct{})}
	if p.stdin, err = cmd.StdinPipe(); err == nil {
		if p.stdout, err = cmd.StdoutPipe(); err == nil {
			p.stderr, err = cmd.StderrPipe()
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return p, nil
}

// Start is runner.Runner's. However the plugin ends, what it started ends with it.
func (p *process) Start(context.Context) error {
	err := p.cmd.Start()
	_ = p.file.Close()
	if err != nil {
		return err
	}
	p.outlive = context.AfterFunc(p.life, func() { _ = p.Kill(context.Background()) })
	go func() {
		waitExited(p.cmd.Process)
		_ = killGroup(p.cmd.Process)
	}()
	return nil
}

// Wait is runner.Runner's: go-plugin calls it, once, when it has read all that the plugin wrote.
func (p *process) Wait(context.Context) error {
	defer close(p.gone)
	return p.cmd.Wait()
}

// Kill ends the plugin and whatever it started.
func (p *process) Kill(context.Context) error {
	_ = p.stdin.Close()
	if p.cmd.Process == nil {
		return nil
	}
	if err := killGroup(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending plugin %s: %w", p.path, err)
	}
	return nil
}

// Stdout is runner.Runner's.
func (p *process) Stdout() io.ReadCloser { return p.stdout }

// Stderr is runner.Runner's.
func (p *process) Stderr() io.ReadCloser { return p.stderr }

// Name is runner.Runner's.
func (p *process) Name() string { return p.path }

// ID is runner.Runner's.
func (p *process) ID() string {
	if p.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose is runner.Runner's; startReason says more.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost is runner.Runner's: both live on one machine.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin is runner.Runner's.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
