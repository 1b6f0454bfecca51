package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/internal/loopback"
)

// agreeing is a service whose person always agrees.
func agreeing(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		http.Redirect(w, r, q.Get("redirect_uri")+"?code=c&state="+url.QueryEscape(q.Get("state")), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"fresh-`+hidden+`","refresh_token":"r","token_type":"bearer"}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

var addressToOpen = regexp.MustCompile(`http://\S+/authorize\S*`)

// TestCredentialsAuthorize follows the printed address as a browser would: here, where the answer is waited for, and on another machine,
// from which a person pastes it.
func TestCredentialsAuthorize(t *testing.T) {
	t.Parallel()
	service := agreeing(t)
	dir := t.TempDir()
	must(t, dir, fmt.Sprintf(`{"clientId":"me","clientSecret":%q,"authUrl":"%s/authorize","accessTokenUrl":"%s/token"}`, hidden, service.URL, service.URL),
		"credentials", "add", "--type", "oAuth2Api", "--name", "service")
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for _, pasted := range []bool{false, true} {
		redirect := fmt.Sprintf("http://127.0.0.1:%d/back", loopback.Port(t))
		args := []string{"credentials", "authorize", "service", "--redirect", redirect, "--listen", strings.TrimPrefix(strings.TrimSuffix(redirect, "/back"), "http://")}
		if pasted {
			args[len(args)-1] = busy.Addr().String() // it cannot wait there
		}
		stdin, typed := io.Pipe()
		said, errs := io.Pipe()
		var out bytes.Buffer
		code := make(chan int, 1)
		go func() {
			code <- execute(context.Background(), append(args, "--data-dir", dir), stdin, &out, errs)
			_ = errs.Close()
		}()
		var text strings.Builder
		for lines := bufio.NewScanner(said); lines.Scan(); {
			text.WriteString(lines.Text() + "\n")
			address := addressToOpen.FindString(lines.Text())
			if address == "" {
				continue
			}
			go func() {
				client := http.Client{}
				if !pasted { // any page can send the browser here
					notThis(t, redirect+"?code=c&state=other")
					notThis(t, redirect+"?error=access_denied")
				}
				if pasted {
					client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				}
				res, err := client.Get(address)
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Body.Close()
				if pasted {
					fmt.Fprintln(typed, "what is this?\n"+redirect+"?code=old&state=old\n"+res.Header.Get("Location"))
				} else if body, _ := io.ReadAll(res.Body); !strings.Contains(string(body), "You can close this page") {
					t.Errorf("the browser shows %s", body)
				}
			}()
		}
		if got := <-code; got != 0 || !strings.Contains(out.String(), "is authorised") || strings.Contains(out.String()+text.String(), hidden) {
			t.Errorf("pasted %t: exit code %d\n%s%s", pasted, got, out.String(), text.String())
		}
		if said := strings.Contains(text.String(), "belongs to another authorisation"); said != pasted {
			t.Errorf("pasted %t: of the old address it said %t", pasted, said)
		}
		_ = stdin.Close()
	}
	if got := must(t, dir, "", "credentials", "test", "service"); !strings.Contains(got, "whether the service still takes it was not asked") {
		t.Error(got)
	}
	if code, _, errs := cli(t, dir, "", "credentials", "authorize", "nobody"); code != exitNotBegun || !strings.Contains(errs, "there is no credential") {
		t.Error(code, errs)
	}
	if code, _, errs := cli(t, dir, "", "credentials", "authorize", "service", "--timeout", "1ms", "--listen", busy.Addr().String()); code != exitFailed || !strings.Contains(errs, "nobody agreed within 1ms") {
		t.Error(code, errs)
	}
}

// notThis asks for an address that must be refused.
func notThis(t *testing.T, address string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Error(err)
		return
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "belongs to another authorisation") {
		t.Errorf("%s: %s %s", address, res.Status, body)
	}
}
