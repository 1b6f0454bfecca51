package expression

import (
	"errors"
	"io"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// sayCaught lets each catch clause of a script begin with __say(e), which words the engine's errors as Node.js does: scripts
// keep the messages of what they catch. It changes nothing outside these clauses, and nothing at all where it is in doubt.
func sayCaught(source string, tree *js.AST) string {
	want := &caught{}
	js.Walk(want, tree)
	if want.count == 0 {
		return source
	}
	var b strings.Builder
	lexer := js.NewLexer(parse.NewInputString(source))
	var last [4]js.TokenType // before the token at hand, without blanks
	name, found := "", 0
	for {
		kind, data := lexer.Next()
		if kind == js.ErrorToken {
			break
		}
		if (kind == js.DivToken || kind == js.DivEqToken) && !endsValue(last[3]) {
			kind, data = lexer.RegExp()
		}
		b.Write(data)
		switch kind {
		case js.WhitespaceToken, js.LineTerminatorToken, js.CommentToken, js.CommentLineTerminatorToken:
			continue
		case js.OpenBraceToken:
			if last[0] == js.CatchToken && last[1] == js.OpenParenToken && js.IsIdentifier(last[2]) && last[3] == js.CloseParenToken {
				b.WriteString("__say(" + name + ");")
				found++
			}
		}
		if js.IsIdentifier(kind) {
			name = string(data)
		}
		last = [4]js.TokenType{last[1], last[2], last[3], kind}
	}
	if found != want.count || !errors.Is(lexer.Err(), io.EOF) {
		return source
	}
	return b.String()
}

// endsValue reports whether a slash behind this token divides.
func endsValue(t js.TokenType) bool {
	switch t {
	case js.CloseParenToken, js.CloseBracketToken, js.CloseBraceToken, js.StringToken, js.TemplateToken, js.TemplateEndToken, js.RegExpToken,
		js.ThisToken, js.SuperToken, js.NullToken, js.TrueToken, js.FalseToken, js.IncrToken, js.DecrToken:
		return true
	}
	return js.IsIdentifier(t) || js.IsNumeric(t)
}

// caught counts the catch clauses that give what they catch a name.
type caught struct{ count int }

// Enter is js.IVisitor's.
func (c *caught) Enter(n js.INode) js.IVisitor {
	if try, ok := n.(*js.TryStmt); ok && try.Catch != nil {
		if _, ok := try.Binding.(*js.Var); ok {
			c.count++
		}
	}
	return c
}

// Exit is js.IVisitor's.
func (*caught) Exit(js.INode) {}
