package queues

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/tidwall/gjson"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/internal/loopback"
)

// locked is a key under a passphrase, as old tools write it.
func locked(t *testing.T, key, passphrase string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(key))
	block, err := x509.EncryptPEMBlock(rand.Reader, block.Type, block.Bytes, []byte(passphrase), x509.PEMCipherAES256) //nolint:staticcheck // what such keys are
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// sends runs a node once and returns its answer's error, "" for success.
func sends(t *testing.T, kind string, fields map[string]any, node string) string {
	t.Helper()
	engine := newEngine(t, kind, fields, Options{})
	r := golden.Answer(t, engine, golden.WithCredential(gjson.Parse(`{"node":`+node+`,"input":[{"json":{"a":1}}]}`), kind))
	return r.Get("error.message").String()
}

// checkTLS: the node reaches the broker with a certificate, not without, and only if it trusts the broker's.
func checkTLS(t *testing.T, a *loopback.Authority, kind string, fields map[string]any, node string) {
	t.Helper()
	cert, key := a.Pair(t)
	with := func(change map[string]any) map[string]any {
		all := maps.Clone(fields)
		maps.Copy(all, map[string]any{"ssl": true, "ca": a.PEM, "cert": cert, "key": key})
		maps.Copy(all, change)
		return all
	}
	if e := sends(t, kind, with(nil), node); e != "" {
		t.Errorf("with a certificate: %s", e)
	}
	_, other := a.Pair(t)
	for name, change := range map[string]map[string]any{
		"without a certificate": {"cert": "", "key": ""}, "an unknown authority": {"ca": ""}, "an authority that is none": {"ca": "x"}, "another key": {"key": other},
	} {
		if e := sends(t, kind, with(change), node); e == "" || strings.Contains(e, "PRIVATE") {
			t.Errorf("%s: %q", name, e)
		}
	}
}

const (
	mqttSend  = `{"type":"n8n-nodes-base.mqtt","typeVersion":1,"parameters":{"topic":"t","options":{"qos":1}}}`
	kafkaSend = `{"type":"n8n-nodes-base.kafka","typeVersion":2,"parameters":{"topic":"t","options":{"compression":"zstd","timeout":3000}}}`
)

func TestMQTTSecure(t *testing.T) {
	b, a := newMQTTBroker(t), loopback.NewAuthority(t)
	fields := b.fields()
	fields["port"], fields["passwordless"], fields["rejectUnauthorized"] = loopback.NewRelay(t, b.port, a.Server(t)).Port, true, true
	checkTLS(t, a, "mqtt", fields, mqttSend)
	cert, key := a.Pair(t)
	maps.Copy(fields, map[string]any{"protocol": "mqtts", "ssl": true, "rejectUnauthorized": false, "cert": cert, "key": key})
	if e := sends(t, "mqtt", fields, mqttSend); e != "" {
		t.Errorf("any certificate: %s", e)
	}
	fields["ca"] = loopback.NewAuthority(t).PEM
	if e := sends(t, "mqtt", fields, mqttSend); !strings.Contains(e, "certificate") {
		t.Errorf("another authority's certificate than the one that is named: %q", e)
	}
	t.Run("password", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "passwords")
		if out, err := exec.Command("mosquitto_passwd", "-c", "-b", file, "me", "right-password").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		fields := map[string]any{"host": "127.0.0.1", "port": dbtest.MQTT(t, "allow_anonymous false", "password_file "+file, "user root"), "username": "me", "password": "right-password"}
		checkCredentials(t, "mqtt", fields, "host")
	})
	t.Run("websocket", func(t *testing.T) {
		fields := map[string]any{"protocol": "ws", "host": "127.0.0.1", "port": websocketFront(t, b.port)}
		l := listen(t, "mqtt", fields, `{"type":"n8n-nodes-base.mqttTrigger","typeVersion":1,"parameters":{"topics":"t"}}`, Options{})
		if err := l.listening(); err != nil {
			t.Fatal(err)
		}
		if e := sends(t, "mqtt", fields, mqttSend); e != "" {
			t.Error(e)
		}
		if e := l.next().ok(); e.text() != `{"message":"{\"a\":1}","topic":"t"}` {
			t.Errorf("got %s", e.text())
		}
	})
}

