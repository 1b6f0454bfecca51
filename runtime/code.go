package runtime

import (
	"context"

	"github.com/cordboard/cordboard/nodes"
)

var _ nodes.Scripts = (*stepCall)(nil)

// RunScript is nodes.Scripts'. Unlike expressions, with executeOnce a script sees but the first item, as in n8n.
func (c *stepCall) RunScript(ctx context.Context, s nodes.Script, args string, host nodes.ScriptHost) (string, error) {
	return c.batch.RunScript(ctx, s, c.input(), args, host)
}

// StaticData is nodes.Scripts'.
func (c *stepCall) StaticData() string {
	if len(c.x.state.StaticData) == 0 {
		return "{}"
	}
	return string(c.x.state.StaticData)
}

// KeepStaticData is nodes.Scripts'.
func (c *stepCall) KeepStaticData(json string) {
	c.x.changed = c.x.changed || json != c.StaticData()
	c.x.state.StaticData = []byte(json)
}
