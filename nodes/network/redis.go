package network

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// redisNode reads and writes keys of a Redis server, item by item.
type redisNode struct{ options Options }

var _ nodes.Outward = redisNode{}

// Writes is nodes.Outward's.
func (redisNode) Writes(_ float64, params *nodes.Template) bool {
	operation := params.Member("operation")
	if operation.Expression() != nil {
		return true
	}
	switch operation.Value().Str() {
	case "", "get", "info", "keys", "llen":
		return false
	}
	return true
}

// Execute is nodes.Node's.
func (n redisNode) Execute(ctx context.Context, call *nodes.Call) (err error) {
	access, err := call.Engine.Access(ctx, "redis")
	if err != nil {
		return err
	}
	client, done, err := connect.Shared(n.options.connect(), "redis", access, "", func() (*redis.Client, error) { return openRedis(n.options, access) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	operation, err := call.Param("operation").Option(0, "info", "delete", "get", "incr", "info", "keys", "llen", "pop", "publish", "push", "set")
	if err != nil {
		return err
	}
	r := &redisRun{call: call, client: client}
	count := call.Input(0).Len()
	if operation == "info" {
		count = min(count, 1)
	}
	for i := range count {
		r.item = i
		it, err := r.do(ctx, operation)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			call.EmitFrom(0, i, it)
			continue
		}
		if err := call.Fail(i, connect.WithoutSecrets(nodes.AsError(err), access)); err != nil {
			return err
		}
	}
	return nil
}

// TestCredential is nodes.CredentialTester's.
func (n redisNode) TestCredential(ctx context.Context, _ string, access nodes.Access) error {
	client, err := openRedis(n.options, access)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }() // nothing is left to be said
	return connect.Refused(client.Ping(ctx).Err(), access)
}

func openRedis(o Options, a nodes.Access) (*redis.Client, error) {
	host, port, err := connect.Server(a, "6379")
	if err != nil {
		return nil, err
	}
	dial, err := connect.Dialer(o.connect())
	if err != nil {
		return nil, err
	}
	database := 0
	if text := a.Field("database"); text != "" {
		if database, err = strconv.Atoi(text); err != nil {
			return nil, nodes.Errorf("the field database of the redis credential must be a number")
		}
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, InsecureSkipVerify: connect.Is(a, "disableTlsVerification")} //nolint:gosec // the user's own option
	redis.SetLogger(&logging.VoidLogger{})                                                                                             // it would write to stderr what the error says anyway
	return redis.NewClient(&redis.Options{
		Addr: net.JoinHostPort(host, port), Username: a.Field("user"), Password: a.Field("password"), DB: database, Protocol: 2,
		DisableIdentity: true, MaxRetries: -1, MaxIdleConns: maxIdle, ContextTimeoutEnabled: true, ReadTimeout: -1, WriteTimeout: -1, DialTimeout: 10 * time.Second, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil || !connect.Is(a, "ssl") {
				return conn, err
			}
			encrypted := tls.Client(conn, secure)
			if err := encrypted.HandshakeContext(ctx); err != nil {
				_ = conn.Close()
				return nil, err
			}
			return encrypted, nil
		},
	}), nil
}

// redisRun works on one item after the other.
type redisRun struct {
	call   *nodes.Call
	client *redis.Client
	item   int
}

func (r *redisRun) text(name, def string) (string, error) {
	return r.call.Param(name).String(r.item, def)
}

// do executes the operation for the item and returns what comes of it.
func (r *redisRun) do(ctx context.Context, operation string) (nodes.Item, error) {
	item := r.call.Input(0).At(r.item)
	switch operation {
	case "info":
		text, err := r.client.Info(ctx).Result()
		return nodes.NewItem(redisInfo(text)), err
	case "get":
		return r.get(ctx)
	case "pop":
		return r.pop(ctx)
	case "keys":
		return r.keys(ctx)
	case "incr", "llen":
		return r.count(ctx, operation)
	case "delete":
		key, err := r.text("key", "")
		if err != nil {
			return item, err
		}
		return item, r.client.Del(ctx, key).Err()
	case "set":
		return item, r.set(ctx)
	}
	message, err := r.text("messageData", "")
	if err != nil {
		return item, err
	}
	if operation == "publish" {
		channel, err := r.text("channel", "")
		if err != nil {
			return item, err
		}
		return item, r.client.Publish(ctx, channel, message).Err()
	}
	list, tail, err := r.list()
	if err != nil {
		return item, err
	}
	if tail {
		return item, r.client.RPush(ctx, list, message).Err()
	}
	return item, r.client.LPush(ctx, list, message).Err()
}

