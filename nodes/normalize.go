package nodes

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// MaxDepth is how deep JSON from outside may be nested.
const MaxDepth = 1000

// ErrTooDeep says that JSON is nested deeper than MaxDepth.
var ErrTooDeep = errors.New("the JSON is nested deeper than " + strconv.Itoa(MaxDepth) + " levels")

// errSyntax is replaced by what encoding/json says.
var errSyntax = errors.New("invalid JSON")

// Normalize checks JSON that comes from outside and returns it in the form that items have: without white space, of
// duplicate keys the last value at the place of the first, integer-like keys first and in order (as JavaScript objects have
// them, ECMA-262 OrdinaryOwnPropertyKeys), numbers as they were written, null for one beyond float64 (JavaScript's Infinity), invalid
// UTF-8 as U+FFFD. Text that is in this form is returned as it is. Errors: ErrTooDeep, or encoding/json's for text that is not JSON.
func Normalize(text string) (string, error) {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	n := normalizers.Get().(*normalizer) //nolint:forcetypeassert // of what New makes
	defer n.release()
	n.in = text
	n.space()
	err := n.value(0)
	end := n.pos
	n.space()
	switch {
	case err == nil && n.pos == len(text):
		return n.done(end), nil
	case errors.Is(err, ErrTooDeep):
		return "", err
	}
	var v json.RawMessage
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return "", err
	}
	return "", errSyntax
}

// normalizer reads JSON once and writes it at the same time. As long as nothing differs it writes nothing: then what is
// written stands for in[:pos].
type normalizer struct {
	in      string
	pos     int
	out     []byte
	differs bool
	members []member // of the objects under way, the innermost last
}

// normalizers keep their list of members, which grows with every large object.
var normalizers = sync.Pool{New: func() any { return &normalizer{members: make([]member, 0, 4*fewMembers)} }}

// release forgets the text and what was made of it.
func (n *normalizer) release() {
	members := n.members[:cap(n.members)]
	clear(members)
	*n = normalizer{members: members[:0]}
	if cap(members) <= 1<<12 {
		normalizers.Put(n)
	}
}

// member is a member of an object: its decoded key, and where its parts are in what is written.
type member struct {
	key               string
	start, value, end int
}

// done returns what was written; in[:end] is the whole value without the space after it.
func (n *normalizer) done(end int) string {
	if n.differs {
		return string(n.out)
	}
	return n.in[:end]
}

// written is the length of what is written.
func (n *normalizer) written() int {
	if n.differs {
		return len(n.out)
	}
	return n.pos
}

// differ begins to write: what follows is not what was read.
func (n *normalizer) differ() {
	if !n.differs {
		n.differs = true
		n.out = append(make([]byte, 0, len(n.in)), n.in[:n.pos]...)
	}
}

// keep writes what is read up to end.
func (n *normalizer) keep(end int) {
	if n.differs {
		n.out = append(n.out, n.in[n.pos:end]...)
	}
	n.pos = end
}

// peek returns the next byte, 0 at the end.
func (n *normalizer) peek() byte {
	if n.pos < len(n.in) {
		return n.in[n.pos]
	}
	return 0
}

// space leaves out white space.
func (n *normalizer) space() {
	if n.pos < len(n.in) && n.in[n.pos] <= ' ' {
		n.skip()
	}
}

// skip leaves out white space (RFC 8259, 2); at the end of the text nothing follows that would differ.
func (n *normalizer) skip() {
	end := n.pos
	for end < len(n.in) && (n.in[end] == ' ' || n.in[end] == '\n' || n.in[end] == '\r' || n.in[end] == '\t') {
		end++
	}
	if end > n.pos && end < len(n.in) {
		n.differ()
	}
	n.pos = end
}

func (n *normalizer) value(depth int) error {
	switch c := n.peek(); c {
	case '{', '[':
		if depth >= MaxDepth {
			return ErrTooDeep
		}
		n.keep(n.pos + 1)
		if c == '{' {
			return n.object(depth + 1)
		}
		return n.array(depth + 1)
	case '"':
		_, err := n.text()
		return err
	case 't':
		return n.word("true")
	case 'f':
		return n.word("false")
	case 'n':
		return n.word("null")
	}
	return n.number()
}

