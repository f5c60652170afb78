package webhook

import (
	"crypto/x509"
	"net/http"
)

// Trust makes live deliveries take certificates of a test's receiver.
func (d *Deliveries) Trust(certificate *x509.Certificate) {
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	d.live.client.Transport.(*http.Transport).TLSClientConfig.RootCAs = pool
}
