package network

import (
	"context"
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// functionHost answers what declared_functions.js asks for a function; a is the answer that it works on, if there is one.
type functionHost struct {
	draft *draft
	a     *answer
}

func (h functionHost) answer(ctx context.Context, what string, args []gjson.Result) (string, error) {
	call := h.draft.run.http.call
	arg := func(i int) gjson.Result {
		if i < len(args) {
			return args[i]
		}
		return gjson.Result{}
	}
	switch what {
	case "item":
		it := call.Input(0).At(h.draft.item)
		return entry{it.JSON(), it.Binary()}.object(), nil
	case "binary":
		f, err := call.InputFile(h.draft.item, arg(0).String())
		if err != nil {
			return "", fmt.Errorf("%s", nodes.AsError(err).Message)
		}
		return call.ScriptFile(ctx, f)
	case "file":
		if h.a == nil || h.a.file == nil {
			return "", fmt.Errorf("the answer is no file")
		}
		return call.ScriptFile(ctx, *h.a.file)
	case "prepareBinary":
		return call.KeepScriptFile(ctx, arg(0).Str, arg(1).String(), arg(2).String())
	case "hash":
		return nodes.ScriptDigest(arg(0).String(), arg(1), arg(2).Str)
	}
	return "", fmt.Errorf("there is no answer to %q", what)
}
