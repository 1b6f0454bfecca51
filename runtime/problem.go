package runtime

import (
	"fmt"
	"strings"
)

// Severity tells problems that prevent a run from those that do not.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Problem is something wrong with a workflow that is known before it runs.
type Problem struct {
	Severity Severity `json:"severity"`
	// File, Node, Parameter and Pointer (a JSON pointer inside the parameter's value) say where; each may be empty.
	File      string `json:"file,omitempty"`
	Node      string `json:"node,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Pointer   string `json:"pointer,omitempty"`
	// AtRun is set for an error that fails its node when the run comes to it, and does not keep the run from starting:
	// n8n starts such a workflow too.
	AtRun bool `json:"atRun,omitempty"`
	// Message says what, Mend what to do about it.
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
}

// String returns the problem on one line: where, what, and what to do.
func (p Problem) String() string {
	var where []string
	if p.File != "" {
		where = append(where, p.File)
	}
	if p.Node != "" {
		where = append(where, fmt.Sprintf("node %q", p.Node))
	}
	if p.Parameter != "" || p.Pointer != "" {
		where = append(where, fmt.Sprintf("parameter %q", p.Parameter+p.Pointer))
	}
	text := strings.Join(append(where, p.Message), ": ")
	if p.Mend != "" {
		text += " (" + p.Mend + ")"
	}
	return text
}

// Problems are all that was found wrong with a workflow. As an error they say that it cannot start: nothing was sent.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for _, p := range ps {
		if p.Severity == SeverityError && !p.AtRun {
			lines = append(lines, p.String())
		}
	}
	return strings.Join(lines, "\n")
}

// Err returns the problems as an error if one of them prevents a run, else nil.
func (ps Problems) Err() error {
	for _, p := range ps {
		if p.Severity == SeverityError && !p.AtRun {
			return ps
		}
	}
	return nil
}

func (ps *Problems) errorf(p Problem, format string, args ...any) {
	p.Severity, p.Message = SeverityError, fmt.Sprintf(format, args...)
	*ps = append(*ps, p)
}

func (ps *Problems) warnf(p Problem, format string, args ...any) {
	p.Severity, p.Message = SeverityWarning, fmt.Sprintf(format, args...)
	*ps = append(*ps, p)
}
