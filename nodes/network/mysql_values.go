package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

func openMySQL(o Options, a nodes.Access) (*sql.DB, error) {
	host, port, err := connect.Server(a, "3306")
	if err != nil {
		return nil, err
	}
	dial, tunnel, err := databaseDialer(o, a)
	if err != nil {
		return nil, err
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", net.JoinHostPort(host, port), a.Field("user"), a.Field("password"), a.Field("database")
	c.DialFunc, c.Logger = dial, &mysql.NopLogger{}
	c.Timeout = 10 * time.Second
	if ms, err := strconv.ParseFloat(a.Field("connectTimeout"), 64); err == nil {
		c.Timeout = milliseconds(ms)
	}
	if connect.Is(a, "ssl") {
		if c.TLS, err = mysqlTLS(a, host); err != nil {
			return nil, err
		}
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, nodes.Errorf("the mySql credential cannot be used: %w", err)
	}
	db := sql.OpenDB(tunnelledConnector{connector, tunnel})
	db.SetMaxIdleConns(maxIdle)
	return db, nil
}

// tunnelledConnector is closed with the database that it connects to, and closes the tunnel, if there is one.
type tunnelledConnector struct {
	driver.Connector
	tunnel *connect.Tunnel
}

// Close is io.Closer's.
func (c tunnelledConnector) Close() error { return c.tunnel.Close() }

func mysqlTLS(a nodes.Access, host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if ca := a.Field("caCertificate"); ca != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, nodes.Errorf("the field caCertificate of the mySql credential is no PEM certificate")
		}
	}
	if a.Field("clientCertificate") != "" || a.Field("clientPrivateKey") != "" {
		pair, err := tls.X509KeyPair([]byte(a.Field("clientCertificate")), []byte(a.Field("clientPrivateKey")))
		if err != nil {
			return nil, nodes.Errorf("clientCertificate and clientPrivateKey of the mySql credential cannot be used: they must be PEM and belong together")
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// mysqlArgument is a value as a parameter.
func mysqlArgument(v nodes.Value) any {
	switch v.Kind() {
	case nodes.Undefined, nodes.Null:
		return nil
	case nodes.Bool:
		return v.Bool()
	case nodes.Number:
		if n, err := strconv.ParseInt(v.JSON(), 10, 64); err == nil {
			return n
		}
		if !strings.ContainsAny(v.JSON(), "eE") {
			return v.JSON() // with all its digits
		}
		return v.Num()
	}
	return valueText(v)
}

// mysqlValues says how values are written.
type mysqlValues struct {
	old      bool // integers are numbers whatever their size
	dates    bool // times are JavaScript's dates
	text     bool // every 64-bit integer is text
	decimals bool // decimals are numbers
}

func readMySQLValues(call *nodes.Call) (m mysqlValues, err error) {
	options := call.Param("options")
	m.old, m.dates = call.Version < 2, call.Version < 2.1
	large, err := options.Get("largeNumbersOutput").Option(0, "", "", "text", "numbers")
	if err != nil {
		return m, err
	}
	m.text = large == "text"
	m.decimals, err = options.Get("decimalNumbers").Bool(0, false)
	return m, err
}

// rows executes a statement and reads what it gives, also of several results.
func (r *mysqlRun) rows(ctx context.Context, text string, args []any) (out []string, isRows bool, err error) {
	rows, err := r.conn.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for {
		types, err := rows.ColumnTypes()
		if err != nil {
			return nil, false, err
		}
		isRows = isRows || len(types) > 0
		names, values, places := make([]string, len(types)), make([]any, len(types)), make([]any, len(types))
		for i, t := range types {
			names[i], places[i] = t.Name(), &values[i]
		}
		enc := newRowEncoder(names)
		for rows.Next() {
			if err := rows.Scan(places...); err != nil {
				return nil, false, err
			}
			row, err := enc.row(func(i int) string { return r.values.json(types[i].DatabaseTypeName(), values[i]) })
			if err != nil {
				return nil, false, err
			}
			out = append(out, row)
		}
		if !rows.NextResultSet() {
			return out, isRows, rows.Err()
		}
	}
}

// json is a value in wire form, n8n's.
func (m mysqlValues) json(kind string, value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case int64:
		return m.integer(kind, strconv.FormatInt(v, 10), float64(v))
	case uint64:
		return m.integer(kind, strconv.FormatUint(v, 10), float64(v))
	case float32:
		return numberJSON(strconv.FormatFloat(float64(v), 'g', -1, 32))
	case float64:
		return nodes.NumberValue(v).JSON()
	case string:
		return m.bytes(kind, []byte(v))
	case []byte:
		return m.bytes(kind, v)
	}
	return "null"
}

const maxSafeInteger = 1<<53 - 1

func (m mysqlValues) integer(kind, digits string, f float64) string {
	switch {
	case m.old:
		return nodes.NumberValue(f).JSON()
	case m.text && strings.Contains(kind, "BIGINT"), math.Abs(f) > maxSafeInteger:
		return quote(digits)
	}
	return digits
}

func (m mysqlValues) bytes(kind string, data []byte) string {
	text := string(data)
	switch kind {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "UNSIGNED TINYINT", "UNSIGNED SMALLINT", "UNSIGNED MEDIUMINT", "UNSIGNED INT", "UNSIGNED BIGINT", "YEAR":
		f, err := strconv.ParseFloat(text, 64)
		if err == nil {
			return m.integer(kind, text, f)
		}
	case "FLOAT", "DOUBLE":
		return numberJSON(text)
	case "DECIMAL":
		if m.decimals {
			return numberJSON(text)
		}
	case "JSON":
		if normal, err := nodes.Normalize(text); err == nil {
			return normal
		}
	case "DATE", "DATETIME", "TIMESTAMP":
		if m.dates {
			return quote(dateText(text, time.Local))
		}
	case "BIT", "BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "BINARY", "VARBINARY":
		return bytesJSON(data)
	case "GEOMETRY":
		return geometryJSON(data)
	}
	return quote(text)
}

// geometryJSON reads a point (WKB behind the number of its system); other shapes stay bytes.
func geometryJSON(data []byte) string {
	if len(data) != 25 || data[4] != 1 || binary.LittleEndian.Uint32(data[5:]) != 1 {
		return bytesJSON(data)
	}
	var b nodes.ObjectBuilder
	b.Set("x", nodes.NumberValue(math.Float64frombits(binary.LittleEndian.Uint64(data[9:]))))
	b.Set("y", nodes.NumberValue(math.Float64frombits(binary.LittleEndian.Uint64(data[17:]))))
	return b.String()
}
