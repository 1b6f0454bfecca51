package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// The nodes of the test plugin. The conformance suite runs each in process and through the plugin.

func testTypes() []nodes.Type {
	list := map[string]nodes.Node{
		"echo": echo{}, "eval": eval{}, "fails": fails{}, "access": access{}, "file": file{}, "waits": waits{}, "logs": logs{},
		"crash": crash{}, "hang": hang{}, "prints": prints{}, "spawn": spawn{}, "many": many{}, "environ": environ{},
		"replies": replies{}, "badtext": badText{}, "keeps": keeps{}, "greedy": greedy{}, "stuck": stuck{}, "sockets": sockets{},
		"progress": progress{}, "memory": memory{},
	}
	var types []nodes.Type
	for name, n := range list {
		d := &descriptors.Node{Type: "plug." + name, DisplayName: name, Versions: []float64{1}}
		if name == "access" || name == "crash" {
			d.Credentials = []descriptors.CredentialUse{{Type: "testApi", Required: name == "access"}}
		}
		types = append(types, nodes.Type{Descriptor: d, Node: n, Origin: "test"})
	}
	tick := &descriptors.Node{Type: "plug.ticker", DisplayName: "ticker", Versions: []float64{1}, Trigger: true}
	return append(types, nodes.Type{Descriptor: tick, Node: ticker{}, Origin: "test"})
}

// echo passes items on, to output 0 or 1 in turn where its parameter fork is set.
type echo struct{}

func (echo) Execute(_ context.Context, call *nodes.Call) error {
	for input, items := range call.Inputs {
		for i, it := range items.All() {
			call.Emit(0, it.WithParents(nodes.From(i, input)))
		}
	}
	return nil
}

// eval gives the value of its parameter for each item, and of one with a further name in sight.
type eval struct{}

func (eval) Execute(_ context.Context, call *nodes.Call) error {
	for i := range call.Input(0).Len() {
		v, err := call.Param("value").Value(i)
		if err != nil {
			if err := call.Fail(i, err); err != nil {
				return err
			}
			continue
		}
		list, err := call.Param("list").List(i)
		if err != nil {
			return err
		}
		var b nodes.ObjectBuilder
		b.Set("value", v)
		for n, p := range list {
			v, err := p.Get("deep").Value(i)
			if err != nil {
				return err
			}
			b.Set(fmt.Sprint("list", n), v)
		}
		extra, err := call.Eval("extra", i, map[string]nodes.Value{"$response": nodes.WireValue(`{"page":7}`)})
		if err != nil {
			return err
		}
		b.Set("extra", extra)
		call.EmitFrom(0, i, nodes.NewItem(b.String()))
	}
	return nil
}

// fails fails items that say so, or as a whole with an error that has every field.
type fails struct{}

func (fails) Execute(_ context.Context, call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		switch it.Get("fail").String() {
		case "item":
			e := nodes.Errorf("item is bad")
			e.Description, e.Hint = "described", "do better"
			e.HTTPCode, e.Kind = "418", nodes.APIError
			if err := call.Fail(i, e.WithParam("user", "/Groups/0")); err != nil {
				return err
			}
		case "node":
			return nodes.Errorf("all is bad").At(i)
		default:
			call.EmitFrom(0, i, it)
		}
	}
	return nil
}

// access tells what access it gets, before and after a renewal.
type access struct{}

func (access) Execute(ctx context.Context, call *nodes.Call) error {
	first, err := call.Engine.Access(ctx, "testApi")
	if err != nil {
		return err
	}
	again, err := call.Engine.Access(ctx, "testApi")
	if err != nil {
		return err
	}
	renewed, err := call.Engine.Renew(ctx, "testApi", first.Generation)
	if err != nil {
		return err
	}
	late, err := call.Engine.Renew(ctx, "testApi", first.Generation)
	if err != nil {
		return err
	}
	_, denied := call.Engine.Access(ctx, "otherApi")
	call.Log.Warn("the token is " + first.Token)
	text, err := json.Marshal(map[string]any{
		"base": first.BaseURL, "same": first.Token == again.Token, "renewed": renewed.Token != first.Token, "late": late.Token == renewed.Token,
		"denied": denied.Error(),
	})
	if err == nil {
		call.EmitFrom(0, 0, nodes.NewItem(string(text)))
	}
	return err
}

