package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/store"
)

// n8nCallback is where n8n on this machine is called back: services whose apps were set up for it know the address.
const n8nCallback = "http://localhost:5678/rest/oauth2-credential/callback"

func credentialsAuthorizeCommand() *cobra.Command {
	var s storing
	var redirect, listen string
	var within time.Duration
	cmd := &cobra.Command{
		Use: "authorize NAME|ID", Short: "Let a person authorise an OAuth2 credential that is kept here (authorization code, with PKCE)",
		Long: "Authorize prints the address at which a person agrees, waits for the service to send the browser back, and keeps the tokens with\n" +
			"the credential. The service must know the address that it comes back to (--redirect). Where the browser is on another machine,\n" +
			"paste the address at which it ends. Exit codes: 0 it is authorised, 1 it is not, 2 there is no such credential.",
		Args: exactArgs(1, "the credential's name or id"),
	}
	s.addStoreFlags(cmd)
	cmd.Flags().StringVar(&redirect, "redirect", n8nCallback, "address to come back to")
	cmd.Flags().StringVar(&listen, "listen", "", "address to wait at, where that is not the one of --redirect (behind a proxy)")
	cmd.Flags().DurationVar(&within, "timeout", 10*time.Minute, "how long to wait for the person")
	cmd.RunE = s.with(func(cmd *cobra.Command, db *store.Store, args []string) error {
		c, found, err := storedCredentials{db}.Credential(args[0], args[0], "")
		if err == nil && !found {
			err = fmt.Errorf("there is no credential %q here: add it first (cordboard credentials add, or import)", args[0])
		}
		if err != nil {
			return err
		}
		a, err := credentials.NewSet(credentials.NewLeases("")).NewAuthorization(c, redirect)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeoutCause(cmd.Context(), within, fmt.Errorf("nobody agreed within %s", within))
		defer cancel()
		data, err := authorize(ctx, cmd, a, redirect, listen)
		if err != nil {
			return &exitError{exitFailed, err}
		}
		if _, err := db.SaveCredential(cmd.Context(), store.Credential{ID: c.ID, Name: c.Name, Type: c.Type, Data: data}); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "the credential %q is authorised\n", c.Name)
		return nil
	})
	return cmd
}

// authorize waits for the service's answer: at the address to come back to, and on standard input.
func authorize(ctx context.Context, cmd *cobra.Command, a *credentials.Authorization, redirect, listen string) ([]byte, error) {
	answers, pasted := make(chan url.Values, 1), make(chan url.Values)
	at, err := url.Parse(redirect)
	if err != nil {
		return nil, err
	}
	if listen == "" {
		port := at.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[at.Scheme]
		}
		listen = net.JoinHostPort("localhost", port)
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "the service's answer cannot be waited for (%s): paste the address at which the browser ends\n", err)
	} else {
		server := &http.Server{Handler: callback(at.Path, a, answers), ReadHeaderTimeout: 10 * time.Second}
		go func() { _ = server.Serve(listener) }()                         // it ends with Close
		defer func() { _ = server.Shutdown(context.WithoutCancel(ctx)) }() // once the page has been sent
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Open this address in a browser, and agree:\n\n  %s\n\nIf the browser is on another machine, paste the address at which it ends.\n", a.URL())
	go paste(ctx, cmd.InOrStdin(), pasted)
	for {
		select {
		case answer := <-answers:
			return a.Finish(ctx, answer)
		case answer := <-pasted:
			if a.Answers(answer) {
				return a.Finish(ctx, answer)
			}
			fmt.Fprintln(cmd.ErrOrStderr(), "This address belongs to another authorisation (its state is another). Paste the one at which the browser ends now.")
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// callback takes what the service sends the browser back with, and nothing that any other page sends.
func callback(path string, a *credentials.Authorization, answers chan<- url.Values) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if strings.Trim(r.URL.Path, "/") != strings.Trim(path, "/") {
			http.NotFound(w, r)
			return
		}
		if !a.Answers(q) {
			http.Error(w, "This belongs to another authorisation (its state is another). Open the address that Cordboard printed last.", http.StatusBadRequest)
			return
		}
		select {
		case answers <- q:
		default: // there is one already
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "Cordboard has the answer. You can close this page.\n")
	})
}

// paste reads lines, and takes the addresses that have an answer in them.
func paste(ctx context.Context, from io.Reader, pasted chan<- url.Values) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		u, err := url.Parse(strings.TrimSpace(lines.Text()))
		if err != nil || u.Query().Get("state") == "" {
			continue
		}
		select {
		case pasted <- u.Query():
		case <-ctx.Done():
			return
		}
	}
}
