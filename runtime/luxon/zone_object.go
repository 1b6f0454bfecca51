package luxon

// Class is IANAZone, FixedOffsetZone, SystemZone or InvalidZone.
func (z *zone) Class() string { return z.class }

// HasMethod reports whether a zone has a method of this name.
func (z *zone) HasMethod(name string) bool {
	switch name {
	case "offsetName", "formatOffset", "offset", "equals":
		return true
	}
	return false
}

// Get reads a property.
func (z *zone) Get(name string) (any, error) {
	switch name {
	case "type":
		return map[string]string{"IANAZone": "iana", "FixedOffsetZone": "fixed", "SystemZone": "system", "InvalidZone": "invalid"}[z.class], nil
	case "name":
		return z.name, nil
	case "ianaName":
		return z.ianaName(), nil
	case "isUniversal":
		return z.class == "FixedOffsetZone", nil
	case "isValid":
		return z.valid(), nil
	case "zoneName":
		if z.class == "IANAZone" || z.class == "InvalidZone" {
			return z.name, nil
		}
	case "valid":
		if z.class == "IANAZone" {
			return z.valid(), nil
		}
	case "fixed":
		if z.class == "FixedOffsetZone" {
			return z.fixed, nil
		}
	}
	return Undefined{}, nil
}

// Call calls a method.
func (z *zone) Call(name string, args []any) (any, error) {
	ms := millisOf(argument(args, 0))
	switch name {
	case "offset":
		return z.offset(ms), nil
	case "equals":
		o, ok := argument(args, 0).(*zone)
		return ok && z.equals(o), nil
	case "formatOffset":
		format := toText(argument(args, 1))
		switch format {
		case "narrow", "short", "techie":
			return z.formatOffset(ms, format), nil
		}
		if z.class == "InvalidZone" {
			return "", nil
		}
		return nil, throw("Value format %s is out of range for property format", format)
	case "offsetName":
		if z.class == "FixedOffsetZone" || z.class == "InvalidZone" {
			return z.offsetName(ms, "", "")
		}
		o, err := optionsAt(args, 1)
		if err != nil || isUndefined(argument(args, 1)) {
			return nil, throw("Cannot destructure property 'format' of 'undefined' as it is undefined.")
		}
		if !z.valid() {
			return nil, throw("Invalid time zone specified: %s", z.name)
		}
		format := o.text("format")
		if format == "" {
			return nil, nil
		}
		return z.offsetName(ms, format, o.text("locale"))
	}
	return nil, throw("%s is not a function", name)
}

// String is what JavaScript makes of an object without a text of its own.
func (z *zone) String() string { return "[object Object]" }

// AppendJSON appends the zone's own members.
func (z *zone) AppendJSON(dst []byte) []byte {
	switch z.class {
	case "IANAZone":
		dst = append(append(dst, `{"zoneName":`...), quoted(z.name)...)
		if z.valid() {
			return append(dst, `,"valid":true}`...)
		}
		return append(dst, `,"valid":false}`...)
	case "FixedOffsetZone":
		return append(append(append(dst, `{"fixed":`...), numberText(z.fixed)...), '}')
	case "InvalidZone":
		return append(append(append(dst, `{"zoneName":`...), quoted(z.name)...), '}')
	}
	return append(dst, "{}"...)
}

var _ Object = (*formatParser)(nil)

// Class is "TokenParser".
func (p *formatParser) Class() string { return "TokenParser" }

// HasMethod reports whether the parser has a method of this name.
func (p *formatParser) HasMethod(name string) bool { return name == "explainFromTokens" }

// Get reads a property.
func (p *formatParser) Get(name string) (any, error) {
	switch name {
	case "format":
		return p.format, nil
	case "isValid":
		return true, nil
	case "invalidReason":
		return nil, nil
	}
	return Undefined{}, nil
}

// Call calls a method.
func (p *formatParser) Call(name string, args []any) (any, error) {
	if name != "explainFromTokens" {
		return nil, throw("%s is not a function", name)
	}
	return plainScope().explain(argument(args, 0), p)
}

// String is what JavaScript makes of an object without a text of its own.
func (p *formatParser) String() string { return "[object Object]" }

// AppendJSON appends the format and the locale.
func (p *formatParser) AppendJSON(dst []byte) []byte {
	return append(append(append(dst, `{"format":`...), quoted(p.format)...), '}')
}
