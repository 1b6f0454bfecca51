package mail

import (
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/tidwall/gjson"
)

// searchFlags are the criteria without an argument: a flag that is set, or with NotFlag is not.
var searchFlags = map[string]imap.SearchCriteria{
	"ALL":        {},
	"ANSWERED":   {Flag: []imap.Flag{imap.FlagAnswered}},
	"DELETED":    {Flag: []imap.Flag{imap.FlagDeleted}},
	"DRAFT":      {Flag: []imap.Flag{imap.FlagDraft}},
	"FLAGGED":    {Flag: []imap.Flag{imap.FlagFlagged}},
	"SEEN":       {Flag: []imap.Flag{imap.FlagSeen}},
	"UNANSWERED": {NotFlag: []imap.Flag{imap.FlagAnswered}},
	"UNDELETED":  {NotFlag: []imap.Flag{imap.FlagDeleted}},
	"UNDRAFT":    {NotFlag: []imap.Flag{imap.FlagDraft}},
	"UNFLAGGED":  {NotFlag: []imap.Flag{imap.FlagFlagged}},
	"UNSEEN":     {NotFlag: []imap.Flag{imap.FlagSeen}},
}

// maxSearchDepth is how deep rules may stand in each other.
const maxSearchDepth = 20

// searchOne reads one criterion: its name, or a list of its name and arguments. A "!" before the name turns it round.
func searchOne(el gjson.Result, depth int) (*imap.SearchCriteria, error) {
	parts := el.Array() // of a text the text itself
	if len(parts) == 0 || parts[0].Type != gjson.String || depth > maxSearchDepth {
		return nil, searchError("%s is no rule", el.Raw)
	}
	name, negated := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(parts[0].Str)), "!")
	one, err := searchNamed(name, parts[1:], depth)
	if err != nil {
		return nil, err
	}
	switch {
	case !negated:
		return one, nil
	case name == "SEEN":
		unseen := searchFlags["UNSEEN"]
		return &unseen, nil
	}
	return &imap.SearchCriteria{Not: []imap.SearchCriteria{*one}}, nil
}

func searchNamed(name string, args []gjson.Result, depth int) (*imap.SearchCriteria, error) {
	if c, ok := searchFlags[name]; ok && len(args) == 0 {
		return &c, nil
	}
	text := func(i int) string { return args[i].String() }
	header := func(name, value string) *imap.SearchCriteria {
		return &imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: name, Value: value}}}
	}
	if name == "OR" && len(args) == 2 {
		a, err := searchOne(args[0], depth+1)
		if err != nil {
			return nil, err
		}
		b, err := searchOne(args[1], depth+1)
		if err != nil {
			return nil, err
		}
		return &imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{*a, *b}}}, nil
	}
	if name == "HEADER" && len(args) == 2 {
		return header(text(0), text(1)), nil
	}
	if len(args) != 1 {
		return nil, searchError("%s is not known, or has not the arguments that it needs", name)
	}
	switch name {
	case "FROM", "TO", "CC", "BCC", "SUBJECT":
		return header(name[:1]+strings.ToLower(name[1:]), text(0)), nil
	case "BODY":
		return &imap.SearchCriteria{Body: []string{text(0)}}, nil
	case "TEXT":
		return &imap.SearchCriteria{Text: []string{text(0)}}, nil
	case "KEYWORD":
		return &imap.SearchCriteria{Flag: []imap.Flag{imap.Flag(text(0))}}, nil
	case "UNKEYWORD":
		return &imap.SearchCriteria{NotFlag: []imap.Flag{imap.Flag(text(0))}}, nil
	case "LARGER", "SMALLER":
		n, err := strconv.ParseInt(text(0), 10, 64)
		if err != nil {
			return nil, searchError("%s needs a number", name)
		}
		if name == "LARGER" {
			return &imap.SearchCriteria{Larger: n}, nil
		}
		return &imap.SearchCriteria{Smaller: n}, nil
	}
	return searchDate(name, text(0))
}

// searchDate reads the criteria with a day.
func searchDate(name, text string) (*imap.SearchCriteria, error) {
	var day time.Time
	for _, layout := range []string{"January 2, 2006", "Jan 2, 2006", "2-Jan-2006", "2 Jan 2006", "2006-01-02", time.RFC3339, "2006-01-02T15:04:05", time.RFC1123, time.RFC1123Z} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			day = t
			break
		}
	}
	if day.IsZero() {
		return nil, searchError("%s is not known, or %q is no day", name, text)
	}
	next := day.AddDate(0, 0, 1)
	switch name {
	case "SINCE":
		return &imap.SearchCriteria{Since: day}, nil
	case "BEFORE":
		return &imap.SearchCriteria{Before: day}, nil
	case "ON":
		return &imap.SearchCriteria{Since: day, Before: next}, nil
	case "SENTSINCE":
		return &imap.SearchCriteria{SentSince: day}, nil
	case "SENTBEFORE":
		return &imap.SearchCriteria{SentBefore: day}, nil
	case "SENTON":
		return &imap.SearchCriteria{SentSince: day, SentBefore: next}, nil
	}
	return nil, searchError("%s is not known", name)
}
