package mail

import (
	"net/mail"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/net/idna"

	"github.com/cordboard/cordboard/nodes"
)

// addresses reads a list of addresses. What is none of them is left out, as in n8n; a line break in it is an error, since it would
// end the header.
func (in *reader) addresses(p nodes.Param) []*mail.Address {
	text, err := p.String(in.item, "")
	if err != nil {
		in.fail(err)
		return nil
	}
	if strings.ContainsAny(text, "\r\n\x00") {
		in.fail(nodes.Errorf("an address must not hold a line break").WithParam(p.Name(), ""))
		return nil
	}
	list := parseAddresses(text)
	for _, a := range list {
		at := strings.LastIndexByte(a.Address, '@')
		if domain, err := idna.Lookup.ToASCII(a.Address[at+1:]); err == nil && !isASCII(a.Address[at+1:]) {
			a.Address = a.Address[:at+1] + domain
		}
	}
	if len(list) == 0 && strings.TrimSpace(text) != "" {
		in.call.Log.Warn("there is no address in it", "parameter", p.Name(), "item", in.item)
	}
	return list
}

// parseAddresses reads addresses with commas or semicolons between them.
func parseAddresses(text string) []*mail.Address {
	if list, err := mail.ParseAddressList(text); err == nil {
		return list
	}
	var list []*mail.Address
	for _, part := range splitAddresses(text) {
		if one, err := mail.ParseAddress(part); err == nil {
			list = append(list, one)
			continue
		}
		if m := nameAndAddress.FindStringSubmatch(part); m != nil { // a name that would need quotes
			if one, err := mail.ParseAddress(m[2]); err == nil {
				one.Name = strings.TrimSpace(m[1])
				list = append(list, one)
			}
		}
	}
	return list
}

var nameAndAddress = regexp.MustCompile(`^([^<>"]*)<([^<>]+)>$`)

// splitAddresses splits at the commas and semicolons that stand outside of quotes, angle brackets and comments.
func splitAddresses(text string) []string {
	var (
		parts  []string
		start  int
		quoted bool
		depth  int
	)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<' || c == '(':
			depth++
		case c == '>' || c == ')':
			depth = max(depth-1, 0)
		case depth == 0 && (c == ',' || c == ';'):
			parts = append(parts, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(text[start:]))
}

// path is an address as commands of SMTP have it, in angle brackets.
func path(a *mail.Address) string { return (&mail.Address{Address: a.Address}).String() }

// bare is an address without the brackets.
func bare(a *mail.Address) string { return strings.Trim(path(a), "<>") }

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > 126 })
}

// newID is a Message-ID (RFC 5322, 3.6.4) in the domain of the sender.
func newID(from *mail.Address) string {
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	return "<" + uuid.NewString() + "@" + domain + ">"
}
