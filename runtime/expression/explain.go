package expression

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"github.com/tdewolff/parse/v2/js"
	"github.com/tidwall/gjson"
)

// Swallowed tells that JavaScript raised an error in a {{ }}, which made its value undefined. That is how n8n's
// expressions work, and often not what their author meant.
type Swallowed struct {
	Expression *Expression
	Code       string // what stands in the {{ }}
	Item       int
	Message    string // Cannot read 'x' of undefined at $json.a.b
}

type observerKey struct{}

// Observe returns a context whose batches tell f of the first error that is swallowed in each {{ }}. f is called while the batch is locked: it
// must not use it.
func Observe(ctx context.Context, f func(Swallowed)) context.Context {
	return context.WithValue(ctx, observerKey{}, f)
}

func observerOf(ctx context.Context) func(Swallowed) {
	f, _ := ctx.Value(observerKey{}).(func(Swallowed))
	return f
}

// note is an error that was swallowed in a part of an expression.
type note struct {
	part    int
	message string
}

func (b *Batch) tell(e *Expression, item int, notes []note) {
	if b.observe == nil {
		return
	}
	for _, n := range notes {
		if n.part < 0 || n.part >= len(e.parts) {
			continue
		}
		p := &e.parts[n.part]
		if b.told[p] {
			continue
		}
		if b.told == nil {
			b.told = map[*part]bool{}
		}
		b.told[p] = true
		b.observe(Swallowed{e, strings.TrimSpace(p.text), item, located(p.text, n.message)})
	}
}

// notesOf reads what prelude.js appends to a result: [[part, message], …].
func notesOf(json string) []note {
	var notes []note
	for _, n := range gjson.Parse(json).Array() {
		notes = append(notes, note{int(n.Get("0").Int()), n.Get("1").String()})
	}
	return notes
}

var missingMember = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[Cc]annot read (?:property )?'(.*)' of (undefined|null)$`)
})

// located says where in the code a member is read that cannot be, if there is only one such place.
func located(code, message string) string {
	m := missingMember().FindStringSubmatch(message)
	if m == nil {
		return message
	}
	text := "Cannot read '" + m[1] + "' of " + m[2]
	p := part{text: code}
	if p.parse(code) != nil {
		return text
	}
	f := &memberFinder{name: m[1]}
	js.Walk(f, p.expr)
	if len(f.bases) != 1 {
		return text
	}
	return text + " at " + f.bases[0]
}

// memberFinder collects what a member is read of.
type memberFinder struct {
	name  string
	bases []string
}

func (f *memberFinder) Enter(n js.INode) js.IVisitor {
	switch n := n.(type) {
	case *js.DotExpr:
		if propertyName(n) == f.name {
			f.bases = append(f.bases, printed(n.X))
		}
	case *js.IndexExpr:
		if name, ok := stringLiteral(n.Y); ok && name == f.name {
			f.bases = append(f.bases, printed(n.X))
		}
	}
	return f
}

func (f *memberFinder) Exit(js.INode) {}

func printed(x js.IExpr) string {
	var b strings.Builder
	x.JS(&b)
	return b.String()
}
