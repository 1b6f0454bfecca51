package expression

import (
	"math"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/text/cases"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/luxon"
)

// askIntl answers what prelude.js asks about a locale: [what, locale, options, arguments…].
func askIntl(s Scope, args []gjson.Result) (string, error) {
	env := luxonEnv(s)
	what, locale := argOf(args, 0).Str, argOf(args, 1).Str
	tag, err := language.Parse(locale)
	if _, unknown := err.(language.ValueError); unknown { // well formed, but not known
		locale = "en-US"
	} else if err != nil {
		return "", thrown{"Incorrect locale information provided"}
	}
	options, err := fromScript(argOf(args, 2), env)
	if err != nil {
		return "", thrown{err.Error()}
	}
	fields, _ := options.(luxon.Fields)
	value, err := fromScript(argOf(args, 3), env)
	if err != nil {
		return "", thrown{err.Error()}
	}
	number, isNumber := value.(float64)
	if !isNumber {
		number = math.NaN()
	}
	var got any
	switch what {
	case "number":
		got, err = luxon.FormatNumber(locale, fields, number)
	case "date":
		var text string
		text, err = luxon.FormatDate(locale, fields, number, time.Local)
		got = strings.ReplaceAll(text, "\u202f", " ") // V8 does so, to be as it was
	case "dateParts":
		got, err = listOf(luxon.FormatDateParts(locale, fields, number, time.Local))
	case "plural":
		got, err = luxon.PluralCategory(locale, number)
	case "relative":
		got, err = luxon.RelativeTime(locale, fields, number, argOf(args, 4).Str)
	case "list":
		got, err = luxon.FormatList(locale, fields, textsOf(value))
	case "compare":
		got = compareInLocale(tag, fields, argOf(args, 3).Str, argOf(args, 4).Str)
	case "upper":
		got = cases.Upper(tag).String(argOf(args, 3).Str)
	case "lower":
		got = cases.Lower(tag).String(argOf(args, 3).Str)
	default:
		got = tag.String()
	}
	return answerLuxon(got, err, "Intl: "+what)
}

func listOf(list []any, err error) (any, error) { return list, err }

func textsOf(v any) []string {
	list, _ := v.([]any)
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i], _ = e.(string)
	}
	return texts
}

// compareInLocale is Intl.Collator(locale, options).compare(a, b).
func compareInLocale(tag language.Tag, options luxon.Fields, a, b string) float64 {
	var list []collate.Option
	switch options.Get("sensitivity") {
	case "base":
		list = append(list, collate.IgnoreCase, collate.IgnoreDiacritics)
	case "accent":
		list = append(list, collate.IgnoreCase)
	case "case":
		list = append(list, collate.IgnoreDiacritics)
	}
	if options.Get("numeric") == true {
		list = append(list, collate.Numeric)
	}
	return float64(collate.New(tag, list...).CompareString(a, b))
}

// zoneLong is the long name of the process's zone, as JavaScript prints it behind a date.
func zoneLong(ms float64) string {
	at := time.UnixMilli(int64(ms)).In(time.Local)
	name, _ := at.Zone()
	if name == "UTC" {
		return `"Coordinated Universal Time"`
	}
	if long, err := luxon.At(at).Get("offsetNameLong"); err == nil {
		if text, ok := long.(string); ok && text != "" {
			name = text
		}
	}
	return nodes.StringValue(name).JSON()
}

// zoneName is the name of the process's zone.
func zoneName() string {
	name := time.Local.String()
	if name == "" || name == "Local" {
		name = strings.TrimSpace(time.Now().Format("MST"))
	}
	return nodes.StringValue(name).JSON()
}
