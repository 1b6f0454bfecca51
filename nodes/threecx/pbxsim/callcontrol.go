package pbxsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// The Call Control API, beside the configuration API and under the same tokens:
//
//	GET  /callcontrol[/{dn}[/devices|/participants[/{id}]]]   the state
//	POST /callcontrol/{dn}/makecall                           {"destination"}: a call begins
//	POST /callcontrol/{dn}/participants/{id}/drop             it ends; answer: it is taken; any other action is accepted
//	WS   /callcontrol/ws                                      an event for each change
const callControlPath = "/callcontrol"

// Event types of the Call Control API.
const (
	EventUpsert = iota
	EventRemove
	EventDTMF
	EventPromptFinished
	EventResponse
)

// socketBuffer is how many events wait for a slow socket before it is cut.
const socketBuffer = 4096

// Event is what the Call Control API tells of a change.
type Event struct {
	Type   int    `json:"event_type"`
	Entity string `json:"entity"`
	Data   any    `json:"attached_data"`
}

// participant is a party of a call at a DN.
type participant struct {
	ID       int    `json:"id"`
	Status   string `json:"status"`
	PartyDN  string `json:"party_dn"`
	CallerID string `json:"party_caller_id"`
	Name     string `json:"party_caller_name"`
	Device   string `json:"device_id"`
	CallID   int    `json:"callid"`
	LegID    int    `json:"legid"`
	Direct   bool   `json:"direct_control"`

	dn string
}

func (p *participant) path() string {
	return callControlPath + "/" + url.PathEscape(p.dn) + "/participants/" + strconv.Itoa(p.ID)
}

// device is a phone that is registered at a DN.
type device struct {
	DN        string `json:"dn"`
	ID        string `json:"device_id"`
	UserAgent string `json:"user_agent"`
}

// line is what the API tells of a DN.
type line struct {
	DN           string         `json:"dn"`
	Type         string         `json:"type"`
	Devices      []device       `json:"devices"`
	Participants []*participant `json:"participants"`
}

// switchboard holds the calls and the sockets that listen to them.
type switchboard struct {
	mu       sync.Mutex
	lastID   int
	lastCall int
	parties  map[int]*participant
	sockets  map[*socket]struct{}
}

// socket is a client's connection: one goroutine writes to it, in the order of the events.
type socket struct {
	conn     *websocket.Conn
	queue    chan []byte
	sequence int
}

// callControl answers a request below /callcontrol that bears a live token.
func (s *Server) callControl(x *exchange) *reply {
	if s.options.NoCallControl {
		return fail(http.StatusForbidden, codeNotFound, "the Call Control API is not enabled for this client").reply()
	}
	parts := strings.Split(strings.Trim(strings.TrimPrefix(x.raw, callControlPath), "/"), "/")
	for i, part := range parts {
		text, err := url.PathUnescape(part)
		if err != nil {
			return fail(http.StatusBadRequest, codeBadPath, "%v", err).reply()
		}
		parts[i] = text
	}
	lines, failed := s.lines()
	if failed != nil {
		return failed.reply()
	}
	if parts[0] == "" && x.r.Method == http.MethodGet {
		return jsonReply(http.StatusOK, lines)
	}
	at := slices.IndexFunc(lines, func(l line) bool { return l.DN == parts[0] })
	if at < 0 {
		return fail(http.StatusNotFound, codeNotFound, "there is no DN %q", parts[0]).reply()
	}
	if x.r.Method == http.MethodPost {
		return s.command(parts, x.body)
	}
	return lines[at].part(parts[1:])
}

// part answers a DN, a list of it, or a member of the list.
func (l line) part(path []string) *reply {
	if len(path) == 0 {
		return jsonReply(http.StatusOK, l)
	}
	var list []any
	var found any
	switch path[0] {
	case "participants":
		for _, p := range l.Participants {
			if list = append(list, p); len(path) == 2 && path[1] == strconv.Itoa(p.ID) {
				found = p
			}
		}
	case "devices":
		for _, d := range l.Devices {
			if list = append(list, d); len(path) == 2 && path[1] == d.ID {
				found = d
			}
		}
	default:
		return fail(http.StatusNotFound, codeNotFound, "a DN has devices and participants").reply()
	}
	switch {
	case len(path) == 1 && list == nil:
		return jsonReply(http.StatusOK, []any{})
	case len(path) == 1:
		return jsonReply(http.StatusOK, list)
	case found == nil:
		return fail(http.StatusNotFound, codeNotFound, "%s has no %s %s", l.DN, path[0], strings.Join(path[1:], "/")).reply()
	}
	return jsonReply(http.StatusOK, found)
}

// lines are the DNs of the users, with what goes on at each.
func (s *Server) lines() ([]line, *apiError) {
	_, users, err := s.store.snapshot("Users")
	if err != nil {
		return nil, internal(err)
	}
	s.board.mu.Lock()
	parties := slices.SortedFunc(maps.Values(s.board.parties), func(a, b *participant) int { return cmp.Compare(a.ID, b.ID) })
	copies := map[string][]*participant{}
	for _, p := range parties {
		c := *p
		copies[p.dn] = append(copies[p.dn], &c)
	}
	s.board.mu.Unlock()
	var lines []line
	for _, u := range users {
		e, _ := u.(entity)
		dn, _ := e["Number"].(string)
		l := line{DN: dn, Type: "Wextension", Participants: copies[dn], Devices: []device{{dn, "sip:" + dn + "@127.0.0.1:5060", "Simulated phone"}}}
		if l.Participants == nil {
			l.Participants = []*participant{}
		}
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(a.DN, b.DN) })
	return lines, nil
}

