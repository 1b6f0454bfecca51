package queues

import (
	"context"
	"crypto/rand"
	"strings"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// mqttNode publishes a message for each item and hands the items on. A message that fails ends the node as a whole, as in n8n.
type mqttNode struct{ options Options }

var (
	_ nodes.Outward          = mqttNode{}
	_ nodes.CredentialTester = mqttNode{}
)

// Writes is nodes.Outward's.
func (mqttNode) Writes(float64, *nodes.Template) bool { return true }

// TestCredential is nodes.CredentialTester's.
func (n mqttNode) TestCredential(ctx context.Context, _ string, access nodes.Access) error {
	client, _, err := dialMQTT(ctx, n.options, access, beside)
	if err == nil {
		client.Disconnect(quiesce)
	}
	return connect.Refused(err, access)
}

// beside lets a client connect beside a trigger with the same credential: a broker ends the connection of a client whose id comes
// again, and hands the messages that its session has to the newcomer.
func beside(o *mqtt.ClientOptions) {
	o.SetClientID(o.ClientID + "_" + rand.Text()[:6]).SetCleanSession(true)
}

// quiesce is how long a client may take to say goodbye, in milliseconds.
const quiesce = 250

// Execute is nodes.Node's.
func (n mqttNode) Execute(ctx context.Context, call *nodes.Call) error {
	access, err := call.Engine.Access(ctx, "mqtt")
	if err != nil {
		return err
	}
	client, gone, err := dialMQTT(ctx, n.options, access, beside)
	if err != nil {
		return err
	}
	defer client.Disconnect(quiesce)
	for i := range call.Input(0).Len() {
		if err := publish(ctx, call, client, gone, i); err != nil {
			return connect.Refused(err, access)
		}
	}
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

func publish(ctx context.Context, call *nodes.Call, client mqtt.Client, gone lost, i int) error {
	topic, err := call.Param("topic").String(i, "")
	if err != nil {
		return err
	}
	if topic == "" || strings.ContainsAny(topic, "#+\x00") {
		return nodes.Errorf("must be a topic without the wildcards + and #").At(i).WithParam("topic", "")
	}
	v, err := message(call, i)
	if err != nil {
		return err
	}
	if v.Kind() != nodes.String && !v.IsNil() {
		return nodes.Errorf("must be text, and is of type %s", v.Kind()).At(i).WithParam("message", "")
	}
	if v.Str() == "" && call.Params.Member("message").Expression() == nil { // only an expression may come to nothing
		return nodes.Errorf("is required").At(i).WithParam("message", "")
	}
	options := call.Param("options")
	qos, err := options.Get("qos").Option(i, "0", "0", "1", "2")
	if err != nil {
		return err
	}
	retain, err := options.Get("retain").Bool(i, false)
	if err != nil {
		return err
	}
	token := client.Publish(topic, qos[0]-'0', retain, v.Str())
	select {
	case err := <-gone: // the token would wait for ever
		return nodes.Errorf("the connection to the broker was lost: %w", err).At(i)
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
