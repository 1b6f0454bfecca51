package network

import (
	"errors"
	"net/url"
	"strings"
)

// address writes a URL as browsers send it: without the fragment, an empty query and white space around it, without dots as
// segments of the path, and what a path and a query cannot hold escaped (WHATWG URL, path and special-query percent-encode sets).
func address(text string) string {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	text, _, _ = strings.Cut(text, "#")
	base, query, _ := strings.Cut(text, "?")
	if scheme, rest, ok := strings.Cut(base, "://"); ok {
		host, path, hasPath := strings.Cut(strings.ReplaceAll(rest, `\`, "/"), "/")
		base = scheme + "://" + host
		if hasPath {
			base += "/" + withoutDots(path)
		}
	}
	base = escapeExcept(base, func(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte("\"<>`{}^", c) < 0 })
	if query == "" {
		return base
	}
	return base + "?" + escapeExcept(query, func(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte("\"<>'", c) < 0 })
}

// withoutDots leaves out of a path the segments that stand for this one and for the one before it.
func withoutDots(path string) string {
	var kept []string
	segments := strings.Split(path, "/")
	for i, s := range segments {
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		case ".":
		default:
			kept = append(kept, s)
			continue
		}
		if i == len(segments)-1 {
			kept = append(kept, "")
		}
	}
	return strings.Join(kept, "/")
}

// withQuery adds a query to an address that may have one.
func withQuery(address, query string) string {
	switch {
	case query == "":
		return address
	case strings.Contains(address, "?"):
		return address + "&" + query
	}
	return address + "?" + query
}

// parseAddress is url.Parse for what browsers take, too: signs of percent that begin nothing, and any sign in the query. target
// is the path as it is to be sent where package url would write it otherwise, else "".
func parseAddress(text string) (at *url.URL, target string, err error) {
	base, query, _ := strings.Cut(text, "?")
	if at, err = url.Parse(escapePercent(base)); err != nil {
		return nil, "", err
	}
	at.RawQuery = query
	_, rest, _ := strings.Cut(base, "://")
	if start := strings.IndexByte(rest, '/'); start >= 0 {
		target = rest[start:]
	}
	unfit := func(r rune) bool { return r <= ' ' || r >= 0x7f }
	if strings.ContainsFunc(query, unfit) {
		return nil, "", errors.New("the query is not escaped")
	}
	if strings.HasPrefix(target, "//") || target == at.EscapedPath() || strings.ContainsFunc(target, unfit) {
		target = ""
	}
	return at, target, nil
}

func escapePercent(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteByte(text[i])
		if text[i] == '%' && (i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2])) {
			b.WriteString("25")
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
