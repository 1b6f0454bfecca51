package pbxsim

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// callCount is how many calls the seed has, over callDays days before the clock's now.
const (
	callCount = 60
	callDays  = 30
)

// makeCalls is the PBX's call history, newest first. The properties are those of all the types that report calls;
// each answer takes its own.
func makeCalls(now time.Time) []entity {
	people := seedPeople()
	outside := []struct{ number, name string }{
		{"+441632960011", "Northwind Ltd"}, {"+441632960042", "Contoso"}, {"+12025550143", "Fabrikam Inc"}, {"+493023125000", ""},
	}
	step := callDays * 24 * time.Hour / callCount
	calls := make([]entity, callCount)
	for i := range calls {
		inside := people[(i*7+2)%len(people)]
		other := outside[i%len(outside)]
		start := now.Add(-step*time.Duration(i) - step/2).UTC().Truncate(time.Second)
		answered := i%5 != 3
		ringing, talking := time.Duration(4+i%17)*time.Second, time.Duration(0)
		if answered {
			talking = time.Duration(30+i*37%600) * time.Second
		}
		from := party{"", other.number, other.name}
		to := party{inside.number, inside.number, inside.name()}
		direction := "Inbound"
		if i%3 == 1 {
			from, to, direction = to, from, "Outbound"
		}
		calls[i] = callEntity(i+1, start, ringing, talking, from, to, direction, answered)
	}
	return calls
}

// party is one end of a call; dn is empty outside the PBX.
type party struct{ dn, number, name string }

func callEntity(id int, start time.Time, ringing, talking time.Duration, from, to party, direction string, answered bool) entity {
	status := map[bool]string{true: "Answered", false: "Unanswered"}[answered]
	cost := 0.0
	if direction == "Outbound" {
		cost = float64(int(talking.Minutes()*5)) / 100
	}
	history := fmt.Sprintf("00000000-0000-4000-8000-%012d", id)
	return entity{
		"CallId": id, "CdrId": history, "CallHistoryId": history, "MainCallHistoryId": history, "SegmentId": id, "Indent": 0,
		"StartTime": start.Format(time.RFC3339), "RingingDuration": isoDuration(ringing), "TalkingDuration": isoDuration(talking),
		"Answered": answered, "Status": status, "Direction": direction, "CallType": direction, "CallCost": cost,
		"SourceDn": from.dn, "SourceCallerId": from.number, "SourceDisplayName": from.name, "SourceType": dnType(from),
		"DestinationDn": to.dn, "DestinationCallerId": to.number, "DestinationDisplayName": to.name, "DestinationType": dnType(to),
		"CallTime": isoDuration(talking), "CallAnswered": answered,
		"SegmentStartTime": start.Format(time.RFC3339), "SegmentEndTime": start.Add(ringing + talking).Format(time.RFC3339),
		"SrcDn": from.dn, "SrcCallerNumber": from.number, "SrcDisplayName": from.name, "SrcInternal": from.dn != "", "SrcExternal": from.dn == "",
		"DstDn": to.dn, "DstCallerNumber": to.number, "DstDisplayName": to.name, "DstInternal": to.dn != "", "DstExternal": to.dn == "",
		"SrcId": id*2 - 1, "DstId": id * 2, "SrcParticipantId": id*2 - 1, "DstParticipantId": id * 2,
	}
}

// dnType is the number that reports have for an extension (0) or an outside line (1).
func dnType(p party) int {
	if p.dn == "" {
		return 1
	}
	return 0
}

func isoDuration(d time.Duration) string {
	return fmt.Sprintf("PT%dM%dS", int(d.Minutes()), int(d.Seconds())%60)
}

