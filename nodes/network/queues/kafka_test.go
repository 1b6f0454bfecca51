package queues

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordboard/cordboard/nodes"
)

// kafkaBroker is a Kafka cluster in memory that speaks the protocol on loopback; each case has one of its own.
type kafkaBroker struct {
	cluster *kfake.Cluster
	client  *kgo.Client
	admin   *kadm.Client
}

func newKafkaBroker(t *testing.T, more ...kfake.Opt) *kafkaBroker {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(1)}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &kafkaBroker{cluster, client, kadm.NewClient(client)}
}

func (b *kafkaBroker) fields() map[string]any {
	return map[string]any{"clientId": "n8n", "brokers": b.cluster.ListenAddrs()[0], "ssl": false, "authentication": false}
}

func (b *kafkaBroker) setup(t *testing.T, spec gjson.Result) {
	t.Helper()
	*b = *newKafkaBroker(t)
	for _, topic := range spec.Get("topics").Array() {
		if _, err := b.admin.CreateTopic(t.Context(), int32(topic.Get("1").Int()), 1, nil, topic.Get("0").Str); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range spec.Get("before").Array() {
		b.send(t, m)
	}
}

func (b *kafkaBroker) send(t *testing.T, m gjson.Result) {
	t.Helper()
	r := &kgo.Record{Topic: m.Get("topic").Str, Partition: int32(m.Get("partition").Int()), Timestamp: unix(1700000000)}
	if m.Get("body").Type != gjson.Null {
		r.Value = bytesOf(t, m.Get("body").Str)
	}
	if m.Get("key").Exists() {
		r.Key = bytesOf(t, m.Get("key").Str)
	}
	m.Get("headers").ForEach(func(key, v gjson.Result) bool {
		for _, el := range v.Array() {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: key.Str, Value: bytesOf(t, el.Str)})
		}
		return true
	})
	if err := b.client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// records are those of a topic, in order.
func (b *kafkaBroker) records(t *testing.T, topic string) []*kgo.Record {
	t.Helper()
	ends, err := b.admin.ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	var left int64
	from := map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) { left, from[o.Partition] = left+o.Offset, kgo.NewOffset().At(0) })
	if left == 0 {
		return nil
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.cluster.ListenAddrs()...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var list []*kgo.Record
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		list = append(list, fetches.Records()...)
		left -= int64(fetches.NumRecords())
	}
	return list
}

// arrived are the records of the topics, or of a group the offsets that it committed.
func (b *kafkaBroker) arrived(t *testing.T, spec gjson.Result) string {
	t.Helper()
	all := map[string]any{}
	if group := spec.Get("group"); group.Exists() {
		offsets, err := b.admin.FetchOffsets(t.Context(), group.Str)
		if err != nil {
			return "{}"
		}
		for topic, partitions := range offsets {
			list := []string{}
			for _, p := range slices.Sorted(maps.Keys(partitions)) {
				list = append(list, strconv.FormatInt(partitions[p].At, 10))
			}
			all[topic] = list
		}
		return normal(t, asJSON(t, all))
	}
	for _, topic := range spec.Get("topics").Array() {
		list := []any{}
		for _, r := range b.records(t, topic.Get("0").Str) {
			m := map[string]any{"partition": r.Partition, "key": nil, "body": nil, "headers": map[string]any{}}
			if r.Key != nil {
				m["key"] = textOf(r.Key)
			}
			if r.Value != nil {
				m["body"] = textOf(r.Value)
			}
			for _, h := range r.Headers {
				m["headers"].(map[string]any)[h.Key] = textOf(h.Value)
			}
			list = append(list, m)
		}
		all[topic.Get("0").Str] = list
	}
	return normal(t, asJSON(t, all))
}

func TestKafka(t *testing.T) {
	b := &kafkaBroker{}
	sendCases(t, b, "kafka", 30)
	listenCases(t, b, "kafka", 25, func(text string) string { return text })
}

// theFirstFailed: a record that failed is read again though its group had no offset before.
func (s *kafkaSafety) theFirstFailed(t *testing.T) {
	s.b = &kafkaBroker{}
	s.b.setup(t, gjson.Parse(`{"topics":[["t",2]],"before":[{"topic":"t","body":"old"}]}`))
	begin := func() *listener {
		node := strings.NewReplacer("WHEN", "immediately", `"fromBeginning":true`, `"fromBeginning":false`).Replace(kafkaListens)
		l := listen(t, "kafka", s.b.fields(), node, Options{})
		if err := l.listening(); err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := begin()
	s.committed(t, `["1","0"]`)
	s.b.send(t, gjson.Parse(`{"topic":"t","body":"a"}`))
	e := l.next()
	holds(t, e, "a")
	e.answer <- errors.New("the disk is full")
	l.next() // which is never answered
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	holds(t, begin().next().ok(), "a")
}

// TestMayHaveArrived: what the broker refused may be sent again, anything else is not known to be absent.
func TestMayHaveArrived(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		errs []error
		want bool
	}{
		{[]error{kerr.MessageTooLarge, kerr.TopicAuthorizationFailed}, false},
		{[]error{kerr.MessageTooLarge, nil}, true},
		{[]error{kgo.ErrRecordTimeout}, true},
		{[]error{kerr.RequestTimedOut}, true},
		{[]error{kerr.NotEnoughReplicasAfterAppend}, true},
	} {
		var results kgo.ProduceResults
		for _, err := range c.errs {
			results = append(results, kgo.ProduceResult{Err: err})
		}
		if got := mayHaveArrived(results); got != c.want {
			t.Errorf("%v: %v", c.errs, got)
		}
	}
	if err := final(kgo.ErrRecordTimeout); !errors.Is(err, nodes.ErrOutcomeUnknown) || !errors.Is(err, kgo.ErrRecordTimeout) {
		t.Errorf("got %v", err)
	}
}
