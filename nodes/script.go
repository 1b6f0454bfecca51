package nodes

import (
	"context"

	"github.com/tidwall/gjson"
)

// Script is JavaScript that a node runs (the Code node). Source is the body of an async function, as the workflow has it.
type Script struct {
	Source string
	// Library is JavaScript whose value is async (api) => text. It decides what runs how often and what becomes of the
	// results; the text is RunScript's answer. api has
	//
	//	args                     the args of RunScript, parsed
	//	run(index, self, own)    runs Source with item index as the current one: the promise of its result
	//	items()                  the items of input 0, always the same objects
	//	input(index)             $input as item index sees it
	//	ask(what, ...args)       asks the ScriptHost and waits
	//	later(what, ...args)     asks the ScriptHost for what takes time: a promise
	//	describe(error)          {message, description, line} of what was thrown
	//	variable(name)           the value of a variable that is the same for all items
	Library string
	// Names are the names that own of api.run binds, beside the variables of expressions.
	Names []string
}

// ScriptHost answers what a script's library asks: arguments in, JSON out, "" for undefined. An error becomes a JavaScript
// error with its text as the message. What was asked by api.later runs beside the script and beside each other.
type ScriptHost func(ctx context.Context, what string, args []gjson.Result) (json string, err error)

// Compiler is what an Engine may implement for nodes whose parameters hold expressions within a text of their own (HTML's template).
type Compiler interface {
	// CompileExpression compiles what stands in a parameter after "=", for Engine.Evaluate.
	CompileExpression(source string) (Expression, error)
}

// Scripts is what an Engine may implement to run the JavaScript of nodes.
type Scripts interface {
	// RunScript runs a script with what expressions see in sight, args being JSON. Its error is a *Error if the code does not
	// compile, or ran into a limit (errors.Is(err, script.ErrLimit)), or waits for what never comes.
	RunScript(ctx context.Context, s Script, args string, host ScriptHost) (string, error)
	// StaticData is what the workflow's scripts keep in this run by key, a JSON object; KeepStaticData replaces it.
	StaticData() string
	KeepStaticData(json string)
}
