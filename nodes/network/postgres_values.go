package network

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// read reads the rows of one statement.
func (r *postgresRun) read(rows *pgconn.ResultReader) (res postgresResult, err error) {
	var names []string
	var types []uint32
	for _, f := range rows.FieldDescriptions() {
		names, types = append(names, f.Name), append(types, f.DataTypeOID)
	}
	enc := newRowEncoder(names)
	for rows.NextRow() {
		values := rows.Values()
		row, err := enc.row(func(i int) string { return r.json(types[i], values[i]) })
		if err != nil {
			return res, err
		}
		res.rows = append(res.rows, row)
	}
	res.tag, err = rows.Close()
	return res, err
}

// rowEncoder writes rows as objects. Of columns with the same name the last counts.
type rowEncoder struct {
	names  []string
	plain  bool // names are in the order of a JavaScript object
	object nodes.ObjectBuilder
}

func newRowEncoder(names []string) *rowEncoder {
	e := &rowEncoder{names: names, plain: true}
	seen := map[string]bool{}
	for _, n := range names {
		_, notNumber := strconv.ParseUint(n, 10, 32)
		e.plain = e.plain && !seen[n] && notNumber != nil
		seen[n] = true
	}
	return e
}

func (e *rowEncoder) row(value func(i int) string) (string, error) {
	for i, name := range e.names {
		e.object.Raw(name, value(i))
	}
	text := e.object.String()
	if e.plain {
		return text, nil
	}
	return nodes.Normalize(text)
}

// Types of PostgreSQL whose values are more than text in an item.
const (
	oidBytea, oidInt2, oidOID, oidJSON, oidPoint, oidFloat4, oidFloat8, oidCircle = 17, 21, 26, 114, 600, 700, 701, 718
	oidDate, oidTimestamp, oidTimestamptz, oidInterval, oidJSONB                  = 1082, 1114, 1184, 1186, 3802
	oidText                                                                       = 25
	zoneless                                                                      = "2006-01-02 15:04:05.999999999"
)

// elementTypes are the types of the elements of the arrays that n8n takes apart; any other array is text.
var elementTypes = map[uint32]uint32{
	1000: oidBool, 1001: oidBytea, 1005: oidInt2, 1007: oidInt4, 1016: oidInt8, 1231: oidFloat8, 1021: oidFloat4, 1022: oidFloat8, 1028: oidOID, 1017: oidPoint,
	199: oidJSON, 3807: oidJSONB, 1115: oidTimestamp, 1182: oidDate, 1185: oidTimestamptz, 1187: oidInterval,
	1008: oidText, 1009: oidText, 1014: oidText, 1015: oidText, 1183: oidText, 1270: oidText, 1041: oidText, 651: oidText, 1040: oidText, 2951: oidText, 791: oidText, 3907: oidText,
}

// json is a value in wire form: n8n's, which has large numbers as text unless told otherwise, and times as JavaScript's dates.
func (r *postgresRun) json(oid uint32, value []byte) string {
	if value == nil {
		return "null"
	}
	text := string(value)
	if element, ok := elementTypes[oid]; ok {
		return r.array(element, text)
	}
	switch oid {
	case oidBool:
		return strconv.FormatBool(text == "t")
	case oidInt2, oidInt4, oidOID:
		return text
	case oidInt8, oidNumeric:
		if r.numbers {
			return numberJSON(text)
		}
	case oidFloat4, oidFloat8:
		return numberJSON(text)
	case oidJSON, oidJSONB:
		if normal, err := nodes.Normalize(text); err == nil {
			return normal
		}
	case oidDate, oidTimestamp, oidTimestamptz:
		return quote(dateText(text, time.Local))
	case oidInterval:
		return intervalJSON(text)
	case oidBytea:
		return bufferJSON(text)
	case oidPoint, oidCircle:
		return pointJSON(text)
	}
	return quote(text)
}

func quote(text string) string { return string(nodes.AppendString(nil, text)) }

// numberJSON is a number as JavaScript writes it; what is none in JSON is null.
func numberJSON(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "null"
	}
	return nodes.NumberValue(f).JSON()
}

