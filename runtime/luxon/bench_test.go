package luxon

import "testing"

func benchDate(b *testing.B) (Env, DateTime) {
	env := testEnv(b, "Europe/Berlin")
	d, err := Static(env, "DateTime", "fromISO", []any{"2024-05-06T07:08:09.123"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	return env, d.(DateTime)
}

func benchCall(b *testing.B, name string, args ...any) {
	_, d := benchDate(b)
	for b.Loop() {
		if _, err := d.Call(name, args); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromISO(b *testing.B) {
	env, _ := benchDate(b)
	args := []any{"2024-05-06T07:08:09.123+02:00"}
	for b.Loop() {
		if _, err := Static(env, "DateTime", "fromISO", args); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkToISO(b *testing.B)    { benchCall(b, "toISO") }
func BenchmarkToFormat(b *testing.B) { benchCall(b, "toFormat", "yyyy-MM-dd HH:mm:ss") }
func BenchmarkPlus(b *testing.B)     { benchCall(b, "plus", Fields{{"days", 1.0}}) }
func BenchmarkDiff(b *testing.B) {
	_, d := benchDate(b)
	benchCall(b, "diff", d.at(0), []any{"months", "days"})
}

func BenchmarkFromFormat(b *testing.B) {
	env, _ := benchDate(b)
	args := []any{"06.05.2024 07:08", "dd.MM.yyyy HH:mm"}
	for b.Loop() {
		if _, err := Static(env, "DateTime", "fromFormat", args); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLocaleString(b *testing.B) {
	benchCall(b, "toLocaleString", presets()["DATETIME_HUGE"], Fields{{"locale", "de"}})
}
