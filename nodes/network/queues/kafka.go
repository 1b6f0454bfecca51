package queues

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// kafkaNode sends a record for each item, all at once; what comes of it is of all items together.
type kafkaNode struct{ options Options }

var (
	_ nodes.Outward          = kafkaNode{}
	_ nodes.CredentialTester = kafkaNode{}
)

// Writes is nodes.Outward's.
func (kafkaNode) Writes(float64, *nodes.Template) bool { return true }

// TestCredential is nodes.CredentialTester's.
func (n kafkaNode) TestCredential(ctx context.Context, _ string, access nodes.Access) error {
	client, err := newKafka(n.options, access)
	if err != nil {
		return err
	}
	defer client.Client.Close()
	return connect.Refused(client.Ping(ctx), access)
}

// kafkaSending is how records are sent: the options of a node.
type kafkaSending struct {
	acks        bool
	compression string
	timeout     time.Duration
}

// Execute is nodes.Node's.
func (n kafkaNode) Execute(ctx context.Context, call *nodes.Call) (err error) {
	if registry, err := call.Param("useSchemaRegistry").Bool(0, false); err != nil || registry {
		return errors.Join(err, noRegistry())
	}
	how, err := kafkaOptions(call)
	if err != nil {
		return err
	}
	access, err := call.Engine.Access(ctx, "kafka")
	if err != nil {
		return err
	}
	client, done, err := connect.Shared(n.options, "kafka", access, fmt.Sprint(how), func() (kafkaClient, error) { return newKafka(n.options, access, how.options()...) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	items, err := n.send(ctx, call, client, how)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	count := call.Input(0).Len()
	from := make([]nodes.Parent, count)
	for i := range count {
		from[i] = nodes.From(i, 0)
	}
	if err != nil {
		e := connect.WithoutSecrets(nodes.AsError(err), access)
		if call.OnError != nodes.ContinueRegularOutput && call.OnError != nodes.ContinueErrorOutput {
			return e
		}
		var b nodes.ObjectBuilder
		b.Set("error", nodes.StringValue(e.Message))
		items = []nodes.Item{nodes.NewItem(b.String()).WithError(e)}
	}
	for _, it := range items {
		call.Emit(0, it.WithParents(from...))
	}
	return nil
}

func noRegistry() error {
	return nodes.Errorf("messages in the form of a schema registry are not supported").WithParam("useSchemaRegistry", "")
}

func kafkaOptions(call *nodes.Call) (kafkaSending, error) {
	o := call.Param("options")
	acks, err := o.Get("acks").Bool(0, false)
	if err != nil {
		return kafkaSending{}, err
	}
	timeout, err := o.Get("timeout").Number(0, 30000)
	if err != nil {
		return kafkaSending{}, err
	}
	if timeout < 1 || timeout > 1e9 {
		return kafkaSending{}, nodes.Errorf("must be a number of milliseconds from 1").WithParam("options", "/timeout")
	}
	how := kafkaSending{acks, "none", time.Duration(timeout) * time.Millisecond}
	if call.Version >= 2 {
		how.compression, err = o.Get("compression").Option(0, "none", "none", "gzip", "lz4", "snappy", "zstd")
		return how, err
	}
	compress, err := o.Get("compression").Bool(0, false)
	if compress {
		how.compression = "gzip"
	}
	return how, err
}

func (how kafkaSending) options() []kgo.Opt {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "lz4": kgo.Lz4Compression(), "snappy": kgo.SnappyCompression(), "zstd": kgo.ZstdCompression(),
	}
	list := []kgo.Opt{
		kgo.ProducerBatchCompression(codecs[how.compression]), kgo.RecordDeliveryTimeout(how.timeout), kgo.ProduceRequestTimeout(how.timeout), kgo.UnknownTopicRetries(kafkaTries),
		kgo.AllowAutoTopicCreation(), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), // by key as Kafka's own clients
	}
	if how.acks {
		list = append(list, kgo.AllowIdempotentProduceCancellation()) // else neither timeout ends what waits for an answer
	} else {
		list = append(list, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	}
	return list
}

// send sends the records and returns what the node says of it.
func (kafkaNode) send(ctx context.Context, call *nodes.Call, client kafkaClient, how kafkaSending) ([]nodes.Item, error) {
	records := make([]*kgo.Record, call.Input(0).Len())
	for i := range records {
		var err error
		if records[i], err = record(call, i); err != nil {
			return nil, err
		}
	}
	if err := client.Ping(ctx); err != nil { // at once, instead of at the end of the timeout
		return nil, err
	}
	results := client.ProduceSync(ctx, records...)
	if err := results.FirstErr(); err != nil {
		if mayHaveArrived(results) {
			err = final(err)
		}
		return nil, err
	}
	if !how.acks {
		return []nodes.Item{nodes.NewItem(`{"success":true}`)}, nil
	}
	items, err := acknowledged(ctx, client, results)
	if err != nil {
		err = final(err)
	}
	return items, err
}

// mayHaveArrived reports whether a record may be at the broker: one that the broker did not refuse.
func mayHaveArrived(results kgo.ProduceResults) bool {
	return slices.ContainsFunc(results, func(r kgo.ProduceResult) bool {
		var said *kerr.Error
		return !errors.As(r.Err, &said) || errors.Is(said, kerr.RequestTimedOut) || errors.Is(said, kerr.NotEnoughReplicasAfterAppend)
	})
}

// final keeps the engine from sending the records again.
func final(err error) error {
	e := *nodes.AsError(err)
	e.Cause = errors.Join(err, nodes.ErrOutcomeUnknown)
	return &e
}

// record is that of item i.
func record(call *nodes.Call, i int) (*kgo.Record, error) {
	v, err := message(call, i)
	if err != nil {
		return nil, err
	}
	if v.Kind() != nodes.String && !v.IsNil() {
		return nil, nodes.Errorf("must be text, and is of type %s", v.Kind()).At(i).WithParam("message", "")
	}
	r := &kgo.Record{}
	if v.Kind() == nodes.String { // nothing deletes what has the key
		r.Value = []byte(v.Str())
	}
	if r.Topic, err = call.Param("topic").String(i, ""); err != nil {
		return nil, err
	}
	if r.Topic == "" {
		return nil, nodes.Errorf("Invalid topic").At(i)
	}
	if useKey, err := call.Param("useKey").Bool(i, false); err != nil {
		return nil, err
	} else if useKey {
		key, err := call.Param("key").Value(i)
		if err != nil {
			return nil, err
		}
		if key.Kind() != nodes.String {
			return nil, nodes.Errorf("must be text, and is of type %s", key.Kind()).At(i).WithParam("key", "")
		}
		r.Key = []byte(key.Str())
	}
	r.Headers, err = kafkaHeaders(call, i)
	return r, err
}

// kafkaHeaders are the headers of item i, by a list or by JSON text.
func kafkaHeaders(call *nodes.Call, i int) ([]kgo.RecordHeader, error) {
	asJSON, err := call.Param("jsonParameters").Bool(i, false)
	if err != nil {
		return nil, err
	}
	var keys []string
	var values []nodes.Value
	parameter := "headersUi"
	if asJSON {
		parameter = "headerParametersJson"
		v, err := call.Param(parameter).Value(i)
		if err != nil {
			return nil, err
		}
		object := gjson.Parse(v.Str())
		if v.Kind() != nodes.String || !gjson.Valid(v.Str()) || !object.IsObject() {
			return nil, nodes.Errorf("Headers must be a valid json").At(i)
		}
		object.ForEach(func(key, v gjson.Result) bool {
			keys, values = append(keys, key.Str), append(values, nodes.ResultValue(v))
			return true
		})
	} else if keys, values, err = pairs(call.Param(parameter).Get("headerValues"), i); err != nil {
		return nil, err
	}
	var headers []kgo.RecordHeader
	for k, key := range keys {
		if values[k].Kind() != nodes.String {
			return nil, nodes.Errorf("the header %q must be text, and is of type %s", key, values[k].Kind()).At(i).WithParam(parameter, "")
		}
		h := kgo.RecordHeader{Key: key, Value: []byte(values[k].Str())}
		if at := slices.IndexFunc(headers, func(h kgo.RecordHeader) bool { return h.Key == key }); at >= 0 {
			headers[at] = h
		} else {
			headers = append(headers, h)
		}
	}
	return headers, nil
}

// acknowledged tells of each partition from where on the records are.
func acknowledged(ctx context.Context, client kafkaClient, results kgo.ProduceResults) ([]nodes.Item, error) {
	type partition struct {
		topic  string
		number int32
	}
	var order []partition
	first := map[partition]int64{}
	for _, r := range results {
		p := partition{r.Record.Topic, r.Record.Partition}
		base, known := first[p]
		if !known {
			order = append(order, p)
		}
		if !known || r.Record.Offset < base {
			first[p] = r.Record.Offset
		}
	}
	var topics []string
	for _, p := range order {
		if !slices.Contains(topics, p.topic) {
			topics = append(topics, p.topic)
		}
	}
	starts, err := kadm.NewClient(client.Client).ListStartOffsets(ctx, topics...)
	if err != nil {
		return nil, err
	}
	items := make([]nodes.Item, len(order))
	for i, p := range order {
		start, _ := starts.Lookup(p.topic, p.number)
		var b nodes.ObjectBuilder
		b.Set("topicName", nodes.StringValue(p.topic))
		b.Raw("partition", strconv.Itoa(int(p.number)))
		b.Raw("errorCode", "0")
		b.Set("baseOffset", nodes.StringValue(strconv.FormatInt(first[p], 10)))
		b.Set("logAppendTime", nodes.StringValue("-1"))
		b.Set("logStartOffset", nodes.StringValue(strconv.FormatInt(start.Offset, 10)))
		items[i] = nodes.NewItem(b.String())
	}
	return items, nil
}
