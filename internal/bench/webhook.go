package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/cordboard/cordboard/server"
	"github.com/cordboard/cordboard/store"
)

const (
	connections = 100
	webhookTime = 3 * time.Second
)

// measureWebhook calls a webhook over 100 connections. Client and server share the machine and the process.
func measureWebhook(ctx context.Context, b *bench) error {
	const what = "Webhook → Set → respond, 100 connections, durable"
	hook := node{"Webhook", "webhook", 2, `{"httpMethod":"POST","path":"bench","responseMode":"lastNode","options":{}}`}
	rt, flow, err := load(ctx, chain(hook, node{"Set", "set", 3.4, fields(false, "a", `={{ $json.body.name }}`)}))
	if err != nil {
		return err
	}
	defer rt.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	dir, err := os.MkdirTemp("", "cordboard-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer db.Close()
	srv, err := server.New(rt, server.Options{Store: db, DataDir: dir, Alone: true})
	if err != nil {
		return err
	}
	defer srv.Close()
	if err := srv.AddFile(ctx, flow); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx, l) }()
	times, err := callWebhook(ctx, "http://"+l.Addr().String()+"/webhook/bench")
	stop()
	if serveErr := <-served; err == nil {
		err = serveErr
	}
	if err != nil {
		return err
	}
	slices.Sort(times)
	b.figure(what, "%.0f requests/s, p50 %.3g ms, p99 %.3g ms", float64(len(times))/webhookTime.Seconds(),
		milliseconds(times[len(times)/2]), milliseconds(times[len(times)*99/100]))
	return nil
}

// callWebhook calls for webhookTime and returns how long each answer took.
func callWebhook(ctx context.Context, address string) ([]time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	var (
		mu     sync.Mutex
		all    []time.Duration
		failed error
		group  sync.WaitGroup
	)
	end := time.Now().Add(webhookTime)
	for range connections {
		group.Go(func() {
			var own []time.Duration
			var err error
			for err == nil && time.Now().Before(end) {
				began := time.Now()
				err = post(ctx, client, address)
				own = append(own, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all, failed = append(all, own...), errors.Join(failed, err)
		})
	}
	group.Wait()
	return all, failed
}

func post(ctx context.Context, client *http.Client, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader([]byte(`{"name":"Ada"}`)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || !bytes.Contains(text, []byte("Ada"))) {
		err = fmt.Errorf("the webhook answered %s: %.200s", res.Status, text)
	}
	return err
}
