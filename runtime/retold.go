package runtime

import "time"

// Record is the line with which the journal of a run in this state begins, for a run that another process is to begin.
func (s *State) Record() ([]byte, error) { return s.record() }

// Retold is the run as its journal tells it, without executing anything: for a look at an execution that has stopped, or goes on
// elsewhere.
func (x *Execution) Retold(stoppedAt time.Time) *Run {
	return &Run{Status: x.state.Status, State: x.state, StoppedAt: stoppedAt, Err: x.state.Err, plan: x.plan}
}