func (r *redisRun) list() (name string, tail bool, err error) {
	if name, err = r.text("list", ""); err != nil {
		return "", false, err
	}
	tail, err = r.call.Param("tail").Bool(r.item, false)
	return name, tail, err
}

// count is incr and llen: a number under the key's name.
func (r *redisRun) count(ctx context.Context, operation string) (nodes.Item, error) {
	param := "key"
	if operation == "llen" {
		param = "list"
	}
	key, err := r.text(param, "")
	if err != nil {
		return nodes.Item{}, err
	}
	var n int64
	if operation == "llen" {
		n, err = r.client.LLen(ctx, key).Result()
	} else if n, err = r.client.Incr(ctx, key).Result(); err == nil {
		err = r.expire(ctx, key)
	}
	var b nodes.ObjectBuilder
	b.Raw(key, strconv.FormatInt(n, 10))
	return nodes.NewItem(b.String()), err
}

func (r *redisRun) expire(ctx context.Context, key string) error {
	expires, err := r.call.Param("expire").Bool(r.item, false)
	if err != nil || !expires {
		return err
	}
	ttl, err := r.call.Param("ttl").Number(r.item, 60)
	if err != nil {
		return err
	}
	return r.client.Do(ctx, "EXPIRE", key, int64(ttl)).Err()
}

// named is an item with a value under the parameter propertyName, whose dots make objects unless an option says no.
func (r *redisRun) named(value string) (nodes.Item, error) {
	name, err := r.text("propertyName", "propertyName")
	if err != nil {
		return nodes.Item{}, err
	}
	dots, err := r.call.Param("options").Get("dotNotation").Bool(r.item, true)
	if err != nil {
		return nodes.Item{}, err
	}
	path := []string{name}
	if dots {
		path = strings.Split(name, ".")
	}
	for i := len(path) - 1; i >= 0; i-- {
		var b nodes.ObjectBuilder
		b.Raw(path[i], value)
		value = b.String()
	}
	return nodes.NewItem(value), nil
}

func (r *redisRun) get(ctx context.Context) (nodes.Item, error) {
	key, err := r.text("key", "")
	if err != nil {
		return nodes.Item{}, err
	}
	kind, err := r.call.Param("keyType").Option(r.item, "automatic", "automatic", "hash", "list", "sets", "string")
	if err != nil {
		return nodes.Item{}, err
	}
	value, err := r.value(ctx, key, kind)
	if err != nil {
		return nodes.Item{}, err
	}
	if value == "" {
		value = "null"
	}
	return r.named(value)
}

// value reads a key in wire form; "" for a kind that n8n does not read by itself, such as a set.
func (r *redisRun) value(ctx context.Context, key, kind string) (string, error) {
	if kind == "automatic" {
		var err error
		if kind, err = r.client.Type(ctx, key).Result(); err != nil {
			return "", err
		}
	}
	switch kind {
	case "string":
		text, err := r.client.Get(ctx, key).Result()
		if errors.Is(err, redis.Nil) {
			return "null", nil
		}
		return quote(text), err
	case "list":
		list, err := r.client.LRange(ctx, key, 0, -1).Result()
		return textsJSON(list), err
	case "sets":
		list, err := r.client.SMembers(ctx, key).Result()
		return textsJSON(list), err
	case "hash":
		return r.hash(ctx, key)
	}
	return "", nil
}

// hash reads a hash in the server's order.
func (r *redisRun) hash(ctx context.Context, key string) (string, error) {
	list, err := r.client.Do(ctx, "HGETALL", key).StringSlice()
	if err != nil {
		return "", err
	}
	var b nodes.ObjectBuilder
	for i := 0; i+1 < len(list); i += 2 {
		b.Set(list[i], nodes.StringValue(list[i+1]))
	}
	return nodes.Normalize(b.String())
}

func textsJSON(list []string) string {
	out := []byte("[")
	for i, text := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = nodes.AppendString(out, text)
	}
	return string(append(out, ']'))
}

func (r *redisRun) pop(ctx context.Context) (nodes.Item, error) {
	list, tail, err := r.list()
	if err != nil {
		return nodes.Item{}, err
	}
	command := r.client.LPop
	if tail {
		command = r.client.RPop
	}
	text, err := command(ctx, list).Result()
	if errors.Is(err, redis.Nil) {
		return r.named("null")
	}
	if err != nil {
		return nodes.Item{}, err
	}
	if gjson.Valid(text) { // n8n reads what is JSON
		if normal, err := nodes.Normalize(text); err == nil {
			return r.named(normal)
		}
	}
	return r.named(quote(text))
}

