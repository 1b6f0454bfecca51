package network_test

import (
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/runtime"
)

// tunnelled are the databases behind an SSH server, with the query that the tests ask them.
func tunnelled(t *testing.T, test func(t *testing.T, kind, version string, ssh *dbtest.SSHServer, fields map[string]any)) {
	ssh := dbtest.SSHD(t)
	through := map[string]any{"sshTunnel": true, "sshAuthenticateWith": "privateKey", "sshHost": "127.0.0.1", "sshPort": ssh.Port, "sshUser": ssh.User, "privateKey": ssh.Key}
	t.Run("postgres", func(t *testing.T) {
		d, _ := postgresDatabase(t)
		maps.Copy(d.fields, through)
		test(t, "postgres", "2.6", ssh, d.fields)
	})
	t.Run("mySql", func(t *testing.T) {
		port := dbtest.MariaDB(t)
		fields := map[string]any{"host": "127.0.0.1", "port": port, "database": "mysql", "user": "root", "password": "", "connectTimeout": 10000}
		maps.Copy(fields, through)
		test(t, "mySql", "2.4", ssh, fields)
	})
}

func ask(t *testing.T, engine *runtime.Engine, kind, version string) gjson.Result {
	t.Helper()
	sleep := map[string]string{"postgres": "pg_sleep(0.2)::text", "mySql": "sleep(0.2)"}[kind] // each takes a connection of its own
	return answer(t, engine, kind, version, `{"operation":"executeQuery","query":"SELECT 7 AS a, `+sleep+` AS s"}`, `{}`)
}

// TestTunnel: many queries go through one SSH connection, which is made anew when it broke and ends with the pool.
func TestTunnel(t *testing.T) {
	tunnelled(t, func(t *testing.T, kind, version string, ssh *dbtest.SSHServer, fields map[string]any) {
		for name, login := range map[string]map[string]any{"key": {}, "encrypted key": {"privateKey": ssh.EncryptedKey, "passphrase": ssh.Passphrase}} {
			r := loopback.NewRelay(t, ssh.Port, nil)
			with := maps.Clone(fields)
			maps.Copy(with, login)
			with["sshPort"] = r.Port
			engine := databaseEngine(t, kind, with, network.Options{})
			if works := askAtOnce(t, engine, kind, version); works != 8 {
				t.Errorf("%s: %d of 8 queries work", name, works)
			}
			if n := r.Connections(); n != 1 {
				t.Errorf("%s: there were %d SSH connections", name, n)
			}
			r.Cut()
			works := 0
			for tries := 0; works < 8 && tries < 20; tries++ { // a connection that was used just now may be taken to be alive
				works = askAtOnce(t, engine, kind, version)
			}
			if n := r.Connections(); works != 8 || n != 2 {
				t.Errorf("%s: after a break %d of 8 queries work, with %d SSH connections in all", name, works, n)
			}
		}
	})
}

// askAtOnce asks eight times at once and counts the answers.
func askAtOnce(t *testing.T, engine *runtime.Engine, kind, version string) int {
	t.Helper()
	var wait sync.WaitGroup
	var works atomic.Int64
	for range 8 {
		wait.Go(func() {
			if ask(t, engine, kind, version).Get("outputs.0.0.json.a").Int() == 7 {
				works.Add(1)
			}
		})
	}
	wait.Wait()
	return int(works.Load())
}

