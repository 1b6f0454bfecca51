package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cordboard/cordboard/descriptors"
)

func describe(items Items) string {
	var parts []string
	for _, it := range items.All() {
		text := it.JSON()
		for p := range it.Parents() {
			text += fmt.Sprintf(" <%d:%d", p.Input(), p.Item())
		}
		if it.Err() != nil {
			text += " !" + it.Err().Error()
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func TestEmit(t *testing.T) {
	t.Parallel()
	c := &Call{Inputs: []Items{ItemsOf(NewItem(`{"a":1}`))}}
	c.Emit(2, NewItem(`{"n":1}`))
	c.EmitFrom(0, 5, NewItem(`{"n":2}`).WithParents(From(1, 1), From(2, 1)))
	c.Emit(0, NewItem("").WithParents(From(0, 0), From(3, 2)))
	c.Suspend(Suspend{Until: time.Unix(1, 0)})
	c.Reply(Response{Status: 201})
	outputs, suspend, reply := c.Outcome()
	if len(outputs) != 3 || describe(outputs[0]) != `{"n":2} <0:5; {} <0:0 <2:3` || describe(outputs[1]) != "" || describe(outputs[2]) != `{"n":1}` {
		t.Errorf("%d %s", len(outputs), describe(outputs[0]))
	}
	if suspend == nil || reply == nil || reply.Status != 201 {
		t.Error(suspend, reply)
	}
	if outputs, suspend, reply := c.Outcome(); len(outputs) != 0 || suspend != nil || reply != nil {
		t.Error("the call is not empty")
	}
	if c.Input(0).Len() != 1 || c.Input(1).Len() != 0 {
		t.Error("inputs")
	}
}

func TestFail(t *testing.T) {
	t.Parallel()
	cause := errors.New("it broke")
	c := &Call{}
	err := c.Fail(3, cause)
	if err == nil || err.Error() != "item 3: it broke" || !errors.Is(err, cause) {
		t.Error(err)
	}
	for _, mode := range []OnError{ContinueRegularOutput, ContinueErrorOutput} {
		c = &Call{OnError: mode}
		if err := c.Fail(3, cause); err != nil {
			t.Error(err)
		}
		outputs, _, _ := c.Outcome()
		if got := describe(outputs[0]); got != `{"error":"it broke"} <0:3 !item 3: it broke` {
			t.Error(got)
		}
	}
	s := &recorder{}
	c = &Call{OnError: ContinueErrorOutput, Sink: s}
	c.Emit(1, NewItem(`{"a":1}`))
	if err := c.Fail(2, Errorf("bad").At(7)); err != nil {
		t.Error(err)
	}
	if got := strings.Join(s.got, "; "); got != `1 {"a":1}; failed 2: item 7: bad` {
		t.Error(got)
	}
}

type recorder struct{ got []string }

func (r *recorder) Emit(output int, it Item) {
	r.got = append(r.got, fmt.Sprint(output, " ", it.JSON()))
}
func (r *recorder) Failed(i int, err *Error) {
	r.got = append(r.got, fmt.Sprintf("failed %d: %s", i, err))
}

func TestErrors(t *testing.T) {
	t.Parallel()
	e := Errorf("reading %s: %w", "x", io.ErrUnexpectedEOF).At(2).WithParam("ids", "/0")
	e.Node, e.Description, e.Hint = "3CX", "a detail", "a hint"
	if e.Error() != "node \"3CX\", item 2, parameter \"ids/0\": reading x: unexpected EOF\na detail\na hint" || !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Error(e)
	}
	if e.At(5).Item != 2 || Errorf("x").At(5).Item != 5 {
		t.Error("At")
	}
	if plain := Errorf("plain %d", 1); plain.Error() != "plain 1" || plain.Cause != nil || plain.Kind != OperationError {
		t.Errorf("%+v", plain)
	}
	if two := Errorf("%w, %w", io.EOF, io.ErrClosedPipe); !errors.Is(two, io.EOF) || !errors.Is(two, io.ErrClosedPipe) {
		t.Error("two causes")
	}
	if AsError(e) != e {
		t.Error("another one")
	}
	outer := AsError(fmt.Errorf("step 4: %w", e))
	if outer.Message != "step 4: reading x: unexpected EOF" || outer.Hint != "a hint" || outer.Item != 2 || !errors.Is(outer, io.ErrUnexpectedEOF) {
		t.Errorf("%+v", outer)
	}
	if other := AsError(io.EOF); other.Error() != "EOF" || other.Item != -1 || !errors.Is(other, io.EOF) {
		t.Errorf("%+v", other)
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	it := NewItem(`{"a":{"b":1}}`)
	if it.Get("a.b").Int() != 1 || it.HasLineage() || it.Binary().Len() != 0 || it.Err() != nil {
		t.Error("a new item")
	}
	parents := []Parent{From(0, 0), From(1, 0)}
	with := it.WithParents(parents...)
	parents[1] = From(9, 9)
	if describe(ItemsOf(with)) != `{"a":{"b":1}} <0:0 <0:1` || describe(ItemsOf(with.WithParents())) != `{"a":{"b":1}}` || describe(ItemsOf(it)) != `{"a":{"b":1}}` {
		t.Error(describe(ItemsOf(with)))
	}
	for range with.Parents() { // it can be left early
		break
	}
	var b ItemsBuilder
	b.Grow(3)
	for i := range 3 {
		b.Add(NewItem(fmt.Sprintf(`{"n":%d}`, i)))
	}
	list := b.Items()
	if b.Len() != 0 || list.Len() != 3 || describe(list.Slice(1, 2)) != `{"n":1}` || list.At(2).JSON() != `{"n":2}` {
		t.Error(describe(list))
	}
}

func TestBinary(t *testing.T) {
	t.Parallel()
	var none *Binary
	one := none.With("data", File{FileName: "a"})
	two := one.With("more", File{FileName: "b"}).With("data", File{FileName: "c"})
	var got []string
	for key, f := range two.All() {
		got = append(got, key+"="+f.FileName)
	}
	if strings.Join(got, " ") != "data=c more=b" || one.Len() != 1 || two.Len() != 2 || none.Len() != 0 {
		t.Error(got)
	}
	if f, ok := one.Get("data"); !ok || f.FileName != "a" {
		t.Error("the first was changed")
	}
	if _, ok := none.Get("data"); ok {
		t.Error("nothing has a file")
	}
	for range none.All() {
		t.Error("nothing has files")
	}
	for range two.All() { // it can be left early
		break
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	typ := func(origin, name string, versions []float64, aliases ...string) Type {
		return Type{Descriptor: &descriptors.Node{Type: name, Versions: versions, Aliases: aliases}, Origin: origin}
	}
	r := &Registry{}
	if _, err := r.Find("x", 1); err == nil || err.Error() != `unknown node type "x"` {
		t.Error(err)
	}
	if err := r.Add(typ("built in", "n8n-nodes-base.set", []float64{1, 2}), typ("3cx", "n8n-nodes-3cx.threecx", []float64{2}, "CUSTOM.threecx", "N8N-nodes-3cx.ThreeCX"), typ("3cx", "n8n-nodes-3cx.threecx", []float64{1}, "CUSTOM.threecx")); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		typ  Type
		want string
	}{
		{typ("evil", "N8N-Nodes-Base.Set", []float64{3, 2}), "node type N8N-Nodes-Base.Set version 2 is registered twice: built in and evil"},
		{typ("evil", "other", []float64{1}, "custom.THREECX"), "node type other version 1 is registered twice: 3cx and evil"},
	} {
		if err := r.Add(typ("evil", "new", []float64{1}), bad.typ); err == nil || err.Error() != bad.want {
			t.Error(err)
		}
	}
	if len(r.Types()) != 3 {
		t.Errorf("%d types", len(r.Types()))
	}
	for _, c := range []struct {
		name    string
		version float64
		want    string
	}{
		{"n8n-nodes-base.SET", 2, "built in"}, {"custom.threecx", 1, "3cx"},
		{"n8n-nodes-base.set", 4, `node type "n8n-nodes-base.set" has no version 4; there are 1, 2`}, {"CUSTOM.threecx", 4.5, `node type "CUSTOM.threecx" has no version 4.5; there are 1, 2`},
		{"n8n-nodes-base.sett", 1, `unknown node type "n8n-nodes-base.sett"; the nearest is "n8n-nodes-base.set"`}, {"new", 1, `unknown node type "new"`},
		{"CUSTOM.threecxx", 1, `unknown node type "CUSTOM.threecxx"; the nearest is "CUSTOM.threecx"`},
	} {
		got, err := r.Find(c.name, c.version)
		text := got.Origin
		if err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, json, want string }{
		{"the password hunter2 is bad", `{"AuthPassword":"hunter2"}`, "the password *** is bad"},
		{"abcdef and abc", `{"password":"abc","Secret":"abcdef"}`, "*** and ***"},
		{"pin 4938", `{"VMPIN":4938}`, "pin ***"},
		{"deep one and two, 333", `{"a":[{"Secret":["one",{"x":"two"},333,true]}]}`, "deep *** and ***, ***"},
		{`{"p":"a\"b"} a%22b a"b`, `{"password":"a\"b"}`, `{"p":"***"} *** ***`},
		{"a b+c a%20b%2Bc a+b%2Bc", `{"token":"a b+c"}`, "*** *** ***"},
		{"no names: North", `{"LastName":"North"}`, "no names: North"},
		{"ab is too short", `{"password":"ab"}`, "ab is too short"},
		{"flags: true", `{"AllowChangePassword":true,"PinProtected":true}`, "flags: true"},
		{"tok-1", ``, "***"}, {"", `{"password":"abc"}`, ""}, {"no JSON abc", `{"password":"abc`, "no JSON abc"},
	} {
		if got := Redact(c.text, c.json, "tok-1", ""); got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
	given := []string{"bbb", "aaaa"}
	Redact("x", `{"password":"ccc"}`, given...)
	if given[0] != "bbb" || given[1] != "aaaa" {
		t.Error("the caller's list was changed")
	}
}

func TestSecretsHide(t *testing.T) {
	t.Parallel()
	a := Access{BaseURL: "u", Fields: map[string]string{"user": "nora"}, Secrets: Secrets{"password": "hunter2"}}
	if a.Field("password") != "hunter2" || a.Field("user") != "nora" || a.Field("gone") != "" {
		t.Error("fields")
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).InfoContext(context.Background(), "x", "access", a, "secrets", a.Secrets)
	for _, shown := range []string{string(text), fmt.Sprintf("%v %+v %#v %s", a, a, a, a.Secrets), b.String()} {
		if strings.Contains(shown, "hunter2") {
			t.Error(shown)
		}
	}
}