// callLog answers the calls inside the period, of the source and destination asked for.
func callLog(s *Server, c *call) (*reply, *apiError) {
	from, to := c.values["periodFrom"], c.values["periodTo"]
	if compareText(from.text, to.text) > 0 {
		return nil, fail(http.StatusBadRequest, codeBadPath, "periodFrom %s is after periodTo %s", from.text, to.text).at("periodFrom")
	}
	sources, destinations := numbersOf(c.values["sourceFilter"]), numbersOf(c.values["destinationFilter"])
	values := []any{}
	for _, e := range s.callHistory() {
		start, _ := e["StartTime"].(string)
		switch {
		case compareText(start, from.text) < 0 || compareText(start, to.text) > 0:
		case sources != nil && !slices.Contains(sources, keyText(e["SourceDn"])):
		case destinations != nil && !slices.Contains(destinations, keyText(e["DestinationDn"])):
		default:
			values = append(values, fit(c.op.entity(), e))
		}
	}
	return s.report(c, values)
}

// numbersOf splits a report's argument that lists numbers; nil is no limit.
func numbersOf(l literal) []string {
	if l.kind != literalText || l.text == "" {
		return nil
	}
	return strings.Split(l.text, ",")
}

func callHistory(s *Server, c *call) (*reply, *apiError) {
	values := []any{}
	for _, e := range s.callHistory() {
		values = append(values, fit(c.op.entity(), e))
	}
	return s.report(c, values)
}

// report answers rows, as a CSV file where a download is wanted as one.
func (s *Server) report(c *call, values []any) (*reply, *apiError) {
	name := unqualified(c.route.last().name)
	if c.faults.CSVDownloads && (strings.HasPrefix(name, "Download") || strings.HasPrefix(name, "Export")) {
		if err := c.query.check(c.op.entity()); err != nil {
			return nil, err
		}
		p := c.query.apply(values, nil, 0, s.now())
		return download("text/csv; charset=utf-8", name+".csv", csvOf(c.op.entity(), p.values)), nil
	}
	return s.list(c, values, c.op.entity(), nil)
}

func csvOf(row *shape, values []any) []byte {
	var out strings.Builder
	w := csv.NewWriter(&out)
	names := row.names()
	// Writing to a strings.Builder does not fail.
	_ = w.Write(names)
	for _, v := range values {
		e, _ := v.(entity)
		cells := make([]string, len(names))
		for i, name := range names {
			cells[i] = keyText(e[name])
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return []byte(out.String())
}

// reportPeers lists everything that has a number.
func reportPeers(s *Server, c *call) (*reply, *apiError) {
	_, values, err := s.store.snapshot("Peers")
	if err != nil {
		return nil, internal(err)
	}
	return s.report(c, values)
}

func contactsByNumber(s *Server, c *call) (*reply, *apiError) {
	_, values, err := s.store.snapshot("Contacts")
	if err != nil {
		return nil, internal(err)
	}
	wanted := c.values["number"].text
	found := []any{}
	for _, v := range values {
		e, _ := v.(entity)
		for _, property := range []string{"PhoneNumber", "Mobile2", "Business", "Business2", "Home", "Other"} {
			if wanted != "" && e[property] == wanted {
				found = append(found, v)
				break
			}
		}
	}
	return s.report(c, found)
}

func createContactByNumber(s *Server, c *call) (*reply, *apiError) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	contacts, err := s.store.set("Contacts")
	if err != nil {
		return nil, internal(err)
	}
	contact, _ := c.body["contact"].(entity)
	if number, ok := c.body["number"].(string); ok && contact["PhoneNumber"] == nil {
		contact = merged(contact, entity{"PhoneNumber": number})
	}
	e, failed := s.insert(contacts, contact)
	if failed != nil {
		return nil, failed
	}
	return s.one(c, c.op.Response.Status, e, contacts.shape, nil)
}

// dropCall ends a call.
func dropCall(s *Server, c *call) (*reply, *apiError) {
	set, e, failed := s.keyed(c)
	if failed != nil {
		return nil, failed
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	set.remove(map[string]bool{keyText(e[set.key]): true})
	return jsonReply(c.op.Response.Status, map[string]any{}), nil
}
