package descriptors

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/schemas"
)

// Problem is something wrong in a descriptor file.
type Problem struct {
	// File is the file, and the line where it is a file of lines: "crm.jsonl:12".
	File string `json:"file"`
	// Pointer is the JSON pointer of the place, in the line or in the document.
	Pointer string `json:"pointer"`
	// Message says what is wrong and Mend what to do.
	Message string `json:"message"`
	Mend    string `json:"mend"`
}

// String is the problem in one line.
func (p Problem) String() string {
	at := p.Pointer
	if at == "" {
		at = "/"
	}
	return fmt.Sprintf("%s: %s: %s; %s", p.File, at, p.Message, p.Mend)
}

// LintError makes one error of all problems, nil of none.
func LintError(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	lines := make([]string, 0, len(problems))
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	return fmt.Errorf("the descriptor cannot be used: %s", strings.Join(lines, "\n"))
}

// Lint checks every line of a set: its shape, that names agree with one another, and that all schemas compile.
func Lint(source string, set *FileSet) []Problem {
	l := linter{operations: map[[2]string]bool{}, schemas: schemas.NewCompiler(set.Schema), own: schemas.NewCompiler(nil), ids: map[string]bool{}}
	n := 0
	for _, text := range set.texts {
		for line := range strings.Lines(text) {
			n++
			l.file = source + ":" + strconv.Itoa(n)
			l.prefix = ""
			if line = strings.TrimSpace(line); line != "" {
				l.line(line)
			}
		}
	}
	return l.problems
}

// lintDocument checks the text of a descriptor that is one document; the schemas are checked once it is a set.
func lintDocument(source, text string) []Problem {
	l := linter{file: source, operations: map[[2]string]bool{}, own: schemas.NewCompiler(nil), ids: map[string]bool{}}
	if !l.shape(schemas.Descriptor, text) {
		return l.problems
	}
	var f File
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		l.report("", err.Error(), "write it as the descriptor's JSON Schema says")
		return l.problems
	}
	l.prefix = "/node"
	l.node(f.Node)
	for i, op := range f.Operations {
		l.prefix = "/operations/" + strconv.Itoa(i)
		l.operation(op)
	}
	return l.problems
}

type linter struct {
	file     string
	prefix   string // of pointers
	problems []Problem

	operations map[[2]string]bool // of the node at hand
	ids        map[string]bool    // schemas' addresses
	schemas    *schemas.Compiler
	own        *schemas.Compiler
}

func (l *linter) report(pointer, message, mend string) {
	l.problems = append(l.problems, Problem{File: l.file, Pointer: l.prefix + pointer, Message: message, Mend: mend})
}

func (l *linter) line(line string) {
	switch {
	case strings.HasPrefix(line, `{"$id":`):
		l.schemaLine(line)
	case strings.HasPrefix(line, `{"resource":`):
		if !l.shape(schemas.Descriptor+"#/$defs/operation", line) {
			return
		}
		op, err := decodeOperation(l.file, line)
		if err != nil {
			l.report("", err.Error(), "write the line as the descriptor's JSON Schema says")
			return
		}
		l.operation(op)
	default:
		if !l.shape(schemas.Descriptor+"#/$defs/header", line) {
			return
		}
		var h header
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			l.report("", err.Error(), "write the line as the descriptor's JSON Schema says")
			return
		}
		l.prefix = "/node"
		l.node(h.Node)
	}
}

// shape checks a text against the JSON Schema of descriptors.
func (l *linter) shape(address, text string) bool {
	s, err := l.own.Compile(address)
	if err != nil {
		l.report("", err.Error(), "this is a fault of the program: report it")
		return false
	}
	found := schemas.ValidateJSON(s, text)
	for _, v := range found {
		mend := "change it so"
		switch v.Keyword {
		case "required":
			mend = "add it"
		case "additionalProperties":
			mend = "rename or remove them"
		case "json":
			mend = "mend the JSON"
		}
		l.report(v.Pointer, v.Message, mend)
	}
	return len(found) == 0
}

func (l *linter) schemaLine(line string) {
	address := gjson.Get(line, `$id`).Str
	if l.ids[address] {
		l.report("/$id", fmt.Sprintf("the address %q stands twice", address), "remove one of the two lines")
	}
	l.ids[address] = true
	if _, err := l.schemas.Compile(address); err != nil {
		l.report("", err.Error(), "mend the schema, or add the schema that it refers to")
	}
}