// command makes a call or acts on a party of one.
func (s *Server) command(parts []string, body []byte) *reply {
	var args struct {
		Destination string `json:"destination"`
	}
	if len(body) > 0 && json.Unmarshal(body, &args) != nil {
		return fail(http.StatusBadRequest, codeBadBody, "the body is not a JSON object").reply()
	}
	var (
		found *participant
		err   *apiError
	)
	switch {
	case len(parts) == 2 && parts[1] == "makecall":
		if args.Destination == "" {
			return fail(http.StatusBadRequest, codeBadBody, "destination is missing").reply()
		}
		found = s.call(parts[0], args.Destination)
	case len(parts) == 4 && parts[1] == "participants":
		found, err = s.actOn(parts[0], parts[2], parts[3])
	default:
		err = fail(http.StatusNotFound, codeNotFound, "there are POST makecall and participants/{id}/{action}")
	}
	if err != nil {
		return err.reply()
	}
	return jsonReply(http.StatusOK, map[string]any{"finalstatus": "Success", "reason": "NoReason", "result": found, "reasontext": ""})
}

// Call begins a call, as the API's makecall does: a party at the DN that calls, and one at the destination.
func (s *Server) Call(from, to string) { s.call(from, to) }

func (s *Server) call(from, to string) *participant {
	b := &s.board
	b.mu.Lock()
	b.lastCall++
	caller := b.party(from, to, "Dialing")
	callee := b.party(to, from, "Ringing")
	c := *caller
	b.mu.Unlock()
	s.Emit(Event{Type: EventUpsert, Entity: caller.path()})
	s.Emit(Event{Type: EventUpsert, Entity: callee.path()})
	return &c
}

// party needs b.mu.
func (b *switchboard) party(dn, other, status string) *participant {
	b.lastID++
	p := &participant{ID: b.lastID, dn: dn, Status: status, PartyDN: other, CallerID: other, CallID: b.lastCall, LegID: b.lastID}
	if b.parties == nil {
		b.parties = map[int]*participant{}
	}
	b.parties[p.ID] = p
	return p
}

func (s *Server) actOn(dn, id, action string) (*participant, *apiError) {
	b := &s.board
	b.mu.Lock()
	n, _ := strconv.Atoi(id)
	p := b.parties[n]
	if p == nil || p.dn != dn {
		b.mu.Unlock()
		return nil, fail(http.StatusNotFound, codeNotFound, "%s has no participant %s", dn, id)
	}
	kind := EventUpsert
	var touched []*participant
	for _, other := range b.parties {
		if other.CallID != p.CallID {
			continue
		}
		touched = append(touched, other)
		switch action {
		case "drop":
			kind = EventRemove
			delete(b.parties, other.ID)
		case "answer":
			other.Status = "Connected"
		}
	}
	c := *p
	b.mu.Unlock()
	slices.SortFunc(touched, func(a, b *participant) int { return cmp.Compare(a.ID, b.ID) })
	for _, other := range touched {
		s.Emit(Event{Type: kind, Entity: other.path()})
	}
	return &c, nil
}

// Emit sends an event to every socket of the Call Control API.
func (s *Server) Emit(e Event) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	for k := range s.board.sockets {
		k.sequence++
		text, err := json.Marshal(map[string]any{"sequence": k.sequence, "event": e})
		if err != nil {
			text = fmt.Appendf(nil, `{"sequence":%d}`, k.sequence)
		}
		select {
		case k.queue <- text:
		default:
			_ = k.conn.Close() // it does not read
		}
	}
}

// Sockets is how many clients listen to the Call Control API.
func (s *Server) Sockets() int {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	return len(s.board.sockets)
}

// CutSockets ends all connections of the Call Control API, as a network does: without a word.
func (s *Server) CutSockets() {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	for k := range s.board.sockets {
		_ = k.conn.NetConn().Close()
	}
}

// listen serves a socket until it ends.
func (s *Server) listen(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	k := &socket{conn: conn, queue: make(chan []byte, socketBuffer)}
	s.board.mu.Lock()
	if s.board.sockets == nil {
		s.board.sockets = map[*socket]struct{}{}
	}
	s.board.sockets[k] = struct{}{}
	s.board.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for { // what clients send is pings and closing
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	k.write(gone, s.closing)
	s.board.mu.Lock()
	delete(s.board.sockets, k)
	s.board.mu.Unlock()
	_ = conn.Close()
	<-gone
}

func (k *socket) write(gone, closing <-chan struct{}) {
	for {
		select {
		case text := <-k.queue:
			if k.conn.SetWriteDeadline(time.Now().Add(10*time.Second)) != nil || k.conn.WriteMessage(websocket.TextMessage, text) != nil {
				return
			}
		case <-gone:
			return
		case <-closing:
			return
		}
	}
}
