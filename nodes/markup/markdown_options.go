package markup

import (
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// replacement is a text that is put in place of another, once in each text.
type replacement struct{ pattern, by string }

// writing are the options of writing Markdown, in the words of the JavaScript library node-html-markdown.
type writing struct {
	bullet, fence, em, strong, codeStyle string
	dataImages, references               bool
	newlines                             int
	globalEscape, lineEscape             *replacement
	replace                              []replacement
	blocks, ignore                       []string
}

func (o *writing) read(call *nodes.Call, i int) error {
	options := call.Param("options")
	read := reader{i: i}
	blocks, ignore := "", ""
	read.text(&o.bullet, options.Get("bulletMarker"), "*")
	read.text(&o.fence, options.Get("codeFence"), "```")
	read.text(&o.em, options.Get("emDelimiter"), "_")
	read.text(&o.strong, options.Get("strongDelimiter"), "**")
	read.text(&o.codeStyle, options.Get("codeBlockStyle"), "fence")
	read.text(&blocks, options.Get("blockElements"), "")
	read.text(&ignore, options.Get("ignore"), "")
	read.bool(&o.dataImages, options.Get("keepDataImages"), false)
	read.bool(&o.references, options.Get("useLinkReferenceDefinitions"), false)
	o.globalEscape = read.replacement(options.Get("globalEscape").Get("value"))
	o.lineEscape = read.replacement(options.Get("lineStartEscape").Get("value"))
	if read.err != nil {
		return read.err
	}
	newlines, err := options.Get("maxConsecutiveNewlines").Number(i, 3)
	if o.newlines = int(newlines); o.newlines <= 0 || o.newlines > 1000 {
		o.newlines = 3
	}
	if err != nil {
		return err
	}
	o.blocks, o.ignore = tagNames(blocks), tagNames(ignore)
	list, err := options.Get("textReplace").Get("values").List(i)
	if err != nil {
		return err
	}
	for _, p := range list {
		if r := read.replacement(p); r != nil {
			o.replace = append(o.replace, *r)
		}
	}
	return read.err
}

func tagNames(list string) []string {
	return strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return r == ',' || r == ' ' })
}

// replacement reads one; nil if it is not set.
func (r *reader) replacement(p nodes.Param) *replacement {
	if r.err != nil || !p.IsSet() {
		return nil
	}
	var to replacement
	r.text(&to.pattern, p.Get("pattern"), "")
	r.text(&to.by, p.Get("replacement"), "")
	return &to
}

func (r *replacement) in(text string) string {
	before, after, found := strings.Cut(text, r.pattern)
	if !found {
		return text
	}
	return before + strings.NewReplacer("$$", "$", "$&", r.pattern).Replace(r.by) + after
}
