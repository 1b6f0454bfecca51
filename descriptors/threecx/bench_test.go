package threecx_test

import (
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/descriptors/threecx"
	"github.com/cordboard/cordboard/schemas"
)

func BenchmarkIndex(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		set := mustSet(b)
		if _, err := set.Nodes(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewIndex(b *testing.B) {
	set := mustSet(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := descriptors.NewIndex(set); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	index, err := descriptors.NewIndex(mustSet(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := index.Lookup(threecx.Type, 2, "Users", "Bulk Update"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOperationPage(b *testing.B) {
	set := mustSet(b)
	b.ReportAllocs()
	for b.Loop() {
		mustOperation(b, set, 1, "Users", "Update User")
	}
}

func BenchmarkCompileSmall(b *testing.B)  { benchmarkCompile(b, "Users", "Batch Delete") }
func BenchmarkCompileEntity(b *testing.B) { benchmarkCompile(b, "Users", "Bulk Update") }

func benchmarkCompile(b *testing.B, resource, operation string) {
	set := mustSet(b)
	op := mustOperation(b, set, 1, resource, operation)
	if _, err := set.Schema("cordboard://threecx/20.0.7/Pbx.User"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schemas.NewCompiler(set.Schema).CompileRaw(op.Schema); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidateSmall(b *testing.B) {
	benchmarkValidate(b, "Users", "Batch Delete", map[string]any{"ids": []any{1.0, 2.0, 3.0}})
}

func BenchmarkValidateEntity(b *testing.B) {
	benchmarkValidate(b, "Users", "Bulk Update", map[string]any{
		"ids": []any{1.0, 2.0, 3.0}, "user": map[string]any{"Number": "100", "Enabled": true, "Groups": []any{map[string]any{"GroupId": 1.0}}},
	})
}

func benchmarkValidate(b *testing.B, resource, operation string, value map[string]any) {
	set := mustSet(b)
	schema, err := schemas.NewCompiler(set.Schema).CompileRaw(mustOperation(b, set, 1, resource, operation).Schema)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if found := schemas.Validate(schema, value); found != nil {
			b.Fatal(found)
		}
	}
}

func mustSet(tb testing.TB) *descriptors.FileSet {
	tb.Helper()
	set, err := threecx.Set()
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

func mustOperation(tb testing.TB, set descriptors.Set, version float64, resource, operation string) *descriptors.Operation {
	tb.Helper()
	op, err := set.Operation(threecx.Type, version, resource, operation)
	if err != nil {
		tb.Fatal(err)
	}
	return op
}
