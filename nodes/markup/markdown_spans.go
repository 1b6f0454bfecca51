package markup

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// span turns running text into HTML.
func (m *markdownReader) span(text string) string {
	text = m.codeSpans(text)
	text = m.attributes(text)
	if strings.Contains(text, "\\") {
		text = replaceGroups(m.rules.escapes, text, func(g []string) string { return escapeChar(g[1]) })
	}
	text = m.images(text)
	text = m.anchors(text)
	text = m.autoLinks(text)
	text = m.simpleLinks(text)
	text = m.emojis(text)
	text = m.emphasis(text)
	text = m.strike(text)
	text = strings.ReplaceAll(text, "...", "…")
	text = m.encodeAmps(m.hashTags(text))
	switch {
	case !strings.Contains(text, "\n"):
		return text
	case !m.on["simpleLineBreaks"]:
		return m.rules.lineBreak.ReplaceAllString(text, "<br />\n")
	case strings.Contains(text, "\n\n¨K"):
		return text
	}
	return strings.ReplaceAll(text, "\n", "<br />\n")
}

// codeSpans puts code between backticks aside.
func (m *markdownReader) codeSpans(text string) string {
	if !strings.Contains(text, "`") {
		return text
	}
	runs := backticks.FindAllStringIndex(text, -1)
	next := map[int]int{} // the last run of a length, by its index
	closing := make([]int, len(runs))
	for i := len(runs) - 1; i >= 0; i-- {
		n := runs[i][1] - runs[i][0]
		closing[i] = -1
		if j, ok := next[n]; ok {
			closing[i] = j
		}
		next[n] = i
	}
	var b strings.Builder
	at := 0
	for i := 0; i < len(runs); i++ {
		open := runs[i]
		j := closing[i]
		if j < 0 || open[0] > 0 && text[open[0]-1] == '\\' {
			continue
		}
		code := strings.Trim(text[open[1]:runs[j][0]], " \t")
		b.WriteString(text[at:open[0]])
		b.WriteString(m.hashSpan("<code>" + m.encodeCode(code) + "</code>"))
		at, i = runs[j][1], j
	}
	b.WriteString(text[at:])
	return b.String()
}

// attributes protects what has a meaning in Markdown within HTML tags.
func (m *markdownReader) attributes(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	protect := func(tag string) string { return m.rules.special.ReplaceAllStringFunc(tag, escapeChar) }
	return m.rules.comments.ReplaceAllStringFunc(m.rules.tag.ReplaceAllStringFunc(text, protect), protect)
}

var protectAddress = strings.NewReplacer("*", "¨E42E", "_", "¨E95E", "~", "¨E126E", ":", "¨E58E")

var protectStars = strings.NewReplacer("*", "¨E42E", "_", "¨E95E")

// reference finds an address that was defined.
func (m *markdownReader) reference(id, text string) (key string, ok bool) {
	if key = strings.ToLower(id); key == "" {
		key = strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(text, " \n", " "), "\n", " "))
	}
	_, ok = m.urls[key]
	return key, ok
}

func (m *markdownReader) images(text string) string {
	if !strings.Contains(text, "![") {
		return text
	}
	byReference := func(g []string) string {
		id := ""
		if len(g) > 2 {
			id = g[2]
		}
		key, ok := m.reference(id, g[1])
		if !ok {
			return g[0]
		}
		return image(g[1], m.urls[key], m.sizes[key], m.titles[key])
	}
	inline := func(g []string) string { return image(g[1], g[2], [2]string{g[3], g[4]}, g[5]+g[6]) }
	text = replaceGroups(m.rules.imageReference, text, byReference)
	text = replaceGroups(m.rules.imageAngle, text, inline)
	text = replaceGroups(m.rules.imageInline, text, inline)
	return replaceGroups(m.rules.imageShort, text, byReference)
}

