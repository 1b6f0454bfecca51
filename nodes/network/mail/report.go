package mail

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// report collects what an item tells of a mail.
type report struct {
	accepted, rejected []string
	errors             []string // in wire form
	last               string
	envelopeTime       nodes.Value
}

func (r *report) took(start time.Time) { r.envelopeTime = sinceMillis(start) }

// note notes what the server said to a recipient.
func (r *report) note(address string, err error) {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		r.accepted = append(r.accepted, address)
		return
	}
	r.rejected, r.last = append(r.rejected, address), answerText(answer)
	var b nodes.ObjectBuilder
	b.Set("name", nodes.StringValue("Error"))
	b.Set("message", nodes.StringValue("Recipient command failed: "+r.last))
	b.Set("code", nodes.StringValue("EENVELOPE"))
	b.Set("response", nodes.StringValue(r.last))
	b.Set("responseCode", nodes.NumberValue(float64(answer.Code)))
	b.Set("command", nodes.StringValue("RCPT TO"))
	b.Set("recipient", nodes.StringValue(address))
	r.errors = append(r.errors, b.String())
}

// item writes the item of a mail that was sent.
func (r *report) item(offers []string, m *message, start time.Time, size int64, response string) string {
	var b nodes.ObjectBuilder
	b.Raw("accepted", textsJSON(r.accepted))
	b.Raw("rejected", textsJSON(r.rejected))
	b.Raw("ehlo", textsJSON(offers))
	if r.errors != nil {
		b.Raw("rejectedErrors", "["+strings.Join(r.errors, ",")+"]")
	}
	b.Set("envelopeTime", r.envelopeTime)
	b.Set("messageTime", sinceMillis(start))
	b.Set("messageSize", nodes.NumberValue(float64(size)))
	b.Set("response", nodes.StringValue(response))
	var to []string
	for _, a := range m.recipients() {
		to = append(to, bare(a))
	}
	b.Raw("envelope", fmt.Sprintf(`{"from":%s,"to":%s}`, nodes.AppendString(nil, bare(m.from[0])), textsJSON(to)))
	b.Set("messageId", nodes.StringValue(m.id))
	return b.String()
}

func textsJSON(list []string) string {
	out := []byte("[")
	for i, text := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = nodes.AppendString(out, text)
	}
	return string(append(out, ']'))
}

// sinceMillis is how long something took.
func sinceMillis(start time.Time) nodes.Value {
	return nodes.NumberValue(float64(time.Since(start).Milliseconds()))
}
