package api_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	isTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	isUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-`)
	isID   = regexp.MustCompile(`^[0-9A-Za-z]{16}$`)
	lastID = regexp.MustCompile(`"lastId":"\d+"`)
)

// masked puts what differs from run to run out of sight, as record.mjs does.
func masked(v any, vars map[string]string, key string) any {
	switch w := v.(type) {
	case []any:
		out := make([]any, len(w))
		for i := range w {
			out[i] = masked(w[i], vars, key)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, v := range w {
			out[k] = masked(v, vars, k)
		}
		if key == "headers" {
			return map[string]any{}
		}
		return out
	case float64:
		switch key {
		case "startTime", "executionTime", "timestamp":
			return float64(0)
		case "id":
			return masked(fmt.Sprint(w), vars, key)
		}
		return v
	case string:
		return maskedText(w, vars, key)
	}
	return v
}

func maskedText(text string, vars map[string]string, key string) string {
	if key == "nextCursor" {
		b, _ := base64.StdEncoding.DecodeString(text)
		return "<cursor " + lastID.ReplaceAllString(string(b), `"lastId":"0"`) + ">"
	}
	for name, v := range vars {
		if text == v && v != "" {
			return "${" + name + "}"
		}
	}
	switch {
	case isTime.MatchString(text):
		return "<time>"
	case isUUID.MatchString(text):
		return "<id>"
	}
	if key == "message" {
		for name, v := range vars {
			if regexp.MustCompile(`^\d+$`).MatchString(v) {
				text = regexp.MustCompile(`\b`+v+`\b`).ReplaceAllLiteralString(text, "${"+name+"}")
			}
		}
	}
	return text
}

// left are the members of n8n's answers that Cordboard's have not, or in another form: docs/api.md names them.
var left = []string{
	// users, projects, archives and counters
	"shared", "versionCounter", "triggerCount", "activeVersion", "parentFolder", "sourceWorkflowId",
	"isManaged", "isGlobal", "isResolvable", "resolvableAllowFallback", "resolverId", "usageScope",
	// how n8n keeps executions
	"storedAt", "tracingContext", "deduplicationKey", "jsonSizeBytes", "binaryDataSizeBytes", "usedPrivateCredentials", "workflowVersionId",
	"executionData", "resumeToken", "redaction",
	// of errors and steps
	"level", "shouldReport", "timestamp", "context", "functionality", "messages", "stack", "hints", "metadata", "hint",
	"webhookUrl",
}

// without takes members out, and what n8n adds to a workflow that it has run: the defaults of parameters.
func without(v any, key string) any {
	switch w := v.(type) {
	case []any:
		for i := range w {
			w[i] = without(w[i], key)
		}
		if key == "tags" || key == "" && len(w) > 0 && dig(w, "0.createdAt") != nil { // n8n has tags in no order
			slices.SortFunc(w, func(a, b any) int { return strings.Compare(fmt.Sprint(dig(a, "name")), fmt.Sprint(dig(b, "name"))) })
		}
	case string:
		if key == "id" && isID.MatchString(w) {
			return "<id>"
		}
	case map[string]any:
		for _, name := range left {
			delete(w, name)
		}
		if key == "error" {
			delete(w, "tags")
			if n, ok := w["node"].(map[string]any); ok {
				w["node"] = n["name"]
			}
		}
		if w["status"] == "waiting" {
			w["stoppedAt"] = nil                                           // in n8n, when it was laid down
			if run, ok := dig(w, "data.resultData").(map[string]any); ok { // where n8n has the node that waits
				delete(run, "lastNodeExecuted")
				delete(run["runData"].(map[string]any), "Wait")
			}
		}
		if w["webhookId"] == "<id>" { // n8n gives one to each node that has a webhook
			delete(w, "webhookId")
		}
		if w["retrySuccessId"] == "${x4b}" { // of a retry that Cordboard refuses
			w["retrySuccessId"] = nil
		}
		if w["mode"] == "retry" { // n8n counts the steps of a retry anew
			unnumbered(w["data"])
		}
		if key == "workflowData" {
			delete(w, "active")
			delete(w, "activeVersionId")
			for _, n := range w["nodes"].([]any) {
				delete(n.(map[string]any), "parameters")
			}
		}
		for k := range w {
			w[k] = without(w[k], k)
		}
	}
	return v
}

func unnumbered(v any) {
	switch w := v.(type) {
	case []any:
		for i := range w {
			unnumbered(w[i])
		}
	case map[string]any:
		delete(w, "executionIndex")
		for _, v := range w {
			unnumbered(v)
		}
	}
}
