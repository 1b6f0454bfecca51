package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/credentials"
)

// TestAddChecksFields: what a known type does not have is refused, and what it lacks is told; no message holds a value.
func TestAddChecksFields(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cordboardRun(t, "", "nodes", "import", bookshop, "--data-dir", dir).has(t, 0)
	add := func(kind, data string) (int, string) {
		t.Helper()
		code, out, errs := cli(t, dir, strings.ReplaceAll(data, "SECRET", hidden), "credentials", "add", "--type", kind, "--name", "c", "--replace")
		if strings.Contains(out+errs, hidden) {
			t.Errorf("%s %s: a value came out:\n%s%s", kind, data, out, errs)
		}
		return code, errs
	}
	for _, c := range []struct{ kind, data, want string }{
		{"httpHeaderAuth", `{"name":"X-Key","valeu":"SECRET"}`, `error: --data: httpHeaderAuth has no field "valeu"; did you mean "value"?` + "\n"},
		{"httpHeaderAuth", `{"name":"X-Key","value":"SECRET","zzzzzzzz":1}`, `error: --data: httpHeaderAuth has no field "zzzzzzzz"; it has allowedDomains, allowedHttpRequestDomains, baseUrl, name, useCustomAuth, value` + "\n"},
		{"postgres", `{"host":7,"port":"SECRET","sshTunnel":"true","password":["SECRET"],"ssl":"SECRET"}`, `error: --data: the field "host" of postgres must be a string, and is a number
  --data: the field "port" of postgres must be a number, and is a string
  --data: the field "sshTunnel" of postgres must be a boolean, and is a string
  --data: the field "password" of postgres must be a string, and is a list
  --data: the field "ssl" of postgres must be one of allow, disable, require
`},
		{"bookshopApi", `{"kee":"SECRET"}`, `error: --data: bookshopApi has no field "kee"; did you mean "key"?` + "\n"},
		{"bookshopApi", `{"key":{"a":"SECRET"}}`, `error: --data: the field "key" of bookshopApi must be a string, and is an object` + "\n"},
	} {
		if code, errs := add(c.kind, c.data); code != exitNotBegun || errs != c.want {
			t.Errorf("%s %s: %d\n%swant\n%s", c.kind, c.data, code, errs, c.want)
		}
	}
	if got := must(t, dir, "", "credentials", "list", "--json"); got != "[]\n" {
		t.Errorf("refused credentials were kept: %s", got)
	}
	for _, c := range []struct{ kind, data, want string }{
		{"httpHeaderAuth", `{"name":"X-Key","value":"SECRET","allowedHttpRequestDomains":"all"}`, ""},
		{"httpHeaderAuth", `{"name":"X-Key","value":null}`, `warning: httpHeaderAuth needs the field "value", which is not there` + "\n"},
		{"kafka", `{}`, `warning: kafka needs the field "brokers", which is not there` + "\n"},
		{"sshPassword", `{"host":"h","username":"u","password":"SECRET","hostKey":"SECRET"}`, ""},
		{"ftp", `{"host":"h","secure":"explicit"}`, ""},
		{"postgres", `{"password":"SECRET","ssl":"require"}`, ""},
		{"bookshopApi", `{"key":"SECRET","allowedDomains":"a"}`, ""},
		{"oAuth2Api", `{"grantType":"clientCredentials","clientId":"SECRET","clientSecret":"SECRET","accessTokenUrl":"https://a.example/t","tokenLifetime":60}`, ""},
		{"threeCXOAuth2Api", `{"clientId":"SECRET","url":"https://pbx.example.com"}`, `warning: it is kept, and cannot be used as it is: credential "c" (--data): it has no clientSecret` + "\n"},
		{"acmeUnheardOfApi", `{"anything":"SECRET","n":1}`, ""},
		{"httpHeaderAut", `{"nam":"SECRET"}`, `warning: the credential type httpHeaderAut is not known here, its fields are taken as they are; did you mean "httpHeaderAuth"?` + "\n"},
	} {
		if code, errs := add(c.kind, c.data); code != 0 || errs != c.want {
			t.Errorf("%s %s: %d\n%swant\n%s", c.kind, c.data, code, errs, c.want)
		}
	}
}

// TestImportTellsFields: what n8n exported is kept, and what is wrong with it is told by credential and field.
func TestImportTellsFields(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := strings.ReplaceAll(`[{"id":"1","name":"Good","type":"httpHeaderAuth","data":{"name":"X","value":"SECRET"}},
		{"id":"2","name":"Shop","type":"httpHeaderAuth","data":{"name":"X","valeu":"SECRET"}},
		{"id":"3","name":"DB","type":"postgres","data":{"host":"h","port":"SECRET","ssl":"SECRET"}},
		{"id":"4","name":"Phones","type":"threeCXOAuth2Api","data":{"clientId":"SECRET","url":"https://pbx.example.com"}},
		{"id":"5","name":"Elsewhere","type":"httpHeaderAuthApi","data":{"x":"SECRET"}}]`, "SECRET", hidden)
	want := `warning: credential "Shop": httpHeaderAuth has no field "valeu"; did you mean "value"?
warning: credential "Shop": httpHeaderAuth needs the field "value", which is not there
warning: credential "DB": the field "port" of postgres must be a number, and is a string
warning: credential "DB": the field "ssl" of postgres must be one of allow, disable, require
warning: it is kept, and cannot be used as it is: credential "Phones" (-): it has no clientSecret
kept: 5 credentials
`
	code, out, errs := cli(t, dir, text, "credentials", "import", "-")
	if code != 0 || out != "" || errs != want {
		t.Errorf("%d %s%swant\n%s", code, out, errs, want)
	}
	if list := must(t, dir, "", "credentials", "list"); strings.Count(list, "\n") != 6 {
		t.Error(list)
	}
	enc := write(t, "enc.json", `[{"id":"1","name":"Enc","type":"t","data":"U2FsdGVk"}]`)
	refused(t, dir, enc+`: credential 0, "Enc", is encrypted: export it with n8n export:credentials --decrypted`, "credentials", "import", enc)
}

// TestImportWithoutTypes: where the types cannot be looked up, that is told, and no credential is left out for it.
func TestImportWithoutTypes(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetErr(&errs)
	check := &checking{s: &storing{settings: settings{credentialFiles: []string{"gone.json"}}}, cmd: cmd}
	check.imported(credentials.Credential{ID: "1", Name: "a", Type: "unheardOfApi", Data: []byte(`{}`)})
	if want := "warning: the fields of the type unheardOfApi cannot be looked up: --credentials: stat gone.json"; !strings.HasPrefix(errs.String(), want) {
		t.Errorf("%s, want %s", errs.String(), want)
	}
}
