package plugin

import "time"

// StartWithin sets how long the plugin may take to start.
func (h *Host) StartWithin(d time.Duration) { h.within = d }
