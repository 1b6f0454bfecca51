package expression

import (
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// inOrder reports whether JavaScript would keep the order of members in a JSON text: it puts those whose names are
// indexes, such as "7", before all others, by number. Only enumerating shows it, so only that asks.
func inOrder(raw string) bool {
	if !hasIndexName(raw) {
		return true
	}
	type object struct {
		last  int64 // index
		other bool  // a name that is no index was there
	}
	var open []object
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			open = append(open, object{last: -1})
		case '}', ']':
			open = open[:len(open)-1]
		case '"':
			text, end := jsonText(raw, i)
			i = end
			if !isName(raw[end+1:]) {
				continue
			}
			at := &open[len(open)-1]
			index := indexOf(text)
			switch {
			case index < 0:
				at.other = true
			case at.other || index < at.last:
				return false
			default:
				at.last = index
			}
		}
	}
	return true
}

// keepsOrder reports whether code takes its value from an item as it is: its members stand in order already.
func keepsOrder(x js.IExpr) bool {
	if name, free := freeName(x); free {
		return name == "$json" || name == "$data"
	}
	base, name, ok := memberParts(x)
	if !ok {
		return false
	}
	if _, isItem := compileItem(base); isItem && name == "json" {
		return true
	}
	return keepsOrder(base)
}

// hasIndexName is a quick look for a name that may be an index.
func hasIndexName(raw string) bool {
	for i := 0; ; {
		next := strings.IndexByte(raw[i:], '"')
		if next < 0 {
			return false
		}
		i += next + 1
		end := i
		for end < len(raw) && raw[end] >= '0' && raw[end] <= '9' {
			end++
		}
		if end > i && end < len(raw) && raw[end] == '"' && isName(raw[end+1:]) {
			return true
		}
	}
}

// isName reports whether a colon comes next, which makes the text before it a name.
func isName(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\r\n")
	return rest != "" && rest[0] == ':'
}

// jsonText returns the text that begins at a quote, as it is written, and where its last quote is.
func jsonText(raw string, start int) (text string, end int) {
	for end = start + 1; end < len(raw) && raw[end] != '"'; end++ {
		if raw[end] == '\\' {
			end++
		}
	}
	return raw[start+1 : min(end, len(raw))], min(end, len(raw)-1)
}

// indexOf reads an index as JavaScript writes it, below 2**32-1; -1 if the name is none.
func indexOf(name string) int64 {
	if name == "" || len(name) > 10 || name[0] == '0' && len(name) > 1 {
		return -1
	}
	var n int64
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return -1
		}
		n = n*10 + int64(name[i]-'0')
	}
	if n >= 1<<32-1 {
		return -1
	}
	return n
}