// websocketFront takes websockets and passes what is in them on to a port.
func websocketFront(t *testing.T, to int) int {
	t.Helper()
	upgrader := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
	var passing sync.WaitGroup
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ws, err := upgrader.Upgrade(w, req, nil)
		if err != nil {
			return
		}
		in := &websocketConn{Conn: ws.NetConn(), ws: ws}
		defer in.Close()
		out, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", to))
		if err != nil {
			return
		}
		passing.Go(func() {
			_, _ = io.Copy(in, out)
			_ = in.Close()
		})
		_, _ = io.Copy(out, in)
		_ = out.Close()
	}))
	t.Cleanup(func() {
		server.Close()
		passing.Wait()
	})
	return server.Listener.Addr().(*net.TCPAddr).Port
}

func TestRabbitMQSecure(t *testing.T) {
	b, a := newRabbitBroker(t), loopback.NewAuthority(t)
	b.setup(t, gjson.Parse(`{"queues":[{"name":"q"}]}`))
	fields := b.fields()
	fields["port"], fields["passwordless"] = loopback.NewRelay(t, b.port, a.Server(t)).Port, false
	const node = `{"type":"n8n-nodes-base.rabbitmq","typeVersion":1.2,"parameters":{"queue":"q"}}`
	checkTLS(t, a, "rabbitmq", fields, node)
	cert, key := a.Pair(t)
	maps.Copy(fields, map[string]any{"ssl": true, "ca": a.PEM, "cert": cert, "key": locked(t, key, "open sesame"), "passphrase": "open sesame"})
	if e := sends(t, "rabbitmq", fields, node); e != "" {
		t.Errorf("a key with a passphrase: %s", e)
	}
	fields["passphrase"] = "open"
	if e := sends(t, "rabbitmq", fields, node); !strings.Contains(e, "passphrase") {
		t.Errorf("the wrong passphrase: %q", e)
	}
	fields["passphrase"], fields["passwordless"] = "open sesame", true // the broker here takes passwords only
	if e := sends(t, "rabbitmq", fields, node); e == "" {
		t.Error("it signed in with the password")
	}
}

func TestKafkaSecure(t *testing.T) {
	a := loopback.NewAuthority(t)
	b := newKafkaBroker(t, kfake.TLS(a.Server(t)), kfake.SeedTopics(1, "t"))
	fields := b.fields()
	checkTLS(t, a, "kafka", fields, kafkaSend)
	for name, mechanism := range map[string]string{"plain": "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512"} {
		b := newKafkaBroker(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "me", "right-password"))
		fields := b.fields()
		maps.Copy(fields, map[string]any{"authentication": true, "username": "me", "password": "right-password", "saslMechanism": name})
		checkCredentials(t, "kafka", fields, "brokers")
	}
}

// TestKafkaCompression: records are compressed as the options say.
func TestKafkaCompression(t *testing.T) {
	b := &kafkaBroker{}
	for name, attribute := range map[string]uint8{"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4} {
		b.setup(t, gjson.Parse(`{"topics":[["t",1]]}`))
		node := fmt.Sprintf(`{"type":"n8n-nodes-base.kafka","typeVersion":2,"parameters":{"topic":"t","sendInputData":false,"message":%q,"options":{"compression":%q}}}`, strings.Repeat("a", 10000), name)
		if e := sends(t, "kafka", b.fields(), node); e != "" {
			t.Fatal(e)
		}
		if got := compression(b.records(t, "t")[0]); got != attribute {
			t.Errorf("%s: compressed with %d", name, got)
		}
	}
}

func compression(r *kgo.Record) uint8 { return r.Attrs.CompressionType() }
