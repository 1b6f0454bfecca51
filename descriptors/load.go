package descriptors

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/gjson"
)

// FileSet is a Set over the text of descriptor files. It reads the index in one pass that stops early in every line,
// and decodes a page only when it is asked for, each time anew: callers keep what they need.
type FileSet struct {
	source string
	texts  []string

	index   func() (*fileIndex, error)
	schemas func() map[string]string
	hash    func() string
}

var _ Set = (*FileSet)(nil)

// fileIndex is where the pages of a set are: lines[node][resource][operation]. A page is looked up once in a workflow's
// life, so that a search is cheaper than a map of all pages.
type fileIndex struct {
	nodes []*Node
	lines [][][]string
}

func (x *fileIndex) line(nodeType string, version float64, resource, operation string) (string, bool) {
	for i, node := range x.nodes {
		if !node.Is(nodeType) || !slices.Contains(node.Versions, version) {
			continue
		}
		for j := range node.Resources {
			if node.Resources[j].Name != resource {
				continue
			}
			for k := range node.Resources[j].Operations {
				if node.Resources[j].Operations[k].Name == operation {
					return x.lines[i][j][k], true
				}
			}
		}
	}
	return "", false
}

// NewFileSet returns the set of the texts, which together are one descriptor file; a text that begins with a schema
// holds only schemas.
// Source names it in errors. The texts are trusted to be well-formed as far as they are not asked for: LoadFile and
// Lint check all of them.
func NewFileSet(source string, texts ...string) (*FileSet, error) {
	for _, text := range texts {
		if text != "" && !strings.HasPrefix(text, "{") {
			return nil, fmt.Errorf("%s: not a descriptor file: it must begin with {", source)
		}
	}
	s := &FileSet{source: source, texts: texts}
	s.index = sync.OnceValues(s.readIndex)
	s.schemas = sync.OnceValue(s.readSchemas)
	s.hash = sync.OnceValue(s.sum)
	return s, nil
}

// maxFile bounds what LoadFile reads: the largest known descriptor is below 2 MB.
const maxFile = 64 << 20

// LoadFile reads a descriptor file, in lines or as one document, and lints it.
func LoadFile(path string) (*FileSet, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("load descriptor: %w", err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("load descriptor: %s has %d MB; a descriptor file has at most %d MB", path, info.Size()>>20, maxFile>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load descriptor: %w", err)
	}
	set, err := Parse(path, text)
	if err != nil {
		return nil, err
	}
	if err := LintError(Lint(path, set)); err != nil {
		return nil, err
	}
	return set, nil
}

// Parse reads the text of a descriptor file, in lines or as one document, without linting it.
func Parse(source string, text []byte) (*FileSet, error) {
	line, _, _ := strings.Cut(string(text), "\n")
	if gjson.Valid(line) && gjson.Get(line, "node").Exists() && !gjson.Get(line, "operations").Exists() {
		if bad := firstBadLine(string(text)); bad > 0 {
			return nil, fmt.Errorf("%s: line %d is not a JSON object; each line of the file must be one", source, bad)
		}
		return NewFileSet(source, string(text))
	}
	if problems := lintDocument(source, string(text)); len(problems) > 0 {
		return nil, LintError(problems)
	}
	var f File
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("%s: not a descriptor file: %w", source, err)
	}
	lines, err := f.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	return NewFileSet(source, string(lines))
}

func firstBadLine(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if strings.TrimSpace(line) != "" && (!gjson.Valid(line) || line[0] != '{') {
			return n
		}
	}
	return 0
}

// Nodes returns the index.
func (s *FileSet) Nodes() ([]*Node, error) {
	index, err := s.index()
	if err != nil {
		return nil, err
	}
	return index.nodes, nil
}

// Operation decodes the page of an operation.
func (s *FileSet) Operation(nodeType string, version float64, resource, operation string) (*Operation, error) {
	index, err := s.index()
	if err != nil {
		return nil, err
	}
	line, ok := index.line(nodeType, version, resource, operation)
	if !ok {
		return nil, unknownOperation(index.nodes, nodeType, version, resource, operation)
	}
	return decodeOperation(s.source, line)
}

// Schema returns the shared schema with the address.
func (s *FileSet) Schema(address string) (json.RawMessage, error) {
	line, ok := s.schemas()[address]
	if !ok {
		return nil, fmt.Errorf("%s has no schema with the address %q", s.source, address)
	}
	return json.RawMessage(line), nil
}

// Hash names the content of the set: the SHA-256 of its texts in hexadecimal.
func (s *FileSet) Hash() string { return s.hash() }