func (n *normalizer) word(w string) error {
	if !strings.HasPrefix(n.in[n.pos:], w) {
		return errSyntax
	}
	n.keep(n.pos + len(w))
	return nil
}

// number reads what RFC 8259, 6, allows.
func (n *normalizer) number() error {
	in, i := n.in, n.pos
	if i < len(in) && in[i] == '-' {
		i++
	}
	from := i
	if i = digits(in, i); i == from || in[from] == '0' && i > from+1 {
		return errSyntax
	}
	if i < len(in) && in[i] == '.' {
		from = i + 1
		if i = digits(in, from); i == from {
			return errSyntax
		}
	}
	large := i-n.pos > maxPlainNumber
	if i < len(in) && (in[i] == 'e' || in[i] == 'E') {
		if i++; i < len(in) && (in[i] == '+' || in[i] == '-') {
			i++
		}
		large = large || in[i-1] != '-'
		from = i
		if i = digits(in, from); i == from {
			return errSyntax
		}
	}
	if large {
		if f, _ := strconv.ParseFloat(in[n.pos:i], 64); math.IsInf(f, 0) {
			n.differ()
			n.out, n.pos = append(n.out, "null"...), i
			return nil
		}
	}
	n.keep(i)
	return nil
}

// maxPlainNumber is how long a number without exponent may be that is certainly in the range of float64.
const maxPlainNumber = 308

// digits returns the end of the digits at i.
func digits(in string, i int) int {
	for i < len(in) && '0' <= in[i] && in[i] <= '9' {
		i++
	}
	return i
}

// text reads a string and says whether it holds escapes.
func (n *normalizer) text() (escaped bool, err error) {
	in := n.in
	for i := n.pos + 1; i < len(in); i++ {
		c := in[i]
		if c > '\\' || c >= ' ' && c != '"' && c != '\\' { // most are
			continue
		}
		if c == '"' {
			n.keep(i + 1)
			return escaped, nil
		}
		size := 0
		if c == '\\' {
			size = escapeSize(in[i+1:])
		}
		if size == 0 {
			return escaped, errSyntax
		}
		escaped = true
		i += size
	}
	return escaped, errSyntax
}

// escapeSize is the length of what follows a backslash; 0 if it may not follow.
func escapeSize(after string) int {
	switch {
	case after == "":
	case strings.IndexByte(`"\/bfnrt`, after[0]) >= 0:
		return 1
	case after[0] == 'u' && len(after) > 4 && strings.Trim(after[1:5], "0123456789abcdefABCDEF") == "":
		return 5
	}
	return 0
}

// next reads the comma before another element, or the end of a list or object.
func (n *normalizer) next(end byte) (more bool, err error) {
	n.space()
	switch n.peek() {
	case ',':
		n.keep(n.pos + 1)
		n.space()
		return true, nil
	case end:
		n.keep(n.pos + 1)
		return false, nil
	}
	return false, errSyntax
}

func (n *normalizer) array(depth int) error {
	n.space()
	if n.peek() == ']' {
		n.keep(n.pos + 1)
		return nil
	}
	for {
		if err := n.value(depth); err != nil {
			return err
		}
		if more, err := n.next(']'); !more {
			return err
		}
	}
}

// fewMembers are compared with each other for duplicates; more are looked up.
const fewMembers = 16

