package threecx

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

const (
	credentialType = "threeCXOAuth2Api"
	// A lost connection is made again after firstPause, which doubles up to longestPause; so is a run's start that failed.
	// Each pause is shortened by up to a half.
	firstPause   = time.Second
	longestPause = time.Minute
)

// trigger listens to the Call Control API's WebSocket (/callcontrol/ws) and starts a run for each event.
type trigger struct {
	pause func(context.Context, time.Duration) error // nil: nodes.Pause
}

var _ nodes.Trigger = trigger{}

// Execute hands the items on: those that an event became, or that a run was given.
func (trigger) Execute(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

// Listen is nodes.Trigger's. It ends with an error only at its beginning, where trying again cannot help: wrong parameters, a
// credential that is not accepted, a PBX without the API. A connection that is lost is made again, with the token that is shared by all
// (a new one would end it for the others), and what happened meanwhile is found by reading the state again.
func (t trigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	want, err := readFilter(call)
	if err != nil {
		return err
	}
	l := &listener{call: call, start: start, filter: want, clients: map[bool]client{}, pause: t.pause}
	if l.pause == nil {
		l.pause = nodes.Pause
	}
	defer l.close()
	for try := 0; ; try++ {
		heard, err := l.connection(ctx)
		if ctx.Err() != nil {
			return nil // it was cancelled, which is how a trigger ends
		}
		if heard {
			try = 0
		}
		// Once there was a connection, what is known of the calls is worth more than an early end: whatever refuses the next
		// one may be gone later.
		var final *nodes.Error
		if !l.connected && errors.As(err, &final) {
			return final
		}
		wait := backoff(try)
		call.Log.Warn("the connection to the Call Control API is lost and will be made again", "wait", wait, "error", err)
		if l.pause(ctx, wait) != nil {
			return nil // it was cancelled
		}
	}
}

// backoff doubles from try to try, with jitter, so that many servers do not come back at once.
func backoff(try int) time.Duration {
	wait := longestPause
	if try < 6 {
		wait = min(firstPause<<try, longestPause)
	}
	return wait/2 + rand.N(wait/2)
}

// filter is what the node's parameters ask for.
type filter struct {
	events []string // none: all
	dns    []string // none: all
	read   bool     // an upsert's entity is read
}

// eventNames are the event types of the Call Control API, by number.
var eventNames = [...]string{"upsert", "remove", "dtmf", "promptFinished", "response"}

func readFilter(call *nodes.Call) (f filter, err error) {
	if f.events, err = texts(call.Param("events")); err != nil {
		return f, err
	}
	for _, name := range f.events {
		if !slices.Contains(eventNames[:], name) {
			return f, nodes.Errorf("%q is no event; there are %s", name, strings.Join(eventNames[:], ", ")).WithParam("events", "")
		}
	}
	if f.dns, err = texts(call.Param("dns")); err != nil {
		return f, err
	}
	f.read, err = call.Param("readEntity").Bool(0, true)
	return f, err
}

// texts reads a parameter that is a list, or text with commas.
func texts(p nodes.Param) ([]string, error) {
	list, err := p.List(0)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, el := range list {
		text, err := el.String(0, "")
		if err != nil {
			return nil, err
		}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out, nil
}

func (f filter) wants(e event) bool {
	return (len(f.events) == 0 || slices.Contains(f.events, e.name())) && f.wantsDN(e.entity.dn)
}

func (f filter) wantsDN(dn string) bool { return len(f.dns) == 0 || slices.Contains(f.dns, dn) }
