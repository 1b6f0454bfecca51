package schemas

// TextFormat is a format of text that schemas of node sets demand by a pattern. JSON Schema's own "format" is asserted
// nowhere: APIs mean other things by its names, such as a time without an offset.
type TextFormat struct {
	Name    string // "date-time"
	Example string // for messages: "a date such as 2026-01-31"
	OData   string // the pattern in OData 4
	Plain   string // the pattern elsewhere: RFC 3339, RFC 9562 and ISO 8601, with the freedom that APIs take
}

const (
	datePattern   = `[0-9]{4,}-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])`
	timePattern   = `([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,12})?`
	dayTime       = `(T([0-9]+H)?([0-9]+M)?([0-9]+([.][0-9]+)?S)?)?`
	offsetPattern = `[+-][0-9][0-9]:[0-9][0-9]`
	uuidPattern   = `^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`
)

// TextFormats lists the formats; the result is the caller's.
func TextFormats() []TextFormat {
	return []TextFormat{
		{
			Name: "date-time", Example: "a date and time with Z or an offset, such as 2026-01-31T09:30:00Z",
			OData: "^" + datePattern + "T" + timePattern + "(Z|" + offsetPattern + ")$",
			Plain: "^" + datePattern + "[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)?([Zz]|" + offsetPattern + ")$",
		},
		{Name: "date", Example: "a date such as 2026-01-31", OData: "^" + datePattern + "$", Plain: "^" + datePattern + "$"},
		{
			Name: "time", Example: "a time such as 09:30:00",
			OData: "^" + timePattern + "$", Plain: "^" + timePattern + "([Zz]|" + offsetPattern + ")?$",
		},
		{
			Name: "duration", Example: "an ISO 8601 duration such as P1DT2H30M",
			OData: "^-?P([0-9]+D)?" + dayTime + "$",
			Plain: "^-?P([0-9]+W|([0-9]+Y)?([0-9]+M)?([0-9]+D)?" + dayTime + ")$",
		},
		{Name: "uuid", Example: "a UUID such as 123e4567-e89b-12d3-a456-426614174000", OData: uuidPattern, Plain: uuidPattern},
	}
}

// FormatOf returns the format that a schema's pattern stands for.
func FormatOf(pattern string) (TextFormat, bool) {
	for _, f := range TextFormats() {
		if pattern == f.OData || pattern == f.Plain {
			return f, true
		}
	}
	return TextFormat{}, false
}