func image(alt, address string, size [2]string, title string) string {
	tag := `<img src="` + protectStars.Replace(address) + `" alt="` + protectStars.Replace(strings.ReplaceAll(alt, `"`, "&quot;")) + `"`
	if title != "" {
		tag += ` title="` + protectStars.Replace(strings.ReplaceAll(title, `"`, "&quot;")) + `"`
	}
	for i, name := range []string{"width", "height"} {
		if size[0] == "" || size[1] == "" {
			break
		}
		value := size[i]
		if value == "*" {
			value = "auto"
		}
		tag += " " + name + `="` + value + `"`
	}
	return tag + " />"
}

// target is what links have that open in a window of their own.
func (m *markdownReader) target(address string) string {
	if !m.on["openLinksInNewWindow"] || strings.HasPrefix(address, "#") {
		return ""
	}
	return ` rel="noopener noreferrer" target="¨E95Eblank"`
}

func (m *markdownReader) anchors(text string) string {
	if strings.Contains(text, "[") {
		byReference := func(g []string) string {
			id := ""
			if len(g) > 2 {
				id = g[2]
			}
			key, ok := m.reference(id, g[1])
			if !ok {
				return g[0]
			}
			return m.anchor(g[1], m.urls[key], m.titles[key])
		}
		inline := func(g []string) string { return m.anchor(g[1], g[2], g[3]+g[4]) }
		text = replaceGroups(m.rules.anchorReference, text, byReference)
		text = replaceGroups(m.rules.anchorAngle, text, inline)
		text = replaceGroups(m.rules.anchorInline, text, inline)
		text = replaceGroups(m.rules.anchorShort, text, byReference)
	}
	if !m.on["ghMentions"] {
		return text
	}
	return replaceGroups(m.rules.mention, text, func(g []string) string {
		if g[2] != "" {
			return g[1] + g[3]
		}
		address := strings.ReplaceAll(m.link, "{u}", g[4])
		return g[1] + `<a href="` + address + `"` + m.target(address) + ">" + g[3] + "</a>"
	})
}

func (m *markdownReader) anchor(text, address, title string) string {
	tag := `<a href="` + protectAddress.Replace(address) + `"`
	if title != "" {
		tag += ` title="` + protectAddress.Replace(strings.ReplaceAll(title, `"`, "&quot;")) + `"`
	}
	return tag + m.target(address) + ">" + text + "</a>"
}

func (m *markdownReader) autoLinks(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	text = replaceGroups(m.rules.autoURL, text, func(g []string) string { return m.urlLink(g[1]) })
	return replaceGroups(m.rules.autoMail, text, func(g []string) string { return m.mailLink(g[1]) })
}

func (m *markdownReader) urlLink(address string) string {
	shown := protectAddress.Replace(address)
	if len(address) > 4 && strings.EqualFold(address[:4], "www.") {
		address = "http://www." + address[4:]
	}
	return `<a href="` + protectAddress.Replace(address) + `"` + m.target(address) + ">" + shown + "</a>"
}

func (m *markdownReader) mailLink(address string) string {
	address = m.unescape(address)
	link := "mailto:" + address
	if m.on["encodeEmails"] {
		link, address = asEntities(link), asEntities(address)
	}
	return `<a href="` + link + `">` + address + "</a>"
}

