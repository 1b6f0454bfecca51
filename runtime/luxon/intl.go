package luxon

import (
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

//go:embed tables/*.json.gz
var tableFiles embed.FS

// tables are what Intl knows of one locale; see tables/generate.mjs for how each is made.
type tables struct {
	Date, Time, Whole map[string]int // patterns by the widths of their fields, as indices of Pool
	Glue              [4]string      // joins a date and a time; by the width of the month
	Styles            map[string]int
	Cycles            [3]string // the hour cycle; with hour12 true, and false
	Ranges            map[string][]int
	Lists             struct{ M, W, E, P [][]string }
	Pool              []string
	GMT               [4]string // zero, before hours ahead, before hours behind, before minutes
	Numbers           numberTable
	Relative          map[string]relativeTable
	List              map[string][4]string
	Eras              map[string][]string
	Zones             []map[string][2]string

	name     string
	compiled sync.Map // of patterns, by their text; there are as many as the tables hold
}

// commonTable is what does not depend on the language.
type commonTable struct {
	World  string            // when weeks start, and the weekend
	Weeks  map[string]string // by region, where it differs
	Likely map[string]string // the region of a language
	Others map[string]string // locales with data of their own: the table that is the same, or none
	Digits map[string]int    // of currencies, where they are not 2
	Zones  []string
	Alias  map[string]string
	Group  map[string]int

	proper map[string]string
}

func readTable(name string, into any) error {
	f, err := tableFiles.Open("tables/" + name + ".json.gz")
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("table %s: %w", name, err)
	}
	if err := json.NewDecoder(z).Decode(into); err != nil {
		return fmt.Errorf("table %s: %w", name, err)
	}
	return nil
}

var common = sync.OnceValue(func() *commonTable {
	c := &commonTable{proper: map[string]string{}}
	if err := readTable("common", c); err != nil {
		panic(err) // it is part of the binary
	}
	for _, name := range c.Zones {
		c.proper[strings.ToLower(name)] = name
	}
	return c
})

// properZoneName is the name of a zone in its usual letters, the name itself if it is not known.
func properZoneName(name string) string {
	if proper, ok := common().proper[strings.ToLower(name)]; ok {
		return proper
	}
	return name
}

// loaded holds a loader for each table that was asked for, by its name.
var loaded sync.Map

func loadTable(name string) (*tables, error) {
	load, ok := loaded.Load(name)
	if !ok {
		if _, err := tableFiles.Open("tables/" + name + ".json.gz"); err != nil {
			return nil, notYet("the locale %s", name)
		}
		load, _ = loaded.LoadOrStore(name, sync.OnceValues(func() (*tables, error) {
			t := &tables{name: name}
			return t, readTable(name, t)
		}))
	}
	return load.(func() (*tables, error))()
}

// intlOf finds the table of a language tag; "" is en-US.
func intlOf(tag string) (*tables, error) {
	switch tag {
	case "", "en-US", "en":
		return loadTable("en")
	}
	language, region, err := tagParts(tag)
	if err != nil {
		return nil, err
	}
	name := language
	if region != "" && region != common().Likely[language] {
		full := language + "-" + region
		same, exists := common().Others[full]
		switch {
		case exists && same == "":
			return nil, notYet("the locale %s", full)
		case exists:
			name = same
		default:
			if t, err := loadTable(full); err == nil {
				return t, nil
			}
		}
	}
	return loadTable(name)
}

// tagParts reads language and region of a language tag such as de-AT or pt-br-u-nu-latn.
func tagParts(tag string) (language, region string, err error) {
	bad := throw("Incorrect locale information provided")
	parts := strings.Split(tag, "-")
	language = strings.ToLower(parts[0])
	if n := len(language); n < 2 || n > 8 || n == 4 || !isLetters(language) {
		return "", "", bad
	}
	if language == "no" {
		language = "nb"
	}
	for _, p := range parts[1:] {
		switch n := len(p); {
		case n == 1:
			return language, region, nil
		case n == 0 || n > 8 || !isAlphanumeric(p):
			return "", "", bad
		case (n == 2 && isLetters(p) || n == 3 && isDigits(p)) && region == "":
			region = strings.ToUpper(p)
		}
	}
	return language, region, nil
}

