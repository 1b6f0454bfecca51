// Package credentials finds the credentials that workflows name and turns them into what a node may know: an address
// and a short-lived token. Client secrets and refresh tokens stay here.
//
// It owns credential types, reading credentials (n8n's decrypted export, the environment), OAuth2 and the token lease that
// items, workflows and processes share. It does not own where the server keeps credentials (package store).
package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/schemas"
)

// Credential is a credential as n8n's decrypted export has it.
type Credential struct {
	ID   string          `json:"id"`
	Name string          `json:"name"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
	// Source says where it comes from, for messages.
	Source string `json:"-"`
}

// Source holds credentials that are not in files: package store's, for instance.
type Source interface {
	// Credential returns the credential with this id, else one with this name, of the type where there are several. found is false
	// if there is none. Errors name no value of it.
	Credential(id, name, credentialType string) (c Credential, found bool, err error)
}

// Lister is what a Source may be too, where whoever reads messages may know which credentials there are.
type Lister interface {
	// Credentials lists them without their data.
	Credentials() ([]Credential, error)
}

// Set is a list of credentials with the leases of their tokens. It is safe for concurrent use once it is filled.
type Set struct {
	list   []Credential
	source Source
	leases *Leases
	getenv func(string) (string, bool)
}

// NewSet returns a set that looks into the environment for what was not added.
func NewSet(leases *Leases) *Set { return &Set{leases: leases, getenv: os.LookupEnv} }

// Add adds credentials.
func (s *Set) Add(list ...Credential) { s.list = append(s.list, list...) }

// AddSource makes the set look there too for credentials that a workflow names and that were not added, before the environment.
func (s *Set) AddSource(source Source) { s.source = source }

// AddFile adds the credentials of a file: n8n's export (n8n export:credentials --all --decrypted), or one credential of it.
func (s *Set) AddFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	list, err := Parse(path, text)
	if err != nil {
		return err
	}
	s.Add(list...)
	return nil
}

// Parse reads n8n's decrypted export. Errors name no value of it.
func Parse(source string, text []byte) ([]Credential, error) {
	normal, err := nodes.Normalize(strings.TrimPrefix(string(text), "\uFEFF"))
	if err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%s: this is not JSON, from byte %d on", source, syntax.Offset)
		}
		return nil, fmt.Errorf("%s: this is not JSON", source)
	}
	if gjson.Parse(normal).IsObject() {
		normal = "[" + normal + "]"
	}
	for i, c := range gjson.Parse(normal).Array() {
		if data := c.Get("data"); data.Type == gjson.String {
			return nil, fmt.Errorf("%s: credential %d, %q, is encrypted: export it with n8n export:credentials --decrypted", source, i, c.Get("name"))
		}
	}
	schema, err := schemas.NewCompiler(nil).Compile(schemas.Credentials)
	if err != nil {
		return nil, err
	}
	if bad := schemas.ValidateJSON(schema, normal); len(bad) > 0 {
		lines := make([]string, len(bad))
		for i, v := range bad {
			lines[i] = fmt.Sprintf("%s: %s", source, withoutValue(v))
		}
		return nil, errors.New(strings.Join(lines, "\n"))
	}
	var list []Credential
	for _, c := range gjson.Parse(normal).Array() {
		list = append(list, Credential{
			ID: c.Get("id").String(), Name: c.Get("name").Str, Type: c.Get("type").Str, // old exports have numbers as ids
			Data: json.RawMessage(c.Get("data").Raw), Source: source,
		})
	}
	return list, nil
}

// withoutValue tells a violation without the value that it quotes: any value of a credential may be a secret.
func withoutValue(v schemas.Violation) string {
	at := v.Pointer
	if at == "" {
		at = "the file"
	}
	message, _, _ := strings.Cut(v.Message, ", is ")
	return at + " " + message
}

const envPrefix = "CORDBOARD_CREDENTIAL_"

// EnvName is the variable in which a credential of this name is looked for: capitals, other characters as "_".
func EnvName(name string) string {
	return envPrefix + strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToUpper(r)
		}
		return '_'
	}, name)
}

// Find returns the credential with this id, else the one with this name, else that of the source, else the one that the environment
// holds under this name. If the workflow names none, the only one of the type is taken.
func (s *Set) Find(id, name, credentialType string) (nodes.Credential, error) {
	c, err := s.lookup(id, name, credentialType)
	if err != nil {
		return nil, err
	}
	if c.Type == "" { // the environment may leave it out
		c.Type = credentialType
	}
	return s.open(c)
}

// Type returns the type of the credential that Find returns for this id and name.
func (s *Set) Type(id, name string) (string, error) {
	c, err := s.lookup(id, name, "")
	return c.Type, err
}

func (s *Set) lookup(id, name, credentialType string) (Credential, error) {
	if id == "" && name == "" {
		if ofType := s.all(func(c Credential) bool { return c.Type == credentialType }); len(ofType) == 1 {
			return ofType[0], nil
		}
		return Credential{}, s.missing(id, name, credentialType)
	}
	if found := s.all(func(c Credential) bool { return id != "" && c.ID == id }); len(found) > 0 {
		return found[0], nil
	}
	if found := s.all(func(c Credential) bool { return name != "" && c.Name == name }); len(found) > 0 {
		for _, c := range found { // names are not unique: the right type goes first
			if c.Type == credentialType {
				return c, nil
			}
		}
		return found[0], nil
	}
	if s.source != nil {
		if c, found, err := s.source.Credential(id, name, credentialType); found || err != nil {
			return c, err
		}
	}
	if value, ok := s.getenv(EnvName(name)); ok && name != "" {
		return fromEnv(name, value)
	}
	return Credential{}, s.missing(id, name, credentialType)
}

func (s *Set) all(fits func(Credential) bool) []Credential {
	var found []Credential
	for _, c := range s.list {
		if fits(c) {
			found = append(found, c)
		}
	}
	return found
}

// missingError is nodes.ErrNoCredential in words.
type missingError string

// Error is error's.
func (e missingError) Error() string { return string(e) }

// Unwrap leads to what it is.
func (missingError) Unwrap() error { return nodes.ErrNoCredential }

func (s *Set) missing(id, name, credentialType string) error {
	mend := "give a file with --credentials"
	if s.source != nil {
		mend += ", add it (cordboard credentials add" + flag("type", credentialType) + flag("name", name) + ")"
	}
	switch {
	case name != "":
		mend += ", or set " + EnvName(name)
	case id == "":
		mend = "choose one in the workflow, or give a file with exactly one of that type with --credentials"
	}
	return missingError(fmt.Sprintf("%s is missing%s; %s", called(id, name, credentialType), s.others(name, credentialType), mend))
}

func flag(name, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf(" --%s %q", name, value)
}

// called is what a message calls a credential that a workflow or a person names.
func called(id, name, credentialType string) string {
	var also []string
	if id != "" && id != name {
		also = append(also, fmt.Sprintf("id %q", id))
	}
	if credentialType != "" {
		also = append(also, "type "+credentialType)
	}
	what := fmt.Sprintf("the credential %q", name)
	switch {
	case id == "" && name == "":
		return fmt.Sprintf("a credential of type %s, which the workflow does not name,", credentialType)
	case name == "":
		what, also = fmt.Sprintf("the credential with the id %q", id), also[1:]
	}
	if also == nil {
		return what
	}
	return what + " (" + strings.Join(also, ", ") + ")"
}

// maxOthers is how many credentials a message names in place of one that is missing.
const maxOthers = 10

// others says which credentials there are: those of the type, if there are any.
func (s *Set) others(name, credentialType string) string {
	list := s.list
	if lister, ok := s.source.(Lister); ok {
		kept, err := lister.Credentials()
		if err != nil {
			return fmt.Sprintf(" (which ones are kept cannot be read: %v)", err)
		}
		list = append(slices.Clip(list), kept...)
	}
	of := slices.DeleteFunc(slices.Clone(list), func(c Credential) bool { return credentialType != "" && c.Type != credentialType })
	switch {
	case len(list) == 0:
		return ": there are no credentials"
	case len(of) == 0:
		return ": there are none of this type, but " + names(list, name, true)
	case credentialType == "":
		return ": there are " + names(of, name, true)
	}
	return ": of this type there are " + names(of, name, false)
}

// names lists credentials, the one first that is the nearest to a name.
func names(list []Credential, near string, types bool) string {
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = c.Name
	}
	nearest := schemas.Nearest(near, texts)
	for i, c := range list {
		if texts[i] = fmt.Sprintf("%q", c.Name); types && c.Type != "" {
			texts[i] += " (" + c.Type + ")"
		}
	}
	if at := slices.IndexFunc(list, func(c Credential) bool { return nearest != "" && c.Name == nearest }); at > 0 {
		first := texts[at]
		texts = slices.Insert(slices.Delete(texts, at, at+1), 0, first)
	}
	more := ""
	if n := len(texts) - maxOthers; n > 0 {
		texts, more = texts[:maxOthers], fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(texts, ", ") + more
}

// fromEnv reads '{"type": …, "data": …}'. Errors name no value of it.
func fromEnv(name, value string) (Credential, error) {
	source := EnvName(name)
	text, err := nodes.Normalize(value)
	data := gjson.Get(text, "data")
	if err != nil || !data.IsObject() {
		return Credential{}, fmt.Errorf("%s: it must hold JSON of the form {\"type\": \"…\", \"data\": {…}}", source)
	}
	return Credential{ID: gjson.Get(text, "id").String(), Name: name, Type: gjson.Get(text, "type").String(), Data: json.RawMessage(data.Raw), Source: source}, nil
}
