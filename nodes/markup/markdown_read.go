package markup

import (
	"fmt"
	"index/suffixarray"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cordboard/cordboard/nodes"
)

// showdown are the options of reading Markdown, in the words of the JavaScript library showdown, whose dialect this is: no
// CommonMark, but the older way of replacing one construct after the other in the whole text.
type showdown struct {
	on     map[string]bool
	prefix string // of the ids of headings
	link   string // of people that are mentioned
	level  int    // of the first heading
}

// flags are the options that are on or off, with those that are on by default.
var flags = map[string]bool{
	"openLinksInNewWindow": false, "simplifiedAutoLink": false, "backslashEscapesHTMLTags": false, "completeHTMLDocument": false, "customizedHeaderId": false,
	"emoji": false, "encodeEmails": true, "excludeTrailingPunctuationFromURLs": false, "ghCodeBlocks": true, "ghCompatibleHeaderId": false, "ghMentions": false,
	"tasklists": false, "requireSpaceBeforeHeadingText": false, "literalMidWordAsterisks": false, "literalMidWordUnderscores": false, "noHeaderId": false,
	"rawHeaderId": false, "rawPrefixHeaderId": false, "simpleLineBreaks": false, "smartIndentationFix": false, "disableForced4SpacesIndentedSublists": false,
	"splitAdjacentBlockquotes": false, "strikethrough": false, "tablesHeaderId": false, "tables": false,
}

func (o *showdown) read(call *nodes.Call, i int) error {
	options := call.Param("options")
	read := reader{i: i}
	o.on = map[string]bool{}
	for name, def := range flags {
		on := def
		read.bool(&on, options.Get(name), def)
		o.on[name] = on
	}
	read.text(&o.prefix, options.Get("prefixHeaderId"), "")
	read.text(&o.link, options.Get("ghMentionsLink"), "https://github.com/{u}")
	if read.err != nil {
		return read.err
	}
	level, err := options.Get("headerLevelStart").Number(i, 1)
	o.level = int(level)
	return err
}

// toHTML writes Markdown as HTML.
func toHTML(call *nodes.Call, i int, text string) (string, error) {
	m := markdownReader{rules: rules(), shared: &shared{urls: map[string]string{}, titles: map[string]string{}, sizes: map[string][2]string{}, ids: map[string]int{}}}
	if err := m.read(call, i); err != nil {
		return "", err
	}
	return m.document(text)
}

// markdownReader turns one document into HTML. What is done already is put aside as ¨K7K (a block), ¨G7G (a block of code
// that came in fences) or ¨C7C (a span), characters that mean themselves as ¨E42E; the sign ¨ itself is ¨T.
type markdownReader struct {
	showdown
	*shared
	rules *markdownRules
	lists int // how deep in lists
}

// shared is what all parts of a document have in common.
type shared struct {
	blocks, spans []string
	urls, titles  map[string]string
	sizes         map[string][2]string
	ids           map[string]int
	depth         int
}

// maxNesting bounds how deep quotes and lists are looked into: what is deeper stays text.
const maxNesting = 100

// markdownRules are the expressions that are used again and again; they are compiled when the first document comes.
type markdownRules struct {
	blankLines, definition, quote, quoteAlone, quoteMark, setext1, setext2, atx, atxSpace, customID, notWord, githubID,
	rule, indented, outdent, pre, preIndent, htmlHR, comment, instruction, escapedTag, marker, tag, comments, escapes, imageInline, imageAngle,
	imageReference, imageShort, anchorReference, anchorAngle, anchorInline, anchorShort, mention, autoURL, autoMail, simpleURL, simpleURLEnd,
	simpleMail, emoji, bars, table, tableOne, selfClosing, anyTag, amp, angle, codeChars, special, lineBreak, task, itemCode, preCode, codeTag, manyLines *regexp.Regexp
	under, stars, underMid, starsMid [3]*regexp.Regexp
}

