package dbtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// MQTT starts a broker and returns its port on 127.0.0.1 once it answers. more are lines of its configuration; without
// any, everybody may connect.
func MQTT(t testing.TB, more ...string) int {
	t.Helper()
	program := find(t, "mosquitto", "mosquitto")
	port := freePort(t)
	if len(more) == 0 {
		more = []string{"allow_anonymous true"}
	}
	text := fmt.Sprintf("listener %d 127.0.0.1\npersistence false\n", port)
	for _, line := range more {
		text += line + "\n"
	}
	config := filepath.Join(folder(t), "mosquitto.conf")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, port, nil, program, "-c", config)
	return port
}
