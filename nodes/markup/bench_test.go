package markup

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// Benchmark does each of the conversions once; the documents have about 200 bytes.
func Benchmark(b *testing.B) {
	html := `<html><body><h1 id="t">Title</h1><p class="a">Some <b>bold</b> text with <a href="http://x.org/1">a link</a>.</p><ul><li>one</li><li>two</li></ul></body></html>`
	xml := `<order id="1"><name>item</name><lines><line n="1">a</line><line n="2">b &amp; c</line></lines></order>`
	md := "# Title\n\nSome **bold** text with [a link](http://x.org/1).\n\n- one\n- two\n"
	call := callOf(b, 1, "{}")
	titles, err := compileSelector("li")
	if err != nil {
		b.Fatal(err)
	}
	json, err := reading.parse(xml)
	if err != nil {
		b.Fatal(err)
	}
	writing := xmlWriting{attrkey: "$", charkey: "_", rootName: "root"}
	for name, work := range map[string]func() (string, error){
		"extract": func() (string, error) {
			root, err := parseHTML(html)
			return plainText(titles.find(root)[1], selector{}), err
		},
		"xmlToJson":   func() (string, error) { return reading.parse(xml) },
		"jsonToxml":   func() (string, error) { return writing.document(gjson.Parse(json)) },
		"toHTML":      func() (string, error) { return toHTML(call, 0, md) },
		"toMarkdown":  func() (string, error) { return toMarkdown(call, 0, html) },
		"longToHTML":  func() (string, error) { return toHTML(call, 0, strings.Repeat(md, 100)) },
		"longExtract": func() (string, error) { _, err := parseHTML(strings.Repeat(html, 100)); return "x", err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if text, err := work(); err != nil || text == "" {
					b.Fatal(text, err)
				}
			}
		})
	}
}
