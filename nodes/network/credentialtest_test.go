package network_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/loopback"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network"
)

// testCredential asks the node that takes a credential whether it works.
func testCredential(t *testing.T, kind string, fields map[string]any, secrets nodes.Secrets) error {
	t.Helper()
	access := nodes.Access{Fields: map[string]string{}, Secrets: secrets}
	for name, v := range fields {
		access.Fields[name] = fmt.Sprint(v)
	}
	for _, typ := range network.Nodes() {
		tester, ok := typ.Node.(nodes.CredentialTester)
		if ok && slices.ContainsFunc(typ.Descriptor.Credentials, func(u descriptors.CredentialUse) bool { return u.Type == kind }) {
			return tester.TestCredential(t.Context(), kind, access)
		}
	}
	t.Fatal("no node tests credentials of type ", kind)
	return nil
}

// TestCredentialTests: a credential that works passes, and of one that does not is said why, without its secrets.
func TestCredentialTests(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		d, conn := postgresDatabase(t)
		executeSQL(t, conn, "CREATE ROLE ann LOGIN PASSWORD 'right words'")
		file := string(executeSQL(t, conn, "SHOW hba_file")[0][0])
		executeSQL(t, conn, fmt.Sprintf("COPY (SELECT unnest(ARRAY['host all ann 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust'])) TO '%s'", file))
		executeSQL(t, conn, "SELECT pg_reload_conf()")
		d.fields["user"] = "ann"
		checkCredential(t, "postgres", d.fields)
	})
	t.Run("mySql", func(t *testing.T) {
		port := dbtest.MariaDB(t)
		db, err := sql.Open("mysql", fmt.Sprintf("root@tcp(127.0.0.1:%d)/", port))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("CREATE USER ann@'127.0.0.1' IDENTIFIED BY 'right words'"); err != nil {
			t.Fatal(err)
		}
		checkCredential(t, "mySql", map[string]any{"host": "127.0.0.1", "port": port, "user": "ann", "connectTimeout": 5000})
	})
	t.Run("redis", func(t *testing.T) {
		port := dbtest.Redis(t)
		if err := redisClient(t, port).Do(t.Context(), "ACL", "SETUSER", "ann", "on", ">right words", "+@all").Err(); err != nil {
			t.Fatal(err)
		}
		checkCredential(t, "redis", map[string]any{"host": "127.0.0.1", "port": port, "user": "ann", "database": 0})
	})
}

func checkCredential(t *testing.T, kind string, fields map[string]any) {
	t.Helper()
	if err := testCredential(t, kind, fields, nodes.Secrets{"password": "right words"}); err != nil {
		t.Error("a credential that works: ", err)
	}
	err := testCredential(t, kind, fields, nodes.Secrets{"password": "hunter2hunter2"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error("a wrong password: ", err)
	}
	fields["port"] = loopback.Port(t)
	err = testCredential(t, kind, fields, nodes.Secrets{"password": "hunter2hunter2"})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("127.0.0.1:", fields["port"])) || strings.Contains(err.Error(), "hunter2") {
		t.Error("nobody listens: ", err)
	}
}
