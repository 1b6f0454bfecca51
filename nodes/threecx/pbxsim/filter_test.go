package pbxsim

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

const personSchema = `{"type":"object","properties":{
	"Id":{"type":"integer"},"Name":{"type":["string","null"]},"Enabled":{"type":"boolean"},"Cost":{"type":["number","null"]},
	"Kind":{"enum":["Extension","Queue"]},"Born":{"type":"string","format":"date-time","pattern":"^[0-9]{4}-.*T.*Z$"},
	"Talk":{"type":"string","format":"duration","pattern":"^P.*$"},"Key":{"type":"string","format":"uuid","pattern":"^[0-9a-f-]{36}$"},
	"Flags":{"anyOf":[{"enum":["A","B","C"]},{"pattern":"^[ABC, ]+$"}],"type":"string"},
	"Gateway":{"type":"object","properties":{"Host":{"type":"string"},"Port":{"type":"integer"}}},
	"Groups":{"type":"array","items":{"type":"object","properties":{"Name":{"type":"string"},"Rights":{"type":["object","null"],"properties":{"Role":{"type":"string"}}}}}},
	"Tags":{"type":"array","items":{"type":"string"}}}}`

const personJSON = `{"Id":7,"Name":"O'Neil & Söhne","Enabled":false,"Cost":1.25,"Kind":"Extension","Born":"2026-01-15T09:30:00Z",
	"Talk":"PT1M30S","Key":"3f2504e0-4f89-41d3-9a0c-0305e82c3301","Flags":"A, C","Gateway":{"Host":"sip.example.net","Port":5060},
	"Groups":[{"Name":"Sales","Rights":{"Role":"users"}},{"Name":"Support","Rights":null}],"Tags":["AI","MS"],"Missing":null}`

func personShape(tb testing.TB) (*shape, entity) {
	tb.Helper()
	s := &shapes{load: func(string) (json.RawMessage, error) { return nil, errors.New("no schema") }}
	shape, err := s.of(json.RawMessage(personSchema))
	if err != nil {
		tb.Fatal(err)
	}
	e, err := decodeObject([]byte(personJSON))
	if err != nil {
		tb.Fatal(err)
	}
	return shape, e
}

func TestFilter(t *testing.T) {
	t.Parallel()
	shape, e := personShape(t)
	for _, test := range []struct {
		filter string
		want   bool
	}{
		{"Id eq 7", true}, {"Id ne 7", false}, {"Id gt 6.5", true}, {"Id ge 8", false}, {"Id lt 8", true}, {"Id le 6", false}, {"Id eq -7", false},
		{"Enabled", false}, {"not Enabled", true}, {"Enabled eq false", true}, {"not (Enabled eq false)", false},
		{"Name eq 'O''Neil & Söhne'", true}, {"Name eq 'o''neil & söhne'", false}, {"Name eq null", false}, {"Name ne null", true}, {"null eq null", true},
		{"Name gt null", false}, {"not (Name gt null)", true},
		{"startswith(Name,'O''')", true}, {"endswith(Name, 'hne')", true}, {"contains(tolower(Name),'neil')", true}, {"toupper(Name) eq 'O''NEIL & SÖHNE'", true},
		{"length(Name) eq 14", true}, {"indexof(Name,'S') eq 9", true}, {"substring(Name,2,4) eq 'Neil'", true}, {"substring(Name,9) eq 'Söhne'", true},
		{"concat(Name,'!') eq 'O''Neil & Söhne!'", true}, {"trim(' x ') eq 'x'", true},
		{"Id eq 7 and Enabled or Id eq 7", true}, {"Enabled and (Id eq 7 or Id eq 8)", false}, {"Id eq 1 or Id eq 7 and not Enabled", true},
		{"Id in (1,7)", true}, {"Name in ('a','b')", false}, {"Kind in ('Queue', 'Extension')", true},
		{"Kind eq 'Extension'", true}, {"Kind eq Pbx.PeerType'Extension'", true},
		{"Flags has 'A'", true}, {"Flags has 'A,C'", true}, {"Flags has 'B'", false}, {"Tags has 'AI'", true},
		{"Born gt 2026-01-15T11:29:59+02:00", true}, {"Born eq 2026-01-15T11:30:00+02:00", true}, {"Born lt 2026-01-15", false}, {"Born ge 2026-01-15", true},
		{"year(Born) eq 2026 and month(Born) eq 1 and day(Born) eq 15 and hour(Born) eq 9 and minute(Born) eq 30 and second(Born) eq 0", true},
		{"date(Born) eq 2026-01-15", true}, {"Born lt now()", true}, {"Talk eq duration'PT90S'", true}, {"Talk gt duration'PT89.5S'", true},
		{"Key eq 3f2504e0-4f89-41d3-9a0c-0305e82c3301", true}, {"Key eq '3f2504e0-4f89-41d3-9a0c-0305e82c3301'", true},
		{"Gateway/Host eq 'sip.example.net'", true}, {"Gateway/Port eq 5060", true}, {"Gateway ne null", true}, {"$it/Id eq 7", true},
		{"Groups/any()", true}, {"Groups/$count eq 2", true}, {"Groups/any(g:g/Name eq 'Sales')", true}, {"Groups/all(g:g/Name eq 'Sales')", false},
		{"Groups/any(g: g/Rights/Role eq 'users' and Id eq 7)", true}, {"Groups/all(g: g/Rights ne null)", false}, {"Tags/any(t: t eq 'MS')", true},
		{"not Groups/any(g:g/Name eq 'Warehouse')", true}, {"Groups/any(g: Tags/any(t: t eq 'AI' and g/Name eq 'Support'))", true},
		{"Cost mul 4 eq 5", true}, {"Id mod 4 eq 3", true}, {"Id sub 2 add 1 eq 6", true}, {"Id div 2 eq 3.5", true}, {"-(Id) eq -7", true},
		{"round(Cost) eq 1", true}, {"floor(Cost) eq 1", true}, {"ceiling(Cost) eq 2", true}, {"Cost lt INF", true},
	} {
		parsed, err := parseFilter(test.filter)
		if err == nil {
			err = checkFilter(parsed, shape)
		}
		if err != nil {
			t.Errorf("%s: %v", test.filter, err)
			continue
		}
		if got := matches(parsed, e, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)); got != test.want {
			t.Errorf("%s is %v", test.filter, got)
		}
	}
}