// file writes binary data, reads it back and gives both.
type file struct{}

func (file) Execute(ctx context.Context, call *nodes.Call) error {
	n, err := call.Param("bytes").Number(0, 10)
	if err != nil {
		return err
	}
	id, w, err := call.Binary.Create(ctx)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, io.LimitReader(pattern{}, int64(n))); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	r, err := call.Binary.Open(ctx, id)
	if err != nil {
		return err
	}
	defer r.Close()
	read, err := io.Copy(io.Discard, r)
	if err != nil {
		return err
	}
	_, missing := call.Binary.Open(ctx, "NOSUCH")
	f := nodes.File{MimeType: "text/plain", FileName: "a.txt", FileSize: "10 B", Bytes: read}
	var b *nodes.Binary
	b = b.With("z", f).With("a", f)
	call.EmitFrom(0, 0, nodes.NewItem(fmt.Sprintf(`{"read":%d,"missing":%t}`, read, missing != nil)).WithBinary(b))
	return nil
}

type pattern struct{}

func (pattern) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type waits struct{}

func (waits) Execute(_ context.Context, call *nodes.Call) error {
	call.Suspend(nodes.Suspend{Until: time.UnixMilli(1), Webhook: true})
	return nil
}

type replies struct{}

func (replies) Execute(_ context.Context, call *nodes.Call) error {
	call.Reply(nodes.Response{Status: 418, Header: http.Header{"X-Kind": {"teapot", "short"}}, Body: []byte("stout\xff")})
	call.EmitFrom(0, 0, call.Input(0).At(0))
	return nil
}

// badText fails with a text that is no UTF-8, and logs some.
type badText struct{}

func (badText) Execute(_ context.Context, call *nodes.Call) error {
	call.Log.Warn("bad \xff text", "k\xff", "v\xff")
	return nodes.Errorf("bad \xff text")
}

type logs struct{}

func (logs) Execute(_ context.Context, call *nodes.Call) error {
	call.Log.With("a", 1).WithGroup("g").Warn("careful", "b", "two")
	call.EmitFrom(0, 0, nodes.NewItem("{}"))
	return nil
}

type crash struct{}

func (crash) Execute(ctx context.Context, call *nodes.Call) error {
	if call.Input(0).Len() > 0 && call.Input(0).At(0).Get("calm").Bool() {
		call.EmitFrom(0, 0, call.Input(0).At(0))
		return nil
	}
	if call.Input(0).Len() > 0 && call.Input(0).At(0).Get("tell").Bool() {
		a, err := call.Engine.Access(ctx, "testApi")
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "my token was "+a.Token)
	}
	fmt.Fprintln(os.Stderr, "goodbye cruel world")
	os.Exit(7)
	return nil
}

type hang struct{}

func (hang) Execute(ctx context.Context, call *nodes.Call) error {
	call.Log.Warn("hanging")
	<-ctx.Done()
	return context.Cause(ctx)
}

type prints struct{}

func (prints) Execute(_ context.Context, call *nodes.Call) error {
	fmt.Println("stray words")
	call.EmitFrom(0, 0, nodes.NewItem("{}"))
	return nil
}

// spawn starts a process that outlives its own, and tells its number.
type spawn struct{}

func (spawn) Execute(_ context.Context, call *nodes.Call) error {
	cmd := exec.Command("/bin/sleep", "600")
	if err := cmd.Start(); err != nil {
		return err
	}
	call.EmitFrom(0, 0, nodes.NewItem(fmt.Sprintf(`{"child":%d,"self":%d}`, cmd.Process.Pid, os.Getpid())))
	return nil
}

