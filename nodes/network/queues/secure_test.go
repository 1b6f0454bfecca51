package queues

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/tidwall/gjson"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/golden"
)

// authority makes certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	var der []byte
	der, a.key = a.sign(template, nil)
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

func (a *authority) sign(template *x509.Certificate, parent *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

// pair is a certificate for 127.0.0.1 and its key.
func (a *authority) pair() (cert, key string) {
	a.t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"}, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, k := a.sign(template, a.cert)
	secret, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
}

// server is the configuration of a server that asks for certificates of the authority.
func (a *authority) server() *tls.Config {
	a.t.Helper()
	cert, key := a.pair()
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
}

// front takes TLS connections and passes what is in them on to a port.
func (a *authority) front(to int) int {
	a.t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", a.server())
	if err != nil {
		a.t.Fatal(err)
	}
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			passing.Go(func() {
				defer in.Close()
				if in.(*tls.Conn).Handshake() != nil {
					return
				}
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
			})
		}
	})
	a.t.Cleanup(func() {
		_ = l.Close()
		passing.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

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
	b := newBed(t, kind, fields, Options{})
	r := golden.Answer(t, b.engine, b.withCredential(gjson.Parse(`{"node":`+node+`,"input":[{"json":{"a":1}}]}`)))
	return r.Get("error.message").String()
}

// checkTLS: the node reaches the broker with a certificate, not without, and only if it trusts the broker's.
func checkTLS(t *testing.T, a *authority, kind string, fields map[string]any, node string) {
	t.Helper()
	cert, key := a.pair()
	with := func(change map[string]any) map[string]any {
		all := maps.Clone(fields)
		maps.Copy(all, map[string]any{"ssl": true, "ca": a.pem, "cert": cert, "key": key})
		maps.Copy(all, change)
		return all
	}
	if e := sends(t, kind, with(nil), node); e != "" {
		t.Errorf("with a certificate: %s", e)
	}
	_, other := a.pair()
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
	b, a := newMQTTBroker(t), newAuthority(t)
	fields := b.fields()
	fields["port"], fields["passwordless"], fields["rejectUnauthorized"] = a.front(b.port), true, true
	checkTLS(t, a, "mqtt", fields, mqttSend)
	cert, key := a.pair()
	maps.Copy(fields, map[string]any{"protocol": "mqtts", "ssl": true, "rejectUnauthorized": false, "cert": cert, "key": key})
	if e := sends(t, "mqtt", fields, mqttSend); e != "" {
		t.Errorf("any certificate: %s", e)
	}
	fields["ca"] = newAuthority(t).pem
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
	b, a := newRabbitBroker(t), newAuthority(t)
	b.setup(t, gjson.Parse(`{"queues":[{"name":"q"}]}`))
	fields := b.fields()
	fields["port"], fields["passwordless"] = a.front(b.port), false
	const node = `{"type":"n8n-nodes-base.rabbitmq","typeVersion":1.2,"parameters":{"queue":"q"}}`
	checkTLS(t, a, "rabbitmq", fields, node)
	cert, key := a.pair()
	maps.Copy(fields, map[string]any{"ssl": true, "ca": a.pem, "cert": cert, "key": locked(t, key, "open sesame"), "passphrase": "open sesame"})
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
	a := newAuthority(t)
	b := newKafkaBroker(t, kfake.TLS(a.server()), kfake.SeedTopics(1, "t"))
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
