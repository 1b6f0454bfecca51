package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUsageErrors: what is wrong with a command line is told in words, with what is nearest, and nothing is done.
func TestUsageErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain, set := write(t, "cordboard-node-x", "text"), write(t, "cordboard-node-x.jsonl", "{}")
	for want, args := range map[string][]string{
		`unknown command "rnu" for "cordboard": there are apikeys, credentials, demo, executions, expr, help, nodes, pbxsim, plugins, run, serve, validate, worker, workflows; did you mean "run"?`: {"rnu"},
		`unknown command "lits" for "cordboard nodes": there are example, generate, import, list, show; did you mean "list"?`:                                                                       {"nodes", "lits"},
		"unknown flag: --outptu; did you mean --output?":                                              {"run", "x.json", "--outptu", "run"},
		"unknown flag: --zzzzzzzz; see cordboard run --help":                                          {"run", "x.json", "--zzzzzzzz"},
		`--timeout: it must be a time such as 30s or 5m, and is "soon"`:                               {"run", "x.json", "--timeout", "soon"},
		`--limit: it must be a whole number, and is "x"`:                                              {"executions", "list", "--limit", "x"},
		`--type-version: it must be a number, and is "x"`:                                             {"nodes", "show", "a", "--type-version", "x"},
		"this command takes workflow files; see --help":                                               {"validate"},
		"this command takes files, or directories of them; see --help":                                {"workflows", "import"},
		"this command takes no arguments; see --help":                                                 {"worker", "x"},
		filepath.Join(dir, "cordboard.db") + ": this is not JSON":                                     {"workflows", "import", filepath.Join(dir, "cordboard.db")},
		filepath.Dir(plain) + ": there is no file *.json in this directory":                           {"workflows", "import", filepath.Dir(plain)},
		plain + " is not executable: a plugin is a program (chmod +x " + plain + ", if":               {"plugins", "trust", plain},
		set + " is a descriptor file: nothing of it is started, so that it needs no trust and no pin": {"plugins", "trust", set},
		`no node has the type "postgress"; did you mean n8n-nodes-base.postgres?`:                     {"nodes", "show", "postgress"},
		`no node has the type "If"; did you mean n8n-nodes-base.if?`:                                  {"nodes", "example", "If"},
		`no node has the type "salesforce"; see: cordboard nodes list`:                                {"nodes", "show", "salesforce"},
		`API key "x": not found; see: cordboard apikeys list`:                                         {"apikeys", "remove", "x"},
	} {
		if code, out, errs := cli(t, dir, "", args...); code != exitNotBegun || out != "" || !strings.HasPrefix(errs, "error: "+want) {
			t.Errorf("%v: %d\n%s%swant\n%s", args, code, out, errs, want)
		}
	}
	refused := cordboardRun(t, "", "--frob")
	if refused.code != exitNotBegun || refused.stderr != "error: unknown flag: --frob; see cordboard --help\n" {
		t.Errorf("%+v", refused)
	}
	if got := cordboardRun(t, ""); got.code != 0 || !strings.Contains(got.stdout, "Available Commands") {
		t.Errorf("without a command: %+v", got)
	}
	if code, _, errs := cli(t, dir, "", "plugins", "verify"); code != 0 || !strings.HasPrefix(errs, "nothing is pinned in "+filepath.Join(dir, "plugins.lock")) {
		t.Errorf("%d %s", code, errs)
	}
}

// TestValidateGoesOn: a file that cannot be read does not hide what is wrong with the others.
func TestValidateGoesOn(t *testing.T) {
	t.Parallel()
	gone := filepath.Join(t.TempDir(), "gone.json")
	code, out, errs := cli(t, t.TempDir(), "", "validate", gone, write(t, "bad.json", "{}"))
	if code != exitNotBegun || !strings.Contains(out, "error: open "+gone) || !strings.Contains(out, `it has no list "nodes"`) || errs != "error: errors found: 2\n" {
		t.Errorf("%d %s%s", code, out, errs)
	}
}

// TestFullOutput: a result that could not be written is no success.
func TestFullOutput(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	flow := write(t, "start.json", `{"nodes":[{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}}],"connections":{}}`)
	for _, args := range [][]string{{"expr", "1"}, {"run", flow}, {"run", flow, "--output", "run"}, {"nodes", "list"}, {"--version"}, {"credentials", "list", "--data-dir", t.TempDir()}} {
		var errs bytes.Buffer
		if code := execute(t.Context(), args, strings.NewReader(""), full, &errs); code == 0 || !strings.Contains(errs.String(), "no space left on device") {
			t.Errorf("%v: %d %s", args, code, errs.String())
		}
	}
}

// TestInterruptedInput: who interrupts a command that waits for standard input is not left waiting.
func TestInterruptedInput(t *testing.T) {
	t.Parallel()
	from, to := io.Pipe()
	defer to.Close()
	for _, args := range [][]string{{"run", "x.json", "--input", "-"}, {"expr", "1", "--input", "-"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errInterrupted)
		var errs bytes.Buffer
		if code := execute(ctx, args, from, io.Discard, &errs); code != exitStopped || !strings.Contains(errs.String(), "interrupted") {
			t.Errorf("%v: %d %s", args, code, errs.String())
		}
	}
}

// TestTimeoutOfInput: the limit of a run holds while standard input is open, too.
func TestTimeoutOfInput(t *testing.T) {
	t.Parallel()
	from, to := io.Pipe()
	defer to.Close()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"run", "-"}, "error: standard input: stopped while it was loaded, nothing was sent: the time limit (--timeout 10ms) was reached\n"},
		{[]string{"run", "x.json", "--input", "-"}, "error: --input: standard input: the time limit (--timeout 10ms) was reached\n"},
	} {
		var errs bytes.Buffer
		args := append(c.args, "--timeout", "10ms", "--data-dir", t.TempDir())
		if code := execute(t.Context(), args, from, io.Discard, &errs); code != exitStopped || errs.String() != c.want {
			t.Errorf("%v: %d %s", args, code, errs.String())
		}
	}
}

// TestWorkflowOnStdin: a workflow may come from standard input.
func TestWorkflowOnStdin(t *testing.T) {
	t.Parallel()
	text := `{"nodes":[{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}}],"connections":{}}`
	dir := t.TempDir()
	if code, out, errs := cli(t, dir, text, "run", "-"); code != 0 || out != "[\n{}\n]\n" {
		t.Errorf("%d %s%s", code, out, errs)
	}
	if code, _, errs := cli(t, dir, "x", "run", "-"); code != exitNotBegun || !strings.HasPrefix(errs, "error: standard input: ") {
		t.Errorf("%d %s", code, errs)
	}
	if code, _, errs := cli(t, dir, "x", "run", "x.json", "--input", "-"); code != exitNotBegun || !strings.HasPrefix(errs, "error: --input standard input: it must be a JSON array") {
		t.Errorf("%d %s", code, errs)
	}
	if code, _, errs := cli(t, dir, text, "validate", "-"); code != 0 || errs != "1 file, nothing wrong\n" {
		t.Errorf("%d %s", code, errs)
	}
	if code, out, _ := cli(t, dir, "{}", "validate", "-"); code != exitNotBegun || !strings.HasPrefix(out, `error: standard input: this is JSON, but no workflow`) {
		t.Errorf("%d %s", code, out)
	}
	refused(t, dir, "standard input cannot be the workflow and --input at once: give one of them as a file", "run", "-", "--input", "-")
	refused(t, dir, "--credentials: stat nosuch.json: no such file or directory", "run", "-", "--credentials", "nosuch.json")
}
