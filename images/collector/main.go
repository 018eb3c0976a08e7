// The collector takes events from Filebeat, by the Lumberjack protocol over mutual TLS, and stores them in
// Elasticsearch. It stands where Logstash stands with the official images, with the same certificates, the same
// environment, the same port and the same indices.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/elastic/go-lumber/lj"
	"github.com/elastic/go-lumber/server/v2"
)

// What waits for Elasticsearch: this many batches of at most 2048 events (Filebeat's bulk_max_size), and one more for
// each connection and each worker. A connection whose batch finds no room is not read from, so Filebeat waits.
const waitingBatches = 4

// As many requests to Elasticsearch at a time.
const workers = 2

func main() {
	log.SetFlags(0)
	settings, err := readSettings(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, settings, log.Print); err != nil {
		log.Fatal(err)
	}
}

// run serves until the context ends. What Elasticsearch has not taken by then is not acknowledged, so Filebeat sends it
// again, to whoever listens then.
func run(ctx context.Context, settings settings, say func(...any)) error {
	listener, err := listen(settings)
	if err != nil {
		return err
	}
	storage, err := newStorage(settings, say)
	if err != nil {
		return err
	}
	batches := make(chan *lj.Batch, waitingBatches)
	server, err := v2.NewWithListener(listener, v2.Channel(batches), v2.Keepalive(3*time.Second))
	if err != nil {
		return err
	}
	say("takes events on ", listener.Addr(), ", stores them at ", settings.elasticsearch)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() { deliver(ctx, batches, storage) })
	}
	<-ctx.Done()
	group.Wait()
	return server.Close()
}

// deliver acknowledges a batch when Elasticsearch has all of it, and not before.
func deliver(ctx context.Context, batches <-chan *lj.Batch, storage *storage) {
	for {
		select {
		case <-ctx.Done():
			return
		case batch := <-batches:
			if storage.store(ctx, batch.Events) != nil {
				return
			}
			batch.ACK()
		}
	}
}
