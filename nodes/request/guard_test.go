package request

import (
	"net/netip"
	"testing"
)

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"1.1.1.1": true, "2606:4700::1111": true, "64:ff9b::101:101": true, "::ffff:1.1.1.1": true, "172.32.0.1": true, "100.128.0.1": true,
		"127.0.0.1": false, "::1": false, "10.0.0.1": false, "172.16.5.4": false, "192.168.1.1": false, "169.254.169.254": false, "0.0.0.0": false,
		"0.1.2.3": false, "100.64.0.1": false, "198.18.0.1": false, "240.0.0.1": false, "255.255.255.255": false, "224.0.0.1": false,
		"fd00::1": false, "fe80::1": false, "ff02::1": false, "::": false, "::ffff:127.0.0.1": false, "::ffff:100.64.0.1": false, "64:ff9b::a00:1": false,
	} {
		if got := isPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public is %v, want %v", text, got, want)
		}
	}
}

func TestIdentityErrors(t *testing.T) {
	t.Parallel()
	x := New()
	defer x.Close()
	for _, id := range []Identity{{CA: "secret"}, {Certificate: "secret", Key: "secret"}} {
		if _, err := x.Client(Connection{Identity: id}); err == nil {
			t.Errorf("no error of %+v", id)
		}
	}
	if _, err := x.Client(Connection{Proxy: "::"}); err == nil {
		t.Error("no error of a proxy that is no address")
	}
}