var rules = sync.OnceValue(func() *markdownRules {
	c := regexp.MustCompile
	const size = `(?: =([*\d]+[A-Za-z%]{0,4})x([*\d]+[A-Za-z%]{0,4}))?`
	const label = `\[((?:\[[^\]]*\]|[^\[\]])*)\]`
	return &markdownRules{
		blankLines: c(`(?m)^[ \t]+$`), manyLines: c(`\n{2,}`),
		definition: c(`(?m)^ {0,3}\[([^\]]+)\]:[ \t]*\n?[ \t]*<?([^>\s]+)>?` + size + `[ \t]*\n?[ \t]*(?:(\n*)["|'(](.+?)["|')][ \t]*)?(?:\n+|¨0)`),
		quote:      c(`(?m)(?:^ {0,3}>[ \t]?.+\n(?:.+\n)*\n*)+`), quoteAlone: c(`(?m)^ {0,3}>[\s\S]*?(?:\n\n)`), quoteMark: c(`(?m)^[ \t]*>[ \t]?`),
		setext1: c(`(?m)^(.+)[ \t]*\n=+[ \t]*\n+`), setext2: c(`(?m)^(.+)[ \t]*\n-+[ \t]*\n+`),
		atx: c(`(?m)^(#{1,6})[ \t]*(.+?)[ \t]*#*\n+`), atxSpace: c(`(?m)^(#{1,6})[ \t]+(.+?)[ \t]*#*\n+`),
		customID: c(`\s?\{([^{]+?)\}\s*$`), notWord: c(`\W`), githubID: c("[&+$,/:;=?@\"#{}|^¨~\\[\\]`\\\\*)(%.!'<>]"),
		rule:     c(`(?m)^ {0,2}(?:(?: ?-){3,}|(?: ?\*){3,}|(?: ?_){3,})[ \t]*$`),
		indented: c(`(?:\n\n|^)((?:(?: {4}|\t).*\n+)+)(\n* {0,3}[^ \t\n])`), outdent: c(`(?m)^(?:\t| {1,4})`),
		pre: c(`(\s*<pre>[^\r]+?</pre>)`), preIndent: c(`(?m)^  `),
		htmlHR: c(`(\n {0,3}<hr\b[^<>]*?/?>[ \t]*)(\n{2,})`), comment: c(`(?m)^ {0,3}<!--[\s\S]*?-->`),
		instruction: c(`\n\n( {0,3}(?:<\?[^\r]*?\?>|<%[^\r]*?%>)[ \t]*)(\n{2,})`), escapedTag: c(`\\<(/?[^>]+?)>`),
		marker: c(`¨(?:K(\d+)K|G(\d+)G)`), tag: c(`(?i)</?[a-z\d_:-]+(?:\s+[\s\S]+?)?>`), comments: c(`<!--(?:(?:[^>-]|-[^>])(?:[^-]|-[^-])*)-->`),
		escapes:        c("\\\\([\\\\`*_{}\\[\\]()>#+.!~=|:-])"),
		imageInline:    c(`!\[([^\]]*?)\][ \t]*\([ \t]?<?(\S+?(?:\(\S*?\)\S*?)?)>?` + size + `[ \t]*(?:"([^"]*?)"|'([^"]*?)')?[ \t]?\)`),
		imageAngle:     c(`!\[([^\]]*?)\][ \t]*\([ \t]?<([^>]*)>` + size + `[ \t]*(?:"([^"]*?)"|'([^"]*?)')?[ \t]?\)`),
		imageReference: c(`!\[([^\]]*?)\] ?(?:\n *)?\[([\s\S]*?)\]`), imageShort: c(`!\[([^\[\]]+)\]`),
		anchorReference: c(label + ` ?(?:\n *)?\[(.*?)\]`), anchorAngle: c(label + `[ \t]*\([ \t]?<([^>]*)>(?:[ \t]*(?:"([^"]*?)"|'([^"]*?)'))?[ \t]?\)`),
		anchorInline: c(label + `[ \t]*\([ \t]?<?(\S+?(?:\(\S*?\)\S*?)?)>?(?:[ \t]*(?:"([^"]*?)"|'([^"]*?)'))?[ \t]?\)`), anchorShort: c(`\[([^\[\]]+)\]`),
		mention: c(`(?mi)(^|\s)(\\)?(@([a-z\d]+(?:[a-z\d.-]+?[a-z\d]+)*))`),
		autoURL: c(`(?i)<((?:(?:https?|ftp)://|www\.)[^'">\s]+)>`), autoMail: c(`(?i)<(?:mailto:)?([-.\w]+@[-a-z0-9]+(?:\.[-a-z0-9]+)*\.[a-z]+)>`),
		simpleURL:    c(`(?i)([*~_]+|\b)((?:(?:https?|ftp|dict|mailto)://|www\.)[^'">\s]+?\.[^'">\s]+?)(\s|$)`),
		simpleURLEnd: c(`(?i)([*~_]+|\b)((?:(?:https?|ftp|dict|mailto)://|www\.)[^'">\s]+\.[^'">\s]+?)([.!?,()\[\]]?(?:\s|$))`),
		simpleMail:   c("(?mi)(^|\\s)(?:mailto:)?([A-Za-z0-9!#$%&'*+-/=?^_`{|}~.]+@[-a-z0-9]+(?:\\.[-a-z0-9]+)*\\.[a-z]+)(\\s|$)"),
		emoji:        c(`:(\S+?):`), bars: c(`\\(\|)`),
		table:       c(`(?m)^ {0,3}\|?.+\|.+\n {0,3}\|?[ \t]*:?[ \t]*[-=]{2,}[ \t]*:?[ \t]*\|[ \t]*:?[ \t]*[-=]{2,}[\s\S]+?(?:\n\n|¨0)`),
		tableOne:    c(`(?m)^ {0,3}\|.+\|[ \t]*\n {0,3}\|[ \t]*:?[ \t]*[-=]{2,}[ \t]*:?[ \t]*\|[ \t]*\n(?: {0,3}\|.+\|[ \t]*\n)*(?:\n|¨0)`),
		selfClosing: c(`<[^>]+?/>`), anyTag: c(`<[^>]+?>`), amp: c(`&(#?[xX]?(?:[0-9a-fA-F]+|\w+);)?`), angle: c(`(?i)<([a-z/?$!])?`),
		codeChars: c(`[*_{}\[\]\\=~-]`), special: c("[\\\\`*_~=|]"), lineBreak: c(`  +\n`), task: c(`(?m)^[ \t]*\[[xX ]?\]`),
		itemCode: c(`^(?:[-*+]|\d\.)[ \t]+`), preCode: c(`(?mi)^ {0,3}<pre\b[^>]*>\s*<code\b[^>]*>([\s\S]*?)^ {0,3}</code>\s*</pre>`), codeTag: c(`(?i)(<code\b[^>]*>)([\s\S]*?)(</code>)`),
		under:    [3]*regexp.Regexp{c(`___(\S[\s\S]*?)___`), c(`__(\S[\s\S]*?)__`), c(`_([^\s_][\s\S]*?)_`)},
		stars:    [3]*regexp.Regexp{c(`\*\*\*(\S[\s\S]*?)\*\*\*`), c(`\*\*(\S[\s\S]*?)\*\*`), c(`\*([^\s*][\s\S]*?)\*`)},
		underMid: [3]*regexp.Regexp{c(`\b___(\S[\s\S]*?)___\b`), c(`\b__(\S[\s\S]*?)__\b`), c(`\b_(\S[\s\S]*?)_\b`)},
		starsMid: [3]*regexp.Regexp{c(`([^*]|^)\B\*\*\*(\S[\s\S]*?)\*\*\*\B([^*]|$)`), c(`([^*]|^)\B\*\*(\S[\s\S]*?)\*\*\B([^*]|$)`), c(`([^*]|^)\B\*(\S[\s\S]*?)\*\B([^*]|$)`)},
	}
})