func (r *redisRun) keys(ctx context.Context) (nodes.Item, error) {
	pattern, err := r.text("keyPattern", "")
	if err != nil {
		return nodes.Item{}, err
	}
	values, err := r.call.Param("getValues").Bool(r.item, true)
	if err != nil {
		return nodes.Item{}, err
	}
	names, err := r.client.Keys(ctx, pattern).Result()
	if err != nil {
		return nodes.Item{}, err
	}
	var b nodes.ObjectBuilder
	if !values {
		b.Raw("keys", textsJSON(names))
		return nodes.NewItem(b.String()), nil
	}
	for _, name := range names {
		value, err := r.value(ctx, name, "automatic")
		if err != nil {
			return nodes.Item{}, err
		}
		if value != "" {
			b.Raw(name, value)
		}
	}
	text, err := nodes.Normalize(b.String())
	return nodes.NewItem(text), err
}

// set writes a key: a text, or of a list or an object the kind that fits.
func (r *redisRun) set(ctx context.Context) error {
	key, err := r.text("key", "")
	if err != nil {
		return err
	}
	v, err := r.call.Param("value").Value(r.item)
	if err != nil {
		return err
	}
	if v.Kind() == nodes.Undefined {
		v = nodes.StringValue("")
	}
	kind, err := r.call.Param("keyType").Option(r.item, "automatic", "automatic", "hash", "list", "sets", "string")
	if err != nil {
		return err
	}
	if kind == "automatic" {
		switch v.Kind() {
		case nodes.String:
			kind = "string"
		case nodes.Array:
			kind = "list"
		case nodes.Object:
			kind = "hash"
		default:
			return nodes.Errorf("Could not identify the type to set. Please set it manually!")
		}
	}
	switch kind {
	case "string":
		err = r.client.Set(ctx, key, valueText(v), 0).Err()
	case "sets":
		members := []any{valueText(v)}
		if v.Kind() == nodes.Array {
			members = members[:0]
			for _, el := range v.Result().Array() {
				members = append(members, el.String())
			}
		}
		err = r.client.SAdd(ctx, key, members...).Err()
	case "list":
		err = r.setList(ctx, key, v)
	default:
		err = r.setHash(ctx, key, v)
	}
	if err != nil {
		return err
	}
	return r.expire(ctx, key)
}

// setList replaces the elements of a list that is there, from the first on, as n8n does.
func (r *redisRun) setList(ctx context.Context, key string, v nodes.Value) error {
	list := gjson.Parse(valueText(v))
	if !gjson.Valid(valueText(v)) || !list.IsArray() {
		return nodes.Errorf("must be a list, or JSON text of one, for a key of type list").WithParam("value", "")
	}
	for i, el := range list.Array() {
		if err := r.client.LSet(ctx, key, int64(i), el.String()).Err(); err != nil {
			return err
		}
	}
	return nil
}

// setHash writes the members of an object, or pairs of words.
func (r *redisRun) setHash(ctx context.Context, key string, v nodes.Value) error {
	isJSON, err := r.call.Param("valueIsJSON").Bool(r.item, true)
	if err != nil {
		return err
	}
	var pairs []any
	text := valueText(v)
	switch object := gjson.Parse(text); {
	case isJSON && (!gjson.Valid(text) || !object.IsObject()):
		return nodes.Errorf("must be an object, or JSON text of one, for a key of type hash").WithParam("value", "")
	case isJSON:
		object.ForEach(func(name, value gjson.Result) bool { pairs = append(pairs, name.Str, value.String()); return true })
	default:
		words := strings.Fields(text)
		if len(words)%2 == 1 {
			return nodes.Errorf("must be pairs of a field and its value").WithParam("value", "")
		}
		for _, w := range words {
			pairs = append(pairs, w)
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	return r.client.HSet(ctx, key, pairs...).Err()
}

var redisNumber = regexp.MustCompile(`^[0-9.]+$`)

// redisInfo makes an object of what INFO says: what begins as a number is one, lists of a=b are objects.
func redisInfo(text string) string {
	var b nodes.ObjectBuilder
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		b.Raw(name, redisInfoValue(value))
	}
	return b.String()
}

func redisInfoValue(value string) string {
	if strings.Contains(value, "=") {
		var b nodes.ObjectBuilder
		for part := range strings.SplitSeq(value, ",") {
			name, inner, _ := strings.Cut(part, "=")
			b.Raw(name, redisInfoValue(inner))
		}
		return b.String()
	}
	if redisNumber.MatchString(value) {
		if parts := strings.Split(value, "."); len(parts) > 2 { // a version: JavaScript reads as far as it is a number
			value = parts[0] + "." + parts[1]
		}
		return numberJSON(value)
	}
	return quote(value)
}
