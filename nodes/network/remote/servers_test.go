package remote_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"golang.org/x/crypto/ssh"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/remote"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
)

// engineWith returns an engine with one credential.
func engineWith(t *testing.T, kind string, fields map[string]any, o remote.Options) *runtime.Engine {
	t.Helper()
	return golden.NewEngine(t, runtime.Options{Credentials: golden.Credentials(t, map[string]any{kind: fields})}, remote.Nodes(o)...)
}

// node writes a node with a credential of a type.
func node(typ, kind string, params map[string]any) string {
	text, err := json.Marshal(map[string]any{
		"type": "n8n-nodes-base." + typ, "typeVersion": 1, "parameters": params, "credentials": map[string]any{kind: map[string]string{"id": kind, "name": kind}},
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func answer(t *testing.T, engine *runtime.Engine, node, input string) gjson.Result {
	t.Helper()
	return golden.Answer(t, engine, caseOf(node, input))
}

func caseOf(node, input string) gjson.Result {
	return gjson.Parse(fmt.Sprintf(`{"node":%s,"input":[%s]}`, node, input))
}

// with returns a copy of fields with others in it.
func with(fields map[string]any, others ...any) map[string]any {
	c := maps.Clone(fields)
	for i := 0; i < len(others); i += 2 {
		c[others[i].(string)] = others[i+1]
	}
	return c
}

// TestCredentialTests: a credential that works passes, and of one that does not is said why, without its secrets.
func TestCredentialTests(t *testing.T) {
	s := start(t)
	port := loopback.Port(t)
	for _, c := range []struct {
		kind   string
		fields map[string]any
		want   string // "" passes
	}{
		{"sshPrivateKey", s.fields["key"], ""},
		{"sshPrivateKey", s.fields["encrypted"], ""},
		{"sshPrivateKey", with(s.fields["encrypted"], "passphrase", "hunter2hunter2"), "does not open its private key"},
		{"sshPrivateKey", with(s.fields["key"], "username", "nobody-of-this-name"), "All configured authentication methods failed"},
		{"sshPrivateKey", with(s.fields["key"], "privateKey", strings.ReplaceAll(s.ssh.Key, "\n", " ")), ""},
		{"sshPrivateKey", with(s.fields["key"], "host", " "), "has no host"},
		{"sshPrivateKey", with(s.fields["key"], "hostKey", s.ssh.Fingerprint), ""},
		{"sshPrivateKey", with(s.fields["key"], "hostKey", "[127.0.0.1]:22 "+s.ssh.HostKey), ""},
		{"sshPrivateKey", with(s.fields["key"], "hostKey", "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "shows a host key that is not the credential's: " + s.ssh.Fingerprint},
		{"sshPassword", s.fields["password"], ""},
		{"sshPassword", with(s.fields["password"], "password", "hunter2hunter2"), "All configured authentication methods failed"},
		{"sshPassword", with(s.fields["password"], "port", port), fmt.Sprint("127.0.0.1:", port)},
		{"sftp", s.fields["sftp"], ""},
		{"sftp", s.fields["sftpPassword"], ""},
		{"sftp", with(s.fields["sftpPassword"], "password", "hunter2hunter2"), "All configured authentication methods failed"},
		{"sftp", with(s.fields["sftp"], "port", port), fmt.Sprint("127.0.0.1:", port)},
		{"ftp", s.fields["ftp"], ""},
		{"ftp", with(s.fields["ftp"], "password", "hunter2hunter2"), "Login incorrect."},
		{"ftp", with(s.fields["ftp"], "password", "hunter2hunter2\r\nDELE x"), "must not hold line ends"},
		{"ftp", with(s.fields["ftp"], "port", port), fmt.Sprint("127.0.0.1:", port)},
		{"ftp", with(s.fields["ftp"], "secure", "explicit", "allowUnauthorizedCerts", true), ""},
		{"ftp", with(s.fields["ftp"], "secure", "explicit"), "certificate"},
		{"ftp", with(s.fields["ftp"], "secure", "implicit", "port", s.ftp.Implicit, "allowUnauthorizedCerts", true), ""},
		{"ftp", with(s.fields["ftp"], "secure", "implicit", "port", s.ftp.Implicit), "certificate"},
		{"ftp", with(s.fields["ftp"], "secure", "magic"), "must be explicit or implicit"},
	} {
		err := testCredential(t, c.kind, c.fields)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s %v: %v, want %q", c.kind, c.fields["port"], err, c.want)
		}
	}
}

func testCredential(t *testing.T, kind string, fields map[string]any) error {
	t.Helper()
	access := nodes.Access{Fields: map[string]string{}, Secrets: nodes.Secrets{}}
	for name, v := range fields {
		if name == "password" || name == "privateKey" || name == "passphrase" {
			access.Secrets[name] = fmt.Sprint(v)
		} else {
			access.Fields[name] = fmt.Sprint(v)
		}
	}
	for _, typ := range remote.Nodes(remote.Options{}) {
		if slices.ContainsFunc(typ.Descriptor.Credentials, func(u descriptors.CredentialUse) bool { return u.Type == kind }) {
			return typ.Node.(nodes.CredentialTester).TestCredential(t.Context(), kind, access)
		}
	}
	t.Fatal("no node takes credentials of type ", kind)
	return nil
}

// TestLargeFiles: files of many packets come and go whole, over FTP with and without TLS, SFTP and SSH.
func TestLargeFiles(t *testing.T) {
	s := start(t)
	content := make([]byte, 3<<20+17)
	if _, err := rand.Read(content); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(map[string]any{"json": map[string]any{}, "binary": map[string]any{"data": map[string]any{"data": content, "mimeType": "application/octet-stream", "fileName": "large"}}})
	if err != nil {
		t.Fatal(err)
	}
	secured := []any{"allowUnauthorizedCerts", true, "secure"}
	for name, c := range map[string]struct {
		typ, kind string
		fields    map[string]any
	}{
		"ftp":      {"ftp", "ftp", s.fields["ftp"]},
		"explicit": {"ftp", "ftp", with(s.fields["ftp"], append(secured, "explicit")...)},
		"implicit": {"ftp", "ftp", with(s.fields["ftp"], append(secured, "implicit", "port", s.ftp.Implicit)...)},
		"sftp":     {"ftp", "sftp", s.fields["sftp"]},
		"proftpd":  {"ftp", "sftp", s.fields["sftpPassword"]},
		"ssh":      {"ssh", "sshPrivateKey", s.fields["key"]},
	} {
		engine := engineWith(t, c.kind, c.fields, remote.Options{})
		dir := filepath.Join(s.root, "large "+name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		params := map[string]any{"protocol": c.kind, "operation": "upload", "path": dir + "/large"}
		if c.typ == "ssh" {
			params = map[string]any{"authentication": "privateKey", "resource": "file", "operation": "upload", "path": dir}
		}
		if got := answer(t, engine, node(c.typ, c.kind, params), string(input)); got.Get("status").Str != "success" {
			t.Errorf("%s: %s", name, got.Get("error").Raw)
			continue
		}
		if kept, err := os.ReadFile(filepath.Join(dir, "large")); err != nil || !slices.Equal(kept, content) {
			t.Errorf("%s: of %d bytes %d arrived: %v", name, len(content), len(kept), err)
		}
		params = with(params, "operation", "download", "path", dir+"/large")
		got := answer(t, engine, node(c.typ, c.kind, params), `{"json":{}}`)
		var back []byte
		if err := json.Unmarshal([]byte(got.Get("outputs.0.0.binary.data.data").Raw), &back); err != nil || !slices.Equal(back, content) {
			t.Errorf("%s: of %d bytes %d came back: %v", name, len(content), len(back), err)
		}
		if list := answer(t, engine, node(c.typ, c.kind, with(params, "operation", "list", "path", dir)), `{"json":{}}`); c.typ == "ftp" && list.Get("outputs.0.0.json.size").Int() != int64(len(content)) {
			t.Errorf("%s: %s", name, list.Raw)
		}
	}
}

// TestCancelled: a run that is cancelled waits neither for a command nor for a server.
func TestCancelled(t *testing.T) {
	s := start(t)
	begun := filepath.Join(s.root, "begun")
	command := map[string]any{"authentication": "privateKey", "command": "echo > '" + begun + "'; sleep 100", "cwd": "/"}
	golden.Cancel(t, engineWith(t, "sshPrivateKey", s.fields["key"], remote.Options{}), caseOf(node("ssh", "sshPrivateKey", command), `{"json":{}}`), func() bool {
		_, err := os.Stat(begun)
		return err == nil
	})
	for kind, params := range map[string]map[string]any{"ftp": {"operation": "list"}, "sftp": {"operation": "list", "protocol": "sftp"}} {
		silent := serve(t, func(net.Conn) {})
		golden.Cancel(t, engineWith(t, kind, map[string]any{"host": "127.0.0.1", "port": silent.port, "username": "u", "password": "p"}, remote.Options{}), caseOf(node("ftp", kind, params), `{"json":{}}`), silent.called)
	}
}

// TestLimits: what is too much, too late or not allowed is refused.
func TestLimits(t *testing.T) {
	s := start(t)
	public := request.New()
	t.Cleanup(public.Close)
	silent := serve(t, func(net.Conn) {})
	waiting := map[string]any{"host": "127.0.0.1", "port": silent.port, "username": "u", "password": "p"}
	for _, c := range []struct {
		typ, kind    string
		fields       map[string]any
		options      remote.Options
		params, want string
	}{
		{"ssh", "sshPrivateKey", s.fields["key"], remote.Options{}, `{"authentication":"privateKey","command":"yes"}`, "the command wrote more than 16.8 MB"},
		{"ssh", "sshPrivateKey", s.fields["key"], remote.Options{}, `{"authentication":"privateKey","command":"yes >&2"}`, "the command wrote more than 16.8 MB"},
		{"ssh", "sshPrivateKey", s.fields["key"], remote.Options{Executor: public, PublicOnly: true}, `{"authentication":"privateKey","command":"echo"}`, "not a public one"},
		{"ftp", "ftp", s.fields["ftp"], remote.Options{Executor: public, PublicOnly: true}, `{"operation":"list"}`, "not a public one"},
		{"ftp", "sftp", s.fields["sftp"], remote.Options{Executor: public, PublicOnly: true}, `{"protocol":"sftp","operation":"list"}`, "not a public one"},
		{"ftp", "ftp", s.fields["ftp"], remote.Options{}, `{"operation":"delete","path":"x\r\nDELE y"}`, "must not hold line ends"},
		{"ftp", "ftp", s.fields["ftp"], remote.Options{}, `{"operation":"rename","oldPath":"x","newPath":"y\nz"}`, "must not hold line ends"},
		{"ftp", "ftp", s.fields["ftp"], remote.Options{}, `{"operation":"download"}`, "must not be empty"},
		{"ftp", "ftp", waiting, remote.Options{}, `{"operation":"list","options":{"timeout":50}}`, "did not take the login within 50ms"},
		{"ftp", "sftp", waiting, remote.Options{}, `{"protocol":"sftp","operation":"list","options":{"timeout":50}}`, "did not take the login within 50ms"},
	} {
		var params map[string]any
		if err := json.Unmarshal([]byte(c.params), &params); err != nil {
			t.Fatal(err)
		}
		got := answer(t, engineWith(t, c.kind, c.fields, c.options), node(c.typ, c.kind, params), `{"json":{}}`)
		if m := got.Get("error.message").Str; !strings.Contains(m, c.want) {
			t.Errorf("%s %s\ngot  %s\nwant %s", c.kind, c.params, got.Raw, c.want)
		}
	}
}

// TestKeyboardInteractive: a server that asks for the password in this way gets it.
func TestKeyboardInteractive(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, challenge ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		answers, err := challenge("", "", []string{"Password: "}, []bool{false})
		if err != nil || len(answers) != 1 || answers[0] != "right words" {
			return nil, errors.New("no")
		}
		return nil, nil
	}}
	config.AddHostKey(signer)
	asking := serve(t, func(conn net.Conn) {
		if c, _, requests, err := ssh.NewServerConn(conn, config); err == nil {
			go ssh.DiscardRequests(requests)
			_ = c.Wait()
		}
	})
	fields := map[string]any{"host": "127.0.0.1", "port": asking.port, "username": "u", "password": "right words"}
	if err := testCredential(t, "sshPassword", fields); err != nil {
		t.Error(err)
	}
	if err := testCredential(t, "sshPassword", with(fields, "password", "wrong words")); err == nil {
		t.Error("a wrong password was taken")
	}
}
