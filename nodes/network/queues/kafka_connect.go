package queues

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// kafkaClient is a client of a Kafka cluster, which connects by itself to the brokers that it needs.
type kafkaClient struct{ *kgo.Client }

// Close closes the client.
func (c kafkaClient) Close() error {
	c.Client.Close()
	return nil
}

// kafkaTries bounds how often a request is tried again.
const kafkaTries = 3

// newKafka makes a client for a credential. It connects when it is first used.
func newKafka(o Options, a nodes.Access, more ...kgo.Opt) (kafkaClient, error) {
	var brokers []string
	for b := range strings.SplitSeq(a.Field("brokers"), ",") {
		if b = strings.TrimSpace(b); b != "" {
			brokers = append(brokers, b)
		}
	}
	if brokers == nil {
		return kafkaClient{}, nodes.Errorf("the credential's brokers must be addresses such as kafka.example.com:9092, with commas between them")
	}
	dial, err := kafkaDialer(o, a)
	if err != nil {
		return kafkaClient{}, err
	}
	options := []kgo.Opt{kgo.SeedBrokers(brokers...), kgo.Dialer(dial), kgo.RequestRetries(kafkaTries)}
	if id := a.Field("clientId"); id != "" {
		options = append(options, kgo.ClientID(id))
	}
	if connect.Is(a, "authentication") {
		user, password := a.Field("username"), a.Field("password")
		switch a.Field("saslMechanism") {
		case "", "plain":
			options = append(options, kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism()))
		case "scram-sha-256":
			options = append(options, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()))
		case "scram-sha-512":
			options = append(options, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha512Mechanism()))
		default:
			return kafkaClient{}, nodes.Errorf("the credential's saslMechanism must be plain, scram-sha-256 or scram-sha-512")
		}
	}
	client, err := kgo.NewClient(append(options, more...)...)
	if err != nil {
		return kafkaClient{}, connect.Refused(err, a)
	}
	return kafkaClient{client}, nil
}

// kafkaDialer connects to the brokers, also to those that the cluster names itself.
func kafkaDialer(o Options, a nodes.Access) (func(ctx context.Context, network, address string) (net.Conn, error), error) {
	dial, err := connect.Dialer(o)
	if err != nil {
		return nil, err
	}
	var config *tls.Config
	if a.Field("ssl") != "false" { // n8n's default
		if config, err = secure(a, "", connect.Is(a, "allowUnauthorizedCerts")); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		named := config
		if config != nil {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			named = config.Clone()
			named.ServerName = host
		}
		return dialTLS(ctx, dialTimeout, dial, address, named)
	}, nil
}

// dialTimeout bounds how long connecting to one broker takes.
const dialTimeout = 10 * time.Second
