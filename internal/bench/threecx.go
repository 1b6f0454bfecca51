package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cordboard/cordboard"
	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/plugin"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

const threeCX = "n8n-nodes-3cx.threecx"

// simulator is a simulated phone system in a process of its own, so that it takes nothing from either side of a comparison.
type simulator struct {
	cmd *exec.Cmd
	url string
}

// simulatorFault names the environment variable that makes this program a simulator, with this fault, "users=N" or "none".
const simulatorFault = "CORDBOARD_BENCH_SIMULATOR"

// serveSimulator is the simulator's process. It has a client for each side: a new token ends the client's old one.
func serveSimulator(fault string) error {
	o := pbxsim.Options{Clients: map[string]string{"900": "secret", "901": "secret"}, LogLimit: 1}
	if n, ok := strings.CutPrefix(fault, "users="); ok {
		o.Users, _ = strconv.Atoi(n)
	} else if fault != "none" {
		var err error
		if o.Faults, err = pbxsim.ParseFault(fault); err != nil {
			return err
		}
	}
	s := pbxsim.New(o)
	if err := s.Start(context.Background(), "127.0.0.1:0"); err != nil {
		return err
	}
	fmt.Println(s.URL())
	_, err := io.Copy(io.Discard, os.Stdin) // until whoever started it is gone
	return errors.Join(err, s.Close())
}

func startSimulator(ctx context.Context, fault string) (*simulator, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), simulatorFault+"="+fault)
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &simulator{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	if s.url = strings.TrimSpace(line); err != nil || s.url == "" {
		s.stop()
		return nil, fmt.Errorf("the simulator does not start: %w", err)
	}
	return s, nil
}

func (s *simulator) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
}

func (s *simulator) data() json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"baseUrl":%q,"clientId":"900","clientSecret":"secret"}`, s.url))
}

// credentials is a file as n8n exports it.
func (s *simulator) credentials() []byte {
	return fmt.Appendf(nil, `[{"id":"pbx","name":"PBX","type":"threeCXOAuth2Api","data":%s}]`, s.data())
}

const actions = 10_000

// measureThreeCX gets users, through the plugin and with a bare HTTP client, from a simulator that answers at once and
// from one that takes some milliseconds, as a phone system in a network does.
func measureThreeCX(ctx context.Context, b *bench) error {
	for _, sim := range []struct{ what, fault string }{{"a simulator that answers at once", "none"}, {"one that takes 5 ms", "slow:5ms"}} {
		s, err := startSimulator(ctx, sim.fault)
		if err != nil {
			return err
		}
		for _, concurrency := range []int{1, 4, 16} {
			n := actions
			if sim.fault != "none" {
				n = 100 * concurrency
			}
			if err = b.compareActions(ctx, s, sim.what, concurrency, n); err != nil {
				break
			}
		}
		s.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// compareActions takes turns between both ways, so that both see the same machine.
func (b *bench) compareActions(ctx context.Context, s *simulator, what string, concurrency, n int) error {
	rt, flow, err := b.loadAction(ctx, s, concurrency)
	if err != nil {
		return err
	}
	defer rt.Close()
	var list nodes.ItemsBuilder
	for i := range n {
		list.Add(nodes.NewItem(fmt.Sprintf(`{"id":%d}`, 1+i%10)))
	}
	items := list.Items()
	bare, err := newBareClient(ctx, s, concurrency)
	if err != nil {
		return err
	}
	best := [2]time.Duration{time.Hour, time.Hour}
	for range 4 {
		for way, run := range []func() error{
			func() error { return bare.get(ctx, n) },
			func() error { return once(ctx, rt, flow, items) },
		} {
			took, err := minimum(1, run)
			if err != nil {
				return err
			}
			best[way] = min(best[way], took)
		}
	}
	b.upTo(fmt.Sprintf("%d × Get User, %d at once, %s: times a bare loop", n, concurrency, what), float64(best[1])/float64(best[0]), 1.15, "×")
	b.figure("  an action", "%.3g µs, bare %.3g µs", microseconds(best[1])/float64(n), microseconds(best[0])/float64(n))
	return nil
}

// loadAction makes a runtime with the plugin and loads a workflow that gets a user for each item.
func (b *bench) loadAction(ctx context.Context, s *simulator, concurrency int) (*cordboard.Runtime, *cordboard.Workflow, error) {
	lock, err := b.trustPlugin()
	if err != nil {
		return nil, nil, err
	}
	rt, err := cordboard.New(cordboard.Options{
		PluginDirs: []string{b.bin}, PluginsLock: lock, TokenDir: b.dir,
		Credentials: []credentials.Credential{{ID: "pbx", Name: "PBX", Type: "threeCXOAuth2Api", Data: s.data(), Source: "bench"}},
	})
	if err != nil {
		return nil, nil, err
	}
	params := fmt.Sprintf(`{"resource":"Users","operation":"Get User","Id":"={{ $json.id }}","requestOptions":{"concurrency":%d}}`, concurrency)
	flow, err := rt.Load(ctx, "bench.json", chain(start, node{"Get", threeCX, 2, params}))
	if err != nil {
		_ = rt.Close()
	}
	return rt, flow, err
}

// trustPlugin pins the plugin, which does not lie beside this program, and returns the lock file.
func (b *bench) trustPlugin() (string, error) {
	_, pin, err := plugin.TrustPinned(filepath.Join(b.bin, plugin.Prefix+"3cx"))
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.dir, "plugins.lock")
	return path, plugin.Lock{}.With(pin).Write(path)
}

// bareClient does what the action does, with net/http and nothing else.
type bareClient struct {
	http        *http.Client
	url, token  string
	concurrency int
}

func newBareClient(ctx context.Context, s *simulator, concurrency int) (*bareClient, error) {
	c := &bareClient{
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrency}}, url: s.url, concurrency: concurrency,
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"901"}, "client_secret": {"secret"}}
	text, err := c.do(ctx, http.MethodPost, "/connect/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	err = json.Unmarshal(text, &answer)
	c.token = answer.Token
	return c, err
}

func (c *bareClient) do(ctx context.Context, method, path string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200s", path, res.Status, text)
	}
	return text, err
}

// get fetches users, as many at once as the client is for.
func (c *bareClient) get(ctx context.Context, n int) error {
	var (
		next   atomic.Int64
		group  sync.WaitGroup
		failed atomic.Pointer[error]
	)
	for range c.concurrency {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if _, err := c.do(ctx, http.MethodGet, fmt.Sprintf("/xapi/v1/Users(%d)", 1+i%10), nil); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
