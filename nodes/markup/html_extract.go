package markup

import (
	"context"
	"io"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"
	"golang.org/x/net/html"

	"github.com/cordboard/cordboard/nodes"
)

// maxDocument bounds what is read of a document in binary data.
const maxDocument = 256 << 20

// extract takes values out of HTML: the result has one item for each document, an item's field may hold a list of them.
func extract(ctx context.Context, call *nodes.Call, old bool) error {
	x := extraction{call: call, old: old, selectors: map[string]selector{}}
	return each(ctx, call, func(i int, _ nodes.Item) error {
		documents, err := x.documents(ctx, i)
		if err != nil {
			return err
		}
		wanted, err := x.wanted(i)
		if err != nil {
			return err
		}
		var made []nodes.Item
		for _, text := range documents {
			it, err := x.item(text, wanted)
			if err != nil {
				return err
			}
			made = append(made, it)
		}
		for _, it := range made {
			call.EmitFrom(0, i, it)
		}
		return nil
	})
}

// extraction is one execution; selectors are those that were compiled.
type extraction struct {
	call      *nodes.Call
	old       bool // HTML Extract
	selectors map[string]selector
}

// value is one that is to be taken out of a document.
type value struct {
	key, kind, attribute string
	selector, skip       selector
	list, trim, clean    bool
}

// documents are the texts that item i has.
func (x *extraction) documents(ctx context.Context, i int) ([]string, error) {
	source, err := x.call.Param("sourceData").String(i, "json")
	if err != nil {
		return nil, err
	}
	name, err := x.call.Param("dataPropertyName").String(i, "data")
	if err != nil {
		return nil, err
	}
	if source == "binary" {
		text, err := readBinary(ctx, x.call, i, name)
		return []string{text}, err
	}
	it := x.call.Input(0).At(i)
	found := it.Get(gjson.Escape(name))
	if !found.Exists() {
		found = it.Get(dotted(name))
	}
	list := []gjson.Result{found}
	switch {
	case !found.Exists():
		return nil, nodes.Errorf("No property named %q exists!", name).WithParam("dataPropertyName", "")
	case found.IsArray():
		list = found.Array()
	}
	var texts []string
	for _, r := range list {
		switch {
		case r.Type == gjson.String:
			texts = append(texts, r.Str)
		case r.Type == gjson.Null:
			return nil, nodes.Errorf("cheerio.load() expects a string").WithParam("dataPropertyName", "")
		default:
			return nil, nodes.Errorf("the property %q must be text with HTML, and is %s", name, nodes.ResultValue(r).Kind()).WithParam("dataPropertyName", "")
		}
	}
	return texts, nil
}

// dotted is the gjson path of a name in which dots and brackets lead into objects and lists.
func dotted(name string) string {
	keys := strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(name), ".")
	for n, k := range keys {
		keys[n] = gjson.Escape(k)
	}
	return strings.Join(keys, ".")
}

func readBinary(ctx context.Context, call *nodes.Call, i int, name string) (string, error) {
	file, err := call.InputFile(i, name)
	if err != nil {
		return "", err
	}
	content, err := call.OpenFile(ctx, file)
	if err != nil {
		return "", err
	}
	defer func() { _ = content.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(content, maxDocument+1))
	if err == nil && len(text) > maxDocument {
		err = nodes.Errorf("the binary data %q is larger than %s", name, nodes.SizeText(maxDocument))
	}
	return strings.ToValidUTF8(string(text), "\uFFFD"), err
}