// dateText is a date or time in JavaScript's form (milliseconds, UTC). Without a zone it is in this one.
func dateText(text string, zone *time.Location) string {
	clean, bc := strings.CutSuffix(text, " BC")
	layout := "2006-01-02"
	if strings.Contains(clean, ":") {
		layout = zoneless
		if rest := clean[strings.IndexByte(clean, ':'):]; strings.ContainsAny(rest, "+-") {
			layout += "-07"
			if tail := rest[strings.LastIndexAny(rest, "+-"):]; strings.Count(tail, ":") == 1 {
				layout += ":00"
			} else if strings.Count(tail, ":") == 2 {
				layout += ":00:00"
			}
		}
	}
	year, rest, ok := strings.Cut(clean, "-")
	if n, err := strconv.Atoi(year); ok && err == nil && (bc || n > 9999) {
		if bc {
			n = 1 - n
		}
		t, err := time.ParseInLocation(layout, "2000-"+rest, zone)
		if err != nil {
			return text
		}
		t = t.UTC()
		return fmt.Sprintf("%+07d-%s", n+t.Year()-2000, t.Format("01-02T15:04:05.000Z"))
	}
	t, err := time.ParseInLocation(layout, clean, zone)
	if err != nil {
		return text // infinity
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// bufferJSON is what JSON makes of Node's Buffer.
func bufferJSON(text string) string {
	data, err := hex.DecodeString(strings.TrimPrefix(text, `\x`))
	if err != nil {
		return quote(text)
	}
	return bytesJSON(data)
}

func bytesJSON(data []byte) string {
	out := []byte(`{"type":"Buffer","data":[`)
	for i, c := range data {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendUint(out, uint64(c), 10)
	}
	return string(append(out, "]}"...))
}

// pointJSON reads (x,y), and <(x,y),radius>.
func pointJSON(text string) string {
	parts := strings.Split(strings.Trim(text, "<>()"), ",")
	var b nodes.ObjectBuilder
	for i, name := range []string{"x", "y", "radius"}[:min(len(parts), 3)] {
		b.Raw(name, numberJSON(strings.Trim(parts[i], "()")))
	}
	return b.String()
}

var (
	intervalUnit = regexp.MustCompile(`([+-]?\d+) (year|mon|day)`)
	intervalTime = regexp.MustCompile(`([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?`)
)

// intervalJSON takes an interval apart as n8n does: the units that are not zero.
func intervalJSON(text string) string {
	var b nodes.ObjectBuilder
	add := func(name, sign, digits string) {
		if n, err := strconv.ParseFloat(sign+digits, 64); err == nil && n != 0 {
			b.Set(name, nodes.NumberValue(n))
		}
	}
	for _, m := range intervalUnit.FindAllStringSubmatch(text, -1) {
		add(map[string]string{"year": "years", "mon": "months", "day": "days"}[m[2]], "", m[1])
	}
	if m := intervalTime.FindStringSubmatch(text); m != nil {
		add("hours", m[1], m[2])
		add("minutes", m[1], m[3])
		add("seconds", m[1], m[4])
		if m[5] != "" {
			micros, _ := strconv.Atoi((m[5] + "000000")[:6])
			add("milliseconds", m[1], strconv.FormatFloat(float64(micros)/1000, 'f', -1, 64))
		}
	}
	return b.String()
}

// array reads PostgreSQL's text of an array: {1,NULL,"a,b",{2}}, with bounds before it or not.
func (r *postgresRun) array(element uint32, text string) string {
	if _, body, ok := strings.Cut(text, "]={"); ok && strings.HasPrefix(text, "[") {
		text = "{" + body
	}
	p := arrayReader{text: text, json: func(v []byte) string { return r.json(element, v) }}
	out, ok := p.list(nil)
	if !ok {
		return quote(text)
	}
	return string(out)
}

type arrayReader struct {
	text string
	at   int
	json func(value []byte) string
}

func (p *arrayReader) list(out []byte) ([]byte, bool) {
	if p.at >= len(p.text) || p.text[p.at] != '{' {
		return nil, false
	}
	p.at++
	out = append(out, '[')
	for first := true; p.at < len(p.text); first = false {
		if p.text[p.at] == '}' {
			p.at++
			return append(out, ']'), true
		}
		if !first {
			if p.text[p.at] != ',' {
				return nil, false
			}
			p.at++
			out = append(out, ',')
		}
		if p.text[p.at] == '{' {
			var ok bool
			if out, ok = p.list(out); !ok {
				return nil, false
			}
			continue
		}
		out = append(out, p.json(p.element())...)
	}
	return nil, false
}

func (p *arrayReader) element() []byte {
	value := []byte{}
	if p.at < len(p.text) && p.text[p.at] == '"' {
		for p.at++; p.at < len(p.text) && p.text[p.at] != '"'; p.at++ {
			if p.text[p.at] == '\\' && p.at+1 < len(p.text) {
				p.at++
			}
			value = append(value, p.text[p.at])
		}
		p.at++
		return value
	}
	start := p.at
	for p.at < len(p.text) && p.text[p.at] != ',' && p.text[p.at] != '}' {
		p.at++
	}
	if text := p.text[start:p.at]; text != "NULL" {
		return append(value, text...)
	}
	return nil
}

// arrayText is a list as PostgreSQL's text of an array.
func arrayText(r gjson.Result) string {
	var parts []string
	for _, el := range r.Array() {
		switch {
		case el.IsArray():
			parts = append(parts, arrayText(el))
		case el.Type == gjson.Null:
			parts = append(parts, "NULL")
		default:
			text := valueText(nodes.ResultValue(el))
			parts = append(parts, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)+`"`)
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

var nearToken = regexp.MustCompile(`^syntax error at or near "(.*)"$`)

// explain words an error of the database as n8n does.
func (r *postgresRun) explain(err error, st sqlStatement) error {
	var own *nodes.Error
	if errors.As(err, &own) {
		return own
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		e := nodes.Errorf("the connection to PostgreSQL failed: %w", err).At(st.item)
		return &finalError{e} // it may have done what was asked
	}
	e := nodes.Errorf("%s", pg.Message).At(st.item)
	if m := nearToken.FindStringSubmatch(pg.Message); m != nil && pg.Position > 0 {
		runes := []rune(st.text)
		before := string(runes[:min(int(pg.Position)-1, len(runes))])
		e.Message = fmt.Sprintf("Syntax error at line %d near %q", st.line+1+strings.Count(before, "\n"), m[1])
	}
	e.Cause = err
	if r.call.Version < 2 {
		return e
	}
	if e.Description = pg.Detail; e.Description == "" {
		shown := st.shown
		if shown == "" {
			shown = st.text
		}
		e.Description = "Failed query: " + shown
	}
	return e
}
