package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/store"
)

func (a *API) credentialRoutes() []route {
	return []route{
		{http.MethodGet, "credentials", "credential:list", a.listCredentials},
		{http.MethodPost, "credentials", "credential:create", a.createCredential},
		{http.MethodGet, "credentials/schema/{id}", "", a.credentialSchema}, // a key is enough, as it is to n8n
		{http.MethodGet, "credentials/{id}", "credential:read", a.getCredential},
		{http.MethodPatch, "credentials/{id}", "credential:update", a.updateCredential},
		{http.MethodDelete, "credentials/{id}", "credential:delete", a.deleteCredential},
		{http.MethodPut, "credentials/{id}/transfer", "credential:move", unlicensed("feat:projectRole:admin")},
	}
}

// schemasText has the fields of the credential types that Cordboard's nodes use, as n8n answers (credentials/schema/TYPE).
//
//go:embed schemas.json
var schemasText []byte

var schemas = sync.OnceValue(func() map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(schemasText, &m); err != nil {
		panic(err) // it is part of the program
	}
	return m
})

// credentialJSON is a credential, without its data: that is never answered.
func credentialJSON(c store.Credential) map[string]any {
	return map[string]any{
		"id": c.ID, "name": c.Name, "type": c.Type, "createdAt": stamp(c.CreatedAt), "updatedAt": stamp(c.UpdatedAt),
	}
}

func (a *API) listCredentials(c *call) (answer, error) {
	p, err := page(c.URL.Query())
	if err != nil {
		return answer{}, err
	}
	found, err := a.Store.CredentialPage(c.Context(), p.look())
	if err != nil {
		return answer{}, err
	}
	found, next := cut(p, found)
	data := make([]map[string]any, len(found))
	for i, one := range found {
		data[i] = credentialJSON(one)
	}
	return answer{body: list{data, next}}, nil
}

func (a *API) getCredential(c *call) (answer, error) {
	found, err := a.credential(c)
	if isMissing(err) {
		err = refusal{status: http.StatusNotFound, message: "Credential not found"}
	}
	return answer{body: credentialJSON(found)}, err
}

// credential finds one without its data.
func (a *API) credential(c *call) (store.Credential, error) {
	found, err := a.Store.Credential(c.Context(), c.ids[0])
	found.Data = nil
	return found, err
}

var credentialShape = shape{
	required: []string{"name", "type", "data"}, open: true,
	fields: map[string]field{"name": of("string"), "type": of("string"), "data": of("object")},
}

func (a *API) createCredential(c *call) (answer, error) {
	v := c.body.value()
	if err := credentialShape.check("request/body", v); err != nil {
		return answer{}, err
	}
	made := store.Credential{Name: v.Get("name").Str, Type: v.Get("type").Str, Data: []byte(v.Get("data").Raw)}
	if made.Name == "" || made.Type == "" {
		return answer{}, bad("request/body/name and request/body/type must not be empty")
	}
	if schemas()[made.Type] == nil {
		return answer{}, bad("req.body.type is not a known type")
	}
	if err := checkData(made.Type, v.Get("data")); err != nil {
		return answer{}, err
	}
	kept, err := a.Store.SaveCredential(c.Context(), made)
	return answer{body: credentialJSON(kept)}, err
}

// ownFields are fields that n8n's types do not have, and credentials/schema/TYPE therefore does not tell: which SSH server is the right
// one, and how FTP is encrypted.
var ownFields = map[string]map[string]string{
	"sshPassword": {"hostKey": `{"type":"string"}`}, "sshPrivateKey": {"hostKey": `{"type":"string"}`}, "sftp": {"hostKey": `{"type":"string"}`},
	"postgres": {"sshHostKey": `{"type":"string"}`}, "mySql": {"sshHostKey": `{"type":"string"}`},
	"ftp": {"secure": `{"type":"string","enum":["explicit","implicit"]}`, "allowUnauthorizedCerts": `{"type":"boolean"}`},
}

