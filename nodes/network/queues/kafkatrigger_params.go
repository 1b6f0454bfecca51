package queues

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordboard/cordboard/nodes"
)

// pollSize is how many records are fetched at once where runs are not waited for.
const pollSize = 100

func newKafkaListener(call *nodes.Call) (*kafkaListener, error) {
	if registry, err := call.Param("useSchemaRegistry").Bool(0, false); err != nil || registry {
		return nil, errors.Join(err, noRegistry())
	}
	l := &kafkaListener{call: call}
	var err error
	if l.topic, err = call.Param("topic").String(0, ""); err != nil {
		return nil, err
	}
	group, err := call.Param("groupId").String(0, "")
	if err != nil {
		return nil, err
	}
	if l.topic == "" {
		return nil, nodes.Errorf("must be the name of a topic").WithParam("topic", "")
	}
	if group == "" {
		return nil, nodes.Errorf("must be the name of a consumer group").WithParam("groupId", "")
	}
	if err := l.waiting(); err != nil {
		return nil, err
	}
	o := &kafkaNumbers{call: call}
	l.parse, l.headers, l.create = o.is("jsonParseMessage"), o.is("returnHeaders"), o.is("allowAutoTopicCreation")
	l.only = o.is("onlyMessage") && l.parse
	l.binary = o.is("keepBinaryData") && call.Version >= 1.2
	l.fromBeginning = o.is("fromBeginning") // n8n shows true where it is not set, and begins at the end
	l.batch, l.partitions = o.number("batchSize", 1, 1, 100000), max(1, o.number("partitionsConsumedConcurrently", 0, 0, 1000))
	l.atOnce, l.delay = l.batch*l.partitions, again
	if !l.waits {
		l.atOnce = max(l.atOnce, pollSize)
	} else if call.Version >= 1.3 {
		l.delay = o.ms("errorRetryDelay", 5000)
	}
	l.options = append(o.consumer(), kgo.ConsumerGroup(group), kgo.ConsumeTopics(l.topic), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll())
	if l.fromBeginning {
		l.options = append(l.options, kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	} else {
		l.options = append(l.options, kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()))
	}
	if l.create {
		l.options = append(l.options, kgo.AllowAutoTopicCreation())
	}
	return l, o.err
}

// kafkaNumbers reads options until one is wrong.
type kafkaNumbers struct {
	call *nodes.Call
	err  error
}

func (o *kafkaNumbers) is(name string) (v bool) {
	if o.err == nil {
		v, o.err = o.call.Param("options").Get(name).Bool(0, false)
	}
	return v
}

func (o *kafkaNumbers) number(name string, def, least, most float64) int {
	var v float64
	if o.err == nil {
		if v, o.err = o.call.Param("options").Get(name).Number(0, def); o.err == nil && (v < least || v > most) {
			o.err = nodes.Errorf("must be a number from %v to %v", least, most).WithParam("options", "/"+name)
		}
	}
	return int(v)
}

func (o *kafkaNumbers) ms(name string, def float64) time.Duration {
	return time.Duration(o.number(name, def, 1, 1e9)) * time.Millisecond
}

// consumer are the options that say how the group's member behaves.
func (o *kafkaNumbers) consumer() []kgo.Opt {
	heartbeat := 3000.0
	if o.call.Version >= 1.3 {
		heartbeat = 10000
	}
	fetch, least := o.number("fetchMaxBytes", 1<<20, 1, 1<<30), o.number("fetchMinBytes", 1, 1, 1<<30)
	return []kgo.Opt{
		kgo.SessionTimeout(o.ms("sessionTimeout", 30000)), kgo.RebalanceTimeout(o.ms("rebalanceTimeout", 600000)), kgo.HeartbeatInterval(o.ms("heartbeatInterval", heartbeat)),
		kgo.FetchMaxPartitionBytes(int32(fetch)), kgo.FetchMaxBytes(int32(max(fetch, 1<<20))), kgo.FetchMinBytes(int32(least)),
		kgo.MaxConcurrentFetches(o.number("maxInFlightRequests", 1, 0, 1000)),
	}
}

// waiting reads after what offsets are committed. In versions 1.1 and 1.2 only one run at a time may be under way, before that any
// number, and from 1.3 on a parameter says what a run must come to.
func (l *kafkaListener) waiting() error {
	call := l.call
	if call.Version < 1.3 {
		if call.Version == 1 {
			return nil
		}
		parallel, err := call.Param("options").Get("parallelProcessing").Bool(0, true)
		l.waits, l.whenDone, l.whenFailed = !parallel, true, true
		return err
	}
	when, err := call.Param("resolveOffset").Option(0, "onCompletion", "onCompletion", "onSuccess", "onStatus", "immediately")
	if err != nil {
		return err
	}
	l.waits, l.whenDone, l.whenFailed = when != "immediately", true, when == "onCompletion"
	if when != "onStatus" {
		return nil
	}
	list, err := call.Param("allowedStatuses").List(0)
	if err != nil {
		return err
	}
	statuses := []string{"success"}
	if call.Param("allowedStatuses").IsSet() {
		statuses = nil
		for _, p := range list {
			s, err := p.String(0, "")
			if err != nil {
				return err
			}
			statuses = append(statuses, s)
		}
	}
	l.whenDone, l.whenFailed = slices.Contains(statuses, "success"), slices.Contains(statuses, "error")
	return nil
}

// items are those of records, as n8n gives them: {headers, message, topic}, or only the message. What is no JSON stays text.
func (l *kafkaListener) items(ctx context.Context, records []*kgo.Record) (nodes.Items, error) {
	var list nodes.ItemsBuilder
	for _, r := range records {
		it, err := l.item(ctx, r)
		if err != nil {
			return nodes.Items{}, err
		}
		list.Add(it)
	}
	return list.Items(), nil
}

func (l *kafkaListener) item(ctx context.Context, r *kgo.Record) (nodes.Item, error) {
	content := ""
	if r.Value != nil {
		var err error
		if content, err = contentOf(r.Value, l.parse); err != nil {
			content, _ = contentOf(r.Value, false) // any text is a JSON string
		}
	}
	if l.only {
		if content == "" {
			content = "null"
		}
		return onlyItem("message", content), nil
	}
	var b nodes.ObjectBuilder
	if l.headers {
		b.Raw("headers", headersJSON(r.Headers))
	}
	if content != "" {
		b.Raw("message", content)
	}
	b.Set("topic", nodes.StringValue(r.Topic))
	it := nodes.NewItem(b.String())
	if !l.binary || r.Value == nil {
		return it, nil
	}
	file, err := l.call.KeepFile(ctx, bytes.NewReader(r.Value), nodes.File{MimeType: "application/octet-stream", FileExtension: "bin", FileName: "message"})
	return it.WithBinary((*nodes.Binary)(nil).With("data", file)), err
}

// headersJSON is an object of headers; several values of one are joined with a comma.
func headersJSON(headers []kgo.RecordHeader) string {
	var names []string
	values := map[string]string{}
	for _, h := range headers {
		text := decoded(h.Value)
		if old, ok := values[h.Key]; ok {
			text = old + "," + text
		} else {
			names = append(names, h.Key)
		}
		values[h.Key] = text
	}
	var b nodes.ObjectBuilder
	for _, name := range names {
		b.Set(name, nodes.StringValue(values[name]))
	}
	return b.String()
}