// replaceGroups is JavaScript's replace with a function: it gets the groups of each match.
func replaceGroups(re *regexp.Regexp, text string, f func(m []string) string) string {
	found := re.FindAllStringSubmatchIndex(text, -1)
	if found == nil {
		return text
	}
	var b strings.Builder
	at := 0
	for _, place := range found {
		m := make([]string, len(place)/2)
		for g := range m {
			if place[2*g] >= 0 {
				m[g] = text[place[2*g]:place[2*g+1]]
			}
		}
		b.WriteString(text[at:place[0]])
		b.WriteString(f(m))
		at = place[1]
	}
	b.WriteString(text[at:])
	return b.String()
}

func (m *markdownReader) document(text string) (string, error) {
	text = strings.NewReplacer("¨", "¨T", "$", "¨D", "\r\n", "\n", "\r", "\n", "\u00a0", "&nbsp;").Replace(text)
	if m.on["smartIndentationFix"] {
		text = fixIndentation(text)
	}
	text = m.rules.blankLines.ReplaceAllString(detab("\n\n"+text+"\n\n"), "")
	hasTags := strings.Contains(text, "<")
	if hasTags {
		text = m.rules.preCode.ReplaceAllStringFunc(text, m.hashPre)
	}
	if m.on["ghCodeBlocks"] {
		text = m.fences(text)
	}
	text = m.htmlBlocks(text)
	if hasTags {
		text = replaceGroups(m.rules.codeTag, text, func(g []string) string { return m.hashSpan(g[1] + m.encodeCode(g[2]) + g[3]) })
	}
	text = m.definitions(text)
	text = m.unescape(m.unhashSpans(m.block(text)))
	text = strings.NewReplacer("¨D", "$", "¨T", "¨").Replace(text)
	if m.on["completeHTMLDocument"] {
		text = "<!DOCTYPE HTML>\n<html>\n<head>\n<meta charset=\"utf-8\">\n</head>\n<body>\n" + trimSpace(text) + "\n</body>\n</html>"
	}
	return text, nil
}

