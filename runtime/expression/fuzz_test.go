package expression

import (
	"errors"
	"strings"
	"testing"
)

// FuzzSplit: the parts of a template hold all of its text.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "a {{ b }} c", `\{{ x }}`, `\\{{ x }}`, `{{ a\}}b }}`, "{{", "{{{{}}}}", "}}{{", "a\\\\\\{{"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kept := 0
		for _, p := range split(s) {
			kept += len(p.text)
			if p.offset < 0 || p.offset > len(s) {
				t.Fatalf("offset %d in %q", p.offset, s)
			}
		}
		if lost := len(s) - kept; lost > 2*strings.Count(s, "{{")+2*strings.Count(s, "}}")+strings.Count(s, `\`) {
			t.Errorf("%d bytes of %q are lost", lost, s)
		}
	})
}

// FuzzCompile: whatever the source, Compile answers, and a syntax error lies inside it.
func FuzzCompile(f *testing.F) {
	for name, file := range readCorpus(f) {
		_ = name
		for i, c := range file.Cases {
			if i%10 == 0 {
				f.Add(c.Source)
			}
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, err := Compile(s)
		var syntax *SyntaxError
		if errors.As(err, &syntax) && (syntax.Line < 1 || syntax.Line > strings.Count(s, "\n")+1 || syntax.Column < 1 || syntax.Column > len(s)+1) {
			t.Errorf("%q: error at %d:%d", s, syntax.Line, syntax.Column)
		}
	})
}

// FuzzTiers: what the native tier answers, JavaScript answers too.
func FuzzTiers(f *testing.F) {
	for _, file := range readCorpus(f) {
		for i, c := range file.Cases {
			if i%5 == 0 && !c.Later && len(file.Items) == 2 {
				f.Add(c.Source)
			}
		}
	}
	native, other := newEvaluator(f, Options{}), newEvaluator(f, Options{NoNative: true})
	s := readCorpus(f)["values.json"].scope(f)
	f.Fuzz(func(t *testing.T, source string) {
		e, err := Compile(source)
		if err != nil || !e.Native() || strings.Contains(source, "$now") {
			return
		}
		got, want := outcome(native.NewBatch(t.Context(), s).Eval(e, 0, nil)), outcome(other.NewBatch(t.Context(), s).Eval(e, 0, nil))
		// JavaScript's own parser refuses some code that ours lets pass, and has the last word on what it says.
		if got != want && want != "error: invalid syntax" {
			t.Errorf("%q: native %s, JavaScript %s", source, got, want)
		}
	})
}