// many gives n items of a size.
type many struct{}

func (many) Execute(_ context.Context, call *nodes.Call) error {
	n, err := call.Param("n").Number(0, 1)
	if err != nil {
		return err
	}
	size, err := call.Param("size").Number(0, 1)
	if err != nil {
		return err
	}
	text := strings.Repeat("x", int(size))
	for i := range int(n) {
		emitted.Store(int64(i))
		call.EmitFrom(0, 0, nodes.NewItem(fmt.Sprintf(`{"i":%d,"text":%q}`, i, text)))
	}
	return nil
}

type environ struct{}

func (environ) Execute(_ context.Context, call *nodes.Call) error {
	names := []string{}
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		names = append(names, name)
	}
	text, err := json.Marshal(map[string]any{"names": names})
	if err == nil {
		call.EmitFrom(0, 0, nodes.NewItem(string(text)))
	}
	return err
}

// ticker starts three runs, one after the other as they are acknowledged, and fails if a result is not what it sent.
type ticker struct{}

func (ticker) Execute(_ context.Context, call *nodes.Call) error { return nil }

func (ticker) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	for i := range 3 {
		item := nodes.NewItem(fmt.Sprintf(`{"tick":%d}`, i))
		started, err := start(ctx, nodes.ItemsOf(item))
		if err != nil {
			return err
		}
		select {
		case r := <-started.Result:
			if r.Err != nil || r.Items.Len() != 1 || r.Items.At(0).JSON() != item.JSON() {
				return fmt.Errorf("run %s of tick %d came to %v, %w", started.ExecutionID, i, r.Items, r.Err)
			}
		case <-ctx.Done():
			return nil
		}
	}
	<-ctx.Done()
	return nil
}

// emitted is how many items many has given in this process.
var emitted atomic.Int64

// progress tells it.
type progress struct{}

func (progress) Execute(_ context.Context, call *nodes.Call) error {
	call.EmitFrom(0, 0, nodes.NewItem(fmt.Sprintf(`{"emitted":%d}`, emitted.Load())))
	return nil
}

// keeps counts its executions in its context, and gives what was there before; or it ends the branch.
type keeps struct{}

func (keeps) Execute(_ context.Context, call *nodes.Call) error {
	if call.Input(0).At(0).Get("end").Bool() {
		call.End()
		return nil
	}
	before := call.Context
	if before == "" {
		before = "null"
	}
	call.Keep(fmt.Sprintf(`{"runs":%d}`, call.Run+1))
	call.EmitFrom(0, 0, nodes.NewItem(`{"before":`+before+`}`))
	return nil
}

// greedy asks for a credential that it does not declare.
type greedy struct{}

func (greedy) Execute(ctx context.Context, call *nodes.Call) error {
	_, err := call.Engine.Access(ctx, "testApi")
	return err
}

// stuck heeds nothing.
type stuck struct{}

func (stuck) Execute(_ context.Context, call *nodes.Call) error {
	call.Log.Warn("hanging")
	select {}
}

// memory tells how much memory the process had at most, in bytes; 0 where the system does not say it.
type memory struct{}

func (memory) Execute(_ context.Context, call *nodes.Call) error {
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kilobytes int64
	_, _ = fmt.Sscan(rest, &kilobytes)
	call.EmitFrom(0, 0, nodes.NewItem(fmt.Sprintf(`{"peak":%d}`, kilobytes<<10)))
	return nil
}

// sockets tells where the plugin's sockets are.
type sockets struct{}

func (sockets) Execute(_ context.Context, call *nodes.Call) error {
	dir := os.Getenv("PLUGIN_UNIX_SOCKET_DIR")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var b nodes.ObjectBuilder
		b.Set("dir", nodes.StringValue(dir))
		b.Set("name", nodes.StringValue(e.Name()))
		call.EmitFrom(0, 0, nodes.NewItem(b.String()))
	}
	return nil
}
