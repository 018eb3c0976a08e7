package main

import (
	"errors"
	"fmt"
)

// settings come from the environment, under names that a pipeline of Logstash can use too: ${ELASTICSEARCH_URL}.
type settings struct {
	// Where Filebeat connects: ":10101".
	address string
	// PEM files: certificate chain, its key, and whom to trust, both as clients and as Elasticsearch.
	certificate, key, authority string
	// "https://10.0.0.2:9200"
	elasticsearch string
}

func readSettings(get func(string) string) (settings, error) {
	var problems []error
	required := func(name, expected string) string {
		value := get(name)
		if value == "" {
			problems = append(problems, fmt.Errorf("%s is not set: expected %s", name, expected))
		}
		return value
	}
	read := settings{
		address:       required("LISTEN", "the address to listen on, such as :10101"),
		certificate:   required("TLS_CERTIFICATE", "a PEM file with the certificate"),
		key:           required("TLS_KEY", "a PEM file with the certificate's key"),
		authority:     required("TLS_AUTHORITY", "a PEM file with the authority of clients and Elasticsearch"),
		elasticsearch: required("ELASTICSEARCH_URL", "its address, such as https://10.0.0.2:9200"),
	}
	return read, errors.Join(problems...)
}