func (l *linter) node(n *Node) {
	l.operations = map[[2]string]bool{}
	for i, v := range n.Versions {
		if slices.Index(n.Versions, v) < i {
			l.report("/versions/"+strconv.Itoa(i), "the version "+versionText(v)+" stands twice", "remove one")
		}
	}
	for i, alias := range n.Aliases {
		if strings.EqualFold(alias, n.Type) {
			l.report("/aliases/"+strconv.Itoa(i), fmt.Sprintf("the alias %q is the type itself", alias), "remove it")
		}
	}
	if n.Dialect == "" && n.BasePath != "" {
		l.report("/basePath", "a base path needs a dialect to be used", `add "dialect": "plain"`)
	}
	l.properties("/properties", n.AllProperties())
}

func (l *linter) operation(op *Operation) {
	name := [2]string{op.Resource, op.Name}
	if l.operations[name] {
		l.report("/name", fmt.Sprintf("the resource %q has two operations %q", op.Resource, op.Name), "rename one of them")
	}
	l.operations[name] = true
	l.properties("/properties", op.Properties)
	l.places(op)
	if (op.Response.Status == 204) != (op.Response.Kind == "none") {
		l.report("/response/kind", fmt.Sprintf("status %d and kind %q do not fit", op.Response.Status, op.Response.Kind),
			`a 204 has the kind "none", and nothing else has`)
	}
	l.schema("/schema", op.Schema)
	l.schema("/response/schema", op.Response.Schema)
	l.required(op)
}

// places checks that what the request needs and what the properties give is the same.
func (l *linter) places(op *Operation) {
	inPath := pathNames(op.Request.Path)
	for i, p := range op.Properties {
		at := "/properties/" + strconv.Itoa(i)
		switch {
		case p.In == "path" && !slices.Contains(inPath, p.Name):
			l.report(at+"/name", fmt.Sprintf("the path %q has no place {%s}", op.Request.Path, p.Name), "put it into the path, or change its place")
		case p.In == "path" && !p.Required:
			l.report(at+"/required", fmt.Sprintf("the path parameter %q is not required", p.Name), `add "required": true`)
		case p.In == "body" && !op.Request.Body:
			l.report(at+"/in", fmt.Sprintf("the request has no body for %q", p.Name), `add "body": true to the request, or change the place`)
		case p.In != "" && (p.Type == "options" || p.Type == "multiOptions") && len(p.Options) == 0:
			l.report(at+"/options", fmt.Sprintf("%q has no values to choose from", p.Name), "list them, or make its type string")
		case p.In != "":
			inPath = slices.DeleteFunc(inPath, func(name string) bool { return p.In == "path" && name == p.Name })
		}
	}
	for _, name := range inPath {
		if !slices.ContainsFunc(op.Properties, func(p Property) bool { return p.Name == name }) {
			l.report("/request/path", fmt.Sprintf("nothing fills {%s}", name), fmt.Sprintf(`add a property {"name": %q, "type": "string", "in": "path", "required": true}`, name))
		}
	}
}

// pathNames are the names of the placeholders of a path.
func pathNames(path string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(path, "{")
		if !ok {
			return names
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return names
		}
		names, path = append(names, name), after
	}
}

// properties checks the names of a list and what the properties say of one another.
func (l *linter) properties(pointer string, list []Property) {
	seen := map[string]bool{}
	for i, p := range list {
		at := pointer + "/" + strconv.Itoa(i)
		// n8n's nodes have several properties of one name, in force at different times.
		if seen[p.Name] && p.Show == nil && p.Hide == nil && p.Versions == nil {
			l.report(at+"/name", fmt.Sprintf("the name %q stands twice", p.Name), "rename one, or say with show or versions when each is in force")
		}
		seen[p.Name] = true
		for j, option := range p.Options {
			if slices.ContainsFunc(p.Options[:j], func(o Option) bool { return string(o.Value) == string(option.Value) }) {
				l.report(at+"/options/"+strconv.Itoa(j), fmt.Sprintf("the value %s stands twice", option.Value), "remove one")
			}
		}
		l.properties(at+"/properties", p.Properties)
	}
}

func (l *linter) schema(pointer string, raw json.RawMessage) {
	if len(raw) == 0 || l.schemas == nil {
		return
	}
	if _, err := l.schemas.CompileRaw(raw); err != nil {
		l.report(pointer, err.Error(), "mend the schema, or add the schema that it refers to")
	}
}

// required checks that the schema requires only what can be set.
func (l *linter) required(op *Operation) {
	for i, name := range gjson.GetBytes(op.Schema, "required").Array() {
		if !slices.ContainsFunc(op.Properties, func(p Property) bool { return p.Name == name.Str }) {
			l.report("/schema/required/"+strconv.Itoa(i), fmt.Sprintf("no property is called %q", name.Str),
				mendName(name.Str, op.Properties))
		}
	}
}

func mendName(name string, properties []Property) string {
	names := make([]string, 0, len(properties))
	for _, p := range properties {
		names = append(names, p.Name)
	}
	if near := Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "add the property, or remove the name"
}