func (n *normalizer) object(depth int) error {
	first, start := len(n.members), n.written()
	n.space()
	if n.peek() == '}' {
		n.keep(n.pos + 1)
		return nil
	}
	reorder := false
	var seen *keyTable
	for {
		m, err := n.member(depth)
		if err != nil {
			return err
		}
		reorder = reorder || isIndexKey(m.key)
		others := n.members[first:]
		switch {
		case reorder: // duplicates are found then
		case len(others) < fewMembers:
			for i := range others {
				reorder = reorder || others[i].key == m.key
			}
		default:
			if seen == nil {
				seen = &keyTable{}
				for i := range others {
					seen.add(n.members[first:], i)
				}
			}
			n.members = append(n.members, m)
			reorder = seen.add(n.members[first:], len(others))
			n.members = n.members[:first+len(others)]
		}
		n.members = append(n.members, m)
		if more, err := n.next('}'); err != nil {
			return err
		} else if !more {
			break
		}
	}
	if reorder {
		n.reorder(start, n.members[first:])
	}
	n.members = n.members[:first]
	return nil
}

// keyTable finds a key again among the members of an object: by its hash, with open addressing. The largest objects have a
// map instead.
type keyTable struct {
	slots [4 * maxSlotted]uint16 // index + 1
	more  map[string]struct{}
}

const maxSlotted = 128

// add adds member i and reports whether its key was there already.
func (t *keyTable) add(members []member, i int) (known bool) {
	key := members[i].key
	if i >= maxSlotted {
		if t.more == nil {
			t.more = make(map[string]struct{}, 2*maxSlotted)
			for _, m := range members[:i] {
				t.more[m.key] = struct{}{}
			}
		}
		_, known = t.more[key]
		t.more[key] = struct{}{}
		return known
	}
	hash := uint32(2166136261) // FNV-1a
	for k := range len(key) {
		hash = (hash ^ uint32(key[k])) * 16777619
	}
	for at := hash % uint32(len(t.slots)); ; at = (at + 1) % uint32(len(t.slots)) {
		switch slot := t.slots[at]; {
		case slot == 0:
			t.slots[at] = uint16(i + 1)
			return false
		case members[slot-1].key == key:
			return true
		}
	}
}

func (n *normalizer) member(depth int) (member, error) {
	var m member
	if n.peek() != '"' {
		return m, errSyntax
	}
	from := n.pos
	m.start = n.written()
	escaped, err := n.text()
	if err != nil {
		return m, err
	}
	m.key = n.in[from+1 : n.pos-1]
	if escaped {
		m.key = gjson.Parse(n.in[from:n.pos]).Str
	}
	n.space()
	if n.peek() != ':' {
		return m, errSyntax
	}
	n.keep(n.pos + 1)
	n.space()
	m.value = n.written()
	err = n.value(depth)
	m.end = n.written()
	return m, err
}

// reorder writes the members of an object anew, whose first begins at start.
func (n *normalizer) reorder(start int, members []member) {
	n.differ()
	source := slices.Clone(n.out[start:])
	part := func(from, to int) []byte { return source[from-start : to-start] }
	place := make(map[string]int, len(members))
	var kept []member
	values := make([]member, 0, len(members)) // whose value counts, by place
	for _, m := range members {
		if i, ok := place[m.key]; ok {
			values[i] = m
			continue
		}
		place[m.key] = len(kept)
		kept, values = append(kept, m), append(values, m)
	}
	slices.SortStableFunc(kept, func(a, b member) int { return compareKeys(a.key, b.key) })
	n.out = n.out[:start]
	for i, m := range kept {
		if i > 0 {
			n.out = append(n.out, ',')
		}
		v := values[place[m.key]]
		n.out = append(append(n.out, part(m.start, m.value)...), part(v.value, v.end)...)
	}
	n.out = append(n.out, '}')
}

// isIndexKey reports whether key is an array index in JavaScript's sense: 0 to 2^32-2 without leading zeros.
func isIndexKey(key string) bool {
	if key == "" || len(key) > 10 || key[0] < '0' || key[0] > '9' || (key[0] == '0' && len(key) > 1) {
		return false
	}
	n, err := strconv.ParseUint(key, 10, 64)
	return err == nil && n < 1<<32-1
}

func compareKeys(a, b string) int {
	aIndex, bIndex := isIndexKey(a), isIndexKey(b)
	switch {
	case aIndex && bIndex: // without leading zeros the shorter one is the smaller one
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	case aIndex:
		return -1
	case bIndex:
		return 1
	}
	return 0
}
