package pbxsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
	"github.com/cordboard/cordboard/schemas"
)

// TestWalk makes the least request of each operation of both API versions and holds the answer to what is declared.
func TestWalk(t *testing.T) {
	t.Parallel()
	set, err := threecx.Set()
	if err != nil {
		t.Fatal(err)
	}
	for _, api := range []struct {
		version    string
		node       float64
		operations int
	}{{"20.0.7", 1, 548}, {"20.0.10", 2, 601}} {
		t.Run(api.version, func(t *testing.T) {
			t.Parallel()
			c := start(t, pbxsim.Options{Version: api.version})
			w := &walker{client: c, compiler: schemas.NewCompiler(set.Schema)}
			var pages []*descriptors.Operation
			nodes, err := set.Nodes()
			if err != nil {
				t.Fatal(err)
			}
			for _, node := range nodes {
				if !slices.Contains(node.Versions, api.node) {
					continue
				}
				for _, r := range node.Resources {
					for _, o := range r.Operations {
						page, err := set.Operation(node.Type, api.node, r.Name, o.Name)
						if err != nil {
							t.Fatal(err)
						}
						pages = append(pages, page)
					}
				}
			}
			if len(pages) != api.operations {
				t.Fatalf("%d operations, want %d", len(pages), api.operations)
			}
			// What deletes comes last.
			slices.SortStableFunc(pages, func(a, b *descriptors.Operation) int {
				return rank(a) - rank(b)
			})
			for _, page := range pages {
				w.walk(t, page)
			}
		})
	}
}

func rank(o *descriptors.Operation) int {
	switch {
	case o.Request.Method == http.MethodDelete:
		return 3
	case o.Request.Method == http.MethodGet:
		return 1
	}
	return 2
}

type walker struct {
	*client
	compiler *schemas.Compiler
}

func (w *walker) walk(t *testing.T, o *descriptors.Operation) {
	t.Helper()
	path := o.Request.Path
	for _, p := range o.Properties {
		if p.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", w.value(t, o, p))
		}
	}
	body := ""
	if o.Request.Body {
		body = "{}"
	}
	status, header, answer := w.do(o.Request.Method, path, body)
	if status != o.Response.Status {
		t.Errorf("%s %s: status %d, want %d: %s", o.ID, path, status, o.Response.Status, answer)
		return
	}
	switch {
	case o.Response.Kind == "none":
		if answer != "" {
			t.Errorf("%s: a body in an answer 204", o.ID)
		}
	case o.Response.Kind == "file":
		if o.Request.Method == http.MethodGet && !strings.HasPrefix(header.Get("Content-Disposition"), "attachment; filename=") {
			t.Errorf("%s: Content-Disposition is %q", o.ID, header.Get("Content-Disposition"))
		}
	case len(o.Response.Schema) > 0:
		s, err := w.compiler.CompileRaw(o.Response.Schema)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range schemas.ValidateJSON(s, answer) {
			t.Errorf("%s: the answer %s: %s", o.ID, v, answer)
		}
	}
}

// value is a literal for a path parameter: a key that exists, or anything of the type.
func (w *walker) value(t *testing.T, o *descriptors.Operation, p descriptors.Property) string {
	t.Helper()
	head, _, _ := strings.Cut(strings.TrimPrefix(o.Request.Path, "/"), "/")
	set, key, _ := strings.Cut(head, "(")
	byNumber := slices.Contains([]string{"GetByNumber", "GetPeerByNumber", "GetTrunkByNumber"}, o.ID) ||
		strings.Contains(o.Request.Path, "Pbx.GetByNumber(")
	if strings.Contains(key, "{"+p.Name+"}") || byNumber || p.Name == "name" && o.ID == "GetParameterByName" {
		property := strings.ToUpper(p.Name[:1]) + p.Name[1:]
		if found := w.key(t, set, property); found != "" {
			if p.Format == "uuid" {
				return strings.Trim(found, "'")
			}
			return found
		}
	}
	switch {
	case p.Format == "date-time":
		return "2026-01-01T00%3A00%3A00Z"
	case p.Format == "uuid":
		return "00000000-0000-4000-8000-000000000001"
	case p.Type == "boolean":
		return "true"
	case p.Type == "number":
		return "1"
	}
	return "'x'"
}

// key is the key of a set's last entity, as a literal. Sets that cannot be listed have samples with known keys.
func (w *walker) key(t *testing.T, set, property string) string {
	t.Helper()
	set, _, _ = strings.Cut(set, "/")
	status, _, answer := w.do(http.MethodGet, "/"+set, "")
	if status != http.StatusOK {
		if set == "CrmTemplates" {
			return "'Name%201'"
		}
		return ""
	}
	var list struct{ Value []map[string]any }
	if err := json.Unmarshal([]byte(answer), &list); err != nil || len(list.Value) == 0 {
		t.Fatalf("%s cannot be listed: %v %s", set, err, answer)
	}
	switch value := list.Value[len(list.Value)-1][property].(type) {
	case string:
		return "'" + url.PathEscape(strings.ReplaceAll(value, "'", "''")) + "'"
	case float64:
		return fmt.Sprint(int(value))
	}
	t.Fatalf("%s has no key %s: %v", set, property, slices.Sorted(maps.Keys(list.Value[0])))
	return ""
}

// client speaks to a simulator with net/http alone.
type client struct {
	t     *testing.T
	sim   *pbxsim.Server
	base  string
	token string
}

func start(t *testing.T, o pbxsim.Options) *client {
	t.Helper()
	s := pbxsim.New(o)
	if err := s.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &client{t: t, sim: s, base: s.URL()}
	c.mint()
	return c
}

func (c *client) mint() {
	c.t.Helper()
	status, answer := c.grant(url.Values{"client_id": {"900"}, "client_secret": {"secret"}, "grant_type": {"client_credentials"}})
	if status != http.StatusOK {
		c.t.Fatalf("no token: %d %v", status, answer)
	}
	c.token, _ = answer["access_token"].(string)
}

func (c *client) grant(form url.Values) (int, map[string]any) {
	c.t.Helper()
	r, err := http.PostForm(c.base+"/connect/token", form)
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		c.t.Fatal(err)
	}
	return r.StatusCode, answer
}

// do sends a request below /xapi/v1; the path is sent as it is.
func (c *client) do(method, path, body string, headers ...string) (int, http.Header, string) {
	c.t.Helper()
	status, header, answer, err := c.try(method, "/xapi/v1"+path, body, headers...)
	if err != nil {
		c.t.Fatal(err)
	}
	return status, header, answer
}

func (c *client) try(method, path, body string, headers ...string) (int, http.Header, string, error) {
	c.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer answer.Body.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(answer.Body)
	return answer.StatusCode, answer.Header, text.String(), err
}
