package remote

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

var (
	unixLine = regexp.MustCompile(`^([-bcdlps])([-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT])([+.@]?)\s+\d+\s+(\S+)\s+(\S+)\s+(?:\d+,\s*)?(\d+)\s+(\w{3})\s+(\d{1,2})\s+(\d{4}|\d{1,2}:\d\d)\s(.+)$`)
	dosLine  = regexp.MustCompile(`^(\d\d)-(\d\d)-(\d{4}|\d\d)\s+(\d\d?):(\d\d)\s*([AP]?)M?\s+(<DIR>|\d+)\s+(.+)$`)
)

// listEntry reads a line of the answer to LIST, in the form of ls -l or of DOS. now tells the year that ls leaves out. Times
// are taken as UTC.
func listEntry(line string, now time.Time) (e entry, ok bool) {
	line = strings.TrimRight(line, "\r\n")
	if m := unixLine.FindStringSubmatch(line); m != nil {
		e = unixEntry(m, now)
	} else if m := dosLine.FindStringSubmatch(line); m != nil {
		e = dosEntry(m)
	} else {
		return e, false
	}
	return e, e.name != "" && e.name != "." && e.name != ".."
}

func unixEntry(m []string, now time.Time) entry {
	rights, acl, owner, group, size := m[2], m[3] == "+", m[4], m[5], m[6]
	e := entry{kind: m[1][0], name: m[10]}
	target := ""
	if e.kind == 'l' {
		e.name, target, _ = strings.Cut(e.name, " -> ")
	}
	changed := listTime(m[7], m[8], m[9], now)
	e.write = func(b *nodes.ObjectBuilder) {
		if target != "" {
			b.Set("target", nodes.StringValue(target))
		}
		b.Set("sticky", nodes.BoolValue(strings.ContainsAny(rights[8:], "tT")))
		b.Raw("rights", rightsOf(strings.NewReplacer("t", "x", "T", "-").Replace(rights)))
		b.Set("acl", nodes.BoolValue(acl))
		b.Set("owner", nodes.StringValue(owner))
		b.Set("group", nodes.StringValue(group))
		b.Raw("size", strings.TrimLeft(size[:len(size)-1], "0")+size[len(size)-1:])
		b.Set("modifyTime", nodes.StringValue(changed.Format(milliseconds)))
	}
	return e
}

// rightsOf splits the letters of rights, without the dashes.
func rightsOf(letters string) string {
	var b nodes.ObjectBuilder
	for i, who := range []string{"user", "group", "other"} {
		b.Set(who, nodes.StringValue(strings.ReplaceAll(letters[3*i:3*i+3], "-", "")))
	}
	return b.String()
}

// listTime is a time of ls: with the year, or with the time of a day within the last year.
func listTime(month, day, yearOrTime string, now time.Time) time.Time {
	if !strings.Contains(yearOrTime, ":") {
		t, _ := time.Parse("Jan 2 2006", month+" "+day+" "+yearOrTime) // the zero time for a month in another language
		return t
	}
	t, err := time.Parse("2006 Jan 2 15:04", strconv.Itoa(now.Year())+" "+month+" "+day+" "+yearOrTime)
	if err == nil && t.After(now.AddDate(0, 0, 1)) { // a day, for the clocks and the zones
		t = t.AddDate(-1, 0, 0)
	}
	return t
}

func dosEntry(m []string) entry {
	e := entry{kind: '-', name: m[8]}
	size := m[7]
	if size == "<DIR>" {
		e.kind, size = 'd', "0"
	}
	number := func(text string) int { n, _ := strconv.Atoi(text); return n } // digits
	year, hour := number(m[3]), number(m[4])
	if len(m[3]) == 2 {
		if year += 2000; year >= 2070 {
			year -= 100
		}
	}
	if m[6] != "" {
		if hour %= 12; m[6] == "P" {
			hour += 12
		}
	}
	changed := time.Date(year, time.Month(number(m[1])), number(m[2]), hour, number(m[5]), 0, 0, time.UTC)
	e.write = func(b *nodes.ObjectBuilder) {
		b.Raw("size", strings.TrimLeft(size[:len(size)-1], "0")+size[len(size)-1:])
		b.Set("modifyTime", nodes.StringValue(changed.Format(milliseconds)))
	}
	return e
}
