package dbtest

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/cordboard/cordboard/internal/loopback"
)

// RabbitMQ starts a broker and returns its port on 127.0.0.1 once it answers. Its user is guest, with the password guest.
func RabbitMQ(t testing.TB) int {
	t.Helper()
	loopback.Find(t, "rabbitmq-server", "rabbitmq-server")
	releases, _ := filepath.Glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server") // the one in PATH wants to be root
	if len(releases) == 0 {
		t.Skip("the RabbitMQ here is not that of Debian's package")
	}
	dir := loopback.Folder(t)
	port, names, peers := loopback.Port(t), loopback.Port(t), loopback.Port(t)
	loopback.Serve(t, loopback.Command(nil, loopback.Find(t, "epmd", "rabbitmq-server"), "-address", "127.0.0.1", "-port", strconv.Itoa(names)), names)
	config := fmt.Sprintf("listeners.tcp.default = 127.0.0.1:%d\nvm_memory_high_watermark.absolute = 512MB\ndisk_free_limit.absolute = 1MB\n", port)
	write(t, dir, "rabbitmq.conf", config)
	in := func(name string) string { return filepath.Join(dir, name) }
	loopback.Serve(t, loopback.Command(nil, "/usr/bin/env", "HOME="+dir, "RABBITMQ_NODENAME=test@localhost", "RABBITMQ_MNESIA_BASE="+in("mnesia"), "RABBITMQ_LOGS=-",
		"RABBITMQ_LOG_BASE="+in("log"), "RABBITMQ_CONFIG_FILE="+in("rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE="+in("plugins"), "RABBITMQ_PID_FILE="+in("pid"),
		"RABBITMQ_GENERATED_CONFIG_DIR="+in("generated"), "RABBITMQ_FEATURE_FLAGS_FILE="+in("flags"), "RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_DIST_PORT="+strconv.Itoa(peers), "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT="+strconv.Itoa(names),
		"NOTIFY_SOCKET=/dev/null", // which makes the script become the server, so that it ends with the test
		releases[len(releases)-1]), port)
	return port
}
