package network

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// postgresQuery reads the text of a query with n8n's placeholders ($1, $2:name, …) and makes statements of it. Values become
// parameters of the statements; names are quoted. Only what asks for it by name (:raw, ^) goes into the text as it is.
type postgresQuery struct {
	query  string
	values []nodes.Value
	filled bool // there are values for placeholders
	// textInQuotes leaves placeholders inside of quotes alone.
	textInQuotes bool

	at   int
	line int
	out  sqlText
	list []sqlStatement
	item int
}

var (
	placeholder = regexp.MustCompile(`^\$([1-9][0-9]*)(:(?:raw|alias|name|json|csv|list|value)\b|[\^~#])?`)
	dollarQuote = regexp.MustCompile(`^\$(?:[\pL_][\pL\pN_]*)?\$`)
	// atomic is the body of a function in SQL, whose semicolons end no statement.
	atomic = regexp.MustCompile(`(?i)\bBEGIN\s+ATOMIC\b`)
)

var postgresDialect = sqlDialect{
	quote: func(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` },
	place: func(n int) string { return "$" + strconv.Itoa(n) },
}

// statements returns the statements of the query, in order.
func (q *postgresQuery) statements() ([]sqlStatement, error) {
	q.out.dialect = postgresDialect
	whole := atomic.MatchString(q.query)
	for q.at < len(q.query) {
		rest := q.query[q.at:]
		var err error
		switch c := rest[0]; {
		case c == ';' && !whole:
			q.at++
			q.end()
		case c == '\'':
			err = q.quoted(q.at > 0 && strings.ContainsAny(q.query[q.at-1:q.at], "eE"))
		case c == '"':
			q.copy(1 + quotedEnd(rest[1:], '"', false))
		case strings.HasPrefix(rest, "--"):
			q.copy(lineEnd(rest))
		case strings.HasPrefix(rest, "/*"):
			q.copy(commentEnd(rest))
		case c == '$':
			err = q.dollar(rest)
		default:
			q.copy(1)
		}
		if err != nil {
			return nil, err
		}
	}
	q.end()
	return q.list, nil
}

func (q *postgresQuery) copy(n int) {
	q.out.add(q.query[q.at : q.at+n])
	q.at += n
}

// end ends a statement; one that is empty is none.
func (q *postgresQuery) end() {
	if text := q.out.text.String(); !isBlank(text) {
		st := q.out.statement(q.item)
		st.shown, st.line, st.constants = q.query, q.line, true
		q.list = append(q.list, st)
	}
	q.line = strings.Count(q.query[:q.at], "\n")
	q.out = sqlText{dialect: postgresDialect}
}

// isBlank reports whether text holds nothing but space and comments.
func isBlank(text string) bool {
	for {
		text = strings.TrimSpace(text)
		switch {
		case text == "":
			return true
		case strings.HasPrefix(text, "--"):
			text = text[lineEnd(text):]
		case strings.HasPrefix(text, "/*"):
			text = text[commentEnd(text):]
		default:
			return false
		}
	}
}

func lineEnd(text string) int {
	if n := strings.IndexByte(text, '\n'); n >= 0 {
		return n + 1
	}
	return len(text)
}

// commentEnd is where a comment ends; in PostgreSQL they nest.
func commentEnd(text string) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// quotedEnd is the length of what is quoted, the closing quote included. A doubled quote stands for one.
func quotedEnd(text string, quote byte, escapes bool) int {
	for i := 0; i < len(text); i++ {
		switch {
		case escapes && text[i] == '\\':
			i++
		case text[i] != quote:
		case i+1 < len(text) && text[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return len(text)
}

// dollar reads what a dollar begins: a placeholder or a quoted text.
func (q *postgresQuery) dollar(rest string) error {
	if m := placeholder.FindStringSubmatch(rest); m != nil {
		q.at += len(m[0])
		return q.place(m[1], m[2])
	}
	tag := dollarQuote.FindString(rest)
	isPartOfName := q.at > 0 && (q.query[q.at-1] == '_' || q.query[q.at-1] >= 0x80 || isAlphanumeric(q.query[q.at-1]))
	if tag == "" || isPartOfName {
		q.copy(1)
		return nil
	}
	end := strings.Index(rest[len(tag):], tag)
	if end < 0 {
		q.copy(len(rest))
		return nil
	}
	body := rest[len(tag) : len(tag)+end]
	text, err := q.within(body, func(v nodes.Value, _, _ string) (string, error) { return dollarText(v) })
	if err != nil {
		return err
	}
	q.out.add(tag + text + tag)
	q.at += end + 2*len(tag)
	return nil
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// dollarText is a value inside of text in dollar quotes, the body of a function or a block.
func dollarText(v nodes.Value) (string, error) {
	text := valueText(v)
	if strings.ContainsAny(text, "$\x00\\") {
		return "", nodes.Errorf("a value with a dollar or a backslash cannot stand in a text in dollar quotes")
	}
	switch v.Kind() {
	case nodes.Undefined, nodes.Null:
		return "NULL", nil
	case nodes.Number, nodes.Bool:
		return text, nil
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'", nil
}

// quoted reads text in quotes and the placeholders in it.
func (q *postgresQuery) quoted(escapes bool) error {
	rest := q.query[q.at+1:]
	n := quotedEnd(rest, '\'', escapes)
	if q.textInQuotes {
		q.copy(1 + n)
		return nil
	}
	text, err := q.within(rest[:n], func(v nodes.Value, place, modifier string) (string, error) {
		return quotedText(v, place, modifier, escapes)
	})
	if err != nil {
		return err
	}
	q.out.add("'" + text)
	q.at += 1 + n
	return nil
}

// quotedText is a value inside of quotes, which it cannot leave.
func quotedText(v nodes.Value, place, modifier string, escapes bool) (string, error) {
	text := valueText(v)
	isText := v.Kind() == nodes.String || v.Kind() >= nodes.Array
	if isText && modifier != ":value" && modifier != "#" {
		e := nodes.Errorf("%s stands in quotes", place)
		e.Hint = "Write " + place + " without quotes around it, or " + place + ":value inside of them."
		return "", e
	}
	if escapes && strings.Contains(text, `\`) || strings.Contains(text, "\x00") {
		return "", nodes.Errorf("the value of %s cannot stand in a text with escapes", place)
	}
	return strings.ReplaceAll(text, "'", "''"), nil
}

// within fills in the placeholders of a part of the query that is text to the database.
func (q *postgresQuery) within(text string, write func(v nodes.Value, place, modifier string) (string, error)) (string, error) {
	var b strings.Builder
	for q.filled {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			break
		}
		b.WriteString(text[:i])
		text = text[i:]
		m := placeholder.FindStringSubmatch(text)
		if m == nil {
			b.WriteByte('$')
			text = text[1:]
			continue
		}
		v, err := q.valueOf(m[1])
		if err != nil {
			return "", err
		}
		part, err := write(v, "$"+m[1], m[2])
		if err != nil {
			return "", err
		}
		b.WriteString(part)
		text = text[len(m[0]):]
	}
	return b.String() + text, nil
}

func (q *postgresQuery) valueOf(number string) (nodes.Value, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n > len(q.values) {
		e := nodes.Errorf("there is no parameter $%s", number)
		e.Description = "Failed query: " + q.query
		return nodes.Value{}, e
	}
	return q.values[n-1], nil
}

// place writes a placeholder.
func (q *postgresQuery) place(number, modifier string) error {
	v, err := q.valueOf(number)
	if err != nil {
		return err
	}
	switch modifier {
	case ":raw", "^":
		q.out.add(valueText(v))
	case ":name", "~", ":alias":
		return q.names(v, number)
	case ":csv", ":list":
		parts := []gjson.Result{}
		if r := v.Result(); r.IsArray() || r.IsObject() {
			r.ForEach(func(_, el gjson.Result) bool { parts = append(parts, el); return true })
		} else {
			q.value(v)
			return nil
		}
		list(&q.out, parts, func(el gjson.Result) { q.value(nodes.ResultValue(el)) })
	case ":json":
		q.out.value(nodes.StringValue(v.JSON()))
	case ":value", "#":
		if v.Kind() != nodes.Number && v.Kind() != nodes.Bool {
			return nodes.Errorf("$%s:value must stand in quotes, unless it is a number", number)
		}
		q.out.add(valueText(v))
	default:
		q.value(v)
	}
	return nil
}

// names writes a value as one or more names.
func (q *postgresQuery) names(v nodes.Value, number string) error {
	var names []string
	switch v.Kind() {
	case nodes.String:
		if v.Str() == "*" {
			q.out.add("*")
			return nil
		}
		names = []string{v.Str()}
	case nodes.Array:
		for _, el := range v.Result().Array() {
			names = append(names, el.String())
		}
	case nodes.Object:
		v.Result().ForEach(func(key, _ gjson.Result) bool { names = append(names, key.Str); return true })
	}
	if len(names) == 0 {
		return nodes.Errorf("$%s:name must be a name or a list of names, and is %s", number, v.JSON())
	}
	q.out.names(names)
	return nil
}

// value writes a value as a parameter, a list as an array of them.
func (q *postgresQuery) value(v nodes.Value) {
	switch v.Kind() {
	case nodes.Undefined, nodes.Null:
		q.out.add("null")
	case nodes.Array:
		if len(v.Result().Array()) == 0 {
			q.out.add("'{}'")
			return
		}
		q.out.add("array")
		q.array(v)
	default:
		q.out.value(v)
	}
}

func (q *postgresQuery) array(v nodes.Value) {
	q.out.add("[")
	list(&q.out, v.Result().Array(), func(el gjson.Result) {
		if el.IsArray() {
			q.array(nodes.ResultValue(el))
			return
		}
		q.value(nodes.ResultValue(el))
	})
	q.out.add("]")
}

// valueText is a value as text for a database: numbers and texts as they are, lists and objects as JSON.
func valueText(v nodes.Value) string {
	switch v.Kind() {
	case nodes.Undefined, nodes.Null:
		return ""
	case nodes.String:
		return v.Str()
	case nodes.Foreign:
		if s := gjson.Parse(v.JSON()); s.Type == gjson.String {
			return s.Str
		}
	}
	return v.JSON()
}

// Types that a parameter has where n8n writes the value into the query: those of PostgreSQL's constants.
const (
	oidBool, oidInt8, oidInt4, oidNumeric = 16, 20, 23, 1700
)

// constantType is the type of a value in a query; 0 lets the database find it, as that of a text in quotes.
func constantType(v nodes.Value) uint32 {
	switch v.Kind() {
	case nodes.Bool:
		return oidBool
	case nodes.Number:
		switch f := v.Num(); {
		case f != math.Trunc(f) || strings.ContainsAny(v.JSON(), ".eE"):
			return oidNumeric
		case math.Abs(f) <= math.MaxInt32:
			return oidInt4
		case math.Abs(f) < 1<<63:
			return oidInt8
		}
		return oidNumeric
	}
	return 0
}
