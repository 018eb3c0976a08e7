package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	requestTime = time.Minute
	firstPause  = 500 * time.Millisecond
	lastPause   = 10 * time.Second
)

// storage is Elasticsearch's _bulk. Who the collector is, its certificate says.
type storage struct {
	url    string
	client *http.Client
	say    func(...any)
}

func newStorage(settings settings, say func(...any)) (*storage, error) {
	authority, err := readAuthority(settings.authority)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs:    authority,
		MinVersion: tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			certificate, err := tls.LoadX509KeyPair(settings.certificate, settings.key)
			return &certificate, err
		},
	}}
	client := &http.Client{Transport: transport, Timeout: requestTime}
	return &storage{settings.elasticsearch + "/_bulk", client, say}, nil
}

// store returns when Elasticsearch has every one of these events, or with the context's error.
func (s *storage) store(ctx context.Context, events []any) error {
	documents := documentsOf(events)
	pause := firstPause
	for {
		left, err := s.send(ctx, documents)
		if err == nil && len(left) == 0 {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("%d of %d documents were not taken", len(left), len(documents))
		}
		documents = left
		s.say("tries again in ", pause, ": ", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// send gives back what has to be sent again.
func (s *storage) send(ctx context.Context, documents []document) ([]document, error) {
	var body bytes.Buffer
	for _, each := range documents {
		fmt.Fprintf(&body, "{\"index\":{\"_index\":%q,\"_id\":%q}}\n%s\n", each.index, each.id, each.source)
	}
	reply, err := s.post(ctx, &body)
	if err != nil {
		return documents, err
	}
	if len(reply.Items) != len(documents) {
		return documents, fmt.Errorf("answers about %d of %d documents", len(reply.Items), len(documents))
	}
	var left []document
	for i, item := range reply.Items {
		switch status := item.Index.Status; {
		case status >= 200 && status < 300:
		case status >= 400 && status < 500 && status != http.StatusTooManyRequests && !documents[i].refused:
			// It would be refused for ever, and hold up all others: it is kept as a text, and found there.
			s.say("refused: ", documents[i].id, ": ", string(item.Index.Error))
			left = append(left, documents[i].asRefused(item.Index.Error))
		default:
			left = append(left, documents[i])
		}
	}
	return left, nil
}

// bulkReply is what of the answer matters.
type bulkReply struct {
	Items []struct {
		Index struct {
			Status int             `json:"status"`
			Error  json.RawMessage `json:"error"`
		} `json:"index"`
	} `json:"items"`
}

func (s *storage) post(ctx context.Context, body io.Reader) (*bulkReply, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("content-type", "application/x-ndjson")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 300))
		return nil, fmt.Errorf("%s: %s", response.Status, text)
	}
	reply := &bulkReply{}
	return reply, json.NewDecoder(response.Body).Decode(reply)
}
