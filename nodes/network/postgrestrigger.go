package network

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// postgresTrigger starts a run for each notification on a channel of a PostgreSQL database. The channel is the user's, or one that a
// trigger on a table notifies of each row that changes; that trigger and its function are made when it begins to listen, and
// dropped when it ends. PostgreSQL keeps no notifications: those that come while nobody listens are lost.
type postgresTrigger struct{ options Options }

var _ nodes.Trigger = postgresTrigger{}

// Execute hands on the items of the notification that started the run.
func (postgresTrigger) Execute(_ context.Context, call *nodes.Call) error { return handOn(call) }

// Listen is nodes.Trigger's. It ends with an error when the connection is lost.
func (n postgresTrigger) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	w, err := readWatch(call)
	if err != nil {
		return err
	}
	timeout, err := call.Param("options").Get("connectionTimeout").Number(0, 30)
	if err != nil {
		return err
	}
	access, err := call.Engine.Access(ctx, "postgres")
	if err != nil {
		return err
	}
	pool, err := newPostgresPool(n.options, access)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }() // nothing is left to be said
	var heard []*pgconn.Notification
	pool.config.OnNotification = func(_ *pgconn.PgConn, note *pgconn.Notification) { heard = append(heard, note) }
	conn, err := pool.acquire(ctx, milliseconds(timeout*1000))
	if err != nil {
		return triggerEnd(ctx, err, access)
	}
	defer func() { closePostgres(conn) }()
	if _, err := conn.Exec(ctx, w.setup()).ReadAll(); err != nil {
		return triggerEnd(ctx, err, access)
	}
	defer w.drop(ctx, pool, call)
	for {
		for len(heard) > 0 {
			note := heard[0]
			heard = heard[1:]
			if _, err := start(ctx, nodes.ItemsOf(notification(note))); err != nil {
				return triggerEnd(ctx, err, access)
			}
		}
		if err := conn.WaitForNotification(ctx); err != nil {
			return triggerEnd(ctx, err, access)
		}
	}
}

// triggerEnd is nil where ctx ended the trigger.
func triggerEnd(ctx context.Context, err error, access nodes.Access) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was cancelled, which is how a trigger ends
	}
	var said *pgconn.PgError
	if errors.As(err, &said) {
		e := nodes.Errorf("%s", said.Message)
		e.Description, e.Cause = said.Detail, err
		err = e
	}
	return connect.Refused(err, access)
}

// notification is the item of a notification, as n8n's driver gives it: length is that of the message on the wire.
func notification(note *pgconn.Notification) nodes.Item {
	payload := quote(note.Payload)
	if gjson.Valid(note.Payload) { // else it stays a text
		if normal, err := nodes.Normalize(note.Payload); err == nil {
			payload = normal
		}
	}
	var b nodes.ObjectBuilder
	b.Set("length", nodes.NumberValue(float64(4+4+len(note.Channel)+1+len(note.Payload)+1)))
	b.Set("processId", nodes.NumberValue(float64(note.PID)))
	b.Set("channel", nodes.StringValue(note.Channel))
	b.Raw("payload", payload)
	b.Set("name", nodes.StringValue("notification"))
	return nodes.NewItem(b.String())
}

// postgresWatch is what a trigger listens to.
type postgresWatch struct {
	channel string
	// The rest is empty where the channel is the user's.
	table             string // quoted, with its schema
	event             string
	function, trigger string
	replace           bool // what has these names
}

func readWatch(call *nodes.Call) (w postgresWatch, err error) {
	mode, err := call.Param("triggerMode").Option(0, "createTrigger", "createTrigger", "listenTrigger")
	if err != nil {
		return w, err
	}
	if mode == "listenTrigger" {
		if w.channel, err = call.Param("channelName").String(0, ""); err != nil {
			return w, err
		}
		err = checkName("Channel", "channelName", w.channel)
		w.channel = strings.ToLower(w.channel) // n8n does not quote it here
		return w, err
	}
	schema, err := call.Param("schema").String(0, "public")
	if err != nil {
		return w, err
	}
	table, err := call.Param("tableName").String(0, "")
	if err != nil {
		return w, err
	}
	if table == "" {
		return w, nodes.Errorf("must name a table").WithParam("tableName", "")
	}
	w.table = quotedName(schema) + "." + quotedName(table)
	if w.event, err = call.Param("firesOn").Option(0, "INSERT", "INSERT", "UPDATE", "DELETE"); err != nil {
		return w, err
	}
	return w, w.names(call.Param("additionalFields"))
}

