package cordboard_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

// varies are the parts of the demo's output that differ from run to run.
var varies = regexp.MustCompile(`\s+[\d.]+ ms|127\.0\.0\.1:\d+`)

// TestReadmeDemo holds the README's copy of the demo's output to what the demo prints.
func TestReadmeDemo(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "```text\n")
	block, _, _ = strings.Cut(block, "\n```")
	r := newBed(t, pbxsim.Options{}).cordboard(t, "", "demo")
	got := map[string]bool{}
	for line := range strings.Lines(r.stdout) {
		got[varies.ReplaceAllString(strings.TrimRight(line, "\n"), "~")] = true
	}
	lines := 0
	for line := range strings.Lines(block) {
		line = strings.TrimRight(line, "\n")
		if strings.TrimSpace(line) == "…" {
			continue
		}
		if lines++; !got[varies.ReplaceAllString(line, "~")] {
			t.Errorf("the demo does not print the README's line %q", line)
		}
	}
	if lines < 20 {
		t.Errorf("the README shows %d lines of the demo's output", lines)
	}
}
