package cordboard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

var (
	buildOnce sync.Once
	buildDir  string
	errBuild  error
)

// programs builds both programs, once for all tests, and returns their directory.
func programs(t testing.TB) string {
	t.Helper()
	buildOnce.Do(func() {
		if buildDir, errBuild = os.MkdirTemp("", "cordboard-test-"); errBuild != nil {
			return
		}
		cmd := exec.Command("go", "build", "-o", buildDir, "./cmd/...")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			errBuild = fmt.Errorf("%w: %s", err, out)
		}
	})
	if errBuild != nil {
		t.Fatal(errBuild)
	}
	return buildDir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if buildDir != "" {
		_ = os.RemoveAll(buildDir)
	}
	os.Exit(code)
}

// bed is a place to run cordboard in: a simulator, credentials that lead to it, directories of its own.
type bed struct {
	sim         *pbxsim.Server
	dir         string
	credentials string
	env         []string
}

func newBed(t testing.TB, o pbxsim.Options) *bed {
	t.Helper()
	b := &bed{sim: pbxsim.New(o), dir: t.TempDir()}
	if err := b.sim.Start(context.Background(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.sim.Close() })
	b.credentials = b.writeCredentials(t, "credentials.json", b.sim.URL(), "secret")
	b.env = []string{"XDG_CACHE_HOME=" + filepath.Join(b.dir, "cache"), "CORDBOARD_DATA_DIR=" + filepath.Join(b.dir, "data"), "TZ=UTC"}
	return b
}

func (b *bed) writeCredentials(t testing.TB, name, url, secret string) string {
	t.Helper()
	text := fmt.Sprintf(`[{"id":"pbxsim","name":"PBX","type":"threeCXOAuth2Api","data":{"baseUrl":%q,"clientId":"900","clientSecret":%q}}]`, url, secret)
	return b.write(t, name, text)
}

func (b *bed) write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// result is what a program came to.
type result struct {
	stdout, stderr string
	code           int
}

// cordboard runs the program.
func (b *bed) cordboard(t testing.TB, stdin string, args ...string) result {
	t.Helper()
	cmd := b.command(t, args...)
	cmd.Stdin = strings.NewReader(stdin)
	return finish(t, cmd)
}

func (b *bed) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs(t), "cordboard"), args...)
	cmd.Env = append(os.Environ(), b.env...)
	return cmd
}

func finish(t testing.TB, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// requests are those to the API, without the token's.
func (b *bed) requests() []pbxsim.Request {
	var list []pbxsim.Request
	for _, r := range b.sim.Requests() {
		if r.Operation != "token" {
			list = append(list, r)
		}
	}
	return list
}

// flow is a workflow with one 3CX node behind its trigger.
func flow(parameters, more string) string {
	return `{"name":"t","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
		{"name":"PBX","type":"n8n-nodes-3cx.threecx","typeVersion":2,"position":[200,0],"parameters":{` + parameters + `},
		 "credentials":{"threeCXOAuth2Api":{"id":"pbxsim","name":"PBX"}}` + more + `}],
		"connections":{"Start":{"main":[[{"node":"PBX","type":"main","index":0}]]}}}`
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o700); err != nil {
		t.Fatal(err)
	}
}