func fixIndentation(text string) string {
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t\n"))]
	if nl := strings.LastIndexByte(indent, '\n'); nl >= 0 {
		indent = indent[nl+1:]
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, indent)
	}
	return strings.Join(lines, "\n")
}

// detab puts spaces in place of tabs: four, but that a later one of a line fills up what is between it and the one before.
func detab(text string) string {
	if !strings.Contains(text, "\t") {
		return text
	}
	var b strings.Builder
	since := -1 // characters since the last tab
	for i, r := range text {
		switch {
		case r == '\t' && since > 0 && (i+1 == len(text) || text[i+1] != '\t'):
			b.WriteString("    "[:4-since%4])
			since = 0
		case r == '\t':
			b.WriteString("    ")
			since = 0
		default:
			b.WriteRune(r)
			if r == '\n' {
				since = -1
			} else if since >= 0 {
				since++
			}
		}
	}
	return b.String()
}

func (m *markdownReader) hash(block string) string {
	m.blocks = append(m.blocks, strings.Trim(block, "\n"))
	return "\n\n¨K" + strconv.Itoa(len(m.blocks)-1) + "K\n\n"
}

func (m *markdownReader) hashSpan(span string) string {
	m.spans = append(m.spans, span)
	return "¨C" + strconv.Itoa(len(m.spans)-1) + "C"
}

func (m *markdownReader) hashPre(block string) string {
	groups := m.rules.preCode.FindStringSubmatchIndex(block)
	if groups == nil {
		return block
	}
	return m.hash(block[:groups[2]] + m.encodeCode(block[groups[2]:groups[3]]) + block[groups[3]:])
}

// unhashSpans puts spans back, those within others too.
func (m *markdownReader) unhashSpans(text string) string {
	var b strings.Builder
	m.expandSpans(&b, text, 0)
	return b.String()
}

func (m *markdownReader) expandSpans(b *strings.Builder, text string, depth int) {
	for {
		before, rest, found := strings.Cut(text, "¨C")
		b.WriteString(before)
		if !found {
			return
		}
		number, after, closed := strings.Cut(rest, "C")
		n, err := strconv.Atoi(number)
		if !closed || err != nil || n >= len(m.spans) || depth > maxNesting {
			b.WriteString("¨C")
			text = rest
			continue
		}
		m.expandSpans(b, m.spans[n], depth+1)
		text = after
	}
}

