package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/schemas"
	"github.com/cordboard/cordboard/server/api"
)

// checking holds credentials to the fields of their types. No message of it holds a value.
type checking struct {
	s   *storing
	cmd *cobra.Command
	// whose begins what is said of a credential's fields.
	whose  string
	fields map[string]map[string]api.Field // by type, what was looked up
}

func (c *checking) warn(format string, args ...any) {
	fmt.Fprintf(c.cmd.ErrOrStderr(), "warning: "+format+"\n", args...)
}

// of are the fields of a type; nil if it is not known.
func (c *checking) of(credentialType string) (map[string]api.Field, error) {
	if fields, ok := c.fields[credentialType]; ok {
		return fields, nil
	}
	fields := api.Fields(credentialType)
	if fields == nil {
		dirs, err := c.s.pluginDirs(c.cmd)
		if err != nil {
			return nil, err
		}
		fields = describedFields(dirs, credentialType)
	}
	if c.fields == nil {
		c.fields = map[string]map[string]api.Field{}
	}
	c.fields[credentialType] = fields
	return fields, nil
}

// added refuses fields that the type of a new credential does not have, or not so, and warns of what is missing. Of a type that is not known
// nothing is said.
func (c *checking) added(one credentials.Credential) error {
	fields, err := c.of(one.Type)
	if err != nil {
		return err
	}
	if fields == nil {
		if near := schemas.Nearest(one.Type, api.CredentialTypes()); near != "" {
			c.warn("the credential type %s is not known here, its fields are taken as they are; did you mean %q?", one.Type, near)
		}
	}
	if wrong := wrongFields(one.Type, fields, gjson.ParseBytes(one.Data)); len(wrong) > 0 {
		return errors.New("--data: " + strings.Join(wrong, "\n--data: "))
	}
	c.lacking(one, fields)
	return nil
}

// imported warns of all that is wrong with a credential that another program kept: that one knew what it is for.
func (c *checking) imported(one credentials.Credential) {
	fields, err := c.of(one.Type)
	if err != nil { // it is no reason to keep some of them only
		c.warn("the fields of the type %s cannot be looked up: %v", one.Type, err)
	}
	c.whose = fmt.Sprintf("credential %q: ", one.Name)
	for _, wrong := range wrongFields(one.Type, fields, gjson.ParseBytes(one.Data)) {
		c.warn("%s%s", c.whose, wrong)
	}
	c.lacking(one, fields)
}

// lacking warns of what is missing.
func (c *checking) lacking(one credentials.Credential, fields map[string]api.Field) {
	missing := missingFields(fields, gjson.ParseBytes(one.Data))
	for _, name := range missing {
		c.warn("%s%s needs the field %q, which is not there", c.whose, one.Type, name)
	}
	set := credentials.NewSet(credentials.NewLeases(""))
	set.Add(one)
	if _, err := set.Find(one.ID, one.Name, one.Type); err != nil && len(missing) == 0 {
		c.warn("it is kept, and cannot be used as it is: %v", err)
	}
}

// wrongFields says of each field that is not one of the type's, or not so, what is wrong. Of a type that is not known nothing is.
func wrongFields(credentialType string, fields map[string]api.Field, data gjson.Result) (wrong []string) {
	if fields == nil {
		return nil
	}
	data.ForEach(func(key, v gjson.Result) bool {
		field, known := fields[key.Str]
		is := jsonType(v)
		switch {
		case !known:
			wrong = append(wrong, fmt.Sprintf("%s has no field %q%s", credentialType, key.Str, nearestField(key.Str, fields)))
		case v.Type == gjson.Null:
		case (field.Type == "string" || field.Type == "number" || field.Type == "boolean") && is != "a "+field.Type:
			wrong = append(wrong, fmt.Sprintf("the field %q of %s must be a %s, and is %s", key.Str, credentialType, field.Type, is))
		case field.Choices != nil && !slices.Contains(field.Choices, v.String()):
			wrong = append(wrong, fmt.Sprintf("the field %q of %s must be one of %s", key.Str, credentialType, strings.Join(field.Choices, ", ")))
		}
		return true
	})
	return wrong
}

func nearestField(name string, fields map[string]api.Field) string {
	names := make([]string, 0, len(fields))
	for known := range fields {
		names = append(names, known)
	}
	slices.Sort(names)
	if near := schemas.Nearest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; it has " + strings.Join(names, ", ")
}

// missingFields are those that are required and empty or not there, in order.
func missingFields(fields map[string]api.Field, data gjson.Result) []string {
	var names []string
	for name, f := range fields {
		if v := data.Get(gjson.Escape(name)); f.Required && (v.Type == gjson.Null || v.String() == "") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// jsonType is the word for what a value is.
func jsonType(v gjson.Result) string {
	switch {
	case v.Type == gjson.String:
		return "a string"
	case v.Type == gjson.Number:
		return "a number"
	case v.IsBool():
		return "a boolean"
	case v.IsArray():
		return "a list"
	}
	return "an object"
}

// describedFields are the fields of a credential type that a descriptor file tells of; nil if none does. Of OAuth2 types a package defines a
// part only.
func describedFields(dirs []string, credentialType string) map[string]api.Field {
	if strings.Contains(strings.ToLower(credentialType), "oauth2") {
		return nil
	}
	for _, one := range describedFiles(dirs) {
		set, err := descriptors.LoadFile(one.file)
		if one.hidden || err != nil {
			continue
		}
		list, _ := set.Nodes() // it was read just now
		if fields := fieldsAmong(list, credentialType); fields != nil {
			return fields
		}
	}
	return nil
}

func fieldsAmong(list []*descriptors.Node, credentialType string) map[string]api.Field {
	for _, n := range list {
		for _, use := range n.Credentials {
			if use.Type != credentialType || len(use.Fields) == 0 {
				continue
			}
			fields := map[string]api.Field{"allowedHttpRequestDomains": {}, "allowedDomains": {}} // n8n adds them to types that go into requests
			for _, f := range use.Fields {
				fields[f.Name] = api.Field{Type: f.Type}
			}
			return fields
		}
	}
	return nil
}
