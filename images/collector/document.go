package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// document is an event as Elasticsearch gets it. The same event gives the same index and id each time, so sending it
// twice stores it once.
type document struct {
	index, id string
	source    []byte
	// Whether it is the text of an event that was refused.
	refused bool
}

func documentsOf(events []any) []document {
	documents := make([]document, 0, len(events))
	for _, event := range events {
		documents = append(documents, documentOf(event))
	}
	return documents
}

func documentOf(event any) document {
	fields, ok := event.(map[string]any)
	if !ok {
		fields = map[string]any{"message": event}
	}
	// Filebeat's word about itself, of which Logstash stores nothing either.
	delete(fields, "@metadata")
	moment, text := timeOf(fields)
	fields["@timestamp"] = text
	// Everything in it came from JSON.
	source, _ := json.Marshal(fields)
	return document{index: "logstash-" + moment.UTC().Format("2006.01.02"), id: idOf(fields, source), source: source}
}

func timeOf(fields map[string]any) (time.Time, string) {
	text, _ := fields["@timestamp"].(string)
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		moment = time.Now()
		text = moment.UTC().Format(time.RFC3339Nano)
	}
	return moment, text
}

// idOf is the event's own id, or else the digest of its text. Elasticsearch takes ids of 512 bytes at most.
func idOf(fields map[string]any, source []byte) string {
	if id, ok := fields["id"].(string); ok && id != "" && len(id) <= 512 {
		return id
	}
	sum := sha256.Sum256(source)
	return hex.EncodeToString(sum[:])
}

// asRefused is a document that any mapping takes.
func (d document) asRefused(reason json.RawMessage) document {
	source, _ := json.Marshal(map[string]string{
		"@timestamp": time.Now().UTC().Format(time.RFC3339Nano), "event": string(d.source), "reason": string(reason),
	})
	return document{index: "refused-logstash", id: d.id, source: source, refused: true}
}
