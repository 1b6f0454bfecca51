package request

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	safeTries  = 4 // of what may be repeated without being asked to
	maxBackoff = 30 * time.Second
	maxWait    = 5 * time.Minute // a server that wants a longer pause is not waited for
)

// again decides whether a request that failed is sent again, and after what time. Reads are repeated after 429, 502, 503,
// 504 and lost connections; writes only where nothing was sent or where the server said that it did not act (429, 503).
// retryOnFail raises the number of tries, and for reads the kinds of failures that are repeated.
func (w *worker) again(t trip, try int) (time.Duration, bool) {
	var refused, transient bool
	switch {
	case t.err != nil:
		refused, transient = !t.sent, isTransient(t.err)
	case t.answer.status == http.StatusTooManyRequests || t.answer.status == http.StatusServiceUnavailable:
		refused, transient = true, true
	case t.answer.status == http.StatusBadGateway || t.answer.status == http.StatusGatewayTimeout:
		transient = true
	}
	tries := w.call.Retry.Tries
	asked := tries > 1
	if transient {
		tries = max(tries, safeTries)
	}
	if try >= tries || w.op.Writes && !refused {
		return 0, false
	}
	wait := w.call.Retry.Wait
	if !asked {
		wait = backoff(try)
	}
	if t.err == nil {
		if after, ok := retryAfter(t.answer.header.Get("Retry-After"), w.x.now()); ok {
			return after, after <= maxWait
		}
	}
	return wait, true
}

// backoff doubles from try to try, with jitter, so that many clients do not come back at once.
func backoff(try int) time.Duration {
	wait := maxBackoff
	if try < 7 {
		wait = min(250*time.Millisecond<<try, maxBackoff)
	}
	return wait/2 + rand.N(wait/2)
}

// retryAfter reads the header's two forms (RFC 9110, 10.2.3).
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if s, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31); err == nil {
		return time.Duration(s) * time.Second, true
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(t.Sub(now), 0), true
	}
	return 0, false
}

// isTransient reports whether a network error may be gone at the next try.
func isTransient(err error) bool {
	var (
		dial *net.OpError
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
	)
	switch {
	case isTimeout(err) || errors.As(err, &cert):
		return false
	case errors.As(err, &dns):
		return dns.IsTemporary
	case errors.As(err, &dial) && dial.Op == "dial":
		return true
	}
	return lostConnection(err)
}

func lostConnection(err error) bool {
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return strings.Contains(err.Error(), "server closed idle connection") // net/http has no value for it
}

func isTimeout(err error) bool {
	var slow net.Error
	return errors.Is(err, errTimeout) || errors.As(err, &slow) && slow.Timeout()
}

// pause waits, unless the step has failed or is cancelled meanwhile.
func (s *step) pause(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.halted, func() { cancel(errHalted) })()
	return s.x.pause(ctx, d)
}
