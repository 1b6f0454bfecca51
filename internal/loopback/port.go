// Package loopback has what tests need of 127.0.0.1: ports that nobody else takes, relays that can be cut, certificates, and
// programs that serve while a test runs. Only tests import it.
package loopback

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Ports are given from firstPort on, below those that systems take for connections that go out: such a one could take a port
// between its choice and its use.
const (
	firstPort = 20000
	portCount = 10000
)

// Port returns a port of 127.0.0.1 at which nobody listens, and that is given to no other test, of this process or another,
// before this one ends.
func Port(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := firstPort + rand.IntN(portCount)
		held, err := net.ListenPacket("udp4", address(port)) // the mark by which tests keep a port from each other
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp4", address(port))
		if err != nil {
			_ = held.Close()
			continue
		}
		_ = l.Close()
		if listens(port) { // a program that is being started has a copy of l until it runs
			_ = held.Close()
			continue
		}
		t.Cleanup(func() { _ = held.Close() })
		return port
	}
	t.Fatal("there is no free port")
	return 0
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// listens reports whether a server takes connections at a port.
func listens(port int) bool {
	conn, err := net.Dial("tcp4", address(port))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
