// The histogram shows how many events there are, minute by minute and instance by instance. It stands where Kibana
// stands with the official images: at the same port, with the same certificates and environment.
package main

import (
	"context"
	_ "embed"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

//go:embed page.html
var page []byte

func main() {
	log.SetFlags(0)
	elasticsearch, err := newElasticsearch(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server := &http.Server{Addr: ":5601", Handler: routes(elasticsearch), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	log.Print("shows events at ", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func routes(elasticsearch *elasticsearch) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("content-type", "text/html; charset=utf-8")
		writer.Header().Set("content-security-policy", "default-src 'self' 'unsafe-inline'")
		writer.Write(page)
	})
	// Kibana's, by which it is known to be up.
	mux.HandleFunc("GET /api/status", func(writer http.ResponseWriter, _ *http.Request) {
		writer.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /api/histogram", func(writer http.ResponseWriter, request *http.Request) {
		answer, err := elasticsearch.histogram(request.Context())
		if err != nil {
			log.Print(err)
			http.Error(writer, "Elasticsearch does not answer", http.StatusBadGateway)
			return
		}
		writer.Header().Set("content-type", "application/json")
		writer.Write(answer)
	})
	return mux
}