// wanted reads what is to be extracted for item i.
func (x *extraction) wanted(i int) ([]value, error) {
	param := x.call.Param("extractionValues")
	list, err := param.Get("values").List(i)
	if err != nil {
		return nil, err
	}
	if !param.IsSet() && x.call.Version > 1 { // the default is one that is not filled in
		return []value{{kind: "text", selector: selector{none: true}}}, nil
	}
	options := x.call.Param("options")
	var (
		out         []value
		trim, clean bool
		css, skip   string
	)
	for _, p := range list {
		v := value{}
		read := reader{i: i}
		read.text(&v.key, p.Get("key"), "")
		read.text(&css, p.Get("cssSelector"), "")
		read.text(&v.kind, p.Get("returnValue"), "text")
		read.text(&v.attribute, p.Get("attribute"), "")
		read.text(&skip, p.Get("skipSelectors"), "")
		read.bool(&v.list, p.Get("returnArray"), false)
		read.bool(&trim, options.Get("trimValues"), x.old)
		read.bool(&clean, options.Get("cleanUpText"), false)
		if read.err != nil {
			return nil, read.err
		}
		v.trim, v.clean = trim, clean
		if v.selector, err = x.selector(css, p.Get("cssSelector").Name()); err != nil {
			return nil, err
		}
		if skip = strings.TrimSpace(skip); skip != "" && v.kind == "text" && x.call.Version >= 1.2 {
			if v.skip, err = x.selector(skip, p.Get("skipSelectors").Name()); err != nil {
				return nil, err
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// selector compiles a selector, each but once.
func (x *extraction) selector(css, param string) (selector, error) {
	if s, ok := x.selectors[css]; ok {
		return s, nil
	}
	s, err := compileSelector(css)
	if err != nil {
		return s, nodes.Errorf("%s", err).WithParam(param, "")
	}
	x.selectors[css] = s
	return s, nil
}

// reader reads parameters of item i until one fails.
type reader struct {
	i   int
	err error
}

func (r *reader) text(to *string, p nodes.Param, def string) {
	if r.err == nil {
		*to, r.err = p.String(r.i, def)
	}
}

func (r *reader) bool(to *bool, p nodes.Param, def bool) {
	if r.err == nil {
		*to, r.err = p.Bool(r.i, def)
	}
}

// item makes an item of a document.
func (x *extraction) item(text string, wanted []value) (nodes.Item, error) {
	root, err := parseHTML(text)
	if err != nil {
		return nodes.Item{}, err
	}
	values := map[string]nodes.Value{}
	var keys []string
	for _, w := range wanted {
		if _, again := values[w.key]; !again {
			keys = append(keys, w.key)
		}
		values[w.key] = x.of(root, w)
	}
	var b nodes.ObjectBuilder
	for _, k := range keys {
		b.Set(k, values[k])
	}
	json, err := nodes.Normalize(b.String())
	return nodes.NewItem(json), err
}

// of is the value in a document. A single one is that of the first element that the selector finds, but that the text is that
// of all of them before version 1.2.
func (x *extraction) of(root *html.Node, w value) nodes.Value {
	found := w.selector.find(root)
	if !w.list {
		return w.tidy(x.single(found, w))
	}
	list := []byte{'['}
	for n, el := range found {
		if n > 0 {
			list = append(list, ',')
		}
		v := w.tidy(x.single([]*html.Node{el}, w))
		if v.Kind() == nodes.Undefined {
			v = nodes.NullValue
		}
		list = v.AppendJSON(list)
	}
	return nodes.WireValue(string(append(list, ']')))
}

func (x *extraction) single(found []*html.Node, w value) nodes.Value {
	if w.kind == "text" && x.call.Version >= 1.2 {
		if len(found) == 0 {
			return nodes.StringValue("")
		}
		return nodes.StringValue(plainText(found[0], w.skip))
	}
	text, ok := "", len(found) > 0 || x.old && w.kind == "text"
	switch {
	case !ok:
	case w.kind == "attribute":
		text, ok = attributeOf(found[0], w.attribute)
	case w.kind == "html":
		text = innerHTML(found[0])
		ok = text != ""
	case w.kind == "value":
		return valueOf(found[0])
	default:
		var b strings.Builder
		for _, el := range found {
			appendText(&b, el)
		}
		text, ok = b.String(), b.Len() > 0 || x.old
	}
	if !ok {
		return nodes.Value{}
	}
	return nodes.StringValue(text)
}

var (
	newlines = regexp.MustCompile(`\r\n|\n|\r`)
	spaces   = regexp.MustCompile(`[\s\x{00A0}\x{FEFF}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\v]+`)
)

// tidy trims and cleans up text as the options say.
func (w *value) tidy(v nodes.Value) nodes.Value {
	if v.Kind() != nodes.String || !w.trim && !w.clean {
		return v
	}
	text := trimSpace(v.Str())
	if w.clean {
		text = spaces.ReplaceAllString(newlines.ReplaceAllString(text, ""), " ")
	}
	return nodes.StringValue(text)
}

// trimSpace is JavaScript's trim.
func trimSpace(s string) string {
	return strings.TrimFunc(s, isSpace)
}

func isSpace(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\v', '\f', '\r', 0xA0, 0xFEFF, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200A
}
