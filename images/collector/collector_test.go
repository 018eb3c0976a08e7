package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/elastic/go-lumber/client/v2"
)

func TestStoresAndAcknowledges(t *testing.T) {
	bench := newBench(t)
	if err := bench.send(event("a-1"), event("a-2")); err != nil {
		t.Fatal(err)
	}
	bench.holds("logstash-2026.11.26/a-1", "logstash-2026.11.26/a-2")
}

func TestRepeatIsStoredOnce(t *testing.T) {
	bench := newBench(t)
	for range 2 {
		if err := bench.send(event("a-1")); err != nil {
			t.Fatal(err)
		}
	}
	bench.holds("logstash-2026.11.26/a-1")
}

func TestWithoutIdTheTextIsTheId(t *testing.T) {
	bench := newBench(t)
	nameless := map[string]any{"@timestamp": "2026-11-26T10:00:00Z", "message": "x"}
	for range 2 {
		if err := bench.send(nameless); err != nil {
			t.Fatal(err)
		}
	}
	if count := len(bench.stored()); count != 1 {
		t.Fatalf("%d documents, expected 1", count)
	}
}

func TestNoAcknowledgementWhileElasticsearchIsDown(t *testing.T) {
	bench := newBench(t)
	bench.answer(func(writer http.ResponseWriter) bool {
		http.Error(writer, "no master", http.StatusServiceUnavailable)
		return true
	})
	done := make(chan error, 1)
	go func() { done <- bench.send(event("a-1")) }()
	select {
	case err := <-done:
		t.Fatal("was acknowledged, or broken off: ", err)
	case <-time.After(1200 * time.Millisecond):
	}
	bench.answer(nil)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	bench.holds("logstash-2026.11.26/a-1")
}

func TestOnlyWhatWasNotTakenIsSentAgain(t *testing.T) {
	bench := newBench(t)
	bench.refuse("a-2", http.StatusTooManyRequests, 1)
	if err := bench.send(event("a-1"), event("a-2"), event("a-3")); err != nil {
		t.Fatal(err)
	}
	bench.holds("logstash-2026.11.26/a-1", "logstash-2026.11.26/a-2", "logstash-2026.11.26/a-3")
	if sizes := fmt.Sprint(bench.sizes); sizes != "[3 1]" {
		t.Fatalf("requests of %s documents, expected [3 1]", sizes)
	}
}

func TestRefusedEventsAreKeptAsText(t *testing.T) {
	bench := newBench(t)
	bench.refuse("a-1", http.StatusBadRequest, 1)
	if err := bench.send(event("a-1")); err != nil {
		t.Fatal(err)
	}
	bench.holds("refused-logstash/a-1")
}

func TestNobodyWithoutACertificate(t *testing.T) {
	bench := newBench(t)
	stranger := newAuthority(t)
	for name, config := range map[string]*tls.Config{
		"none":              {RootCAs: bench.authority.pool},
		"another authority": {RootCAs: bench.authority.pool, Certificates: []tls.Certificate{stranger.leaf(t)}},
	} {
		if err := bench.sendAs(config, event("a-1")); err == nil {
			t.Errorf("a client with certificate: %s was let in", name)
		}
	}
	bench.holds()
}

func TestAllThatIsMissingIsSaidAtOnce(t *testing.T) {
	_, err := readSettings(func(string) string { return "" })
	if err == nil || strings.Count(err.Error(), "is not set") != 5 {
		t.Fatal(err)
	}
}

func event(id string) map[string]any {
	return map[string]any{"@timestamp": "2026-11-26T10:00:00.000Z", "id": id, "@metadata": map[string]any{"beat": "x"}}
}

// bench is a collector between a client and an Elasticsearch that keeps what it is sent.
type bench struct {
	*testing.T
	authority *authority
	address   string

	lock      sync.Mutex
	documents map[string]string
	sizes     []int
	instead   func(http.ResponseWriter) bool
	refusals  map[string][]int
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, authority: newAuthority(t), documents: map[string]string{}, refusals: map[string][]int{}}
	own := b.authority.leaf(t)
	elasticsearch := httptest.NewUnstartedServer(http.HandlerFunc(b.bulk))
	elasticsearch.TLS = &tls.Config{
		Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: b.authority.pool,
	}
	elasticsearch.StartTLS()
	t.Cleanup(elasticsearch.Close)
	folder := t.TempDir()
	key, _ := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	write(t, folder, "tls.crt", "CERTIFICATE", own.Certificate[0])
	write(t, folder, "tls.key", "PRIVATE KEY", key)
	write(t, folder, "ca.crt", "CERTIFICATE", b.authority.certificate.Raw)
	b.address = freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, settings{
			address: b.address, certificate: filepath.Join(folder, "tls.crt"), key: filepath.Join(folder, "tls.key"),
			authority: filepath.Join(folder, "ca.crt"), elasticsearch: elasticsearch.URL,
		}, t.Log)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) send(events ...any) error {
	return b.sendAs(&tls.Config{RootCAs: b.authority.pool, Certificates: []tls.Certificate{b.authority.leaf(b.T)}}, events...)
}

func (b *bench) sendAs(config *tls.Config, events ...any) error {
	config.ServerName = "127.0.0.1"
	dial := func(network, address string) (net.Conn, error) { return tls.Dial(network, address, config) }
	var connection *client.SyncClient
	var err error
	for range 50 {
		if connection, err = client.SyncDialWith(dial, b.address); err == nil || !strings.Contains(err.Error(), "refused") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		return err
	}
	defer connection.Close()
	count, err := connection.Send(events)
	if err == nil && count != len(events) {
		err = fmt.Errorf("%d of %d acknowledged", count, len(events))
	}
	return err
}

// answer has every request answered by this, until it is nil again.
func (b *bench) answer(instead func(http.ResponseWriter) bool) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.instead = instead
}

func (b *bench) refuse(id string, status, times int) {
	for range times {
		b.refusals[id] = append(b.refusals[id], status)
	}
}

func (b *bench) bulk(writer http.ResponseWriter, request *http.Request) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.instead != nil && b.instead(writer) {
		return
	}
	var items []string
	lines := bufio.NewScanner(request.Body)
	for lines.Scan() {
		var action struct {
			Index struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			} `json:"index"`
		}
		if json.Unmarshal(lines.Bytes(), &action) != nil || !lines.Scan() {
			http.Error(writer, "malformed", http.StatusBadRequest)
			return
		}
		status := 201
		if refusals := b.refusals[action.Index.ID]; len(refusals) > 0 {
			status, b.refusals[action.Index.ID] = refusals[0], refusals[1:]
		} else {
			b.documents[action.Index.Index+"/"+action.Index.ID] = lines.Text()
		}
		items = append(items, fmt.Sprintf(`{"index":{"status":%d,"error":{"type":"x"}}}`, status))
	}
	b.sizes = append(b.sizes, len(items))
	io.WriteString(writer, `{"items":[`+strings.Join(items, ",")+`]}`)
}

func (b *bench) stored() map[string]string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.documents
}

func (b *bench) holds(names ...string) {
	b.Helper()
	documents := b.stored()
	if len(documents) != len(names) {
		b.Fatalf("holds %v, expected %v", documents, names)
	}
	for _, name := range names {
		if text, there := documents[name]; !there || strings.Contains(text, "@metadata") {
			b.Fatalf("holds %v, expected %v", documents, names)
		}
	}
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return &authority{certificate, key, pool}
}

func (a *authority) leaf(t *testing.T) tls.Certificate {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func write(t *testing.T, folder, name, kind string, der []byte) {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
