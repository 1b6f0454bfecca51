package pbxsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Faults are the ways in which the simulator misbehaves. The zero value is a PBX in good health.
type Faults struct {
	// KillToken revokes every live token once, when the faults are set.
	KillToken bool `json:"killToken,omitempty"`
	// UnauthorizedAfter revokes a token after this many requests were made with it; 0 never.
	UnauthorizedAfter int `json:"unauthorizedAfter,omitempty"`
	// Status makes requests fail with a status, by status.
	Status map[int]StatusFault `json:"-"`
	// Slow delays each answer.
	Slow Duration `json:"slow,omitempty"`
	// TopLimit refuses $top above it on lists of entities, as some PBXs do with 100; 0 is no limit.
	TopLimit int `json:"topLimit,omitempty"`
	// PageSize ends lists after so many entities with an @odata.nextLink; 0 is no paging by the server.
	PageSize int `json:"pageSize,omitempty"`
	// Drop closes connections.
	Drop *DropFault `json:"dropConnection,omitempty"`
	// CSVDownloads answers the reports called Download… and Export… as CSV files instead of JSON.
	CSVDownloads bool `json:"csvDownloads,omitempty"`
	// ETags gives entities an ETag and answers 412 to an If-Match that does not fit; else any If-Match is taken.
	ETags bool `json:"etags,omitempty"`
}

// StatusFault answers a status instead of doing what was asked.
type StatusFault struct {
	// Count is for how many requests; 0 means one, -1 all.
	Count int `json:"count,omitempty"`
	// RetryAfter is sent as Retry-After, in seconds, if it is above 0.
	RetryAfter int `json:"retryAfter,omitempty"`
	Target
}

// DropFault closes the connection of a request.
type DropFault struct {
	// Count is for how many requests; 0 means one, -1 all.
	Count int `json:"count,omitempty"`
	// At is "before" the request is carried out (default), "after" it was, or in the "body" of the answer.
	At string `json:"at,omitempty"`
	Target
}

// Target limits a fault. Empty fields match everything but the token endpoint, whose operation is "token".
type Target struct {
	// Operation is an operation's id, such as BatchDelete.
	Operation string `json:"operation,omitempty"`
	Method    string `json:"method,omitempty"`
}

func (t Target) hits(method, operation string) bool {
	if t.Operation == "" && operation == tokenOperation {
		return false
	}
	return (t.Operation == "" || t.Operation == operation) && (t.Method == "" || strings.EqualFold(t.Method, method))
}

// Duration is written in JSON as Go writes it: "200ms".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is no duration such as 200ms", text)
	}
	*d = Duration(parsed)
	return nil
}

type plainFaults Faults

var statusKey = regexp.MustCompile(`^status([45][0-9][0-9])$`)

