package api

import (
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// workflowShape is what a workflow may hold that is sent.
var workflowShape = shape{
	required: []string{"name", "nodes", "settings"},
	fields: map[string]field{
		"name": of("string"), "description": of("string"), "nodes": of("array"), "settings": of("object"), "connections": {},
		"staticData": {}, "pinData": of("object", "null"), "nodeGroups": of("array"), "shared": of("array"), "parentFolderId": of("string", "null"),
		"id": readOnly(), "active": readOnly(), "activeVersion": readOnly(), "createdAt": readOnly(), "updatedAt": readOnly(), "isArchived": readOnly(),
		"versionId": readOnly(), "triggerCount": readOnly(), "meta": readOnly(), "tags": readOnly(),
	},
}

// newWorkflowShape is what one may hold that is made: n8n lets a description be set later only.
var newWorkflowShape = func() shape {
	s := shape{required: workflowShape.required, fields: maps.Clone(workflowShape.fields)}
	delete(s.fields, "description")
	return s
}()

// settingsShape are a workflow's settings. onInterruption is Cordboard's own.
var settingsShape = shape{fields: map[string]field{
	"executionOrder": of("string"), "timezone": of("string"), "errorWorkflow": of("string"), "executionTimeout": of("number"),
	"saveManualExecutions": of("boolean"), "saveExecutionProgress": of("boolean"), "saveDataErrorExecution": oneOf("all", "none"),
	"saveDataSuccessExecution": oneOf("all", "none"), "callerPolicy": oneOf("any", "none", "workflowsFromAList", "workflowsFromSameOwner"),
	"callerIds": of("string"), "timeSavedPerExecution": of("number"), "timeSavedMode": oneOf("fixed", "dynamic"), "availableInMCP": of("boolean"),
	"credentialResolverId": of("string"), "redactionPolicy": oneOf("none", "non-manual", "manual-only", "all"), "binaryMode": oneOf("separate", "combined"),
	"customTelemetryTags": of("array"), "onInterruption": oneOf("stop", "runAgain"),
}}

// nodeShape is a node.
var nodeShape = shape{fields: map[string]field{
	"id": of("string"), "name": of("string"), "type": of("string"), "typeVersion": of("number"), "position": of("array"), "parameters": of("object"),
	"credentials": of("object"), "disabled": of("boolean"), "notes": of("string"), "notesInFlow": of("boolean"), "onError": of("string"),
	"continueOnFail": of("boolean"), "retryOnFail": of("boolean"), "maxTries": of("number"), "waitBetweenTries": of("number"),
	"alwaysOutputData": of("boolean"), "executeOnce": of("boolean"), "webhookId": of("string"), "customTelemetryTags": of("object"),
	"createdAt": readOnly(), "updatedAt": readOnly(),
}}

// maxName is how many characters a workflow's name may have.
const maxName = 128

// checkWorkflow checks a workflow that is sent, in the order and the words of n8n.
func checkWorkflow(body object, whole shape) error {
	v := body.value()
	if err := whole.check("request/body", v); err != nil {
		return err
	}
	if !v.Get("connections").IsObject() {
		return bad("request/body/connections must be object")
	}
	if err := settingsShape.check("request/body/settings", v.Get("settings")); err != nil {
		return err
	}
	nodes := v.Get("nodes").Array()
	for i, n := range nodes {
		if err := nodeShape.check(fmt.Sprintf("request/body/nodes/%d", i), n); err != nil {
			return err
		}
	}
	switch static := v.Get("staticData"); kind(static) {
	case "object", "null", "undefined":
	case "string":
		if !gjson.Valid(static.Str) || !gjson.Parse(static.Str).IsObject() {
			return bad("request/body/staticData must be a JSON string")
		}
	default:
		return bad("request/body/staticData Invalid input")
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(v.Get("name").Str)); n < 1 || n > maxName {
		return bad("Workflow name must be 1 to 128 characters long.")
	}
	return checkStructure(nodes, v.Get("connections"))
}

// checkStructure looks at what the nodes must have, and at names that are there twice.
func checkStructure(nodes []gjson.Result, connections gjson.Result) error {
	var wrong []string
	add := func(at, code, message string) { wrong = append(wrong, at+" ("+code+"): "+message) }
	ids, names := map[string]string{}, map[string]bool{}
	for i, n := range nodes {
		at := fmt.Sprintf("nodes[%d]", i)
		for _, key := range []string{"name", "type", "position"} {
			if !n.Get(key).Exists() {
				add(at+"."+key, "invalid_type", "Required")
			}
		}
		if p := n.Get("position"); p.IsArray() && len(p.Array()) < 2 {
			add(at+".position", "too_small", "Array must contain at least 2 element(s)")
		}
		name, id := n.Get("name").Str, n.Get("id").Str
		if other, twice := ids[id]; id != "" && twice {
			add(at+".id", "duplicate_node_id", fmt.Sprintf("Nodes %q and %q share the node ID %q", other, name, id))
		}
		if names[name] {
			add(at+".name", "duplicate_node_name", fmt.Sprintf("Duplicate node name %q", name))
		}
		ids[id], names[name] = name, true
	}
	connections.ForEach(func(key, v gjson.Result) bool {
		if !v.IsObject() {
			add("connections."+key.Str, "invalid_type", expected("object", v))
		}
		return true
	})
	if len(wrong) == 0 {
		return nil
	}
	return bad("Workflow structure is invalid. " + strings.Join(wrong, "; "))
}
