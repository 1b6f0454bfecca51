package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secretPath is a package with a node whose address holds its credential's token, as those of some services do; with coded it has a function
// make the request.
func secretPath(t *testing.T, base string, coded bool) string {
	t.Helper()
	dir, send := t.TempDir(), ""
	if coded {
		send = `, send: { preSend: [async function (o) { return o; }] }`
	}
	for name, text := range map[string]string{
		"package.json":       `{"name":"n8n-nodes-bot","version":"1.0.0","n8n":{"nodes":["Bot.node.js"],"credentials":["Bot.credentials.js"]}}`,
		"Bot.credentials.js": `class BotApi { constructor() { this.name = 'botApi'; this.displayName = 'Bot'; this.properties = [{ name: 'token', type: 'string', default: '' }]; } } exports.BotApi = BotApi;`,
		"Bot.node.js": `class Bot { constructor() { this.description = { name: 'bot', displayName: 'Bot', version: 1, inputs: ['main'], outputs: ['main'],
			credentials: [{ name: 'botApi', required: true }], requestDefaults: { baseURL: '=` + base + `/bot{{$credentials.token}}' },
			properties: [{ displayName: 'Operation', name: 'operation', type: 'options', default: 'get', options: [
			{ name: 'Get', value: 'get', routing: { request: { method: 'GET', url: '/a|b' }` + send + ` } }] }] }; } } exports.Bot = Bot;`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSecretInAddress: where a request is not sent, no address is told that holds a secret, neither as text nor as a record.
func TestSecretInAddress(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	creds := write(t, "creds.json", `[{"id":"1","name":"Bot","type":"botApi","data":{"token":"`+hidden+`"}}]`)
	flow := write(t, "bot.json", `{"name":"f","settings":{"executionOrder":"v1"},"nodes":[
		{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1,"position":[0,0],"parameters":{}},
		{"name":"Ask","type":"n8n-nodes-bot.bot","typeVersion":1,"position":[200,0],"parameters":{},"credentials":{"botApi":{"id":"1","name":"Bot"}}}],
		"connections":{"Start":{"main":[[{"node":"Ask","type":"main","index":0}]]}}}`)
	for _, coded := range []bool{false, true} {
		dir := t.TempDir()
		cordboardRun(t, "", "nodes", "import", secretPath(t, gone.URL, coded), "--data-dir", dir).has(t, 0)
		for _, log := range []string{"", "text", "json"} {
			code, out, errs := cli(t, dir, "", "run", flow, "--credentials", creds, "--log", log)
			if code != exitFailed || !strings.Contains(errs, "The service refused the connection") || strings.Contains(out+errs, hidden) {
				t.Errorf("coded %t, --log %s: %d %s%s", coded, log, code, out, errs)
			}
			if want := "The request was GET " + gone.URL + "/bot***/a%7Cb."; !coded && !strings.Contains(errs, want) {
				t.Errorf("--log %s: %s, want %s", log, errs, want)
			}
		}
	}
}
