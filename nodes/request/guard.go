package request

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/cordboard/cordboard/nodes"
)

// ErrPrivateAddress says that a server is in a private network, and that requests are for public ones only.
var ErrPrivateAddress = errors.New("the address is not a public one")

// carrierGrade is shared by the customers of a provider (RFC 6598); mapped and nat64 hold IPv4 addresses in IPv6.
var (
	carrierGrade = netip.MustParsePrefix("100.64.0.0/10")
	nat64        = netip.MustParsePrefix("64:ff9b::/96")
	thisNetwork  = netip.MustParsePrefix("0.0.0.0/8")
	benchmarks   = netip.MustParsePrefix("198.18.0.0/15")
	reserved     = netip.MustParsePrefix("240.0.0.0/4")
)

// publicOnly refuses a connection by the address that it is really made to, after names were resolved.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !isPublic(at.Addr()) {
		return fmt.Errorf("%s: %w", at.Addr(), ErrPrivateAddress)
	}
	return nil
}

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, p := range []netip.Prefix{carrierGrade, thisNetwork, benchmarks, reserved} {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsGlobalUnicast() && !a.IsPrivate()
}

// apply puts the certificates into a TLS configuration. Errors hold nothing of them.
func (i Identity) apply(c *tls.Config) error {
	if i.CA != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM([]byte(i.CA)) {
			return nodes.Errorf("the CA certificate of the credential (httpSslAuth) is no PEM certificate")
		}
		c.RootCAs = pool
	}
	if i.Certificate == "" && i.Key == "" {
		return nil
	}
	cert, err := tls.X509KeyPair([]byte(i.Certificate), []byte(i.Key))
	if err != nil {
		return nodes.Errorf("the certificate and the key of the credential (httpSslAuth) cannot be used: they must be PEM, belong together, and the key must not be encrypted")
	}
	c.Certificates = []tls.Certificate{cert}
	return nil
}
