package markup

import (
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// callOf is a call with constant parameters.
func callOf(t testing.TB, version float64, params string) *nodes.Call {
	t.Helper()
	template, errs := nodes.CompileTemplate(gjson.Parse(params), nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return &nodes.Call{Version: version, Params: template, Inputs: []nodes.Items{nodes.ItemsOf(nodes.NewItem("{}"))}}
}

var reading = xmlReading{attrkey: "$", charkey: "_", explicitRoot: true, mergeAttrs: true}

// FuzzXML: what is read is JSON, and what was read can be read again once it has been written.
func FuzzXML(f *testing.F) {
	for _, s := range []string{`<a b="1">x<c/>y</a>`, `<!DOCTYPE a [<!ENTITY e "x">]><a>&amp;&#65;</a>`, `<a><![CDATA[x]]></a>`, `<?p?><!-- c --><a/>`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		json, err := reading.parse(strings.ToValidUTF8(text, "?"))
		if err != nil {
			return
		}
		if !gjson.Valid(json) {
			t.Fatalf("%q gave %s", text, json)
		}
		again := xmlReading{attrkey: "$", charkey: "_", explicitRoot: true}
		kept, err := again.parse(strings.ToValidUTF8(text, "?"))
		if err != nil {
			t.Fatal(err)
		}
		writing := xmlWriting{attrkey: "$", charkey: "_", rootName: "root"}
		written, err := writing.document(gjson.Parse(kept))
		if err != nil { // names such as "_" have a meaning of their own
			return
		}
		if _, err := again.parse(written); err != nil {
			t.Fatalf("%q became %s: %v", text, written, err)
		}
	})
}

// FuzzExtract: no document and no selector makes it fail in any other way than by an error.
func FuzzExtract(f *testing.F) {
	f.Add("<p>a<b>b</b></p><ul><li>x</ul>", "p > b")
	f.Add("<table><tr><td>1", "td:eq(0), li:first + li")
	f.Fuzz(func(t *testing.T, text, css string) {
		s, err := compileSelector(css)
		if err != nil {
			return
		}
		root, err := parseHTML(text)
		if err != nil {
			return
		}
		for _, n := range s.find(root) {
			_ = plainText(n, selector{})
			_ = innerHTML(n)
		}
	})
}

// FuzzMarkdown: both ways end with text.
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"# a\n\n- b\n  - c\n\n> d\n\n```\ne\n```", "<ul><li><p>a</p></li></ul><table><tr><td>b</table>", "[a](b) ![c](d =1x2) *e* __f__ `g`", "¨K0K ¨C1C ¨E65E ¨G0G"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		call := callOf(t, 1, `{"options":{"tables":true,"tasklists":true,"strikethrough":true,"simplifiedAutoLink":true,"emoji":true,"ghMentions":true}}`)
		if _, err := toHTML(call, 0, text); err != nil {
			t.Fatal(err)
		}
		_, _ = toMarkdown(callOf(t, 1, `{}`), 0, text) // HTML that nests too deeply is an error
	})
}

// TestLinear: twice as much takes about twice as long, whatever it is made of. It is measured against a small document, with
// room for a busy machine; what grows with the square would take a hundred times as long for ten times as much.
func TestLinear(t *testing.T) {
	t.Parallel()
	call := callOf(t, 1, `{"options":{"tables":true,"strikethrough":true}}`)
	html := func(text string) error {
		root, err := parseHTML(text)
		if err == nil {
			s, _ := compileSelector("p, li:first")
			for _, n := range s.find(root) {
				_ = innerHTML(n)
			}
			_ = plainText(root, selector{})
		}
		return err
	}
	xml := func(text string) error { _, err := reading.parse(text); return err }
	toMD := func(text string) error { _, err := toMarkdown(call, 0, text); return err }
	fromMD := func(text string) error { _, err := toHTML(call, 0, text); return err }
	for name, c := range map[string]struct {
		work func(string) error
		part string
	}{
		"html": {html, "<p>some <b>text</b> and &amp; more</p>\n"}, "html list": {html, "<ul><li>a<li>b</ul>"},
		"xml": {func(s string) error { return xml("<r>" + s + "</r>") }, `<a b="c">d &amp; e</a>`}, "xml entities": {func(s string) error { return xml("<r>" + s + "</r>") }, "&amp;"},
		"to markdown": {toMD, "<p>some <b>text</b> <a href='x'>l</a></p>"}, "to markdown list": {toMD, "<ul><li>a</li></ul>"},
		"markdown": {fromMD, "some *text* [l](u) `c`\n\n"}, "markdown list": {fromMD, "- a\n\n"}, "markdown lists": {fromMD, "- a\n\ntext\n\n"}, "markdown quotes": {fromMD, "> a\n\nb\n\n"},
		"markdown ticks": {fromMD, "`` ` "}, "markdown stars": {fromMD, "*a **b "}, "markdown tags": {fromMD, "<b>x "}, "markdown brackets": {fromMD, "[a "}, "markdown fences": {fromMD, "```x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			measure := func(n, times int) time.Duration {
				text := strings.Repeat(c.part, n)
				start := time.Now()
				for range times {
					if err := c.work(text); err != nil {
						t.Fatal(err)
					}
				}
				return time.Since(start)
			}
			small, large := time.Hour, time.Hour
			for range 10 { // the machine may do something else meanwhile: the least of what equal work took counts
				small, large = min(small, measure(500, 10)), min(large, measure(5000, 1))
				if large <= 5*max(small, 20*time.Millisecond) {
					return
				}
			}
			t.Errorf("%s for 10 times 500, %s for 5,000", small, large)
		})
	}
}

// TestLimits: documents that nest without end are refused, and what entities stand for is not unfolded.
func TestLimits(t *testing.T) {
	t.Parallel()
	if _, err := reading.parse(strings.Repeat("<a>", 100_000)); err == nil || !strings.Contains(err.Error(), "nests its elements more than 1000 deep") {
		t.Error(err)
	}
	if _, err := parseHTML(strings.Repeat("<div>", 100_000)); err == nil {
		t.Error("no error")
	}
	bomb := `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><a>&b;</a>`
	if _, err := reading.parse(bomb); err == nil || !strings.HasPrefix(nodes.AsError(err).Message, "Invalid character entity\nLine: 0") {
		t.Error(err)
	}
	if text, err := toHTML(callOf(t, 1, "{}"), 0, strings.Repeat("> ", 5000)+"a"); err != nil || !strings.Contains(text, "<blockquote>") {
		t.Errorf("%v %.50s", err, text)
	}
	if text, err := toHTML(callOf(t, 1, "{}"), 0, "me <a@b.org>"); err != nil || strings.Contains(text, "a@b") || !strings.Contains(text, "&#x6d;&#97;") {
		t.Errorf("%v %s", err, text)
	}
}
