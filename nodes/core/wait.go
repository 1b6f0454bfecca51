package core

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// wait holds the run up: for a time, until a time, or until its resume address is called. Short waits hold up this execution;
// longer ones suspend the run.
type wait struct{}

var _ nodes.Resumable = wait{}

// shortWait is how long n8n waits without suspending the run.
const shortWait = 65 * time.Second

func (w wait) Execute(ctx context.Context, call *nodes.Call) error {
	def := "webhook"
	if call.Version >= 1.1 {
		def = "timeInterval"
	}
	resume, err := call.Param("resume").Option(0, def, "timeInterval", "specificTime", "webhook", "form")
	if err != nil {
		return err
	}
	var until time.Time
	switch resume {
	case "form":
		e := *nodes.Errorf("waiting for a form is not available")
		e.Hint = "Wait for a call (resume: webhook) or a time."
		return e.WithParam("resume", "")
	case "webhook":
		return w.forCall(call)
	case "specificTime":
		until, err = waitDate(call, "dateTime")
	default:
		until, err = w.interval(call)
	}
	if err != nil {
		return err
	}
	if left := until.Sub(call.Engine.Now()); left >= shortWait {
		call.Suspend(nodes.Suspend{Until: until})
	} else if left > 0 {
		if err := nodes.Pause(ctx, left); err != nil {
			return err
		}
	}
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

// interval is the time at the end of amount units; what is not set is an hour, a second in version 1.1.
func (wait) interval(call *nodes.Call) (time.Time, error) {
	unit, err := call.Param("unit").String(0, map[bool]string{true: "seconds", false: "hours"}[call.Version >= 1.1])
	if err != nil {
		return time.Time{}, err
	}
	each, ok := map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}[unit]
	if !ok {
		return time.Time{}, nodes.Errorf("Invalid wait unit. Valid units are 'seconds', 'minutes', 'hours', or 'days'.")
	}
	v, err := call.Param("amount").Value(0)
	if err != nil {
		return time.Time{}, err
	}
	amount := map[bool]float64{true: 5, false: 1}[call.Version >= 1.1]
	if call.Param("amount").IsSet() {
		if amount = v.Num(); v.Kind() != nodes.Number {
			amount = math.NaN()
		}
	}
	most := float64(math.MaxInt64 / int64(each) / 2)
	if !(amount >= 0) || amount > most {
		return time.Time{}, nodes.Errorf("Invalid wait amount. Please enter a number that is 0 or greater.")
	}
	return call.Engine.Now().Add(time.Duration(amount * float64(each))), nil
}

// forCall waits for a call of the resume address, with limitWaitTime until a time.
func (w wait) forCall(call *nodes.Call) error {
	s := nodes.Suspend{Webhook: true}
	limited, err := call.Param("limitWaitTime").Bool(0, false)
	if err != nil {
		return err
	}
	if limited {
		kind, err := call.Param("limitType").Option(0, "afterTimeInterval", "afterTimeInterval", "atSpecifiedTime")
		if err != nil {
			return err
		}
		if kind == "atSpecifiedTime" {
			s.Until, err = waitDate(call, "maxDateAndTime")
		} else {
			s.Until, err = w.limit(call)
		}
		if err != nil {
			return err
		}
	}
	call.Suspend(s)
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

func (wait) limit(call *nodes.Call) (time.Time, error) {
	unit, err := call.Param("resumeUnit").Option(0, "hours", "seconds", "minutes", "hours", "days")
	if err != nil {
		return time.Time{}, err
	}
	amount, err := call.Param("resumeAmount").Number(0, 1)
	if err != nil {
		return time.Time{}, err
	}
	each := map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}[unit]
	return call.Engine.Now().Add(time.Duration(max(0, min(amount, 1e6)) * float64(each))), nil
}

// waitDate reads a date: a Luxon or JavaScript one, or text, which is in the workflow's time zone unless it names another.
func waitDate(call *nodes.Call, name string) (time.Time, error) {
	v, err := call.Param(name).Value(0)
	if err != nil {
		return time.Time{}, err
	}
	if v = plain(v); v.Kind() == nodes.String || v.Kind() == nodes.Foreign {
		if ms, ok := looseDate(v, call.Engine.Location()); ok {
			return time.UnixMilli(int64(ms)), nil
		}
	}
	return time.Time{}, nodes.Errorf("Cannot put execution to wait because `%s` parameter is not a valid date. Please pick a specific date and time to wait until.", name)
}

// Receive makes the item with which a run goes on of the call of its resume address. A webhookSuffix is a part of the address
// that must fit.
func (wait) Receive(ctx context.Context, call *nodes.Call, req *http.Request, pathParams map[string]string) (nodes.Received, error) {
	method, err := call.Param("httpMethod").String(0, http.MethodGet)
	if err != nil {
		return nodes.Received{}, err
	}
	suffix, err := call.Param("options").Get("webhookSuffix").String(0, "")
	if err != nil {
		return nodes.Received{}, err
	}
	if method != req.Method || suffix != pathParams["suffix"] {
		r := message(http.StatusNotFound, 0, "The workflow for execution \""+pathParams["execution"]+"\" does not contain a waiting webhook with a matching path/method.")
		return nodes.Received{Reject: &r}, nil
	}
	jwt, refused, err := admit(ctx, call, req, "incomingAuthentication")
	if refused != nil || err != nil {
		return nodes.Received{Reject: refused}, err
	}
	as := *call
	as.Version = 2 // of the Webhook node, whose item it is
	item, refused, err := requestItem(ctx, &as, req, nil, jwt)
	if refused != nil || err != nil {
		return nodes.Received{Reject: refused}, err
	}
	received := nodes.Received{Items: nodes.ItemsOf(item)}
	mode, err := call.Param("responseMode").Option(0, "onReceived", "onReceived", "lastNode", "responseNode")
	if err != nil {
		return received, err
	}
	if received.Reject, err = onlyRunIf(ctx, &as, received.Items); received.Reject != nil || err != nil {
		return received, err
	}
	if received.Wait = mode != "onReceived"; received.Wait {
		return received, nil
	}
	as.Version = 1 // responseCode is a parameter of its own
	received.Answer, err = immediateAnswer(&as)
	return received, err
}

// Respond is nodes.Resumable's.
func (wait) Respond(call *nodes.Call, result nodes.Result) (nodes.Response, error) {
	as := *call
	as.Version = 1
	return webhook{}.Respond(&as, result)
}