func TestFilterErrors(t *testing.T) {
	t.Parallel()
	shape, _ := personShape(t)
	deep := strings.Repeat("(", 101) + "true" + strings.Repeat(")", 101)
	for _, test := range []struct{ filter, want string }{
		{"Nam eq 'x'", `there is no property "Nam" on this object`},
		{"name eq 'x'", `there is no property "name" on this object, but "Name"`},
		{"Gateway/Hos eq 'x'", `there is no property "Hos" on this object`},
		{"Name/x eq 'x'", `x is not in an object but in a text`},
		{"Id eq '7'", `a number and a text cannot be compared with eq`},
		{"Name eq 7", `a text and a number cannot be compared with eq`},
		{"Enabled eq 'false'", `a boolean and a text cannot be compared with eq`},
		{"Born gt '2026-01-01T00:00:00Z'", `a date-time and a text cannot be compared with gt`},
		{"Groups eq 'Sales'", `a collection cannot be compared with eq; use any or all`},
		{"Id in (7,'8')", `a number and a text cannot be compared with in`},
		{"Name", `gives a text, not true or false`},
		{"not Name", `the operand of not is a text, not true or false`},
		{"Name and Enabled", `an operand of and is a text, not true or false`},
		{"Name/any()", `Name is no collection, any and all do not apply`},
		{"Name/$count eq 1", `Name is no collection, it has no $count`},
		{"Groups/any(g:g/Nam eq 'x')", `there is no property "Nam" on this object`},
		{"contains(Id,'7')", `argument 1 of contains is a number, not a text`},
		{"contains(Name)", `contains takes 2 arguments, not 1`},
		{"substring(Name)", `substring takes 2 to 3 arguments, not 1`},
		{"Name add 1 eq 2", `an operand of add is a text, not a number`},
		{"like(Name,'x')", `there is no function "like" at offset 0`},
		{"Name = 'x'", `expected an operator or the end, found "=" at offset 5`},
		{"Name EQ 'x'", `expected an operator or the end, found "EQ" at offset 5`},
		{"Name eq", `expected a value, a property, a function or (, found the end at offset 7`},
		{"Name eq 'x", `quoted text has no closing quote at offset 8`},
		{`Name eq "x"`, `unexpected "\"" at offset 8`},
		{"Name eq 'x')", `expected an operator or the end, found ")" at offset 11`},
		{"(Name eq 'x'", `expected ), found the end at offset 12`},
		{"Id in 7", `expected ( after in, found "7" at offset 6`},
		{"Id in ()", `the list after in is empty`},
		{"Groups/all()", `all() needs a condition: Groups/all(x:…)`},
		{"Groups/any(g)", `expected a variable and a colon at offset 11: Groups/any(x:…)`},
		{"Born gt 2026-01-01T00:00:00", `the date-time 2026-01-01T00:00:00 has neither Z nor an offset at offset 8`},
		{"Talk eq duration'90'", `"90" is no duration at offset 8`},
		{deep, `is nested more than 100 deep`},
	} {
		parsed, err := parseFilter(test.filter)
		if err == nil {
			err = checkFilter(parsed, shape)
		}
		if err == nil || err.Error() != test.want {
			t.Errorf("%s\n got %v\nwant %s", test.filter, err, test.want)
		}
	}
}

// FuzzFilter wants no panic, neither from what parses nor from checking and evaluating it.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		"Id eq 7", "not (Name eq 'O''Neil') and Groups/any(g:g/Name in ('a','b'))", "-(Id) mod 0 eq NaN", "substring(Name,-1,99) ne null",
		"Born gt 2026-01-01T00:00:00Z or Talk lt duration'PT1S'", "Groups/all(g:Groups/any(h:h/Name eq g/Name))", "((((", "'",
	} {
		f.Add(seed)
	}
	shape, e := personShape(f)
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseFilter(text)
		if err != nil {
			return
		}
		checked := checkFilter(parsed, shape)
		first := matches(parsed, e, time.Time{})
		if checked == nil && first != matches(parsed, e, time.Time{}) {
			t.Fatalf("%q changes its mind", text)
		}
	})
}
