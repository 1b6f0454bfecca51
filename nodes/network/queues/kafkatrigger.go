package queues

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// kafkaTrigger starts runs for the records of a topic, as a member of a consumer group: in the order of each partition. An offset is
// committed once the run is durable, or has ended, as the parameters say, and never beyond a record that failed.
type kafkaTrigger struct {
	options Options
	signals signals
}

var (
	_ nodes.Trigger          = kafkaTrigger{}
	_ nodes.CredentialTester = kafkaTrigger{}
)

// Execute is nodes.Node's.
func (kafkaTrigger) Execute(_ context.Context, call *nodes.Call) error { return handOn(call) }

// TestCredential is nodes.CredentialTester's.
func (t kafkaTrigger) TestCredential(ctx context.Context, credentialType string, access nodes.Access) error {
	return kafkaNode{t.options}.TestCredential(ctx, credentialType, access)
}

// Listen is nodes.Trigger's.
func (t kafkaTrigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	l, err := newKafkaListener(call)
	if err != nil {
		return err
	}
	l.start, l.signals = start, t.signals
	access, err := call.Engine.Access(ctx, "kafka")
	if err != nil {
		return err
	}
	var client kafkaClient
	made := make(chan struct{})
	client, err = newKafka(t.options, access, append(l.options, kgo.WithLogger(kafkaLog{call.Log}), kgo.AdjustFetchOffsetsFn(func(ctx context.Context, offsets positions) (positions, error) {
		<-made
		defer l.signals.listening()
		return l.begin(ctx, client, offsets)
	}))...)
	if err != nil {
		return err
	}
	close(made)
	defer client.CloseAllowingRebalance()
	err = l.listen(ctx, client)
	if ctx.Err() != nil {
		return nil
	}
	return connect.Refused(err, access)
}

// kafkaLog passes on what the client has to tell of connections that it makes anew by itself.
type kafkaLog struct{ log *slog.Logger }

// Level is kgo.Logger's.
func (kafkaLog) Level() kgo.LogLevel { return kgo.LogLevelWarn }

// Log is kgo.Logger's.
func (l kafkaLog) Log(_ kgo.LogLevel, message string, more ...any) {
	l.log.Warn("kafka: "+message, more...)
}

// positions are from where on partitions are read, by topic.
type positions = map[string]map[int32]kgo.Offset

// begin says where to begin in partitions that the group has no offset for. The end is what it is now: the client would look for it
// later, and pass over what came in between. It is committed before anything is read: a group that ends before it got beyond its
// first record would begin at a later end the next time.
func (l *kafkaListener) begin(ctx context.Context, client kafkaClient, offsets positions) (positions, error) {
	if l.fromBeginning {
		return offsets, nil
	}
	ends, err := kadm.NewClient(client.Client).ListEndOffsets(ctx, l.topic)
	if err != nil {
		return nil, err
	}
	var before []*kgo.Record // the last that the group leaves out
	for number, offset := range offsets[l.topic] {
		if end, ok := ends.Lookup(l.topic, number); ok && end.Err == nil && offset.EpochOffset().Offset < 0 {
			offsets[l.topic][number] = kgo.NewOffset().At(end.Offset)
			before = append(before, &kgo.Record{Topic: l.topic, Partition: number, Offset: end.Offset - 1, LeaderEpoch: -1})
		}
	}
	return offsets, client.CommitRecords(ctx, before...)
}

func (l *kafkaListener) listen(ctx context.Context, client kafkaClient) error {
	if err := client.Ping(ctx); err != nil {
		return err
	}
	topics, err := kadm.NewClient(client.Client).ListTopics(ctx, l.topic)
	if err != nil {
		return err
	}
	if !topics.Has(l.topic) && !l.create {
		return nodes.Errorf("there is no topic %q", l.topic).WithParam("topic", "")
	}
	for {
		fetches := client.PollRecords(ctx, l.atOnce)
		if ctx.Err() != nil {
			break
		}
		if err := fetches.Err(); err != nil {
			return nodes.Errorf("the topic can no longer be read: %w", err)
		}
		failed := l.take(ctx, client, fetches)
		if len(failed) > 0 {
			client.SetOffsets(map[string]map[int32]kgo.EpochOffset{l.topic: failed})
		}
		client.AllowRebalance()
		if len(failed) > 0 {
			_ = l.signals.wait(ctx, l.delay) // where it was cancelled, the next poll says so
		}
	}
	return nil //nolint:nilerr // it was cancelled, which is how a trigger ends
}

// take works on what was fetched, some partitions side by side, and returns from where on partitions must be read again.
func (l *kafkaListener) take(ctx context.Context, client kafkaClient, fetches kgo.Fetches) map[int32]kgo.EpochOffset {
	var (
		mu      sync.Mutex
		working sync.WaitGroup
	)
	failed := map[int32]kgo.EpochOffset{}
	slots := make(chan struct{}, l.partitions)
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		slots <- struct{}{}
		working.Go(func() {
			defer func() { <-slots }()
			for from := 0; from < len(p.Records); from += l.batch {
				batch := p.Records[from:min(from+l.batch, len(p.Records))]
				if l.run(ctx, client, batch) {
					continue
				}
				mu.Lock()
				defer mu.Unlock()
				failed[p.Partition] = kgo.EpochOffset{Epoch: batch[0].LeaderEpoch, Offset: batch[0].Offset}
				return
			}
		})
	})
	working.Wait()
	return failed
}

// run starts a run for records and commits their offsets when it is time to; else it is false.
func (l *kafkaListener) run(ctx context.Context, client kafkaClient, batch []*kgo.Record) bool {
	if ctx.Err() != nil {
		return false
	}
	last := batch[len(batch)-1]
	items, err := l.items(ctx, batch)
	var started *nodes.Started
	if err == nil {
		started, err = l.start(ctx, items)
	}
	if err != nil {
		if ctx.Err() == nil {
			l.call.Log.Error("a run was not started, its message is read again", "topic", l.topic, "partition", last.Partition, "offset", batch[0].Offset, "error", err)
		}
		return false
	}
	if l.waits && started.Result != nil && !l.settled(ctx, started.Result) {
		return false
	}
	committing, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	if err := client.CommitRecords(committing, last); err != nil {
		l.call.Log.Warn("an offset was not committed, the message may come again", "topic", l.topic, "partition", last.Partition, "offset", last.Offset, "error", err)
	}
	return true
}

// commitTimeout bounds how long the end of a trigger waits for a commit.
const commitTimeout = 10 * time.Second

// settled waits for what a run comes to and reports whether its records are done with.
func (l *kafkaListener) settled(ctx context.Context, result <-chan nodes.Result) bool {
	var r nodes.Result
	select {
	case r = <-result:
	case <-ctx.Done():
		select {
		case r = <-result: // it came at the same time
		default:
			return l.whenFailed && l.whenDone // the run is durable: it will end
		}
	}
	if r.Err != nil {
		return l.whenFailed
	}
	return l.whenDone
}

// kafkaListener is what a trigger's parameters say.
type kafkaListener struct {
	call    *nodes.Call
	start   nodes.Start
	signals signals
	topic   string
	options []kgo.Opt
	create  bool // the topic, where it is not there
	// fromBeginning is where a group begins that has no offset, else the end.
	fromBeginning bool
	// What is fetched at once, in one run, and how many partitions are worked on side by side.
	atOnce, batch, partitions int
	// waits is set where offsets are committed after the run: one that failed, one that did not.
	waits, whenFailed, whenDone bool
	delay                       time.Duration

	parse, only, headers, binary bool
}
