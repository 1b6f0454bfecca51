package credentials

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes"
)

func newTestSet(t *testing.T) *Set {
	t.Helper()
	s := NewSet(NewLeases(t.TempDir()))
	s.getenv = func(string) (string, bool) { return "", false }
	return s
}

func TestParse(t *testing.T) {
	t.Parallel()
	list, err := Parse("file.json", []byte("\uFEFF"+`[
		{"id": "a1", "name": "PBX", "type": "threeCXOAuth2Api", "data": {"clientId": "900"}, "createdAt": "2026-01-01"},
		{"id": 12, "name": "Old", "type": "httpBasicAuth", "data": {}},
		{"id": null, "name": "No id", "type": "x", "data": {"n": 12345678901234567890}}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Credential{
		{ID: "a1", Name: "PBX", Type: "threeCXOAuth2Api", Data: []byte(`{"clientId":"900"}`), Source: "file.json"},
		{ID: "12", Name: "Old", Type: "httpBasicAuth", Data: []byte(`{}`), Source: "file.json"},
		{Name: "No id", Type: "x", Data: []byte(`{"n":12345678901234567890}`), Source: "file.json"},
	}
	if len(list) != len(want) {
		t.Fatalf("%d credentials", len(list))
	}
	for i, w := range want {
		if g := list[i]; g.ID != w.ID || g.Name != w.Name || g.Type != w.Type || string(g.Data) != string(w.Data) || g.Source != w.Source {
			t.Errorf("%d: %+v, want %+v", i, g, w)
		}
	}
	one, err := Parse("one.json", []byte(`{"name": "PBX", "type": "t", "data": {}}`))
	if err != nil || len(one) != 1 || one[0].Name != "PBX" {
		t.Errorf("%v %v", one, err)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"name": "x", hunter2`: "f: this is not JSON, from byte 15 on",
		``:                      "f: this is not JSON, from byte 0 on",
		`[{"id":"1","name":"PBX","type":"t","data":"U2FsdGVkX1hunter2"}]`: `f: credential 0, "PBX", is encrypted: export it with n8n export:credentials --decrypted`,
		`["hunter2"]`:                             "f: /0 must be an object",
		`"hunter2"`:                               "f: the file must be an object",
		`[{"name":"x","type":"t","data":[1,2]}]`:  "f: /0/data must be an object",
		`[{"name":"x","data":{"s":"hunter2"}}]`:   "f: /0/type is required, and is not set",
		`[{"name":"","type":"t","data":{}}]`:      "f: /0/name must have at least 1 characters, has 0",
		`[{"name":3,"type":"t","data":{}}]`:       "f: /0/name must be text",
		strings.Repeat("[", 2000) + "\"hunter2\"": "f: this is not JSON",
	} {
		_, err := Parse("f", []byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%.60s: %v, want %s", text, err, want)
		}
	}
}

func TestAddFile(t *testing.T) {
	t.Parallel()
	s := newTestSet(t)
	file := filepath.Join(t.TempDir(), "c.json")
	if err := os.WriteFile(file, []byte(`{"name":"PBX","type":"t","data":{"clientId":"1","clientSecret":"s","baseUrl":"pbx"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.AddFile(file); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find("", "PBX", "other"); err != nil {
		t.Error(err)
	}
	if err := s.AddFile(file + "x"); err == nil {
		t.Error("a file that is not there")
	}
}

func TestEnvName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"PBX": "CORDBOARD_CREDENTIAL_PBX", "My pbx-2": "CORDBOARD_CREDENTIAL_MY_PBX_2", "Büro": "CORDBOARD_CREDENTIAL_B_RO", "a.b/c": "CORDBOARD_CREDENTIAL_A_B_C",
	} {
		if got := EnvName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := newTestSet(t)
	field := func(id, name, typ, value string) Credential {
		return Credential{ID: id, Name: name, Type: typ, Data: []byte(`{"user":"` + value + `","password":"hunter2"}`), Source: "test"}
	}
	s.Add(field("1", "One", "httpBasicAuth", "one"), field("2", "Two", "httpDigestAuth", "two"),
		field("3", "Twin", "httpDigestAuth", "digest"), field("4", "Twin", "httpBasicAuth", "basic"))
	s.getenv = func(name string) (string, bool) {
		value, ok := map[string]string{
			"CORDBOARD_CREDENTIAL_FROM_ENV": `{"type":"httpBasicAuth","data":{"user":"env","password":"hunter2"}}`,
			"CORDBOARD_CREDENTIAL_UNTYPED":  `{"data":{"user":"untyped"}}`,
			"CORDBOARD_CREDENTIAL_BROKEN":   `{"data":"hunter2"`,
			"CORDBOARD_CREDENTIAL_ONE":      `{"data":{"user":"not this"}}`,
		}[name]
		return value, ok
	}
	const others = `: there are none of this type, but "One" (httpBasicAuth), "Two" (httpDigestAuth), "Twin" (httpDigestAuth), "Twin" (httpBasicAuth); `
	for _, c := range []struct{ id, name, typ, user, err string }{
		{"2", "One", "httpBasicAuth", "two", ""},
		{"9", "One", "httpBasicAuth", "one", ""},
		{"", "Twin", "httpBasicAuth", "basic", ""},
		{"", "Twin", "x", "", ""},
		{"", "from env", "httpBasicAuth", "env", ""},
		{"", "untyped", "httpBasicAuth", "untyped", ""},
		{"", "broken", "x", "", `CORDBOARD_CREDENTIAL_BROKEN: it must hold JSON of the form {"type": "…", "data": {…}}`},
		{"", "gone", "x", "", `the credential "gone" (type x) is missing` + others + `give a file with --credentials, or set CORDBOARD_CREDENTIAL_GONE`},
		{"7", "", "x", "", `the credential with the id "7" (type x) is missing` + others + `give a file with --credentials`},
		{"", "Tow", "httpDigestAuth", "", `the credential "Tow" (type httpDigestAuth) is missing: of this type there are "Two", "Twin"; give a file with --credentials, or set CORDBOARD_CREDENTIAL_TOW`},
		{"", "Twim", "httpDigestAuth", "", `the credential "Twim" (type httpDigestAuth) is missing: of this type there are "Twin", "Two"; give a file with --credentials, or set CORDBOARD_CREDENTIAL_TWIM`},
		{"", "", "httpDigestAuth", "", `a credential of type httpDigestAuth, which the workflow does not name, is missing: of this type there are "Two", "Twin"; ` +
			`choose one in the workflow, or give a file with exactly one of that type with --credentials`},
	} {
		found, err := s.Find(c.id, c.name, c.typ)
		if text := errorText(err); text != c.err {
			t.Errorf("%+v: %s", c, text)
		}
		if err != nil || c.user == "" {
			continue
		}
		a, err := found.Access(t.Context())
		if err != nil || a.Field("user") != c.user {
			t.Errorf("%+v: %v %v", c, a.Fields, err)
		}
	}
	if _, err := newTestSet(t).Find("", "gone", "x"); errorText(err) != `the credential "gone" (type x) is missing: there are no credentials; give a file with --credentials, or set CORDBOARD_CREDENTIAL_GONE` {
		t.Error(err)
	}
	only := newTestSet(t)
	only.Add(field("1", "One", "httpBasicAuth", "one"), field("2", "Two", "httpDigestAuth", "two"))
	if _, err := only.Find("", "", "httpBasicAuth"); err != nil {
		t.Error(err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestFields(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typ, data       string
		fields, secrets map[string]string
		base            string
	}{
		{"httpBasicAuth", `{"user":"u","password":"hunter2"}`, map[string]string{"user": "u"}, map[string]string{"password": "hunter2"}, ""},
		{"httpHeaderAuth", `{"name":"X-Key","value":"hunter2"}`, map[string]string{"name": "X-Key"}, map[string]string{"value": "hunter2"}, ""},
		{"httpBearerAuth", `{"token":"hunter2"}`, nil, map[string]string{"token": "hunter2"}, ""},
		{"unknownApi", `{"host":"h","apiKey":"hunter2","port":5432,"empty":null,"baseUrl":"example.com/"}`, map[string]string{"baseUrl": "example.com/"},
			map[string]string{"host": "h", "apiKey": "hunter2", "port": "5432"}, "https://example.com"},
	} {
		s := newTestSet(t)
		s.Add(Credential{ID: "1", Name: "n", Type: c.typ, Data: []byte(c.data)})
		cred, err := s.Find("1", "", c.typ)
		if err != nil {
			t.Fatal(err)
		}
		a, err := cred.Access(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !sameFields(a.Fields, c.fields) || !sameFields(a.Secrets, c.secrets) || a.BaseURL != c.base || a.Token != "" {
			t.Errorf("%s: %v %v %s", c.typ, a.Fields, map[string]string(a.Secrets), a.BaseURL)
		}
		if b, err := cred.Renew(t.Context(), a.Generation); err != nil || !sameFields(b.Secrets, c.secrets) {
			t.Errorf("%s: renewed: %v", c.typ, err)
		}
	}
}

func sameFields(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

func TestOpenOAuth2(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ data, base, token, err string }{
		{`"baseUrl":"https://pbx/"`, "https://pbx", "https://pbx/connect/token", ""},
		{`"url":"pbx:5001/xapi/v1"`, "https://pbx:5001", "https://pbx:5001/connect/token", ""},
		{`"serverUrl":"http://pbx"`, "http://pbx", "http://pbx/connect/token", ""},
		{`"domain":"pbx.example.com"`, "https://pbx.example.com", "https://pbx.example.com/connect/token", ""},
		{`"accessTokenUrl":"https://pbx/connect/token"`, "https://pbx", "https://pbx/connect/token", ""},
		{`"accessTokenUrl":"https://login.example.com/oauth/token","grantType":"clientCredentials"`, "", "https://login.example.com/oauth/token", ""},
		{`"baseUrl":"api.example.com","accessTokenUrl":"https://login.example.com/t"`, "https://api.example.com", "https://login.example.com/t", ""},
		{`"baseUrl":""`, "", "", `credential "n" (f): it has no baseUrl: the address of the server, such as https://pbx.example.com`},
		{`"baseUrl":"pbx","accessTokenUrl":"hunter2"`, "", "", `credential "n" (f): the accessTokenUrl is no address: it must look like https://pbx.example.com/connect/token`},
		{`"baseUrl":"pbx","grantType":"authorizationCode"`, "", "", `credential "n" (f): nobody has authorised it yet (it has no oauthTokenData): authorise it (cordboard credentials authorize), or connect it in n8n and export it again`},
		{`"baseUrl":"pbx","grantType":"password"`, "", "", `credential "n" (f): the grant type "password" is not supported; use clientCredentials, authorizationCode or pkce`},
		{`"accessTokenUrl":"https://login.example.com/t","grantType":"pkce","clientSecret":"","oauthTokenData":{"access_token":"a"}`, "", "https://login.example.com/t", ""},
		{`"baseUrl":"pbx","clientId":""`, "", "", `credential "n" (f): it has no clientId`},
		{`"baseUrl":"pbx","clientSecret":""`, "", "", `credential "n" (f): it has no clientSecret`},
	} {
		s := newTestSet(t)
		data, err := nodes.Normalize(`{"clientId":"900","clientSecret":"hunter2",` + c.data + `}`)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.open(Credential{Name: "n", Type: "any", Source: "f", Data: []byte(data)})
		if errorText(err) != c.err {
			t.Errorf("%s: %v", c.data, err)
		}
		if err != nil {
			continue
		}
		if o := got.(*oauth2Credential); o.baseURL != c.base || o.tokenURL != c.token {
			t.Errorf("%s: %s %s", c.data, o.baseURL, o.tokenURL)
		}
	}
	if _, err := newTestSet(t).open(Credential{Name: "n", Type: "threeCXOAuth2Api", Source: "f", Data: []byte(`{}`)}); errorText(err) != `credential "n" (f): it has no clientId` {
		t.Error(err)
	}
}

// TestServiceWithoutGrant: the type of a service stands for a person's agreement, unless the credential says otherwise.
func TestServiceWithoutGrant(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q}`, r.FormValue("grant_type"))
	}))
	t.Cleanup(server.Close)
	const refused = `credential "n" (): nobody has authorised it yet (it has no oauthTokenData): authorise it (cordboard credentials authorize), or connect it in n8n and export it again`
	for _, c := range []struct{ kind, fields, token, err string }{
		{"microsoftOAuth2Api", "", "", refused + `; if the client itself is to have the token, nobody need agree: put "grantType": "clientCredentials" into its data`},
		{"microsoftOAuth2Api", `,"grantType":"authorizationCode"`, "", refused},
		{"microsoftOAuth2Api", `,"grantType":"clientCredentials"`, "client_credentials", ""},
		{"microsoftOAuth2Api", `,"oauthTokenData":{"access_token":"given"}`, "given", ""},
		{"microsoftOAuth2Api", `,"oauthTokenData":{"refresh_token":"r"}`, "refresh_token", ""},
		{"ownOAuth2Api", "", "client_credentials", ""},
	} {
		s := NewSet(NewLeases(t.TempDir()))
		s.Add(Credential{ID: "1", Name: "n", Type: c.kind, Data: fmt.Appendf(nil, `{"clientId":"me","clientSecret":"canary","accessTokenUrl":%q%s}`, server.URL, c.fields)})
		found, err := s.Find("1", "", c.kind)
		if errorText(err) != c.err {
			t.Errorf("%s%s: %v", c.kind, c.fields, err)
		}
		if err == nil && access(t, found).Token != c.token {
			t.Errorf("%s%s: %s", c.kind, c.fields, access(t, found).Token)
		}
	}
}

func TestCleanBaseURL(t *testing.T) {
	t.Parallel()
	const noAddress = "the baseUrl is no address: it must look like https://pbx.example.com"
	for text, want := range map[string]string{
		"https://pbx.example.com":                      "https://pbx.example.com",
		" https://pbx.example.com/ ":                   "https://pbx.example.com",
		"https://pbx.example.com//":                    "https://pbx.example.com",
		"https://pbx.example.com:5001/xapi/v1":         "https://pbx.example.com:5001",
		"https://pbx.example.com:443/xapi/v1/":         "https://pbx.example.com:443",
		"https://pbx.example.com/XAPI/":                "https://pbx.example.com",
		"https://pbx.example.com/xapi/v1/swagger.yaml": "https://pbx.example.com",
		"https://pbx.example.com/connect/token":        "https://pbx.example.com",
		"https://pbx.example.com/#/login":              "https://pbx.example.com",
		"https://pbx.example.com/?a=b":                 "https://pbx.example.com",
		"https://example.com/pbx/xapi/v1":              "https://example.com/pbx",
		"https://example.com/p%20b":                    "https://example.com/p%20b",
		"HTTPS://pbx":                                  "https://pbx",
		"http://127.0.0.1:5001":                        "http://127.0.0.1:5001",
		"[::1]:5001":                                   "https://[::1]:5001",
		"pbx.example.com":                              "https://pbx.example.com",
		"//pbx.example.com":                            "https://pbx.example.com",
		"pbx.example.com:5001/xapi/v1":                 "https://pbx.example.com:5001",
		"":                                             "it has no baseUrl: the address of the server, such as https://pbx.example.com",
		"ftp://pbx":                                    noAddress,
		"https://":                                     noAddress,
		"http:/pbx":                                    noAddress,
		"pbx example":                                  noAddress,
		"pbx:port":                                     noAddress,
		"https://%zz":                                  noAddress,
		"https://user:hunter2@pbx":                     "the baseUrl holds a user name: leave it out, the client id and secret are fields of their own",
		"user:hunter2@pbx":                             "the baseUrl holds a user name: leave it out, the client id and secret are fields of their own",
	} {
		got, err := CleanBaseURL(text)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// kept is a source that may tell what it has.
type kept []Credential

func (kept) Credential(string, string, string) (c Credential, found bool, err error) {
	return c, false, nil
}

func (k kept) Credentials() ([]Credential, error) { return k, nil }

// TestMissingOfSource: what a source has is told along with the files'.
func TestMissingOfSource(t *testing.T) {
	t.Parallel()
	s := newTestSet(t)
	s.Add(Credential{Name: "A", Type: "x"})
	var source kept
	for i := range 12 {
		source = append(source, Credential{Name: fmt.Sprint("K", i), Type: "x"})
	}
	s.AddSource(source)
	const want = `the credential "gone" (type x) is missing: of this type there are "A", "K0", "K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8" and 3 more; ` +
		`give a file with --credentials, add it (cordboard credentials add --type "x" --name "gone"), or set CORDBOARD_CREDENTIAL_GONE`
	if _, err := s.Find("", "gone", "x"); errorText(err) != want {
		t.Errorf("%v", err)
	}
	if _, err := s.Type("gone", "gone"); !strings.HasPrefix(errorText(err), `the credential "gone" is missing: there are "A" (x), "K0" (x), `) {
		t.Errorf("%v", err)
	}
}
