package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// logJSON is the format of --log of which each line on standard error is a record.
const logJSON = "json"

func (s *settings) logger(w io.Writer) (*slog.Logger, error) {
	switch s.logFormat {
	case "":
		return slog.New(&textLog{w: w, level: slog.LevelWarn}), nil
	case "text":
		return slog.New(&textLog{w: w, level: slog.LevelInfo, timed: true}), nil
	case logJSON:
		return jsonLog(w), nil
	}
	return nil, fmt.Errorf("--log: there are the formats text and json, and not %q", s.logFormat)
}

// jsonLog writes a JSON object a record. Durations are in milliseconds, as their names say: took is tookMs.
func jsonLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if words := strings.Fields(a.Key); len(words) > 1 {
			for i, word := range words[1:] {
				words[i+1] = strings.ToUpper(word[:1]) + word[1:]
			}
			a.Key = strings.Join(words, "")
		}
		if a.Value.Kind() == slog.KindDuration {
			return slog.Float64(a.Key+"Ms", float64(a.Value.Duration())/float64(time.Millisecond))
		}
		return a
	}}))
}

// tell writes what is not of a run to standard error: where that is a log of JSON a record, else a line for people.
func (s *settings) tell(w io.Writer, level slog.Level, text string) {
	if s.logFormat == logJSON {
		jsonLog(w).Log(context.Background(), level, text)
		return
	}
	if level == slog.LevelWarn {
		text = "warning: " + text
	}
	fmt.Fprintln(w, text)
}

// textLog writes a line a record, for people.
type textLog struct {
	w     io.Writer
	level slog.Level
	timed bool // each line begins with the time
	attrs []slog.Attr
}

// Enabled is slog.Handler's.
func (l *textLog) Enabled(_ context.Context, level slog.Level) bool { return level >= l.level }

// Handle is slog.Handler's.
func (l *textLog) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	name := map[slog.Level]string{slog.LevelInfo: "info", slog.LevelWarn: "warning", slog.LevelError: "error"}[r.Level]
	if name == "" {
		name = strings.ToLower(r.Level.String())
	}
	if l.timed && !r.Time.IsZero() {
		b.WriteString(r.Time.Format("2006-01-02T15:04:05.000Z07:00 "))
	}
	b.WriteString(name + ": " + r.Message)
	sep := " ("
	write := func(a slog.Attr) bool {
		fmt.Fprintf(&b, "%s%s: %s", sep, a.Key, a.Value)
		sep = ", "
		return true
	}
	for _, a := range l.attrs {
		write(a)
	}
	r.Attrs(write)
	if sep == ", " {
		b.WriteString(")")
	}
	_, err := io.WriteString(l.w, b.String()+"\n")
	return err
}

// WithAttrs is slog.Handler's.
func (l *textLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *l
	c.attrs = append(c.attrs[:len(c.attrs):len(c.attrs)], attrs...)
	return &c
}

// WithGroup is slog.Handler's.
func (l *textLog) WithGroup(string) slog.Handler { return l }