// MarshalJSON writes a member such as "status429" for each status.
func (f Faults) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(plainFaults(f))
	if err != nil {
		return nil, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	for status, fault := range f.Status {
		if all["status"+strconv.Itoa(status)], err = json.Marshal(fault); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}

// UnmarshalJSON sets what the JSON has and leaves the rest as it is. Unknown members are errors.
func (f *Faults) UnmarshalJSON(data []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	f.Status = maps.Clone(f.Status)
	for name, raw := range all {
		m := statusKey.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		status, _ := strconv.Atoi(m[1]) // three digits
		var fault StatusFault
		if err := strict(raw, &fault); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if f.Status == nil {
			f.Status = map[int]StatusFault{}
		}
		f.Status[status] = fault
		delete(all, name)
	}
	rest, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := strict(rest, (*plainFaults)(f)); err != nil {
		return err
	}
	return f.check()
}

func strict(data []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func (f *Faults) check() error {
	if f.UnauthorizedAfter < 0 || f.TopLimit < 0 || f.PageSize < 0 || f.Slow < 0 {
		return fmt.Errorf("numbers of faults are not negative (a count of -1 means always)")
	}
	if f.Drop != nil {
		switch f.Drop.At {
		case "", "before", "after", "body":
		default:
			return fmt.Errorf("dropConnection: at is %q, not before, after or body", f.Drop.At)
		}
	}
	return nil
}

// ParseFault reads a fault as written on a command line:
//
//	429:3,retry-after=1           three answers 429 with Retry-After: 1
//	503                           one answer 503; 503:always
//	504:2,operation=BulkUpdate    only for that operation; also method=POST, operation=token
//	drop:1,at=after               closes a connection after the request was carried out (before, after, body)
//	slow:200ms  top-limit:100  page-size:50  unauthorized-after:10  kill-token  csv-downloads  etags
//
// Several faults are put together with Merge.
func ParseFault(text string) (Faults, error) {
	head, rest, _ := strings.Cut(text, ",")
	name, value, valued := strings.Cut(head, ":")
	settings, err := faultSettings(rest)
	if err != nil {
		return Faults{}, fmt.Errorf("fault %q: %w", text, err)
	}
	f, err := parseFault(name, value, valued, settings)
	if err == nil && len(settings) > 0 {
		for key := range settings {
			err = fmt.Errorf("%s has no setting %q", name, key)
		}
	}
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return Faults{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return f, nil
}

func faultSettings(text string) (map[string]string, error) {
	settings := map[string]string{}
	if text == "" {
		return settings, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		if !ok || key == "" || value == "" {
			return nil, fmt.Errorf("%q is not of the form key=value", part)
		}
		settings[key] = value
	}
	return settings, nil
}

// parseFault takes the settings it knows out of the map.
func parseFault(name, value string, valued bool, settings map[string]string) (f Faults, err error) {
	take := func(key string) string {
		text := settings[key]
		delete(settings, key)
		return text
	}
	number := func() (n int) {
		if n, err = strconv.Atoi(value); err != nil || n < 1 {
			err = fmt.Errorf("%s needs a number above 0, such as %s:100", name, name)
		}
		return n
	}
	if statusKey.MatchString("status" + name) {
		status, _ := strconv.Atoi(name)
		fault := StatusFault{Target: Target{take("operation"), take("method")}}
		if seconds := take("retry-after"); seconds != "" {
			if fault.RetryAfter, err = strconv.Atoi(seconds); err != nil {
				return f, fmt.Errorf("retry-after is %q, not a number of seconds", seconds)
			}
		}
		fault.Count, err = faultCount(value, valued)
		f.Status = map[int]StatusFault{status: fault}
		return f, err
	}
	switch name {
	case "drop":
		f.Drop = &DropFault{At: take("at"), Target: Target{take("operation"), take("method")}}
		f.Drop.Count, err = faultCount(value, valued)
	case "slow":
		err = f.Slow.UnmarshalText([]byte(value))
	case "top-limit":
		f.TopLimit = number()
	case "page-size":
		f.PageSize = number()
	case "unauthorized-after":
		f.UnauthorizedAfter = number()
	case "kill-token":
		f.KillToken = true
	case "csv-downloads":
		f.CSVDownloads = true
	case "etags":
		f.ETags = true
	default:
		err = fmt.Errorf("is unknown: there are STATUS:COUNT, drop, slow, top-limit, page-size, unauthorized-after, " +
			"kill-token, csv-downloads and etags")
	}
	return f, err
}

func faultCount(value string, valued bool) (int, error) {
	if !valued {
		return 1, nil
	}
	if value == "always" {
		return -1, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("the count is %q, neither a number above 0 nor always", value)
	}
	return n, nil
}

// Merge returns f with what is set in other put over it.
func (f Faults) Merge(other Faults) Faults {
	f.KillToken = f.KillToken || other.KillToken
	f.CSVDownloads = f.CSVDownloads || other.CSVDownloads
	f.ETags = f.ETags || other.ETags
	if other.UnauthorizedAfter > 0 {
		f.UnauthorizedAfter = other.UnauthorizedAfter
	}
	if other.Slow > 0 {
		f.Slow = other.Slow
	}
	if other.TopLimit > 0 {
		f.TopLimit = other.TopLimit
	}
	if other.PageSize > 0 {
		f.PageSize = other.PageSize
	}
	if other.Drop != nil {
		f.Drop = other.Drop
	}
	if len(other.Status) > 0 {
		f.Status = maps.Clone(f.Status)
		if f.Status == nil {
			f.Status = map[int]StatusFault{}
		}
		maps.Copy(f.Status, other.Status)
	}
	return f
}

// faultBox holds the faults in force; counts run down in it.
type faultBox struct {
	mu     sync.Mutex
	faults Faults
}

func (b *faultBox) get() Faults {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.faults
	f.Status = maps.Clone(f.Status)
	if f.Drop != nil {
		drop := *f.Drop
		f.Drop = &drop
	}
	return f
}

// set puts faults in force and tells whether tokens are to be killed, which happens once.
func (b *faultBox) set(f Faults) (kill bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kill, f.KillToken = f.KillToken, false
	f.Status = maps.Clone(f.Status)
	for status, fault := range f.Status {
		if fault.Count == 0 {
			fault.Count = 1
			f.Status[status] = fault
		}
	}
	if f.Drop != nil {
		drop := *f.Drop
		if drop.Count == 0 {
			drop.Count = 1
		}
		f.Drop = &drop
	}
	b.faults = f
	return kill
}

// status returns the error that this request shall have, if any. Of several the lowest status comes first.
func (b *faultBox) status(method, operation string) *apiError {
	b.mu.Lock()
	defer b.mu.Unlock()
	chosen := 0
	for status, fault := range b.faults.Status {
		if fault.hits(method, operation) && (chosen == 0 || status < chosen) {
			chosen = status
		}
	}
	if chosen == 0 {
		return nil
	}
	fault := b.faults.Status[chosen]
	if fault.Count > 0 {
		if fault.Count--; fault.Count == 0 {
			delete(b.faults.Status, chosen)
		} else {
			b.faults.Status[chosen] = fault
		}
	}
	err := fail(chosen, codeFault, "simulated: %s", strings.ToLower(http.StatusText(chosen)))
	if fault.RetryAfter > 0 {
		err = err.with("Retry-After", strconv.Itoa(fault.RetryAfter))
	}
	return err
}

// drop tells where the connection of this request is closed: "", "before", "after" or "body".
func (b *faultBox) drop(method, operation string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.faults.Drop
	if d == nil || !d.hits(method, operation) {
		return ""
	}
	at := d.At
	if at == "" {
		at = "before"
	}
	if d.Count > 0 {
		if d.Count--; d.Count == 0 {
			b.faults.Drop = nil
		}
	}
	return at
}
