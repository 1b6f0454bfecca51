// Command bench measures what docs/benchmarks.md speaks of and prints one table: what was measured, the figure, the
// budget and whether it is kept. A missed budget is a line in the table and not an exit code: how long something takes
// depends on the machine, so it never fails a build.
//
// It measures the built programs (-bin) and the packages from within. It does not measure n8n.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"text/tabwriter"
	"time"

	"github.com/cordboard/cordboard/nodes/plugin"
)

func main() {
	if os.Getenv("CORDBOARD_PLUGIN") != "" { // the program is its own plugin, to measure the hop
		plugin.Serve(echoType())
		return
	}
	work := run
	if fault := os.Getenv(simulatorFault); fault != "" {
		work = func() error { return serveSimulator(fault) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// bench is one run of the program.
type bench struct {
	bin   string
	short bool
	dir   string // for files, removed at the end
	rows  []row
}

// row is a line of the table.
type row struct{ what, measured, budget, verdict string }

// section is a group of figures. Those of processes come first: a child's peak memory, as the system tells it, is at least
// that of the process that started it, and this one grows.
type section struct {
	name    string
	measure func(context.Context, *bench) error
}

func sections() []section {
	return []section{
		{"process", measureProcess},
		{"plugin start", measurePluginStart},
		{"size", measureSize},
		{"actions", measureActions},
		{"flows", measureFlows},
		{"plan", measurePlan},
		{"loop", measureLoop},
		{"step", measureSteps},
		{"hop", measureHop},
		{"3cx", measureThreeCX},
		{"webhook", measureWebhook},
		{"items", measureItems},
	}
}

func run() error {
	b := &bench{}
	var only, profile string
	flag.StringVar(&b.bin, "bin", "bin", "directory with the built programs")
	flag.BoolVar(&b.short, "short", false, "leave out what takes long or much memory")
	flag.StringVar(&only, "run", "", "measure only the sections whose name matches this regular expression")
	flag.StringVar(&profile, "cpuprofile", "", "write a CPU profile of this process to a file")
	flag.Parse()
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "cordboard-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for _, s := range sections() {
		if !match.MatchString(s.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring: %s\n", s.name)
		if err := s.measure(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		debug.FreeOSMemory()
	}
	b.print()
	return nil
}

func (b *bench) print() {
	fmt.Printf("%s, %s/%s, %d CPUs, %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().Format(time.DateOnly))
	tab := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(tab, "what\tmeasured\tbudget\t")
	fmt.Fprintln(tab, "----\t--------\t------\t")
	for _, r := range b.rows {
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\n", r.what, r.measured, r.budget, r.verdict)
	}
	_ = tab.Flush() // as any write to standard output
}

// figure adds a line without a budget.
func (b *bench) figure(what, format string, args ...any) {
	b.rows = append(b.rows, row{what: what, measured: fmt.Sprintf(format, args...)})
}

// upTo adds a line with a budget that is not to be exceeded.
func (b *bench) upTo(what string, measured, budget float64, unit string) {
	verdict := "kept"
	if measured > budget {
		verdict = "MISSED"
	}
	b.rows = append(b.rows, row{what, fmt.Sprintf("%.3g %s", measured, unit), fmt.Sprintf("%g %s", budget, unit), verdict})
}

// minimum is the shortest of n runs: what others do on the machine only ever adds.
func minimum(n int, f func() error) (time.Duration, error) {
	best := time.Duration(1<<63 - 1)
	for range n {
		began := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		best = min(best, time.Since(began))
	}
	return best, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
