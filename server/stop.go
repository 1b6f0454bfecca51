package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
)

var (
	// errStopped is the cause with which runs are cancelled that go on for too long when the server stops.
	errStopped = errors.New("the server stopped")
	// errStopping refuses what comes too late.
	errStopping = errors.New("the server is stopping")
)

// stopping reports whether the server ends: it takes no new work.
func (s *Server) stopping() bool {
	select {
	case <-s.halt:
		return true
	default:
		return false
	}
}

// unavailable answers where the server stops: another one, or this one a little later, may take the call.
func unavailable(w http.ResponseWriter, err error) {
	w.Header().Set("Retry-After", "5")
	writeError(w, http.StatusServiceUnavailable, err.Error(), "")
}

// drain lets what is under way come to the end of its step, and cancels it when the time for that is over. hs goes on answering meanwhile;
// silence ends what says that this server lives.
func (s *Server) drain(hs *http.Server, silence func()) error {
	close(s.halt) // requests are refused from here on
	s.deafen()
	s.tellStopping()
	patience, cancel := context.WithTimeout(context.Background(), s.shutdown)
	defer cancel()
	last, cancel := context.WithTimeout(context.Background(), s.shutdown+s.grace)
	defer cancel()
	// No run begins from here on: a trigger that does not end in time must not start one that nobody waits for.
	ended := s.runs.close()
	quiet := done(s.triggers.Wait)
	calm := wait(patience, ended) && wait(patience, quiet)
	s.runs.cancel(errStopped)
	over := wait(last, ended) && wait(last, quiet)
	s.executions.release(errStopping)
	silence()
	if hs.Shutdown(last) != nil {
		_ = hs.Close() // callers that are still there get no answer
	}
	if !over {
		return errors.New("the server stopped while runs or triggers went on: they did not end when they were cancelled")
	}
	if !calm {
		s.log.Warn("runs were cancelled because the server stopped, and go on from their last step at the next start", "after", s.shutdown)
	}
	return s.store.Leave(context.Background(), s.id)
}

// tellStopping says what the end of the server waits for.
func (s *Server) tellStopping() {
	level, n := slog.LevelInfo, s.executions.count()
	if n > 0 {
		level = slog.LevelWarn // it takes a while
	}
	s.log.Log(context.Background(), level, "stopping", "executions under way", n, "waits at most", s.shutdown)
}

// done is closed once f has returned.
func done(f func()) <-chan struct{} {
	c := make(chan struct{})
	go func() {
		defer close(c)
		f()
	}()
	return c
}

// wait reports whether c was closed before ctx ended.
func wait(ctx context.Context, c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-ctx.Done():
	}
	select { // both may be so
	case <-c:
		return true
	default:
		return false
	}
}