// asEntities hides text from simple programs. n8n chooses the form of each character at random, here the forms alternate.
func asEntities(text string) string {
	var b strings.Builder
	for i, r := range text {
		if i%2 == 0 {
			fmt.Fprintf(&b, "&#x%x;", r)
		} else {
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}

// simpleLinks makes links of addresses in the text.
func (m *markdownReader) simpleLinks(text string) string {
	if !m.on["simplifiedAutoLink"] {
		return text
	}
	re := m.rules.simpleURL
	if m.on["excludeTrailingPunctuationFromURLs"] {
		re = m.rules.simpleURLEnd
	}
	text = replaceGroups(re, text, func(g []string) string {
		address, tail := g[2], ""
		if g[1] != "" && strings.HasSuffix(address, g[1]) {
			address, tail = strings.TrimSuffix(address, g[1]), g[1]
		}
		return g[1] + m.urlLink(address) + tail + g[3]
	})
	return replaceGroups(m.rules.simpleMail, text, func(g []string) string { return g[1] + m.mailLink(g[2]) + g[3] })
}

func (m *markdownReader) emphasis(text string) string {
	tags := [3][2]string{{"<strong><em>", "</em></strong>"}, {"<strong>", "</strong>"}, {"<em>", "</em>"}}
	mark := func(res [3]*regexp.Regexp, sign string, middle bool) {
		if !strings.Contains(text, sign) {
			return
		}
		for i, re := range res {
			text = replaceGroups(re, text, func(g []string) string {
				switch {
				case len(g) == 4:
					return g[1] + tags[i][0] + g[2] + tags[i][1] + g[3]
				case middle || strings.TrimRightFunc(g[1], isSpace) == g[1]:
					return tags[i][0] + g[1] + tags[i][1]
				}
				return g[0]
			})
		}
	}
	if m.on["literalMidWordUnderscores"] {
		mark(m.rules.underMid, "_", true)
	} else {
		mark(m.rules.under, "_", false)
	}
	if m.on["literalMidWordAsterisks"] {
		mark(m.rules.starsMid, "*", true)
	} else {
		mark(m.rules.stars, "*", false)
	}
	return text
}

func (m *markdownReader) strike(text string) string {
	if !m.on["strikethrough"] {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "~~")
		if !found || rest == "" {
			break
		}
		n := strings.Index(rest[1:], "~~")
		if n < 0 {
			break
		}
		b.WriteString(before + "<del>" + rest[:n+1] + "</del>")
		text = rest[n+3:]
	}
	b.WriteString(text)
	return strings.ReplaceAll(b.String(), "~", "¨E126E")
}

// hashTags puts HTML tags aside, with what is between those that stand alone and their ends.
func (m *markdownReader) hashTags(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	text = m.rules.selfClosing.ReplaceAllStringFunc(text, m.hashSpan)
	text = m.hashPairs(text, func(tag string) string { return tag })
	text = m.hashPairs(text, func(tag string) string {
		if n := strings.IndexFunc(tag, isSpace); n > 0 && n+1 < len(tag) {
			return tag[:n]
		}
		return ""
	})
	return m.rules.anyTag.ReplaceAllStringFunc(text, m.hashSpan)
}

// hashPairs puts what is between a tag and its end aside; name says what the end is called, "" if it has none.
func (m *markdownReader) hashPairs(text string, name func(tag string) string) string {
	var b strings.Builder
	ends := lastEnds(text)
	at := 0
	for {
		n := strings.IndexByte(text[at:], '<')
		if n < 0 {
			break
		}
		b.WriteString(text[at : at+n])
		at += n
		size := strings.IndexByte(text[at:], '>')
		if size < 0 {
			break
		}
		end := -1
		close := ""
		if tag := name(text[at+1 : at+size]); size > 1 && tag != "" && ends[tag] > at+size {
			close = "</" + tag + ">"
			end = strings.Index(text[at+size+1:], close)
		}
		if end < 0 {
			b.WriteByte('<')
			at++
			continue
		}
		end += at + size + 1 + len(close)
		b.WriteString(m.hashSpan(text[at:end]))
		at = end
	}
	b.WriteString(text[at:])
	return b.String()
}

// lastEnds says where the last end of each tag begins.
func lastEnds(text string) map[string]int {
	ends := map[string]int{}
	for at := 0; ; at += 2 {
		n := strings.Index(text[at:], "</")
		if n < 0 {
			return ends
		}
		at += n
		size := strings.IndexByte(text[at:], '>')
		if size < 0 {
			return ends
		}
		ends[text[at+2:at+size]] = at
	}
}

func (m *markdownReader) emojis(text string) string {
	if !m.on["emoji"] {
		return text
	}
	return replaceGroups(m.rules.emoji, text, func(g []string) string {
		if e, ok := emoji()[g[1]]; ok {
			return e
		}
		return g[0]
	})
}

//go:embed emoji.tsv
var emojiNames string

// emoji are the pictures that names stand for, read when the first one is asked for.
var emoji = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(emojiNames) {
		name, picture, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		all[name] = picture
	}
	return all
})
