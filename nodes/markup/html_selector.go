package markup

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"github.com/cordboard/cordboard/nodes"
)

// selector is a compiled CSS selector. Beside CSS it knows jQuery's positions (:first, :eq(2), …), which count the elements
// found so far, and its kinds of form fields (:checkbox, :header, …).
type selector struct {
	plain cascadia.SelectorGroup // without positions
	steps [][]step               // else one list for each of its alternatives
	none  bool                   // it finds nothing
}

// step leads from elements to others: by a combinator (' ', '>', '+', '~') to those that match, or by a position.
type step struct {
	combinator byte
	match      cascadia.Sel
	position   string
	arg        int
}

// positions are jQuery's; those with an argument have an open parenthesis.
var positions = []string{"first", "last", "even", "odd", "eq(", "nth(", "gt(", "lt("}

// aliases are pseudo-classes of jQuery in terms of CSS.
var aliases = map[string]string{
	"header": ":is(h1,h2,h3,h4,h5,h6)", "parent": ":not(:empty)", "selected": "option[selected]", "any-link": ":is(a,area,link)[href]", "link": ":is(a,area,link)[href]",
	"input": ":is(input,textarea,select,button)", "button": `:is(button,input[type="button"])`, "submit": `:is(button:not([type]),button[type="submit"],input[type="submit"])`,
	"checkbox": `input[type="checkbox"]`, "radio": `input[type="radio"]`, "file": `input[type="file"]`, "password": `input[type="password"]`,
	"image": `input[type="image"]`, "reset": `input[type="reset"]`, "text": `input:is(:not([type]),[type="" i],[type="text" i])`,
}

func compileSelector(css string) (selector, error) {
	if strings.TrimSpace(css) == "" {
		return selector{none: true}, nil
	}
	if css = strings.TrimSpace(css); strings.IndexByte(">+~", css[len(css)-1]) >= 0 {
		css += "*" // "div >", as jQuery has it
	}
	var s selector
	alternatives, err := splitSelector(css)
	if err != nil {
		return s, err
	}
	for _, a := range alternatives {
		if !slices.ContainsFunc(a, func(p piece) bool { return p.position != "" }) {
			continue
		}
		for _, a := range alternatives {
			steps, err := compileSteps(a)
			if err != nil {
				return s, fmt.Errorf("the CSS selector %q is not valid: %w", css, err)
			}
			s.steps = append(s.steps, steps)
		}
		return s, nil
	}
	if s.plain, err = cascadia.ParseGroup(translate(css)); err != nil {
		return s, fmt.Errorf("the CSS selector %q is not valid: %w", css, err)
	}
	return s, nil
}

// find returns the elements that the selector finds, in the document's order.
func (s selector) find(root *html.Node) []*html.Node {
	switch {
	case s.none:
		return nil
	case s.plain != nil:
		return cascadia.QueryAll(root, s.plain)
	}
	found := map[*html.Node]bool{}
	for _, steps := range s.steps {
		at := []*html.Node{root}
		for _, st := range steps {
			at = st.from(at)
		}
		for _, n := range at {
			found[n] = true
		}
	}
	return inOrder(root, found)
}

// matches reports whether the selector finds an element.
func (s selector) matches(n *html.Node) bool { return s.plain != nil && s.plain.Match(n) }

func (st step) from(at []*html.Node) []*html.Node {
	if st.position != "" {
		return st.pick(at)
	}
	found := map[*html.Node]bool{}
	try := func(n *html.Node) {
		if n.Type == html.ElementNode && st.match.Match(n) {
			found[n] = true
		}
	}
	for _, n := range at {
		switch st.combinator {
		case 0:
			try(n)
		case '>':
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				try(c)
			}
		case '+', '~':
			for c := n.NextSibling; c != nil; c = c.NextSibling {
				try(c)
				if c.Type == html.ElementNode && st.combinator == '+' {
					break
				}
			}
		default:
			for _, c := range cascadia.QueryAll(n, st.match) {
				if c != n {
					found[c] = true
				}
			}
		}
	}
	if len(at) == 0 {
		return nil
	}
	return inOrder(rootOf(at[0]), found)
}

