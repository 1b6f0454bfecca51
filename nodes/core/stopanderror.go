package core

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// stopAndError fails on purpose, with a message or with an object that says more.
type stopAndError struct{}

var _ nodes.Node = stopAndError{}

func (stopAndError) Execute(_ context.Context, call *nodes.Call) error {
	kind, err := call.Param("errorType").String(0, "errorMessage")
	if err != nil {
		return err
	}
	if kind == "errorMessage" {
		message, err := call.Param("errorMessage").String(0, "")
		if err != nil {
			return err
		}
		return nodes.Errorf("%s", message)
	}
	v, err := call.Param("errorObject").Value(0)
	if err != nil {
		return err
	}
	// The object is text; a value of another type counts by its text, as JavaScript prints it.
	text := v.Text()
	if v.IsNil() && !call.Param("errorObject").IsSet() {
		text = ""
	}
	object, err := nodes.Normalize(text)
	if err != nil {
		e := nodes.Errorf("the error object is not JSON: %w", err).WithParam("errorObject", "")
		var syntax *json.SyntaxError
		if !errors.As(err, &syntax) {
			e.Cause = nil
		}
		return e
	}
	return errorOf(gjson.Parse(object))
}

// errorOf makes the error of an object: its message, else its description, else its error, else the whole object.
func errorOf(object gjson.Result) error {
	e := nodes.Errorf("Error: %s", object.Raw)
	text := func(key string) string { return member(object, key).Str }
	for _, key := range []string{"error", "description", "message"} {
		if text(key) != "" {
			e.Message = text(key)
		}
	}
	if text("message") != "" {
		e.Description = text("description")
	}
	return e
}
