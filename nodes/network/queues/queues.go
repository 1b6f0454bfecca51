// Package queues is the nodes for brokers of messages: RabbitMQ, MQTT and Kafka. A node sends; a trigger starts a run for each
// message, and the broker is told that a message is done with only once the run is durable. What they do is held to cases
// recorded from n8n (testdata).
package queues

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"time"

	descriptors "github.com/cordboard/cordboard/descriptors/network"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// Options configure the nodes. The zero value reaches every address and connects anew for each execution.
type Options = connect.Options

// Nodes returns the nodes with these options.
func Nodes(o Options) []nodes.Type {
	list := []struct {
		name string
		node nodes.Node
	}{
		{"rabbitmq", rabbitMQ{o}},
		{"rabbitmqTrigger", rabbitMQTrigger{options: o}},
		{"mqtt", mqttNode{o}},
		{"mqttTrigger", mqttTrigger{options: o}},
		{"kafka", kafkaNode{o}},
		{"kafkaTrigger", kafkaTrigger{options: o}},
	}
	types := make([]nodes.Type, len(list))
	for i, n := range list {
		types[i] = nodes.Type{Descriptor: descriptors.Node(n.name), Node: n.node, Origin: "built in"}
	}
	return types
}

// again is how long a message stays away that failed and would come again at once.
const again = time.Second

// signals are what tests of a trigger see and change. The zero value waits, and tells nobody.
type signals struct {
	pause func(context.Context, time.Duration) error
	ready func()
}

func (s signals) wait(ctx context.Context, d time.Duration) error {
	if s.pause == nil {
		return nodes.Pause(ctx, d)
	}
	return s.pause(ctx, d)
}

// listening says that messages are taken from now on.
func (s signals) listening() {
	if s.ready != nil {
		s.ready()
	}
}

// handOn is what a trigger does when it is executed: the items of the event that started the run go on.
func handOn(call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

// pairs are the members key and value of the entries of a collection, such as headers, for item i.
func pairs(p nodes.Param, i int) (keys []string, values []nodes.Value, err error) {
	list, err := p.List(i)
	if err != nil {
		return nil, nil, err
	}
	for _, el := range list {
		key, err := el.Get("key").String(i, "")
		if err != nil {
			return nil, nil, err
		}
		value, err := el.Get("value").Value(i)
		if err != nil {
			return nil, nil, err
		}
		keys, values = append(keys, key), append(values, value)
	}
	return keys, values, nil
}

// message is what the parameters say is to be sent for item i: the item's JSON, or the parameter message as n8n takes it.
func message(call *nodes.Call, i int) (nodes.Value, error) {
	whole, err := call.Param("sendInputData").Bool(i, true)
	if err != nil {
		return nodes.Value{}, err
	}
	if whole {
		return nodes.StringValue(call.Input(0).At(i).JSON()), nil
	}
	v, err := call.Param("message").Value(i)
	if v.Kind() == nodes.Undefined && !call.Param("message").IsSet() {
		v = nodes.StringValue("")
	}
	return v, err
}

// decoded is the text that bytes are in UTF-8, with a U+FFFD for each byte that is none.
func decoded(content []byte) string { return string([]rune(string(content))) }

// dialTLS connects, with TLS where there is a configuration for it, within limit.
func dialTLS(ctx context.Context, limit time.Duration, dial func(ctx context.Context, network, address string) (net.Conn, error), address string, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := dial(ctx, "tcp", address)
	if err != nil || config == nil {
		return conn, err
	}
	encrypted := tls.Client(conn, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return encrypted, nil
}

// secure is the TLS configuration of a credential's fields ca, cert, key and passphrase, in PEM.
func secure(a nodes.Access, host string, skipVerify bool) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, InsecureSkipVerify: skipVerify} //nolint:gosec // the user's own option
	if ca := a.Field("ca"); strings.TrimSpace(ca) != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, nodes.Errorf("the credential's field ca holds no certificate in PEM form")
		}
	}
	cert, key := a.Field("cert"), a.Field("key")
	if strings.TrimSpace(cert) == "" || strings.TrimSpace(key) == "" {
		return c, nil
	}
	keyPEM, err := unlocked([]byte(key), a.Field("passphrase"))
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair([]byte(cert), keyPEM)
	if err != nil { // its text may hold parts of the key
		return nil, nodes.Errorf("the credential's fields cert and key are no certificate and its key in PEM form")
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// unlocked is a private key without its passphrase.
func unlocked(key []byte, passphrase string) ([]byte, error) {
	block, _ := pem.Decode(key)
	if block == nil || passphrase == "" {
		return key, nil
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" {
		return nil, nodes.Errorf("the credential's key is an encrypted PKCS #8 key, which is not supported: take the passphrase off it (openssl pkey)")
	}
	if !x509.IsEncryptedPEMBlock(block) { //nolint:staticcheck // old, and what such keys are
		return key, nil
	}
	der, err := x509.DecryptPEMBlock(block, []byte(passphrase)) //nolint:staticcheck // as above
	if err != nil {
		return nil, nodes.Errorf("the passphrase does not open the credential's key")
	}
	return pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}), nil
}