func (st step) pick(at []*html.Node) []*html.Node {
	n := len(at)
	from, to := 0, n
	arg := st.arg
	if arg < 0 {
		arg += n
	}
	switch st.position {
	case "first":
		to = min(1, n)
	case "last":
		from = max(0, n-1)
	case "eq", "nth":
		from, to = arg, arg+1
	case "gt":
		from = arg + 1
	case "lt":
		to = n // as jQuery's :lt(-1) has it
		if st.arg >= 0 {
			to = min(arg, n)
		}
	case "even", "odd":
		var out []*html.Node
		for i, el := range at {
			if (i%2 == 0) == (st.position == "even") {
				out = append(out, el)
			}
		}
		return out
	}
	if from = max(from, 0); from >= n || to <= from || to > n {
		return nil
	}
	return at[from:to]
}

func rootOf(n *html.Node) *html.Node {
	for n.Parent != nil {
		n = n.Parent
	}
	return n
}

func inOrder(n *html.Node, set map[*html.Node]bool) []*html.Node {
	var out []*html.Node
	for c := range n.Descendants() {
		if set[c] {
			out = append(out, c)
		}
	}
	return out
}

// piece is a part of a selector: a simple or compound selector after a combinator, or a position.
type piece struct {
	combinator byte // 0 for what goes on within a compound selector
	css        string
	position   string
	arg        int
}

// splitSelector cuts a selector into its alternatives, and these into pieces.
func splitSelector(css string) ([][]piece, error) {
	var (
		all  [][]piece
		list []piece
		now  = piece{combinator: ' '}
	)
	flush := func(next piece) {
		if now.css != "" || now.position != "" {
			list = append(list, now)
		}
		now = next
	}
	for i := 0; i < len(css); {
		c := css[i]
		switch {
		case c == ',' || isCombinator(c):
			j := i
			for j < len(css) && isCombinator(css[j]) {
				j++
			}
			next := piece{combinator: ' '}
			if mark := strings.TrimSpace(css[i:j]); mark != "" {
				next.combinator = mark[0]
			}
			flush(next)
			if i = j; i < len(css) && css[i] == ',' {
				if len(list) == 0 {
					return nil, nodes.Errorf("Empty sub-selector")
				}
				all, list, now, i = append(all, list), nil, piece{combinator: ' '}, i+1
			}
		case c == ':' && positionAt(css[i+1:]) != "":
			name := positionAt(css[i+1:])
			if now.css == "" && now.combinator != 0 {
				now.css = "*"
			}
			n, arg, err := readPosition(css[i+1:], name)
			if err != nil {
				return nil, err
			}
			flush(piece{position: strings.TrimSuffix(name, "("), arg: arg})
			flush(piece{})
			i += 1 + n
		default:
			n := skipToken(css[i:])
			now.css += css[i : i+n]
			i += n
		}
	}
	flush(piece{})
	return append(all, list), nil
}

func isCombinator(c byte) bool {
	return strings.IndexByte(" \t\r\n\f>+~", c) >= 0
}

// positionAt is the position that a pseudo-class is, "" if it is none.
func positionAt(s string) string {
	for _, p := range positions {
		if rest, ok := strings.CutPrefix(s, p); ok && (strings.HasSuffix(p, "(") || rest == "" || strings.IndexByte(" \t\r\n\f>+~,:.[#)", rest[0]) >= 0) {
			return p
		}
	}
	return ""
}

func readPosition(s, name string) (n, arg int, err error) {
	if !strings.HasSuffix(name, "(") {
		return len(name), 0, nil
	}
	text, _, ok := strings.Cut(s[len(name):], ")")
	if !ok {
		return 0, 0, nodes.Errorf("Missing closing parenthesis in :%s", s)
	}
	if arg, err = strconv.Atoi(strings.TrimSpace(text)); err != nil {
		return 0, 0, fmt.Errorf("the position in :%s%s) must be a number", name, text)
	}
	return len(name) + len(text) + 1, arg, nil
}