// checkData checks a credential's fields against those of its type. Messages name no value.
func checkData(credentialType string, data gjson.Result) error {
	known := gjson.ParseBytes(schemas()[credentialType]).Get("properties").Map()
	var err error
	data.ForEach(func(key, value gjson.Result) bool {
		field, ok := known[key.Str]
		if own := ownFields[credentialType][key.Str]; own != "" {
			field, ok = gjson.Parse(own), true
		}
		want := field.Get("type").Str
		switch {
		case !ok:
			err = bad(fmt.Sprintf("request.body.data is not allowed to have the additional property %q", key.Str))
		case (want == "string" || want == "number" || want == "boolean") && kind(value) != want:
			err = bad("request.body.data is not of a type(s) " + want)
		case field.Get("enum").Exists() && !contains(field.Get("enum"), value):
			err = bad(fmt.Sprintf("request.body.data has a value for %q that is not one of its choices", key.Str))
		}
		return err == nil
	})
	return err
}

func contains(list, value gjson.Result) bool {
	for _, v := range list.Array() {
		if v.Raw == value.Raw {
			return true
		}
	}
	return false
}

var credentialChange = shape{open: true, fields: map[string]field{
	"name": of("string"), "type": of("string"), "data": of("object"), "isPartialData": of("boolean"),
}}

// updateCredential changes the name, replaces the data or, with isPartialData, some of its fields, and the type along with all data.
func (a *API) updateCredential(c *call) (answer, error) {
	v := c.body.value()
	if err := credentialChange.check("request/body", v); err != nil {
		return answer{}, err
	}
	found, err := a.Store.Credential(c.Context(), c.ids[0])
	if isMissing(err) {
		return answer{}, refusal{status: http.StatusNotFound, message: "Credential not found"}
	}
	if err != nil {
		return answer{}, err
	}
	if t := v.Get("type"); t.Exists() && t.Str != found.Type {
		switch {
		case schemas()[t.Str] == nil:
			return answer{}, bad("req.body.type is not a known type")
		case !v.Get("data").Exists():
			return answer{}, bad("req.body.data is required when changing credential type. The existing data cannot be used with the new type.")
		}
		found.Type, found.Data = t.Str, []byte("{}")
	}
	if name := v.Get("name"); name.Exists() && name.Str == "" {
		return answer{}, bad("request/body/name must not be empty")
	} else if name.Exists() {
		found.Name = name.Str
	}
	if data := v.Get("data"); data.Exists() {
		if schemas()[found.Type] != nil {
			if err := checkData(found.Type, data); err != nil {
				return answer{}, err
			}
		}
		if v.Get("isPartialData").Bool() {
			data = gjson.Parse(merged(gjson.ParseBytes(found.Data), data))
		}
		found.Data = []byte(data.Raw)
	}
	kept, err := a.Store.SaveCredential(c.Context(), found)
	return answer{body: credentialJSON(kept)}, err
}

// merged is an object with the members of another in place of its own and beside them.
func merged(object, other gjson.Result) string {
	members := other.Map()
	var b strings.Builder
	add := func(key, value gjson.Result) {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(key.Raw + ":" + value.Raw)
	}
	object.ForEach(func(key, value gjson.Result) bool {
		if _, ok := members[key.Str]; !ok {
			add(key, value)
		}
		return true
	})
	other.ForEach(func(key, value gjson.Result) bool {
		add(key, value)
		return true
	})
	return "{" + b.String() + "}"
}

func (a *API) deleteCredential(c *call) (answer, error) {
	found, err := a.credential(c)
	if err == nil {
		err = a.Store.DeleteCredential(c.Context(), found.ID)
	}
	return answer{body: credentialJSON(found)}, err
}

func (a *API) credentialSchema(c *call) (answer, error) {
	text, ok := schemas()[c.ids[0]]
	if !ok {
		return answer{}, errNotFound
	}
	return answer{body: text}, nil
}
