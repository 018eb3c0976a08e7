package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAsksWithItsCertificate(t *testing.T) {
	status, body := ask(t, "/api/histogram", func(writer http.ResponseWriter, _ *http.Request) {
		io.WriteString(writer, `{"hits":{"total":{"value":7}}}`)
	})
	if status != http.StatusOK || !strings.Contains(body, `"value":7`) {
		t.Fatal(status, body)
	}
}

func TestSaysNothingOfWhatElasticsearchSays(t *testing.T) {
	status, body := ask(t, "/api/histogram", func(writer http.ResponseWriter, _ *http.Request) {
		http.Error(writer, "a shard failed", http.StatusServiceUnavailable)
	})
	if status != http.StatusBadGateway || strings.Contains(body, "shard") {
		t.Fatal(status, body)
	}
}

func TestPageAndStatus(t *testing.T) {
	if status, body := ask(t, "/", http.NotFound); status != http.StatusOK || !strings.Contains(body, "<h1>Events") {
		t.Fatal(status, body)
	}
	if status, _ := ask(t, "/api/status", http.NotFound); status != http.StatusNoContent {
		t.Fatal(status)
	}
}

func TestAllThatIsMissingIsSaidAtOnce(t *testing.T) {
	_, err := newElasticsearch(func(string) string { return "" })
	if err == nil || strings.Count(err.Error(), "is not set") != 4 {
		t.Fatal(err)
	}
}

// ask gets a path of a histogram whose Elasticsearch answers so, to those alone who have a certificate.
func ask(t *testing.T, path string, answer http.HandlerFunc) (int, string) {
	store := httptest.NewUnstartedServer(answer)
	store.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	store.StartTLS()
	defer store.Close()
	folder := t.TempDir()
	own := store.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: own.Certificate[0]}, "tls.key": {Type: "PRIVATE KEY", Bytes: key},
	}
	for name, block := range files {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	client, err := newElasticsearch(func(name string) string {
		return map[string]string{
			"ELASTICSEARCH_HOSTS":                      store.URL,
			"ELASTICSEARCH_SSL_CERTIFICATE":            filepath.Join(folder, "tls.crt"),
			"ELASTICSEARCH_SSL_KEY":                    filepath.Join(folder, "tls.key"),
			"ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES": filepath.Join(folder, "tls.crt"),
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(routes(client))
	defer server.Close()
	response, err := http.Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}
