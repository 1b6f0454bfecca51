package pbxsim

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// State is the answer of GET /_sim/state.
type State struct {
	Version  string    `json:"version"`
	Counters Counters  `json:"counters"`
	Faults   Faults    `json:"faults"`
	Requests []Request `json:"requests"`
}

// admin serves /_sim/, which is no part of a PBX:
//
//	GET    /_sim/state    version, counters, faults, request log
//	GET    /_sim/faults   the faults in force
//	POST   /_sim/faults   sets those of the JSON body and leaves the others; {"killToken":true,"status429":{"count":3}}
//	DELETE /_sim/faults   ends all faults
//	POST   /_sim/event    sends an event to the sockets of the Call Control API; {"event_type":2,"entity":"/callcontrol/100","attached_data":{…}}
//	DELETE /_sim/sockets  cuts these sockets
//	POST   /_sim/reset    back to the seed, with an empty log
func (s *Server) admin(w http.ResponseWriter, r *http.Request) {
	s.administer(r).write(w, false)
}

func (s *Server) administer(r *http.Request) *reply {
	switch r.Method + " " + strings.TrimPrefix(rawPath(r), adminPath) {
	case "GET state":
		requests, counters := s.journal.read()
		if requests == nil {
			requests = []Request{}
		}
		return jsonReply(http.StatusOK, State{s.options.Version, counters, s.faults.get(), requests})
	case "GET faults":
		return jsonReply(http.StatusOK, s.faults.get())
	case "POST faults":
		return s.postFaults(r)
	case "DELETE faults":
		s.faults.set(Faults{})
		return jsonReply(http.StatusOK, s.faults.get())
	case "POST event":
		return s.postEvent(r)
	case "DELETE sockets":
		s.CutSockets()
		return noContent()
	case "POST reset":
		if err := s.Reset(); err != nil {
			return internal(err).reply()
		}
		return noContent()
	}
	return fail(http.StatusNotFound, codeNotFound, "there are GET %[1]sstate, GET, POST and DELETE %[1]sfaults, POST %[1]sevent, DELETE %[1]ssockets, POST %[1]sreset", adminPath).reply()
}

func (s *Server) postFaults(r *http.Request) *reply {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	faults := s.faults.get()
	if err == nil {
		err = json.Unmarshal(text, &faults)
	}
	if err == nil {
		err = s.SetFaults(faults)
	}
	if err != nil {
		return fail(http.StatusBadRequest, codeBadBody, "the faults cannot be read: %v", err).reply()
	}
	return jsonReply(http.StatusOK, s.faults.get())
}

func (s *Server) postEvent(r *http.Request) *reply {
	var e Event
	if err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&e); err != nil || e.Entity == "" {
		return fail(http.StatusBadRequest, codeBadBody, "an event is {\"event_type\", \"entity\", \"attached_data\"}").reply()
	}
	s.Emit(e)
	return noContent()
}
