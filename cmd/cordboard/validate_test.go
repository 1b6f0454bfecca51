package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestValidateByDefaults: which parameters count depends on others that a file leaves out, as n8n saves nothing that is as the editor has it.
// What validate finds fails in a run.
func TestValidateByDefaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	creds := filepath.Join(dir, "creds.json")
	if err := os.WriteFile(creds, []byte(`[{"id":"1","name":"c","type":"smtp","data":{"host":"127.0.0.1","port":1}},{"id":"2","name":"c","type":"postgres","data":{"host":"127.0.0.1","port":1}},
		{"id":"3","name":"c","type":"ftp","data":{"host":"127.0.0.1","port":1}},{"id":"4","name":"c","type":"redis","data":{"host":"127.0.0.1","port":1}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	flow := filepath.Join(dir, "flow.json")
	for name, c := range map[string]struct{ node, version, credential, parameters, want string }{
		"mail, all by default":  {"emailSend", "2.1", "smtp", `{"fromEmail":"a@example.com","toEmail":"b@example.com","subject":"s","text":"t"}`, ""},
		"mail, wrong format":    {"emailSend", "2.1", "smtp", `{"fromEmail":"a@example.com","toEmail":"b@example.com","subject":"s","emailFormat":"markdown"}`, `parameter "emailFormat": there is no option "markdown"; there are text, html, both`},
		"mail, no sender":       {"emailSend", "2.1", "smtp", `{"toEmail":"b@example.com","subject":"s"}`, `parameter "fromEmail": the parameter is required`},
		"query left out":        {"postgres", "2.6", "postgres", `{"operation":"executeQuery"}`, `parameter "query": the parameter is required`},
		"operation misspelt":    {"postgres", "2.6", "postgres", `{"operation":"selct","table":"t"}`, `parameter "operation": there is no option "selct"; the nearest is "select"`},
		"operation by default":  {"ftp", "1", "ftp", `{}`, `parameter "path": the parameter is required`},
		"by an expression":      {"ftp", "1", "ftp", `{"operation":"={{ 'list' }}"}`, ""},
		"nothing to set":        {"redis", "1", "redis", `{}`, ""},
		"method of its default": {"graphql", "1.1", "", `{"endpoint":"http://127.0.0.1:1","query":"{ a }"}`, ""},
		"address left out":      {"httpRequest", "4.2", "", `{}`, `parameter "url": the parameter is required`},
	} {
		credentials := ""
		if c.credential != "" {
			credentials = fmt.Sprintf(`,"credentials":{%q:{"id":%q,"name":"c"}}`, c.credential, map[string]string{"smtp": "1", "postgres": "2", "ftp": "3", "redis": "4"}[c.credential])
		}
		text := fmt.Sprintf(`{"name":"f","nodes":[{"name":"S","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
			{"name":"N","type":"n8n-nodes-base.%s","typeVersion":%s,"position":[200,0],"parameters":%s%s}],"connections":{"S":{"main":[[{"node":"N","type":"main","index":0}]]}}}`, c.node, c.version, c.parameters, credentials)
		if err := os.WriteFile(flow, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := cli(t, dir, "", "validate", flow, "--credentials", creds)
		switch {
		case c.want == "" && (code != 0 || out != ""):
			t.Errorf("%s: %d %s%s", name, code, out, errs)
		case c.want != "" && (code != exitNotBegun || !strings.HasPrefix(out, fmt.Sprintf("error: %s: node \"N\": %s", flow, c.want))):
			t.Errorf("%s: %d %s%s, want %s", name, code, out, errs, c.want)
		}
		exit := exitFailed // no server is there either
		if name == "operation misspelt" {
			exit = exitNotBegun
		}
		if code, out, _ := cli(t, dir, "", "run", flow, "--credentials", creds, "--timeout", "20s"); code != exit || out != "" {
			t.Errorf("%s: run: %d %s", name, code, out)
		}
	}
}