func (s *FileSet) sum() string {
	h := sha256.New()
	for _, text := range s.texts {
		h.Write([]byte(text))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (s *FileSet) readIndex() (*fileIndex, error) {
	index := &fileIndex{}
	r := indexReader{index: index, source: s.source}
	for _, text := range s.texts {
		if strings.HasPrefix(text, `{"$id":`) {
			continue
		}
		for text != "" {
			var line string
			line, text, _ = strings.Cut(text, "\n")
			if err := r.line(line); err != nil {
				return nil, err
			}
		}
	}
	return index, nil
}

// indexReader builds the nodes' resources from the lines of their operations.
type indexReader struct {
	source    string
	index     *fileIndex
	node      *Node
	resources map[string]int // position in node.Resources
}

func (r *indexReader) line(line string) error {
	switch {
	case strings.TrimSpace(line) == "" || strings.HasPrefix(line, `{"$id":`):
		return nil
	case strings.HasPrefix(line, `{"resource":`):
		return r.operation(line)
	}
	return r.header(line)
}

func (r *indexReader) header(line string) error {
	var h header
	if err := json.Unmarshal([]byte(line), &h); err != nil {
		return fmt.Errorf("%s: read the descriptor's first line: %w", r.source, err)
	}
	if h.Format != Format {
		return fmt.Errorf("%s: the format is %q, this program reads %q; generate the file anew", r.source, h.Format, Format)
	}
	if h.Node == nil || h.Node.Type == "" {
		return fmt.Errorf("%s: the descriptor's first line names no node type", r.source)
	}
	fillLabels(h.Node.Properties)
	r.node, r.resources = h.Node, map[string]int{}
	r.index.nodes = append(r.index.nodes, h.Node)
	r.index.lines = append(r.index.lines, nil)
	return nil
}

// operation takes the head of an operation's line into the index. The members up to "request" are its head; what
// follows is most of the line and is not looked at.
func (r *indexReader) operation(line string) error {
	if r.node == nil {
		return fmt.Errorf("%s: an operation stands before any node; the first line must be {\"format\":%q,\"node\":…}", r.source, Format)
	}
	resource, op, ok := fastHead(line)
	if !ok {
		resource, op = head(line)
	}
	lines := &r.index.lines[len(r.index.lines)-1]
	at, known := r.resources[resource]
	if !known {
		at = len(r.node.Resources)
		r.resources[resource] = at
		r.node.Resources = append(r.node.Resources, Resource{Name: resource})
		*lines = append(*lines, nil)
	}
	r.node.Resources[at].Operations = append(r.node.Resources[at].Operations, op)
	(*lines)[at] = append((*lines)[at], line)
	return nil
}

// fastHead reads the head as files write it, without looking at it as JSON: 1,149 heads in 0.1 ms instead of 1 ms.
func fastHead(line string) (resource string, op OperationSummary, ok bool) {
	rest := line
	text := func(before string) string {
		value, found := strings.CutPrefix(rest, before)
		end := strings.IndexByte(value, '"')
		if !found || end < 0 || strings.IndexByte(value[:end], '\\') >= 0 {
			rest = ""
			return ""
		}
		rest = value[end+1:]
		return value[:end]
	}
	resource = text(`{"resource":"`)
	op.Name = text(`,"name":"`)
	op.ID = text(`,"id":"`)
	if after, writes := strings.CutPrefix(rest, `,"writes":true`); writes {
		op.Writes, rest = true, after
	}
	op.Method = text(`,"request":{"method":"`)
	op.Path = text(`,"path":"`)
	return resource, op, rest != ""
}

// head reads the head of any line.
func head(line string) (resource string, op OperationSummary) {
	gjson.Parse(line).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "resource":
			resource = value.Str
		case "name":
			op.Name = value.Str
		case "id":
			op.ID = value.Str
		case "writes":
			op.Writes = value.Bool()
		case "request":
			op.Method, op.Path = value.Get("method").Str, value.Get("path").Str
			return false
		}
		return true
	})
	return resource, op
}

func (s *FileSet) readSchemas() map[string]string {
	const prefix = `{"$id":"`
	schemas := map[string]string{}
	for _, text := range s.texts {
		for text != "" {
			var line string
			line, text, _ = strings.Cut(text, "\n")
			if strings.HasPrefix(line, prefix) {
				schemas[gjson.Get(line, `$id`).Str] = line
			}
		}
	}
	return schemas
}

func decodeOperation(source, line string) (*Operation, error) {
	var op Operation
	if err := json.Unmarshal([]byte(line), &op); err != nil {
		return nil, fmt.Errorf("%s: read the page of %s %s: %w", source, gjson.Get(line, "resource"), gjson.Get(line, "name"), err)
	}
	fillLabels(op.Properties)
	if op.Summary == "" {
		op.Summary = summary(&op)
	}
	return &op, nil
}
