package core

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// manualFields are fields given one by one.
type manualFields struct {
	call   *nodes.Call
	fields []setField
	plan   *fieldPlan // if it is the same for all items
	values []nodes.Value
	buf    []byte
}

// setField is a field to set.
type setField struct {
	name, typ, value nodes.Param
	unset            string // what the value is, as JSON, where the workflow does not say it; "" for undefined
}

// unsetValues are the values before version 3.3 of fields that the workflow gives none, by type.
var unsetValues = map[string]string{"string": `""`, "number": "0", "boolean": "true", "array": `""`, "object": "{}"}

func (m *manualFields) apply(i int, base string) (string, error) {
	if m.plan == nil || !m.plan.constant {
		if err := m.compile(i); err != nil {
			return "", err
		}
	}
	m.values = m.values[:0]
	for f := range m.fields {
		v, err := m.fields[f].value.Value(i)
		if err != nil {
			return "", err
		}
		if m.fields[f].unset != "" {
			v = nodes.WireValue(m.fields[f].unset)
		}
		m.values = append(m.values, v)
	}
	for f, v := range m.values {
		v, err := m.plan.convert(i, f, plain(v))
		if err != nil {
			return "", err
		}
		m.values[f] = v
	}
	if m.plan.paths {
		return m.plan.assign(base, m.values)
	}
	m.buf = m.plan.appendObject(m.buf[:0], base, m.values)
	if m.plan.indices {
		return nodes.Normalize(string(m.buf))
	}
	return string(m.buf), nil
}

// attach adds the fields that are binary data: given by its name in the input item, or as an object.
func (m *manualFields) attach(i int, in, out nodes.Item) (nodes.Item, error) {
	for f, v := range m.values {
		if m.plan.types[f] != "binary" {
			continue
		}
		var file nodes.File
		switch v.Kind() {
		case nodes.String:
			var ok bool
			if file, ok = in.Binary().Get(v.Str()); !ok {
				e := nodes.Errorf("This operation expects the node's input data to contain a binary file '%s', but none was found [item %d]", v.Str(), i).At(i)
				e.Description = "Make sure that the previous node outputs a binary file"
				return out, e
			}
		case nodes.Object:
			if err := json.Unmarshal([]byte(v.Raw()), &file); err != nil {
				return out, nodes.Errorf("the field %q is no binary data: %w", m.plan.names[f], err).At(i)
			}
		default:
			e := nodes.Errorf("Provided parameter is not a string or binary data object.").At(i)
			e.Hint = "give the name of binary data of the input item, or binary data itself"
			return out, e
		}
		out = out.WithBinary(out.Binary().With(m.plan.names[f], file))
	}
	return out, nil
}

// compile reads names, types and options; where none is an expression it is done once for all items.
func (m *manualFields) compile(i int) error {
	p := &fieldPlan{call: m.call, dots: true}
	group, member := "assignments", "assignments"
	if m.call.Version < 3.3 {
		group, member = "fields", "values"
	}
	list := m.call.Param(group).Get(member)
	p.constant = constantFields(m.call.Params.Member(group), member) && m.call.Params.Member("options").Constant()
	fields, err := list.List(i)
	if err != nil {
		return err
	}
	options := m.call.Param("options")
	if p.dots, err = options.Get("dotNotation").Bool(i, true); err != nil {
		return err
	}
	if p.ignore, err = options.Get("ignoreConversionErrors").Bool(i, false); err != nil {
		return err
	}
	m.fields = m.fields[:0]
	for _, f := range fields {
		field := setField{name: f.Get("name"), typ: f.Get("type"), value: f.Get("value")}
		noName, noType := "undefined", ""
		if m.call.Version < 3.3 {
			noName, noType = "", "stringValue"
		}
		name, err := field.name.String(i, noName)
		if err != nil {
			return err
		}
		typ, err := field.typ.String(i, noType)
		if err != nil {
			return err
		}
		if m.call.Version < 3.3 { // the type names the parameter with the value: stringValue
			field.value = f.Get(typ)
			if typ = strings.TrimSuffix(typ, "Value"); !field.value.IsSet() {
				field.unset = unsetValues[typ]
			}
		}
		m.fields = append(m.fields, field)
		p.add(name, typ)
	}
	m.plan = p
	return nil
}

// constantFields reports whether the names and types of a list of fields are the same for all items.
func constantFields(group *nodes.Template, member string) bool {
	list := group.Member(member)
	if group.Expression() != nil || list.Expression() != nil {
		return false
	}
	for i := 0; ; i++ {
		f := list.Member(strconv.Itoa(i))
		if f == nil {
			return true
		}
		if f.Expression() != nil || !f.Member("name").Constant() || !f.Member("type").Constant() {
			return false
		}
	}
}

