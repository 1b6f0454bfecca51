package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cordboard/cordboard/schemas"
	"github.com/cordboard/cordboard/store"
)

// workflowNamed finds a workflow by its id or its name. Names are not unique: where several have one, an error lists their ids.
func workflowNamed(ctx context.Context, db *store.Store, idOrName string) (store.Workflow, error) {
	w, err := db.Workflow(ctx, idOrName)
	if !errors.Is(err, store.ErrNotFound) {
		return w, err
	}
	all, listErr := db.Workflows(ctx, store.WorkflowFilter{})
	if listErr != nil {
		return w, listErr
	}
	found, names := called(all, idOrName, func(w store.Workflow) string { return w.Name })
	switch len(found) {
	case 0:
		return w, fmt.Errorf("%w%s", err, proposed(idOrName, names, "cordboard workflows list"))
	case 1:
		return found[0], nil
	}
	ids := make([]string, len(found))
	for i, one := range found {
		ids[i] = one.ID
	}
	return w, fmt.Errorf("there are %d workflows called %q: name one by its id: %s", len(found), idOrName, strings.Join(ids, ", "))
}

// credentialNamed finds a credential, without its data, by its id or its name.
func credentialNamed(ctx context.Context, db *store.Store, idOrName string) (store.Credential, error) {
	all, err := db.Credentials(ctx, "", 0)
	if err != nil {
		return store.Credential{}, err
	}
	if at := slices.IndexFunc(all, func(c store.Credential) bool { return c.ID == idOrName }); at >= 0 {
		return all[at], nil
	}
	found, names := called(all, idOrName, func(c store.Credential) string { return c.Name })
	switch len(found) {
	case 0:
		return store.Credential{}, fmt.Errorf("credential %q: %w%s", idOrName, store.ErrNotFound, proposed(idOrName, names, "cordboard credentials list"))
	case 1:
		return found[0], nil
	}
	return store.Credential{}, severalCredentials(idOrName, found)
}

// called are those of a name, and all names.
func called[T any](all []T, name string, nameOf func(T) string) (found []T, names []string) {
	for _, one := range all {
		names = append(names, nameOf(one))
		if nameOf(one) == name {
			found = append(found, one)
		}
	}
	return found, names
}

// severalCredentials is the error where a name is that of several.
func severalCredentials(name string, found []store.Credential) error {
	ids := make([]string, len(found))
	for i, c := range found {
		ids[i] = c.ID + " (" + c.Type + ")"
	}
	return fmt.Errorf("there are %d credentials called %q: name one by its id: %s", len(found), name, strings.Join(ids, ", "))
}

// proposed is the end of an error that says that there is nothing of a name.
func proposed(name string, names []string, list string) string {
	if near := schemas.Nearest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; see: " + list
}
