package plugin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// clientCertVariable is how go-plugin tells a plugin the host's certificate; its AutoMTLS has the plugin answer with its own.
const clientCertVariable = "PLUGIN_CLIENT_CERT"

// hostTLS is the host's half of go-plugin's AutoMTLS, with a key on P-256: on P-521, which go-plugin takes, a certificate and
// a handshake cost 10 ms more at each start. It returns the variable for the plugin's environment.
func hostTLS() (*tls.Config, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", fmt.Errorf("a key for the plugin's connection: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, "", fmt.Errorf("a key for the plugin's connection: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, SerialNumber: serial,
		// The plugin lives as long as the host does, which may be years.
		NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(30, 0, 0),
		// In the broker's connections the plugin is the client.
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, "", fmt.Errorf("a certificate for the plugin's connection: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	// go-plugin adds the plugin's certificate, the only one to be trusted, when the plugin has told it.
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12, ServerName: "localhost",
		RootCAs: x509.NewCertPool(), ClientCAs: x509.NewCertPool(),
	}
	return config, clientCertVariable + "=" + string(text), nil
}
