package network

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// redisTrigger starts a run for each message on channels of a Redis server. Redis keeps no messages: what is sent while nobody
// listens is lost, and so is what comes while the connection is made anew.
type redisTrigger struct{ options Options }

var _ nodes.Trigger = redisTrigger{}

// Execute hands on the items of the message that started the run.
func (redisTrigger) Execute(_ context.Context, call *nodes.Call) error { return handOn(call) }

func handOn(call *nodes.Call) error {
	for i, it := range call.Input(0).All() {
		call.EmitFrom(0, i, it)
	}
	return nil
}

// Listen is nodes.Trigger's. It ends with an error when the connection is lost.
func (n redisTrigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	channels, err := call.Param("channels").String(0, "")
	if err != nil {
		return err
	}
	if channels == "" {
		return nodes.Errorf("must name a channel or a pattern of channels").WithParam("channels", "")
	}
	parse, err := call.Param("options").Get("jsonParseBody").Bool(0, false)
	if err != nil {
		return err
	}
	only, err := call.Param("options").Get("onlyMessage").Bool(0, false)
	if err != nil {
		return err
	}
	access, err := call.Engine.Access(ctx, "redis")
	if err != nil {
		return err
	}
	client, err := openRedis(n.options, access)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()                                   // nothing is left to be said
	subscription := client.PSubscribe(ctx, strings.Split(channels, ",")...) // as n8n does: spaces belong to the names
	defer func() { _ = subscription.Close() }()
	defer context.AfterFunc(ctx, func() { _ = subscription.Close() })() // or what is waited for comes first
	for {
		// Not its Channel, which connects anew by itself and says nothing of what was lost meanwhile, and drops what is not taken at once.
		message, err := subscription.ReceiveMessage(ctx)
		if err == nil {
			_, err = start(ctx, nodes.ItemsOf(redisMessage(message, parse, only)))
		}
		if ctx.Err() != nil {
			return nil // it was cancelled, which is how a trigger ends
		}
		if err != nil {
			return connect.Refused(err, access)
		}
	}
}

// redisMessage is the item of a message.
func redisMessage(m *redis.Message, parse, only bool) nodes.Item {
	var b nodes.ObjectBuilder
	if !only {
		b.Set("channel", nodes.StringValue(m.Channel))
	}
	text := quote(m.Payload)
	if parse && gjson.Valid(m.Payload) { // else it stays a text
		if normal, err := nodes.Normalize(m.Payload); err == nil {
			text = normal
		}
	}
	b.Raw("message", text)
	return nodes.NewItem(b.String())
}
