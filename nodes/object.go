package nodes

// ObjectBuilder writes a JSON object member by member, in order. The zero value is ready.
type ObjectBuilder struct{ buf []byte }

// key begins a member; exactly one value follows.
func (b *ObjectBuilder) key(name string) {
	if len(b.buf) == 0 {
		b.buf = append(b.buf, '{')
	} else {
		b.buf = append(b.buf, ',')
	}
	b.buf = append(AppendString(b.buf, name), ':')
}

// Set adds a member; an undefined value adds nothing, as JSON.stringify does.
func (b *ObjectBuilder) Set(name string, v Value) {
	if v.kind == Undefined {
		return
	}
	b.key(name)
	b.buf = v.AppendJSON(b.buf)
}

// Raw adds a member whose value is given in wire form.
func (b *ObjectBuilder) Raw(name, json string) {
	b.key(name)
	b.buf = append(b.buf, json...)
}

// String returns the object; the builder is empty afterwards and may be used again.
func (b *ObjectBuilder) String() string {
	if len(b.buf) == 0 {
		return "{}"
	}
	s := string(append(b.buf, '}'))
	b.buf = b.buf[:0]
	return s
}