// names are those that the user gives, or n8n's with an id of this listener.
func (w *postgresWatch) names(fields nodes.Param) (err error) {
	if w.replace, err = fields.Get("replaceIfExists").Bool(0, false); err != nil {
		return err
	}
	id := watchID()
	for _, n := range []struct {
		to                 *string
		what, param, given string
	}{{&w.function, "Function", "functionName", "n8n_trigger_function_"}, {&w.channel, "Channel", "channelName", "n8n_channel_"}, {&w.trigger, "Trigger", "triggerName", "n8n_trigger_"}} {
		if *n.to, err = fields.Get(n.param).String(0, ""); err != nil {
			return err
		}
		if n.param == "functionName" {
			*n.to = strings.ReplaceAll(*n.to, "()", "")
		}
		if *n.to == "" {
			*n.to = n.given + id
		}
		if err := checkName(n.what, "additionalFields."+n.param, *n.to); err != nil {
			return err
		}
	}
	return nil
}

// watchID is an id that no node of n8n has: of version 8, whose making is left open (RFC 9562).
func watchID() string {
	id := uuid.New()
	id[6] = id[6]&0x0f | 0x80
	return strings.ReplaceAll(id.String(), "-", "_")
}

var postgresName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func checkName(what, param, name string) error {
	if !postgresName.MatchString(name) {
		return nodes.Errorf("%s name must start with a letter or underscore and contain only letters, digits, and underscores", what).WithParam(param, "")
	}
	return nil
}

func quotedName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// setup makes the function and the trigger and listens, all of it or nothing. A lock, which goes with the connection, tells others
// that they are in use.
func (w postgresWatch) setup() string {
	listen := "LISTEN " + quotedName(w.channel)
	if w.table == "" {
		return listen
	}
	row, create, replaced := "NEW", "CREATE FUNCTION", ""
	if w.event == "DELETE" {
		row = "OLD"
	}
	if w.replace {
		create = "CREATE OR REPLACE FUNCTION"
		replaced = fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s;", quotedName(w.trigger), w.table)
	}
	return fmt.Sprintf(`BEGIN;
SELECT pg_try_advisory_lock(hashtext('%[1]s'));
%[2]s
%[3]s %[4]s() RETURNS trigger LANGUAGE plpgsql AS $cordboard$ begin perform pg_notify('%[5]s', row_to_json(%[6]s)::text); return null; end; $cordboard$;
COMMENT ON FUNCTION %[4]s() IS %[12]s;
%[7]s
CREATE TRIGGER %[8]s AFTER %[9]s ON %[10]s FOR EACH ROW EXECUTE FUNCTION %[4]s();
%[11]s;
COMMIT`, w.trigger, w.leftBehind(), create, quotedName(w.function), w.channel, row, replaced, quotedName(w.trigger), w.event, w.table, listen, sqlLiteral(ours))
}

// ours is the comment on functions that listeners made, by which they are known where the user has named them.
const ours = "made by Cordboard, which drops it with its trigger"

// leftBehind drops what listeners to this table left that ended without a word: nobody holds their lock, and their names are ours,
// or that of this listener, and the function is ours.
func (w postgresWatch) leftBehind() string {
	return fmt.Sprintf(`DO $cordboard$ declare left_behind record; begin
for left_behind in SELECT t.tgname, t.tgfoid, p.oid::regprocedure AS called FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
	WHERE t.tgrelid = %s::regclass
	AND (t.tgname ~ '^n8n_trigger_[0-9a-f]{8}_[0-9a-f]{4}_8[0-9a-f]{3}_[0-9a-f]{4}_[0-9a-f]{12}$' OR t.tgname = %s AND obj_description(p.oid, 'pg_proc') = %s)
	AND pg_try_advisory_xact_lock(hashtext(t.tgname))
loop
	execute format('DROP TRIGGER %%I ON %%s', left_behind.tgname, %[1]s::regclass);
	if not exists (SELECT FROM pg_trigger WHERE tgfoid = left_behind.tgfoid) then execute format('DROP FUNCTION %%s', left_behind.called); end if;
end loop; end $cordboard$;`, sqlLiteral(w.table), sqlLiteral(w.trigger), sqlLiteral(ours))
}

func sqlLiteral(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// drop drops the trigger and the function, on a connection of its own: that of the listener may be gone.
func (w postgresWatch) drop(ctx context.Context, pool *postgresPool, call *nodes.Call) {
	if w.table == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	conn, err := pool.acquire(ctx, 0)
	if err == nil {
		defer closePostgres(conn)
		_, err = conn.Exec(ctx, fmt.Sprintf(`DO $cordboard$ begin
DROP TRIGGER IF EXISTS %s ON %s;
if not exists (SELECT FROM pg_trigger WHERE tgfoid = to_regprocedure(%s)) then DROP FUNCTION IF EXISTS %s(); end if; end $cordboard$`,
			quotedName(w.trigger), w.table, sqlLiteral(quotedName(w.function)+"()"), quotedName(w.function))).ReadAll()
	}
	if err != nil {
		call.Log.Warn("the trigger on the table could not be dropped", "table", w.table, "trigger", w.trigger, "function", w.function, "error", err)
	}
}
