package queues

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/tidwall/gjson"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
	"github.com/cordboard/cordboard/nodes/request"
	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) { golden.Main(m) }

// patience bounds what a test waits for.
const patience = 30 * time.Second

// broker is a server that the recorded cases run against; brokers.mjs says what the parts of a case mean.
type broker interface {
	fields() map[string]any
	setup(t *testing.T, spec gjson.Result)
	send(t *testing.T, message gjson.Result)
	arrived(t *testing.T, spec gjson.Result) string
}

// newEngine returns an engine with a credential for the broker.
func newEngine(t *testing.T, kind string, fields map[string]any, o Options, types ...nodes.Type) *runtime.Engine {
	t.Helper()
	executor := request.New()
	o.Executor, o.Pools = executor, &connect.Pools{}
	t.Cleanup(func() {
		executor.Close()
		if err := o.Pools.Close(); err != nil {
			t.Error(err)
		}
	})
	if types == nil {
		types = Nodes(o)
	}
	return golden.NewEngine(t, runtime.Options{Credentials: golden.Credentials(t, map[string]any{kind: fields})}, types...)
}

// withFields are a credential's fields with those of a case.
func withFields(b broker, c gjson.Result) map[string]any {
	fields := b.fields()
	c.Get("credential").ForEach(func(key, v gjson.Result) bool {
		if !strings.Contains(v.Str, "127.0.0.1:29092") { // where the cases were recorded
			fields[key.Str] = v.Value()
		}
		return true
	})
	return fields
}

func files(t *testing.T, folder string, least int) []string {
	t.Helper()
	list, err := filepath.Glob("testdata/" + folder + "/*.json")
	if err != nil || len(list) < least {
		t.Fatalf("only %d cases: %v", len(list), err)
	}
	for name := range skipped {
		if strings.HasPrefix(name, folder+"/") && !slices.Contains(list, "testdata/"+name+".json") {
			t.Errorf("the skipped case %s is not there", name)
		}
	}
	return list
}

func caseName(file string) string {
	return strings.TrimSuffix(strings.TrimPrefix(file, "testdata/"), ".json")
}

// sendCases runs the cases of a node that sends, recorded from n8n 2.40.7: what it answers, and what is then at the broker.
func sendCases(t *testing.T, b broker, kind string, least int) {
	for _, file := range files(t, kind, least) {
		name := caseName(file)
		t.Run(name, func(t *testing.T) {
			if reason := skipped[name]; reason != "" {
				t.Skip(reason)
			}
			c := golden.Read(t, file)
			b.setup(t, c.Get("broker"))
			engine := newEngine(t, kind, withFields(b, c), Options{})
			answer := golden.Answer(t, engine, golden.WithCredential(c, kind))
			got, want := rows(answer, name), rows(c.Get("want"), name)
			if want == "refused" && answer.Get("status").Str == "error" { // n8n refuses the workflow, here it is the node
				want = got
			}
			if got != want {
				t.Errorf("%s\ngot  %s\nwant %s", c.Get("node").Raw, got, want)
			}
			if got, want := b.arrived(t, c.Get("broker")), normal(t, c.Get("arrived").Raw); got != want {
				t.Errorf("%s\narrived %s\nwant    %s", c.Get("node").Raw, got, want)
			}
		})
	}
}

// rows describes an answer line by line.
func rows(r gjson.Result, name string) string {
	if r.Get("refused").Exists() {
		return "refused"
	}
	text := r.Get("status").Str
	if err := r.Get("error"); err.Exists() {
		text += "\n  error"
		if !slices.Contains(ownWords, name) {
			text += fmt.Sprintf(" %q", err.Get("message").Str)
		}
	}
	for o, list := range r.Get("outputs").Array() {
		for i, it := range list.Array() {
			p := it.Get("pairedItem.item")
			if !p.Exists() {
				p = it.Get("pairedItem")
			}
			if !p.Exists() { // n8n does not tell on the error output
				p = gjson.Parse(fmt.Sprint(i))
			}
			if p.IsArray() {
				p = p.Get("0.item")
			}
			json := it.Get("json").Raw
			if it.Get("json.error").Exists() && slices.Contains(ownWords, name) {
				json = "an error"
			}
			text += fmt.Sprintf("\n  %d: %s < %s %s", o, json, p.Raw, it.Get("binary.data.data").Str)
		}
	}
	return text
}

