package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// TestNodesList: the list is sorted, and a text leaves those that have it in their type or label.
func TestNodesList(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	types := func(args ...string) []string {
		var list []string
		for line := range strings.Lines(must(t, dir, "", append([]string{"nodes", "list"}, args...)...)) {
			list = append(list, strings.Join(regexp.MustCompile(`  +`).Split(line, 3)[:2], " "))
		}
		return list
	}
	all := types()
	if len(all) < 60 || !slices.IsSortedFunc(all, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
		t.Errorf("it is not sorted: %q", all)
	}
	for text, want := range map[string]string{
		"HTTP req":       "n8n-nodes-base.httpRequest 1, 2, 3, 4, 4.1, 4.2, 4.3, 4.4, 4.5",
		"edit fields":    "n8n-nodes-base.set 1, 2, 3, 3.1, 3.2, 3.3, 3.4, 3.5",
		"base.datetime":  "n8n-nodes-base.dateTime 1\nn8n-nodes-base.dateTime 2",
		"splitinbatches": "n8n-nodes-base.splitInBatches 1, 2, 3",
	} {
		if got := strings.Join(types(text), "\n"); got != want {
			t.Errorf("%s: %s", text, got)
		}
		if got := gjson.Get(must(t, dir, "", "nodes", "list", "--json", text), "#.type").Array(); len(got) != len(types(text)) {
			t.Errorf("%s: as JSON %v", text, got)
		}
	}
	refused(t, dir, `no node type has "htpRequest" in its type or label; did you mean n8n-nodes-base.httpRequest?`, "nodes", "list", "htpRequest")
	refused(t, dir, `no node type has "Edit Feilds" in its type or label; did you mean n8n-nodes-base.set?`, "nodes", "list", "Edit", "Feilds")
	refused(t, dir, `no node type has "salesforce" in its type or label; cordboard nodes list lists all, and nodes generate and nodes import make others`, "nodes", "list", "salesforce")
}
