package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"time"
)

const handshakeTime = 10 * time.Second

// listen accepts connections of those alone who have a certificate of the authority.
func listen(settings settings) (net.Listener, error) {
	if _, err := serverConfig(settings); err != nil {
		return nil, err
	}
	// Files are read for each connection, so a renewed certificate is used without a restart.
	config := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return serverConfig(settings)
	}}
	plain, err := net.Listen("tcp", settings.address)
	if err != nil {
		return nil, err
	}
	proved := &provedListener{Listener: plain, connections: make(chan net.Conn)}
	go proved.acceptAll(config)
	return proved, nil
}

func serverConfig(settings settings) (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(settings.certificate, settings.key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", settings.certificate, err)
	}
	authority, err := readAuthority(settings.authority)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    authority,
	}, nil
}

func readAuthority(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("authority %s: there is no certificate in it", path)
	}
	return pool, nil
}

// provedListener hands a connection on once its handshake is done: the server behind it reads without a limit of time,
// which nobody without a certificate shall make use of.
type provedListener struct {
	net.Listener
	connections chan net.Conn
}

func (l *provedListener) acceptAll(config *tls.Config) {
	defer close(l.connections)
	for {
		plain, err := l.Listener.Accept()
		if err != nil {
			return
		}
		go func() {
			connection := tls.Server(plain, config)
			connection.SetDeadline(time.Now().Add(handshakeTime))
			if connection.Handshake() != nil {
				connection.Close()
				return
			}
			connection.SetDeadline(time.Time{})
			l.connections <- connection
		}()
	}
}

func (l *provedListener) Accept() (net.Conn, error) {
	connection, open := <-l.connections
	if !open {
		return nil, net.ErrClosed
	}
	return connection, nil
}
