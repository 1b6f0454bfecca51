package cordboard_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/internal/pgtest"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// TestOperateCommands runs each command of docs/operate.md, with directories and a database of the test's in the place of those there.
func TestOperateCommands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, m := range regexp.MustCompile(`(?m)^\$ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		commands = append(commands, m[1])
	}
	if len(commands) < 5 {
		t.Fatalf("there are only %d: %q", len(commands), commands)
	}
	bin, dir := programs(t), t.TempDir()
	hello, err := os.ReadFile("examples/webhook.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hello.json"), hello, 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CORDBOARD_ENCRYPTION_KEY=")
	for _, command := range commands {
		if strings.Contains(command, "$DATABASE") {
			env = append(env, "DATABASE="+pgtest.Start(t).Database(t))
			break
		}
	}
	for _, command := range commands {
		if program, _, _ := strings.Cut(strings.TrimPrefix(command, umask), " "); program != "cordboard" {
			if _, err := exec.LookPath(program); err != nil {
				t.Logf("not run, as there is no %s: %s", program, command)
				continue
			}
		}
		runOperate(t, strings.ReplaceAll(command, "/var/lib/cordboard", filepath.Join(dir, "data")), dir, env)
	}
	backups, err := filepath.Glob(filepath.Join(dir, "backup*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range backups {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
			t.Errorf("%s: %v %v", file, info, err)
		}
	}
}

// umask is what a command begins with that writes files for its owner alone.
const umask = "umask 077; "

// runOperate runs a command line. A server or a worker is ended by SIGTERM once it is ready.
func runOperate(t *testing.T, command, dir string, env []string) {
	t.Helper()
	serves := strings.HasPrefix(command, "cordboard serve")
	if serves {
		command += " --listen 127.0.0.1:0"
	}
	if !strings.HasPrefix(command, umask) {
		command = "exec " + command // signals are for the program
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = dir, env
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	buf := make([]byte, 4096)
	for told := false; ; {
		n, err := pipe.Read(buf)
		log.Write(buf[:n])
		if !told && (strings.Contains(log.String(), "cordboard listens at") || strings.Contains(log.String(), "works on the queue")) {
			told = true
			if serves {
				callHello(t, log.String())
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
		if err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s: %v\n%s", command, err, &log)
	}
}

func callHello(t *testing.T, log string) {
	t.Helper()
	address := regexp.MustCompile(`listens at (\S+)`).FindStringSubmatch(log)
	if address == nil {
		t.Fatalf("no address in %s", log)
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, address[1]+"/webhook/greet/Ada", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%s %s %v", res.Status, body, err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestAPIExample runs the command of docs/api.md that asks the REST API.
func TestAPIExample(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	text, err := os.ReadFile("docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile(`(?m)^\$ (curl .*)$`).FindStringSubmatch(string(text))
	if example == nil {
		t.Fatal("there is no example")
	}
	b := newBed(t, pbxsim.Options{})
	key := b.cordboard(t, "", "apikeys", "add", "--label", "example")
	cmd, address, stderr := serve(t, b)
	ask := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(example[1], "http://127.0.0.1:5678", address)+" --silent --fail-with-body")
	ask.Env = append(os.Environ(), "KEY="+strings.TrimSpace(key.stdout))
	if out, err := ask.CombinedOutput(); err != nil || !strings.Contains(string(out), `"name":"billing"`) {
		t.Errorf("%v: %s", err, out)
	}
	stop(t, cmd, stderr)
}
