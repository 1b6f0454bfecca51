package openapi

import (
	"encoding/json"
	"slices"

	"github.com/pb33f/libopenapi/datamodel/high/base"

	"github.com/cordboard/cordboard/schemas"
)

// ranges are the bounds of integer formats, as digits because a float64 does not hold those of int64.
var ranges = map[string][2]json.Number{
	"int8":   {"-128", "127"},
	"uint8":  {"0", "255"},
	"int16":  {"-32768", "32767"},
	"uint16": {"0", "65535"},
	"int32":  {"-2147483648", "2147483647"},
	"uint32": {"0", "4294967295"},
	"int64":  {"-9223372036854775808", "9223372036854775807"},
	"uint64": {"0", "18446744073709551615"},
}

// format writes what a format allows as a pattern or a range.
func (g *generator) format(s *base.Schema, out schema) {
	if slices.Contains(s.Type, "string") {
		for _, f := range schemas.TextFormats() {
			switch {
			case f.Name != s.Format:
			case g.dialect.odata:
				out["pattern"] = f.OData
			default:
				out["pattern"] = f.Plain
			}
		}
	}
	if !slices.Contains(s.Type, "integer") {
		return
	}
	// A decimal is declared as an integer and is a fraction of money nevertheless.
	if s.Format == "decimal" {
		out["type"] = "number"
		return
	}
	bounds, ok := ranges[s.Format]
	if !ok {
		return
	}
	// A document's own bounds narrow the format's; most repeat them.
	if s.Minimum == nil || asFloat(bounds[0]) >= *s.Minimum {
		out["minimum"] = bounds[0]
	}
	if s.Maximum == nil || asFloat(bounds[1]) <= *s.Maximum {
		out["maximum"] = bounds[1]
	}
}

func asFloat(n json.Number) float64 {
	f, _ := n.Float64()
	return f
}
