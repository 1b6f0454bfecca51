package expression

import (
	"fmt"
	"strings"
	"testing"
)

func benchItems(n, size int) *corpusScope {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":%d,"name":"item %d","user":{"email":"a@b.c","age":%d},"pad":"%s"}`, i, i, i%90, strings.Repeat("x", max(0, size-70)))
	}
	return scopeOf(items...)
}

// BenchmarkNative is the cost of an item: one operation is one item.
func BenchmarkNative(b *testing.B) {
	for name, source := range map[string]string{
		"path":       "{{ $json.user.email }}",
		"template":   "Hello {{ $json.name }}, you are {{ $json.user.age }}",
		"concat":     "{{ $json.name + '-' + $json.id }}",
		"comparison": "{{ $json.user.age >= 18 && $json.name !== '' }}",
		"ternary":    "{{ $json.user.age > 40 ? 'old' : 'young' }}",
		"reference":  "{{ $('Items').item.json.name.toUpperCase() }}",
	} {
		b.Run(name, func(b *testing.B) {
			s := benchItems(1000, 200)
			batch := newEvaluator(b, Options{}).NewBatch(b.Context(), s)
			e := compile(b, source)
			if !e.Native() {
				b.Fatal("not native")
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := batch.Eval(e, i%1000, nil); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// BenchmarkScript is the cost of a whole batch; ns/item is what counts.
func BenchmarkScript(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		for name, source := range map[string]string{
			"field": "{{ $json.name.split('').reverse().join('') }}",
			"whole": "{{ Object.keys($json).map(k => k + '!').join() }}",
			"item":  "{{ [$('Items').item.json.id].map(x => x + 1)[0] }}",
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				v := newEvaluator(b, Options{})
				s := benchItems(n, 200)
				e := compile(b, source)
				for b.Loop() {
					batch := v.NewBatch(b.Context(), s)
					for i := range n {
						if _, err := batch.Eval(e, i, nil); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/item")
			})
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for name, source := range map[string]string{
		"path": "{{ $json.user.email }}", "template": "Hello {{ $json.name }}, you are {{ $json.user.age > 40 ? 'old' : 'young' }}",
		"script": "{{ $json.items.filter(x => x.ok).map(x => x.name).join(', ') }}",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Compile(source); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFirst is the cost of the first expression that needs JavaScript: a new machine with the prelude.
func BenchmarkFirst(b *testing.B) {
	e := compile(b, "{{ [1].map(x => x) }}")
	for b.Loop() {
		v := NewEvaluator(Options{})
		if _, err := v.NewBatch(b.Context(), scopeOf("{}")).Eval(e, 0, nil); err != nil {
			b.Fatal(err)
		}
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
