package main

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// service is a server that takes anything and remembers it: it answers each path with what is set for it.
type service struct {
	*httptest.Server
	mu   sync.Mutex
	seen string
}

func newService(t *testing.T, answers map[string]string) *service {
	t.Helper()
	a := &service{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/connect/token" {
			fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":60}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.seen = strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Method, r.RequestURI, r.Header.Get("Idempotency-Key")+r.Header.Get("X-Key"), body))
		answer, ok := answers[r.Method+" "+r.URL.Path]
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":{"message":"there is no such thing"}}`)
		case answer == "":
			w.WriteHeader(http.StatusNoContent)
		default:
			if !strings.HasPrefix(answer, "{") && !strings.HasPrefix(answer, "[") {
				w.Header().Set("Content-Type", "text/plain")
			}
			fmt.Fprint(w, answer)
		}
	}))
	t.Cleanup(a.Close)
	return a
}

// setCase is a run of one operation: its parameters, and what the server sees and the run gives.
type setCase struct {
	resource, operation, parameters string
	seen, output, fails             string
}

// client are the fields of an OAuth2 credential.
const client = `"clientId":"i","clientSecret":"s"`

// runSet runs operations of a node set that lies in the data directory, with a credential that leads to the server.
func runSet(t *testing.T, data string, a *service, nodeType, credential, fields string, cases map[string]setCase) {
	t.Helper()
	creds := filepath.Join(data, "credentials.json")
	text := fmt.Sprintf(`[{"id":"1","name":"c","type":%q,"data":{"baseUrl":%q,%s}}]`, credential, a.URL, fields)
	if err := os.WriteFile(creds, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		a.seen = ""
		flow := fmt.Sprintf(`{"name":"t","settings":{"executionOrder":"v1"},"nodes":[
			{"name":"Start","type":"n8n-nodes-base.manualTrigger","position":[0,0],"parameters":{}},
			{"name":"Call","type":%q,"typeVersion":1,"position":[200,0],"parameters":{"resource":%q,"operation":%q%s},"credentials":{%q:{"id":"1","name":"c"}}}],
			"connections":{"Start":{"main":[[{"node":"Call","type":"main","index":0}]]}}}`, nodeType, c.resource, c.operation, c.parameters, credential)
		file := filepath.Join(data, "flow.json")
		if err := os.WriteFile(file, []byte(flow), 0o600); err != nil {
			t.Fatal(err)
		}
		r := cordboardRun(t, `{"n":7}`, "run", file, "--input", "-", "--credentials", creds, "--data-dir", data)
		if a.seen != c.seen {
			t.Errorf("%s: the server saw\n%s\nwant\n%s", name, a.seen, c.seen)
		}
		if c.fails != "" {
			if r.code == 0 || !strings.Contains(r.stderr, c.fails) {
				t.Errorf("%s: got %+v, want %s", name, r, c.fails)
			}
		} else if r.code != 0 || strings.Join(strings.Fields(r.stdout), "") != c.output {
			t.Errorf("%s: got %+v, want %s", name, r, c.output)
		}
	}
}

func dataWithPlugins(t *testing.T) (data, plugins string) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // where tokens are kept
	data = t.TempDir()
	plugins = filepath.Join(data, "plugins")
	if err := os.Mkdir(plugins, 0o700); err != nil {
		t.Fatal(err)
	}
	return data, plugins
}

// TestGeneratedSets: a set made of an OpenAPI document of any API needs no program to run.
func TestGeneratedSets(t *testing.T) {
	data, plugins := dataWithPlugins(t)
	for _, doc := range []string{"helpdesk.yaml", "warehouse.json"} {
		name, _, _ := strings.Cut(doc, ".")
		cordboardRun(t, "", "nodes", "generate", "--openapi", filepath.Join("testdata", doc), "--type", "acme."+name, "--credential", "acmeApi",
			"--out", filepath.Join(plugins, "cordboard-node-"+name+".jsonl")).has(t, 0)
	}
	helpdesk := newService(t, map[string]string{
		"GET /api/v2/tickets": `[{"id":1},{"id":2}]`, "POST /api/v2/tickets": `{"id":3}`, "DELETE /api/v2/tickets/7": "", "POST /api/v2/tickets/7/comments": `{"ok":true}`,
	})
	runSet(t, data, helpdesk, "acme.helpdesk", "acmeApi", client, map[string]setCase{
		"a list is an item each": {"Tickets", "List Tickets", `,"status":"open","page_size":50`, "GET /api/v2/tickets?status=open&page_size=50", `[{"id":1},{"id":2}]`, ""},
		"a body with a component": {"Tickets", "Create Ticket", `,"subject":"Help","requester":{"email":"a@example.com"},"tags":["x"],"Idempotency-Key":"k1"`,
			`POST /api/v2/tickets k1 {"requester":{"email":"a@example.com"},"subject":"Help","tags":["x"]}`, `[{"id":3}]`, ""},
		"no answer":        {"Tickets", "Delete Ticket", `,"ticketId":"={{ $json.n }}"`, "DELETE /api/v2/tickets/7", `[{"success":true}]`, ""},
		"a path and body":  {"Comments", "Add Comment", `,"ticketId":7,"body":"hi","internal":true`, `POST /api/v2/tickets/7/comments  {"body":"hi","internal":true}`, `[{"ok":true}]`, ""},
		"beyond the enum":  {"Tickets", "List Tickets", `,"status":"lost"`, "", "", `parameter "status"`},
		"beyond a limit":   {"Tickets", "List Tickets", `,"page_size":500`, "", "", `parameter "page_size": must be from 1 to 100`},
		"a member missing": {"Tickets", "Create Ticket", `,"subject":"x","requester":{"name":"n"}`, "", "", `email`},
		"not there":        {"Tickets", "Delete Ticket", `,"ticketId":9`, "DELETE /api/v2/tickets/9", "", "there is no such thing"},
	})
	warehouse := newService(t, map[string]string{
		"GET /stock/main hall/a/b": `{"sku":"a/b","count":4}`, "PATCH /stock/x/y": `{"count":3}`, "GET /labels/l1.txt": "LABEL",
	})
	runSet(t, data, warehouse, "acme.warehouse", "acmeApi", client, map[string]setCase{
		"escaped in the path": {"Stock", "Get Stock By Site By Sku", `,"site":"main hall","sku":"a/b","fields":["sku","count"]`, "GET /stock/main%20hall/a%2Fb?fields=sku%2Ccount", `[{"sku":"a/b","count":4}]`, ""},
		"null is sent":        {"Stock", "Adjust Stock", `,"site":"x","sku":"y","delta":-1,"note":null,"dimensions":{"width":2.5}`, `PATCH /stock/x/y  {"delta":-1,"dimensions":{"width":2.5},"note":null}`, `[{"count":3}]`, ""},
		"in a component":      {"Stock", "Adjust Stock", `,"site":"x","sku":"y","dimensions":{"width":-1}`, "", "", "at least 0"},
		"a file":              {"Labels", "Print Label", `,"id":"l1"`, "GET /labels/l1.txt", `[{}]`, ""},
	})
}

