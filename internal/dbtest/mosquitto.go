package dbtest

import (
	"fmt"
	"testing"

	"github.com/cordboard/cordboard/internal/loopback"
)

// MQTT starts a broker and returns its port on 127.0.0.1 once it answers. more are lines of its configuration; without
// any, everybody may connect.
func MQTT(t testing.TB, more ...string) int {
	t.Helper()
	program := loopback.Find(t, "mosquitto", "mosquitto")
	port := loopback.Port(t)
	if len(more) == 0 {
		more = []string{"allow_anonymous true"}
	}
	text := fmt.Sprintf("listener %d 127.0.0.1\npersistence false\n", port)
	for _, line := range more {
		text += line + "\n"
	}
	config := write(t, loopback.Folder(t), "mosquitto.conf", text)
	loopback.Serve(t, loopback.Command(nil, program, "-c", config), port)
	return port
}
