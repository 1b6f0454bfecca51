// Package core is the built-in nodes, a file each, named after the node as n8n's type has it. What they do is held to
// cases recorded from n8n (testdata).
package core

import (
	descriptors "github.com/cordboard/cordboard/descriptors/core"
	"github.com/cordboard/cordboard/nodes"
)

// list are the built-in nodes by the name of their descriptor.
var list = []struct {
	name string
	node nodes.Node
}{
	{"aggregate", aggregate{}},
	{"compareDatasets", compareDatasets{}},
	{"cron", newCronTrigger()},
	{"crypto", cryptoNode{}},
	{"dateTime", dateTime{}},
	{"dateTime1", dateTimeV1{}},
	{"errorTrigger", errorTrigger{}},
	{"executeWorkflow", executeWorkflow{}},
	{"executeWorkflowTrigger", executeWorkflowTrigger{}},
	{"executionData", executionData{}},
	{"filter", filter{}},
	{"if", ifNode{}},
	{"interval", newIntervalTrigger()},
	{"itemLists", itemLists{}},
	{"jwt", jwtNode{}},
	{"limit", limit{}},
	{"manualTrigger", manualTrigger{}},
	{"merge", merge{}},
	{"noOp", noOp{}},
	{"readWriteFile", readWriteFile{}},
	{"removeDuplicates", removeDuplicates{}},
	{"renameKeys", renameKeys{}},
	{"respondToWebhook", respondToWebhook{}},
	{"scheduleTrigger", newScheduleTrigger()},
	{"set", set{}},
	{"sort", sortNode{}},
	{"splitInBatches", splitInBatches{}},
	{"splitOut", splitOut{}},
	{"start", manualTrigger{}},
	{"stopAndError", stopAndError{}},
	{"summarize", summarize{}},
	{"switch", switchNode{}},
	{"totp", totp{}},
	{"wait", wait{}},
	{"webhook", webhook{}},
}

// Nodes returns the built-in nodes.
func Nodes() []nodes.Type {
	types := make([]nodes.Type, len(list))
	for i, n := range list {
		types[i] = nodes.Type{Descriptor: descriptors.Node(n.name), Node: n.node, Origin: "built in"}
	}
	return types
}