func isLetters(s string) bool {
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz") == ""
}

func isAlphanumeric(s string) bool {
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// weekInfo is when weeks start where the locale is spoken.
func weekInfo(tag string) (weekSettings, error) {
	language, region, err := tagParts(tag)
	if err != nil {
		return weekSettings{}, err
	}
	if region == "" {
		region = common().Likely[language]
		if region == "" {
			return weekSettings{}, notYet("the weeks of the locale %s", tag)
		}
	}
	text, ok := common().Weeks[region]
	if !ok {
		text = common().World
	}
	var w weekSettings
	for i, word := range strings.Fields(text) {
		n := leadingInt(word)
		switch i {
		case 0:
			w.firstDay = n
		case 1:
			w.minimalDays = n
		default:
			w.weekend = append(w.weekend, n)
		}
	}
	return w, nil
}

// zoneName names a zone at a time in words; format is long or short.
func (t *tables) zoneName(z *zone, ms float64, format string) string {
	return t.zoneNameAt(z.name, ms, z.exactOffset(ms), format)
}

func (t *tables) zoneNameAt(name string, ms, offset float64, format string) string {
	named := ms >= 0 && ms < localMillis(9999, 12, 31, 23, 59, 0, 0) // CLDR names the time between
	c := common()
	canonical := properZoneName(name)
	if alias, ok := c.Alias[canonical]; ok {
		canonical = alias
	}
	if group, ok := c.Group[canonical]; ok && named && (format == "short" || format == "long") {
		names := t.Zones[group][numberText(offset)]
		if format == "short" && names[0] != "" {
			return names[0]
		}
		if format == "long" && names[1] != "" {
			return names[1]
		}
	}
	return t.gmtName(offset, format == "long" || format == "longOffset")
}

// gmtName is GMT+5:30, or GMT+05:30 if it is long.
func (t *tables) gmtName(offset float64, long bool) string {
	if offset == 0 && !long {
		return t.GMT[0]
	}
	prefix := t.GMT[1]
	if offset < 0 {
		prefix = t.GMT[2]
	}
	a := math.Abs(offset)
	hours, minutes, seconds := math.Trunc(a/60), math.Trunc(math.Mod(a, 60)), round(math.Mod(a*60, 60))
	text := prefix
	if long {
		text += pad(hours, 2) + t.GMT[3] + pad(minutes, 2)
	} else {
		text += strconv.Itoa(int(hours))
		if minutes > 0 || seconds > 0 {
			text += t.GMT[3] + pad(minutes, 2)
		}
	}
	if seconds > 0 {
		text += t.GMT[3] + pad(seconds, 2)
	}
	return text
}

// zeroDigits are the zeros of the numbering systems that Luxon knows; the other nine follow each of them.
var zeroDigits = pairs[string, rune]{
	{"arab", 0x660}, {"arabext", 0x6F0}, {"bali", 0x1B50}, {"beng", 0x9E6}, {"deva", 0x966}, {"fullwide", 0xFF10}, {"gujr", 0xAE6}, {"khmr", 0x17E0},
	{"knda", 0xCE6}, {"laoo", 0xED0}, {"limb", 0x1946}, {"mlym", 0xD66}, {"mong", 0x1810}, {"mymr", 0x1040}, {"orya", 0xB66}, {"tamldec", 0xBE6},
	{"telu", 0xC66}, {"thai", 0xE50}, {"tibt", 0xF20}, {"latn", '0'}, {"hanidec", 0},
}

const hanidec = "〇一二三四五六七八九"

// inDigits writes the digits of a text in a numbering system.
func inDigits(text, system string) string {
	zero, ok := zeroDigits.get(system)
	if !ok || system == "latn" {
		return text
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c < '0' || c > '9':
			return c
		case system == "hanidec":
			return []rune(hanidec)[c-'0']
		}
		return zero + c - '0'
	}, text)
}