// unescape puts back the characters that mean themselves.
func (m *markdownReader) unescape(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "¨E")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		number, after, closed := strings.Cut(rest, "E")
		if n, err := strconv.Atoi(number); closed && err == nil && n < 0x80 {
			b.WriteByte(byte(n))
			text = after
		} else {
			b.WriteString("¨E")
			text = rest
		}
	}
}

func escapeChar(c string) string { return "¨E" + strconv.Itoa(int(c[0])) + "E" }

func (m *markdownReader) encodeCode(text string) string {
	text = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
	return m.rules.codeChars.ReplaceAllStringFunc(text, escapeChar)
}

// definitions takes the addresses of links and images out of the text.
func (m *markdownReader) definitions(text string) string {
	if !strings.Contains(text, "]:") {
		return text
	}
	names := names{text: strings.ToLower(text)}
	text = replaceGroups(m.rules.definition, text+"¨0", func(g []string) string {
		id := strings.ToLower(g[1])
		if !names.again(id) {
			return g[0] // a name that is nowhere else is none
		}
		m.urls[id] = m.encodeAmps(g[2])
		tail := ""
		if strings.HasSuffix(g[0], "¨0") {
			tail = "¨0"
		}
		if g[5] != "" {
			return g[5] + g[6] + tail
		}
		if g[6] != "" {
			m.titles[id] = strings.NewReplacer(`"`, "&quot;", "'", "&quot;").Replace(g[6])
		}
		if g[3] != "" && g[4] != "" {
			m.sizes[id] = [2]string{g[3], g[4]}
		}
		return tail
	})
	return strings.ReplaceAll(text, "¨0", "")
}

// names finds names in a text.
type names struct {
	text  string
	asked int
	index *suffixarray.Index
}

// fewNames is how many names are looked for in the text itself: more of them are worth an index.
const fewNames = 16

// again reports whether a name is in the text twice, one behind the other.
func (n *names) again(name string) bool {
	if n.asked++; n.asked <= fewNames {
		first := strings.Index(n.text, name)
		return first >= 0 && strings.Contains(n.text[first+len(name):], name)
	}
	if n.index == nil {
		n.index = suffixarray.New([]byte(n.text))
	}
	// So many places cannot all overlap.
	places := n.index.Lookup([]byte(name), len(name)+1)
	return len(places) > 1 && slices.Max(places)-slices.Min(places) >= len(name)
}

// encodeAmps encodes ampersands that begin no entity, and what cannot be a tag.
func (m *markdownReader) encodeAmps(text string) string {
	if !strings.ContainsAny(text, "&<") {
		return text
	}
	text = replaceGroups(m.rules.amp, text, func(g []string) string {
		if g[1] == "" {
			return "&amp;"
		}
		return g[0]
	})
	return replaceGroups(m.rules.angle, text, func(g []string) string {
		if g[1] == "" {
			return "&lt;"
		}
		return g[0]
	})
}

// headingID is the id of a heading, with a number if there is one like it already.
func (m *markdownReader) headingID(text string) string {
	if m.on["customizedHeaderId"] {
		if g := m.rules.customID.FindStringSubmatch(text); g != nil {
			text = g[1]
		}
	}
	prefix := m.prefix
	if !m.on["rawPrefixHeaderId"] {
		text, prefix = prefix+text, ""
	}
	switch {
	case m.on["ghCompatibleHeaderId"]:
		text = strings.NewReplacer(" ", "-", "&amp;", "", "¨T", "", "¨D", "").Replace(text)
		text = m.rules.githubID.ReplaceAllString(text, "")
	case m.on["rawHeaderId"]:
		text = strings.NewReplacer(" ", "-", "&amp;", "&", "¨T", "¨", "¨D", "$", `"`, "-", "'", "-").Replace(text)
	default:
		text = m.rules.notWord.ReplaceAllString(text, "")
	}
	text = prefix + strings.ToLower(text)
	n := m.ids[text]
	m.ids[text]++
	if n > 0 {
		text += fmt.Sprintf("-%d", n)
	}
	return text
}