// normal is JSON with its members in order.
func normal(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if m, ok := v.(map[string]any); ok {
		for _, list := range m {
			byPartition(list)
		}
	}
	return asJSON(t, v)
}

// byPartition puts records of Kafka in the order of their partitions, which are read side by side.
func byPartition(list any) {
	records, _ := list.([]any)
	number := func(r any) float64 {
		m, _ := r.(map[string]any)
		n, _ := m["partition"].(float64)
		return n
	}
	slices.SortStableFunc(records, func(a, b any) int { return int(number(a) - number(b)) })
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// listenCases runs the cases of a trigger: the items of the runs, and what is left at the broker. What the flow after the trigger
// comes to is given as the run's result. Of what comes again without end the first runs are compared.
func listenCases(t *testing.T, b broker, kind string, least int, even func(text string) string) {
	for _, file := range files(t, kind+"Trigger", least) {
		name := caseName(file)
		t.Run(name, func(t *testing.T) {
			if reason := skipped[name]; reason != "" {
				t.Skip(reason)
			}
			c := golden.Read(t, file)
			b.setup(t, c.Get("broker"))
			l := listen(t, kind, withFields(b, c), c.Get("node").Raw, Options{})
			want := wanted(c.Get("want.runs"))
			err := l.listening()
			if err != nil && len(want) > 0 {
				t.Fatal(err)
			}
			endless := len(want) >= 20 || len(want) > 1 && want[0] == want[1]
			var got []string
			sent := c.Get("send").Array()
			for len(got) < min(len(want), 3) || !endless && len(got) < len(want) {
				if len(got) >= len(want)-len(sent) || !c.Get("broker.before.0").Exists() { // what was there comes first
					for _, m := range sent {
						b.send(t, m)
					}
					sent = nil
				}
				e := l.next().ok()
				e.result <- outcome(c.Get("flow"))
				got = append(got, e.text()+"\n"+fileText(e.items))
			}
			for _, m := range sent {
				b.send(t, m)
			}
			if !endless {
				l.quiet()
			}
			if err := l.stop(); err != nil && len(want) > 0 {
				t.Error(err)
			}
			compareRuns(t, got, want[:len(got)], even)
			if !endless {
				if got, want := b.arrived(t, c.Get("broker")), normal(t, c.Get("arrived").Raw); got != want {
					t.Errorf("left %s\nwant %s", got, want)
				}
			}
		})
	}
}

// outcome is what a run with this flow comes to.
func outcome(flow gjson.Result) nodes.Result {
	switch last := flow.Get("0.type").Str; {
	case strings.HasSuffix(last, ".rabbitmq"):
		return nodes.Result{Reply: &nodes.Response{}}
	case strings.HasSuffix(last, ".stopAndError"):
		return nodes.Result{Err: errors.New("no")}
	}
	return nodes.Result{}
}

// wanted are the items of the recorded runs.
func wanted(runs gjson.Result) []string {
	var list []string
	for _, run := range runs.Array() {
		var items []string
		files := ""
		for _, it := range run.Array() {
			items = append(items, it.Get("json").Raw)
			if f := it.Get("binary.data"); f.Exists() {
				files += fmt.Sprint(f.Get("mimeType").Str, f.Get("fileType").Str, f.Get("fileExtension").Str, f.Get("data").Str, f.Get("fileSize").Str, f.Get("bytes").Int())
			}
		}
		list = append(list, strings.Join(items, ",")+"\n"+files)
	}
	return list
}

func fileText(items nodes.Items) string {
	text := ""
	for _, it := range items.All() {
		if f, ok := it.Binary().Get("data"); ok {
			text += fmt.Sprint(f.MimeType, f.FileType, f.FileExtension, f.Data, f.FileSize, f.Bytes)
		}
	}
	return text
}

// compareRuns compares without regard to order: n8n's runs overtake each other.
func compareRuns(t *testing.T, got, want []string, even func(string) string) {
	t.Helper()
	for _, list := range [][]string{got, want} {
		for i := range list {
			json, files, _ := strings.Cut(list[i], "\n")
			list[i] = even(json) + files
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("runs\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// bytesOf is a content as the cases write it.
func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	rest, ok := strings.CutPrefix(text, "base64:")
	if !ok {
		return []byte(text)
	}
	b, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func textOf(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return "base64:" + base64.StdEncoding.EncodeToString(b)
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0) }

// dialPublic tests a credential where only public addresses may be reached.
func dialPublic(t *testing.T, kind string, a nodes.Access) error {
	t.Helper()
	executor := request.New()
	defer executor.Close()
	o := Options{Executor: executor, PublicOnly: true}
	for _, typ := range Nodes(o) {
		if typ.Descriptor.Type == "n8n-nodes-base."+kind {
			return typ.Node.(nodes.CredentialTester).TestCredential(t.Context(), kind, a)
		}
	}
	t.Fatal("there is no node " + kind)
	return nil
}

// TestDescriptors: what the cases set, the descriptors know.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	golden.Descriptors(t, Nodes(Options{}), "rabbitmq/assert", "rabbitmq/mode-unknown", "mqtt/qos-bad", "mqtt/qos-text")
	for _, typ := range Nodes(Options{}) {
		if _, listens := typ.Node.(nodes.Trigger); listens != typ.Descriptor.Trigger {
			t.Errorf("%s: trigger is %v", typ.Descriptor.Type, typ.Descriptor.Trigger)
		}
		if w, ok := typ.Node.(nodes.Outward); ok && !w.Writes(typ.Descriptor.Versions[0], nil) {
			t.Errorf("%s does not write", typ.Descriptor.Type)
		}
	}
}

// TestOnlyContent: an item is an object, so what is none is in a field. n8n's items are the values themselves, in MQTT in a list.
func TestOnlyContent(t *testing.T) {
	t.Parallel()
	l := &rabbitListener{only: true, parse: true}
	m := &mqttListener{only: true, parse: true}
	k := &kafkaListener{only: true, parse: true}
	for _, c := range []struct{ content, rabbit, mqtt, kafka string }{
		{`{"a":1}`, `{"a":1}`, `{"0":{"a":1}}`, `{"a":1}`},
		{` [1, 2]`, `{"content":[1,2]}`, `{"0":[1,2]}`, `{"message":[1,2]}`},
		{`"x"`, `{"content":"x"}`, `{"0":"x"}`, `{"message":"x"}`},
		{`{`, ``, `{"0":"{"}`, `{"message":"{"}`},
	} {
		it, err := l.item(t.Context(), amqp.Delivery{Body: []byte(c.content)})
		if got := it.JSON(); (err != nil) != (c.rabbit == "") || err == nil && got != c.rabbit {
			t.Errorf("RabbitMQ, %s: %s, %v", c.content, got, err)
		}
		if got := m.item(payload(c.content)).JSON(); got != c.mqtt {
			t.Errorf("MQTT, %s: %s", c.content, got)
		}
		if it, err := k.item(t.Context(), &kgo.Record{Value: []byte(c.content)}); err != nil || it.JSON() != c.kafka {
			t.Errorf("Kafka, %s: %s, %v", c.content, it.JSON(), err)
		}
	}
}

// payload is a message of MQTT that has only content.
type payload string

func (payload) Duplicate() bool   { return false }
func (payload) Qos() byte         { return 0 }
func (payload) Retained() bool    { return false }
func (payload) Topic() string     { return "t" }
func (payload) MessageID() uint16 { return 0 }
func (payload) Ack()              {}
func (p payload) Payload() []byte { return []byte(p) }

// TestFields: values that headers may have besides JSON's, and back.
func TestFields(t *testing.T) {
	t.Parallel()
	got := fieldJSON(amqp.Table{"b": []byte{1, 255}, "t": time.Unix(5, 0), "d": amqp.Decimal{Scale: 2, Value: 314}, "f": float32(0.5), "i": int8(-1), "n": nil, "l": []any{true, amqp.Table{}}})
	want := `{"b":{"type":"Buffer","data":[1,255]},"d":{"!":"decimal","value":{"places":2,"digits":314}},"f":0.5,"i":-1,"l":[true,{}],"n":null,"t":{"!":"timestamp","value":5}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