// skipToken is the length of what belongs together at the start: an escape, a text in quotes, what stands in brackets.
func skipToken(s string) int {
	ends := map[byte]byte{'(': ')', '[': ']', '"': '"', '\'': '\''}
	if s[0] == '\\' {
		return min(2, len(s))
	}
	end, ok := ends[s[0]]
	if !ok {
		return 1
	}
	for i := 1; i < len(s); {
		if s[i] == end {
			return i + 1
		}
		if s[0] == '"' || s[0] == '\'' {
			if i++; s[i-1] == '\\' {
				i++
			}
			continue
		}
		i += skipToken(s[i:])
	}
	return len(s)
}

func compileSteps(pieces []piece) ([]step, error) {
	var steps []step
	for _, p := range pieces {
		st := step{combinator: p.combinator, position: p.position, arg: p.arg}
		if p.position == "" {
			var err error
			if st.match, err = cascadia.Parse(translate(p.css)); err != nil {
				return nil, err
			}
		}
		steps = append(steps, st)
	}
	return steps, nil
}

// translate writes what cascadia does not know in terms of what it knows: the aliases, and :is(a, b) as :not(:not(a, b)).
func translate(css string) string {
	var b strings.Builder
	for i := 0; i < len(css); {
		if css[i] != ':' || strings.HasPrefix(css[i:], "::") {
			n := 1
			if css[i] != '(' && css[i] != ':' { // what stands in parentheses is looked into
				n = skipToken(css[i:])
			} else if css[i] == ':' {
				n = 2
			}
			b.WriteString(css[i : i+n])
			i += n
			continue
		}
		name := css[i+1:]
		if end := strings.IndexFunc(name, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') }); end >= 0 {
			name = name[:end]
		}
		rest := css[i+1+len(name):]
		switch {
		case (name == "is" || name == "where" || name == "matches" || name == "any") && strings.HasPrefix(rest, "("):
			n := skipToken(rest)
			inner := strings.TrimSuffix(rest[1:n], ")")
			b.WriteString(":not(:not(" + translate(inner) + "))")
			i += 1 + len(name) + n
			continue
		case (name == "contains" || name == "icontains") && strings.HasPrefix(rest, "("):
			n := skipToken(rest)
			b.WriteString(":" + name + "(" + quoted(strings.TrimSuffix(rest[1:n], ")")) + ")")
			i += 1 + len(name) + n
			continue
		case name == "has" && strings.HasPrefix(rest, "("):
			n := skipToken(rest)
			b.WriteString(has(strings.TrimSuffix(rest[1:n], ")")))
			i += 1 + len(name) + n
			continue
		case aliases[name] != "" && !strings.HasPrefix(rest, "("):
			b.WriteString(asCompound(b.String(), translate(aliases[name])))
		default:
			b.WriteString(":" + name)
		}
		i += 1 + len(name)
	}
	return b.String()
}

// asCompound writes a selector that may begin with an element's name so that it can stand behind before.
func asCompound(before, css string) string {
	if before == "" || isCombinator(before[len(before)-1]) || strings.HasSuffix(before, ",") || strings.HasSuffix(before, "(") || css[0] == ':' {
		return css
	}
	return ":not(:not(" + css + "))"
}

// quoted is the text of :contains() in quotes.
func quoted(text string) string {
	if text = strings.TrimSpace(text); text != "" && (text[0] == '"' || text[0] == '\'') {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"`
}

// has is :has(css). One that begins with ">" becomes a chain of :haschild() and :has().
func has(css string) string {
	if !strings.HasPrefix(strings.TrimSpace(css), ">") {
		return ":has(" + translate(css) + ")"
	}
	alternatives, err := splitSelector(css)
	if err != nil || len(alternatives) != 1 {
		return ":has(" + css + ")" // which says that it is not valid
	}
	text := ""
	for _, p := range slices.Backward(alternatives[0]) {
		name := ":has("
		if p.combinator == '>' {
			name = ":haschild("
		}
		text = name + translate(p.css) + text + ")"
	}
	return text
}
