package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Half an hour by minutes, with the instances that each event came from. Text fields have a keyword beside them, which
// Elasticsearch adds to whatever it has no mapping for.
const query = `{
  "size": 0, "track_total_hits": true,
  "query": {"range": {"@timestamp": {"gte": "now-30m/m"}}},
  "aggs": {"minutes": {
    "date_histogram": {"field": "@timestamp", "fixed_interval": "1m", "min_doc_count": 0,
      "extended_bounds": {"min": "now-30m/m", "max": "now/m"}},
    "aggs": {"instances": {"terms": {"field": "instance.keyword", "size": 50}}}
  }}
}`

const (
	requestTime = 20 * time.Second
	longest     = 4 << 20
)

type elasticsearch struct {
	url    string
	client *http.Client
}

func newElasticsearch(get func(string) string) (*elasticsearch, error) {
	var problems []error
	required := func(name string) string {
		if get(name) == "" {
			problems = append(problems, fmt.Errorf("%s is not set", name))
		}
		return get(name)
	}
	read := &elasticsearch{url: required("ELASTICSEARCH_HOSTS")}
	certificate, key := required("ELASTICSEARCH_SSL_CERTIFICATE"), required("ELASTICSEARCH_SSL_KEY")
	text, err := os.ReadFile(required("ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES"))
	pool := x509.NewCertPool()
	if err == nil && !pool.AppendCertsFromPEM(text) {
		err = errors.New("ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES: there is no certificate in it")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs:    pool,
		MinVersion: tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(certificate, key)
			return &pair, err
		},
	}}
	read.client = &http.Client{Transport: transport, Timeout: requestTime}
	return read, errors.Join(append(problems, err)...)
}

func (e *elasticsearch) histogram(ctx context.Context) ([]byte, error) {
	// Before the first event there is no index, which is no error.
	url := e.url + "/logstash-*/_search?ignore_unavailable=true&allow_no_indices=true"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(query))
	if err != nil {
		return nil, err
	}
	request.Header.Set("content-type", "application/json")
	response, err := e.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, longest))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", response.Status, answer)
	}
	return answer, err
}