const bookshop = "../../descriptors/community/testdata/package"

// TestImportedSet runs what was made of a community package, from its folder and from what npm would pack.
func TestImportedSet(t *testing.T) {
	data, plugins := dataWithPlugins(t)
	packed := filepath.Join(data, "bookshop.tgz")
	pack(t, bookshop, packed)
	out := filepath.Join(plugins, "cordboard-node-bookshop.jsonl")
	cordboardRun(t, "", "nodes", "import", packed, "--out", out).has(t, 0, "1 node with 8 operations, 4 left out",
		"left out: runner: it executes code of its own", "left out: bookshop, resource book, operation sign: a function (preSend: signed)")
	written, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if r := cordboardRun(t, "", "nodes", "import", bookshop); r.code != 0 || r.stdout != string(written) {
		t.Errorf("the folder gives something else than the packed file: %s", r.stdout)
	}
	shop := newService(t, map[string]string{
		"POST /api/v2/books": `{"id":1}`, "GET /api/v2/books": `[{"id":1},{"id":2}]`, "PUT /api/v2/books/978-0/price": `{"ok":true}`, "DELETE /api/v2/orders/7": "",
		"GET /api/v2/books/search": `{"hits":[{"id":5}]}`, "GET /api/v2/orders": `[]`,
	})
	runSet(t, data, shop, "n8n-nodes-bookshop.bookshop", "bookshopApi", `"key":"k-77"`, map[string]setCase{
		"body":              {"book", "create", `,"title":"Emma","tags":["a"],"binding":"hard"`, `POST /api/v2/books k-77 {"title":"Emma","tags":["a"],"binding":"hard","shelf_name":""}`, `[{"id":1}]`, ""},
		"other name":        {"book", "create", `,"title":"Emma","shelf":"A","more":{"year":1815}`, `POST /api/v2/books k-77 {"title":"Emma","tags":[],"binding":"soft","shelf_name":"A","year":1815}`, `[{"id":1}]`, ""},
		"query, collection": {"book", "list", `,"limit":5,"options":{"author":"Austen"}`, "GET /api/v2/books?limit=5&author=Austen k-77", `[{"id":1},{"id":2}]`, ""},
		"sent by default":   {"book", "list", "", "GET /api/v2/books?limit=50 k-77", `[{"id":1},{"id":2}]`, ""},
		"reshaped":          {"book", "search", `,"q":"em ma"`, "GET /api/v2/books/search?limit=50&q=em%20ma k-77", `[{"id":5}]`, ""},
		"path and body":     {"book", "price", `,"isbn":"978-0","amount":"={{ $json.n }}"`, `PUT /api/v2/books/978-0/price k-77 {"amount":7}`, `[{"ok":true}]`, ""},
		"path of the item":  {"order", "cancel", `,"orderId":"={{ $json.n }}"`, "DELETE /api/v2/orders/7 k-77", `[{}]`, ""},
		"constant query":    {"order", "open", "", "GET /api/v2/orders?state=open k-77", `[]`, ""},
		"needs code":        {"book", "sign", "", "", "", `a function (preSend: signed) works on it that was not carried over`},
		"no such operation": {"book", "crate", "", "", "", `parameter "operation": there is no option "crate"; the nearest is "create"`},
		"needs code after":  {"order", "export", "", "", "", `a function (postReceive: to-rows.toRows) works on it that was not carried over`},
		"missing":           {"book", "price", `,"amount":7`, "", "", `parameter "isbn": is required`},
		"refused":           {"order", "cancel", `,"orderId":"9"`, "DELETE /api/v2/orders/9 k-77", "", "there is no such thing"},
	})
	cordboardRun(t, "", "nodes", "import", t.TempDir()).has(t, 2, "it is no n8n package")
	cordboardRun(t, "", "nodes", "import", out).has(t, 2, "it is neither a package's folder nor a .tgz file (npm pack NAME makes one)")
}

// pack makes a .tgz as npm does.
func pack(t *testing.T, dir, to string) {
	t.Helper()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(f)
	archive := tar.NewWriter(zipped)
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if err := archive.WriteHeader(&tar.Header{Name: "package/" + filepath.ToSlash(name), Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err = archive.Write(text)
		return err
	})
	for _, c := range []io.Closer{archive, zipped, f} {
		if closeErr := c.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