// fieldPlan is what is known of the fields before their values.
type fieldPlan struct {
	call     *nodes.Call
	constant bool // holds for all items
	dots     bool
	ignore   bool // conversion errors
	names    []string
	types    []string
	ways     [][]string // of names that lead into objects
	slots    []slot     // the different names, in order
	paths    bool       // a name leads into objects
	binaries bool       // a field is binary data
	indices  bool       // a name is an index, which comes first in an object
}

// slot is a name with the field that sets it last.
type slot struct {
	name  string
	field int
}

func (p *fieldPlan) add(name, typ string) {
	var way []string
	if p.dots && isPath(name) {
		way = splitPath(name)
	}
	p.names, p.types, p.ways = append(p.names, name), append(p.types, typ), append(p.ways, way)
	if typ == "binary" {
		p.binaries = true
		return
	}
	p.paths = p.paths || way != nil
	p.indices = p.indices || isIndex(name) || slices.ContainsFunc(way, isIndex)
	if at := slices.IndexFunc(p.slots, func(s slot) bool { return s.name == name }); at >= 0 {
		p.slots[at].field = len(p.names) - 1
		return
	}
	p.slots = append(p.slots, slot{name, len(p.names) - 1})
}

// convert brings a value into its field's type.
func (p *fieldPlan) convert(i, field int, v nodes.Value) (nodes.Value, error) {
	typ, version := p.types[field], p.call.Version
	if typ == "binary" {
		return v, nil
	}
	if typ == "string" && v.IsNil() && version < 3.2 {
		if version < 3.1 {
			return nodes.StringValue(v.Text()), nil
		}
		return v, p.mismatch(i, field, v)
	}
	if v.IsNil() {
		return nodes.NullValue, nil
	}
	if typ == "object" && version < 3.3 {
		return p.oldObject(i, field, v)
	}
	out, ok := coerce(v, typ)
	switch {
	case ok:
		return out, nil
	case p.ignore:
		return v, nil
	}
	return v, p.mismatch(i, field, v)
}

// oldObject is the check of object fields before 3.3, with its own wording.
func (p *fieldPlan) oldObject(i, field int, v nodes.Value) (nodes.Value, error) {
	wrong := "does not contain a valid JSON object"
	if v.Kind() == nodes.String {
		text, err := nodes.Normalize(v.Str())
		if err != nil {
			text, err = repairJSON(v.Str())
		}
		if v = nodes.WireValue(text); err != nil {
			wrong, v = "contains invalid JSON", nodes.Value{}
		}
	}
	if v.Kind() != nodes.Object {
		return v, nodes.Errorf("The entry %q inside 'Fields to Set' in item %d %s", p.names[field], i, wrong)
	}
	return v, nil
}

func (p *fieldPlan) mismatch(i, field int, v nodes.Value) error {
	e := nodes.Errorf("'%s' expects a %s but we got %s [item %d]", p.names[field], p.types[field], describe(v), i).At(i)
	e.Description = "To fix the error try to change the type for the field \"" + p.names[field] +
		"\" or activate the option “Ignore Type Conversion Errors” to apply a less strict type validation"
	return e
}

// appendObject writes the base with the fields set: those it has in their place, new ones behind. What lies between is
// copied in one piece.
func (p *fieldPlan) appendObject(dst []byte, base string, values []nodes.Value) []byte {
	var done uint64 // a bit for each slot
	var rest map[int]bool
	if len(p.slots) > 64 {
		rest = make(map[int]bool, len(p.slots))
	}
	copied := 0
	for c := members(base); ; {
		key, value, ok := c.next()
		if !ok {
			break
		}
		at := p.slotOf(&c, key)
		if at < 0 {
			continue
		}
		if rest != nil {
			rest[at] = true
		} else {
			done |= 1 << at
		}
		end := c.at - 1 // of the value
		dst = append(dst, base[copied:end-len(value)]...)
		dst = values[p.slots[at].field].AppendJSON(dst)
		copied = end
	}
	dst = append(dst, base[copied:len(base)-1]...)
	for s := range p.slots {
		if done&(1<<s) != 0 || rest[s] {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(nodes.AppendString(dst, p.slots[s].name), ':')
		dst = values[p.slots[s].field].AppendJSON(dst)
	}
	return append(dst, '}')
}

// slotOf finds the slot of a key as it is written in JSON, -1 if there is none.
func (p *fieldPlan) slotOf(c *cursor, key string) int {
	for s := range p.slots {
		if c.is(key, p.slots[s].name) {
			return s
		}
	}
	return -1
}

// assign sets fields one after the other, for names that lead into objects.
func (p *fieldPlan) assign(base string, values []nodes.Value) (string, error) {
	for f, v := range values {
		if p.types[f] == "binary" {
			continue
		}
		if err := checkPath(p.names[f], p.ways[f]); err != nil {
			return "", err
		}
		base = assignPath(base, p.names[f], p.ways[f], v.JSON())
	}
	if p.indices {
		return nodes.Normalize(base)
	}
	return base, nil
}