// TestTunnelErrors: what is wrong with a tunnel is said, without its secrets.
func TestTunnelErrors(t *testing.T) {
	tunnelled(t, func(t *testing.T, kind, version string, ssh *dbtest.SSHServer, fields map[string]any) {
		nobody := loopback.Port(t)
		for _, c := range []struct {
			change map[string]any
			want   string
		}{
			{map[string]any{"sshHostKey": ssh.Fingerprint}, ""},
			{map[string]any{"sshHostKey": ssh.HostKey}, ""},
			{map[string]any{"sshHostKey": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" + ssh.Fingerprint}, ""},
			{map[string]any{"sshHostKey": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, "shows a host key that is not the credential's: " + ssh.Fingerprint},
			{map[string]any{"sshHostKey": "what"}, "must be a fingerprint"},
			{map[string]any{"sshAuthenticateWith": "password", "sshPassword": "hunter2hunter2"}, "All configured authentication methods failed"},
			{map[string]any{"privateKey": "hunter2hunter2"}, "cannot be read"},
			{map[string]any{"privateKey": ssh.EncryptedKey}, "needs its passphrase"},
			{map[string]any{"privateKey": ssh.EncryptedKey, "passphrase": "hunter2hunter2"}, "does not open its private key"},
			{map[string]any{"sshPort": nobody}, fmt.Sprint("cannot connect to the SSH server at 127.0.0.1:", nobody)},
			{map[string]any{"port": nobody}, fmt.Sprint("cannot connect to 127.0.0.1:", nobody)},
			{map[string]any{"sshAuthenticateWith": "magic"}, "must be password or privateKey"},
		} {
			with := maps.Clone(fields)
			maps.Copy(with, c.change)
			got := ask(t, databaseEngine(t, kind, with, network.Options{}), kind, version)
			if m := got.Get("error.message").Str; c.want == "" && got.Get("status").Str != "success" || !strings.Contains(m, c.want) || strings.Contains(got.Raw, "hunter2") {
				t.Errorf("%v\ngot  %s\nwant %q", c.change["sshHostKey"], got.Raw, c.want)
			}
		}
		got := ask(t, databaseEngine(t, kind, fields, network.Options{PublicOnly: true}), kind, version)
		if m := got.Get("error.message").Str; !strings.Contains(m, "not a public one") {
			t.Errorf("a private address of an SSH server was not refused: %s", got.Raw)
		}
	})
}

// TestTunnelCancelled: a login to a silent SSH server does not hold up a run that is cancelled.
func TestTunnelCancelled(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	taken := make(chan net.Conn, 1)
	go func() {
		conn, err := silent.Accept()
		if err == nil {
			taken <- conn
		}
	}()
	fields := map[string]any{
		"host": "127.0.0.1", "port": 5432, "user": "u", "database": "d", "sshTunnel": true, "sshHost": "127.0.0.1", "sshPort": silent.Addr().(*net.TCPAddr).Port, "sshUser": "u", "sshPassword": "p",
	}
	engine := databaseEngine(t, "postgres", fields, network.Options{})
	c := gjson.Parse(`{"node":{"type":"n8n-nodes-base.postgres","typeVersion":2.6,"parameters":{"operation":"executeQuery","query":"SELECT 1"}},"input":[{"json":{}}]}`)
	golden.Cancel(t, engine, golden.WithCredential(c, "postgres"), func() bool { return len(taken) > 0 })
	_ = (<-taken).Close()
}

// TestTunnelQueryCancelled: the server does not go on with a query whose run was cancelled; the request to end it goes through the
// tunnel too.
func TestTunnelQueryCancelled(t *testing.T) {
	ssh := dbtest.SSHD(t)
	d, conn := postgresDatabase(t)
	maps.Copy(d.fields, map[string]any{"sshTunnel": true, "sshAuthenticateWith": "privateKey", "sshHost": "127.0.0.1", "sshPort": ssh.Port, "sshUser": ssh.User, "privateKey": ssh.Key})
	engine := databaseEngine(t, d.kind, d.fields, network.Options{})
	c := gjson.Parse(`{"node":{"type":"n8n-nodes-base.postgres","typeVersion":2.6,"parameters":{"operation":"executeQuery","query":"SELECT pg_sleep(600)"}},"input":[{"json":{}}]}`)
	sleeping := func() bool {
		return len(executeSQL(t, conn, "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")) > 0
	}
	golden.Cancel(t, engine, golden.WithCredential(c, "postgres"), sleeping)
	loopback.Await(t, "the end of the query at the server", func() bool { return !sleeping() })
}
