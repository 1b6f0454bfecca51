package expression

import (
	"context"
	"errors"
	"strings"

	"github.com/tdewolff/parse/v2/js"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/expression/jmespath"
)

// compileJMESPath compiles $jmespath(data, 'query'); other forms are left to JavaScript.
func compileJMESPath(n *js.CallExpr) (nativeCode, bool) {
	if len(n.Args.List) != 2 || n.Args.List[0].Rest {
		return nil, false
	}
	text, ok := stringLiteral(n.Args.List[1].Value)
	data, native := compileNative(n.Args.List[0].Value)
	if !ok || !native {
		return nil, false
	}
	query, err := compileQuery(text)
	return func(e *env) (nodes.Value, error) {
		v, evalErr := data(e)
		if evalErr != nil {
			return v, evalErr
		}
		switch v.Kind() {
		case nodes.Null, nodes.Array, nodes.Object:
		case nodes.Foreign:
			return v, errNeedsScript
		default:
			return v, jmespathArguments()
		}
		if err != nil {
			return v, err
		}
		if !inOrder(v.Raw()) {
			return v, errNeedsScript
		}
		return foundBy(query.Search(e.ctx, v.JSON()))
	}, true
}

func compileQuery(text string) (*jmespath.Query, error) {
	if strings.Contains(text, `\`) {
		return nil, unsafeQuery()
	}
	query, err := jmespath.Compile(text)
	if err != nil {
		return nil, thrown{err.Error()}
	}
	for _, name := range query.Names() {
		if unsafeNames[name] {
			return nil, unsafeQuery()
		}
	}
	return query, nil
}

func jmespathArguments() error {
	return failure("", "expected two arguments (Object, string) for this function")
}

func unsafeQuery() error {
	return failure("", "Cannot access this property in a jmespath query due to security concerns")
}

// foundBy is the result of a query as a value.
func foundBy(r gjson.Result, err error) (nodes.Value, error) {
	switch {
	case errors.Is(err, jmespath.ErrType):
		return nodes.Value{}, thrown{err.Error()}
	case err != nil: // unlike the exceptions above, a limit is told
		return nodes.Value{}, failure("Ask for less at once, or use a Code node.", "%w", err)
	case r.Type == gjson.Number && !isFinite(r.Num):
		return nodes.NumberValue(r.Num), nil
	}
	return nodes.ResultValue(r), nil
}

// askJMESPath answers $jmespath for prelude.js. Each query is compiled once for a batch.
func (b *Batch) askJMESPath(data gjson.Result, text string) (string, error) {
	query := b.queries[text]
	if query == nil {
		var err error
		if query, err = compileQuery(text); err != nil {
			return "", err
		}
		if b.queries == nil {
			b.queries = map[string]*jmespath.Query{}
		}
		b.queries[text] = query
	}
	v, err := foundBy(query.Search(b.context(), data.Raw))
	if v.Kind() == nodes.Number {
		return string(appendScriptNumber(nil, v.Num())), err
	}
	return v.JSON(), err
}

// context bounds what runs for the batch, or for its script.
func (b *Batch) context() context.Context {
	if b.job != nil {
		return b.job.ctx
	}
	return b.ctx
}
