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

// checkCredential refuses fields that a credential's type does not have, or not so, and warns of what is missing. Of a type that is not
// known nothing is said. No message holds a value.
func (s *storing) checkCredential(cmd *cobra.Command, c credentials.Credential) error {
	warn := func(format string, args ...any) {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: "+format+"\n", args...)
	}
	fields := api.Fields(c.Type)
	if fields == nil {
		dirs, err := s.pluginDirs(cmd)
		if err != nil {
			return err
		}
		if fields = describedFields(dirs, c.Type); fields == nil {
			if near := schemas.Nearest(c.Type, api.CredentialTypes()); near != "" {
				warn("the credential type %s is not known here, its fields are taken as they are; did you mean %q?", c.Type, near)
			}
		}
	}
	data := gjson.ParseBytes(c.Data)
	if fields != nil {
		if err := checkFields(c.Type, fields, data); err != nil {
			return err
		}
	}
	missing := missingFields(fields, data)
	for _, name := range missing {
		warn("%s needs the field %q, which is not there", c.Type, name)
	}
	set := credentials.NewSet(credentials.NewLeases(""))
	set.Add(c)
	if _, err := set.Find(c.ID, c.Name, c.Type); err != nil && len(missing) == 0 {
		warn("it is kept, and cannot be used as it is: %v", err)
	}
	return nil
}

// checkFields says all at once.
func checkFields(credentialType string, fields map[string]api.Field, data gjson.Result) error {
	var errs []error
	data.ForEach(func(key, v gjson.Result) bool {
		field, known := fields[key.Str]
		is := jsonType(v)
		switch {
		case !known:
			errs = append(errs, fmt.Errorf("--data: %s has no field %q%s", credentialType, key.Str, nearestField(key.Str, fields)))
		case v.Type == gjson.Null:
		case (field.Type == "string" || field.Type == "number" || field.Type == "boolean") && is != "a "+field.Type:
			errs = append(errs, fmt.Errorf("--data: the field %q of %s must be a %s, and is %s", key.Str, credentialType, field.Type, is))
		case field.Choices != nil && !slices.Contains(field.Choices, v.String()):
			errs = append(errs, fmt.Errorf("--data: the field %q of %s must be one of %s", key.Str, credentialType, strings.Join(field.Choices, ", ")))
		}
		return true
	})
	return errors.Join(errs...)
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
