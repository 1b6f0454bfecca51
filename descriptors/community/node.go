package community

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/openapi"
)

// converter makes a descriptor file of one node's description.
type converter struct {
	out         *Imported
	loose       bool
	d           gjson.Result
	credentials gjson.Result
	name        string
	versions    []float64
	pages       []*descriptors.Operation
}

func (c *converter) left(where, format string, args ...any) {
	c.out.Left = append(c.out.Left, Left{c.name, where, fmt.Sprintf(format, args...)})
}

func (c *converter) note(format string, args ...any) {
	text := c.name + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(c.out.Notes, text) {
		c.out.Notes = append(c.out.Notes, text)
	}
}

// file is nil where nothing of the node can be carried over.
func (c *converter) file(nodeType string) (*descriptors.File, error) {
	for _, v := range list(c.d.Get("version")) {
		c.versions = append(c.versions, v.Num)
	}
	if len(c.versions) == 0 {
		c.versions = []float64{1}
	}
	base, reason := c.basePath()
	if reason == "" {
		reason = c.defaults()
	}
	if reason != "" {
		c.left("", "%s", reason)
		return nil, nil
	}
	c.operations()
	if len(c.pages) == 0 {
		c.left("", "none of its operations can be carried over")
		return nil, nil
	}
	options, err := requestOptions()
	if err != nil {
		return nil, err
	}
	node := &descriptors.Node{
		Type: nodeType, DisplayName: c.d.Get("displayName").Str, Versions: c.versions, Dialect: "plain", BasePath: base, Properties: options,
	}
	for _, use := range c.d.Get("credentials").Array() {
		node.Credentials = append(node.Credentials, descriptors.CredentialUse{Type: use.Get("name").Str, Required: use.Get("required").Bool()})
	}
	c.credentialNotes(node)
	slices.SortStableFunc(c.pages, func(a, b *descriptors.Operation) int { return cmp.Compare(a.Resource, b.Resource) })
	return c.checked(&descriptors.File{Format: descriptors.Format, Node: node, Operations: c.pages})
}

// checked leaves out a node whose names or values no descriptor can hold.
func (c *converter) checked(f *descriptors.File) (*descriptors.File, error) {
	set, err := f.Set()
	if err != nil {
		return nil, err
	}
	if problems := descriptors.Lint(c.name, set); len(problems) > 0 {
		c.left("", "its description does not make a descriptor: %s", problems[0])
		return nil, nil
	}
	return f, nil
}

// smallest is the smallest document that a set can be made of.
const smallest = `{"openapi":"3.0.3","info":{"title":"x","version":"1"},"paths":{"/":{"get":{"responses":{"200":{"description":"x"}}}}}}`

// requestOptions are the parameters that every request node has, as package openapi gives them to a node.
func requestOptions() ([]descriptors.Property, error) {
	f, err := openapi.Generate(context.Background(), []byte(smallest), openapi.Options{Type: "x"})
	if err != nil {
		return nil, err
	}
	return f.Node.Properties, nil
}

var credentialBase = regexp.MustCompile(`^=\s*\{\{\s*\$credentials(?:\.|\[["'])(\w+)(?:["']\])?(?:\.replace\([^}]*\))?\s*\}\}([^{}]*)$`)

// basePath is the path of requestDefaults.baseURL; the address itself is the credential's.
func (c *converter) basePath() (base, reason string) {
	text := c.d.Get("requestDefaults.baseURL").Str
	if text == "" {
		return "", "it has no requestDefaults.baseURL: it is not declarative"
	}
	if m := credentialBase.FindStringSubmatch(text); m != nil {
		if !slices.Contains([]string{"baseUrl", "serverUrl"}, m[1]) {
			c.note(`its address is the credential's field %q: add it to the credential's data as "baseUrl", too`, m[1])
		}
		return strings.TrimRight(m[2], "/"), ""
	}
	u, err := url.Parse(text)
	if strings.HasPrefix(text, "=") || err != nil || u.Host == "" || u.RawQuery != "" {
		return "", fmt.Sprintf("its address %q is an expression that cannot be carried over", text)
	}
	c.note("its address is fixed in n8n: add \"baseUrl\": %q to the credential's data", u.Scheme+"://"+u.Host)
	return strings.TrimRight(u.EscapedPath(), "/"), ""
}

// defaults says what of requestDefaults every request would lack.
func (c *converter) defaults() (reason string) {
	d := c.d.Get("requestDefaults")
	for _, part := range []string{"qs", "body"} {
		if v := d.Get(part); v.Exists() && v.Raw != "{}" {
			return fmt.Sprintf("its requestDefaults send a constant %s", part)
		}
	}
	d.Get("headers").ForEach(func(key, v gjson.Result) bool {
		if strings.Contains(v.Str, "$credentials") {
			c.note("it sends the header %s, made of the credential: only OAuth2's tokens are sent yet", key.Str)
			return true
		}
		reason = headerReason(key.Str, v.String())
		return reason == ""
	})
	if c.d.Get("requestOperations.pagination").Exists() {
		c.note("its paging (requestOperations.pagination) is not carried over: only the first page comes")
	}
	return reason
}

// headerReason is "" for what the executor sends by itself.
func headerReason(name, value string) string {
	switch strings.ToLower(name) {
	case "content-type":
		if strings.HasPrefix(strings.ToLower(value), "application/json") {
			return ""
		}
	case "accept": // the executor takes anything, JSON before all else
		return ""
	case "user-agent":
		return ""
	}
	return fmt.Sprintf("it sends the constant header %s", name)
}

// credentialNotes say where the executor does not do what the package's credential does.
func (c *converter) credentialNotes(node *descriptors.Node) {
	if len(node.Credentials) == 0 {
		c.note("it takes no credential, so that there is no address to send to: it cannot be used yet")
	}
	for _, use := range node.Credentials {
		for _, cred := range c.credentials.Array() {
			auth := cred.Get("authenticate")
			if cred.Get("name").Str != use.Type || !auth.Exists() || strings.Contains(strings.ToLower(cred.Get("extends").Raw), "oauth2") {
				continue
			}
			what := "a function"
			if auth.Get("type").Str == "generic" {
				what = "fields in " + strings.Join(keys(auth.Get("properties")), ", ")
			}
			c.note("its credential %s authenticates with %s: only OAuth2's tokens are sent yet", use.Type, what)
		}
	}
}

func keys(r gjson.Result) []string {
	var names []string
	r.ForEach(func(key, _ gjson.Result) bool {
		names = append(names, key.Str)
		return true
	})
	return names
}

// list is a list's elements, or the one value that is no list.
func list(r gjson.Result) []gjson.Result {
	if !r.Exists() {
		return nil
	}
	if r.IsArray() {
		return r.Array()
	}
	return []gjson.Result{r}
}
