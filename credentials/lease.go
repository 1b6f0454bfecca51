package credentials

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/cordboard/cordboard/nodes"
)

// Leases share tokens. A server such as 3CX's keeps one live token per client, and a new one kills the old: so a token is
// minted once for all items, workflows and processes. Between processes it lies in a locked file of mode 0600,
// encrypted under a key made of the client secret.
type Leases struct {
	dir   string
	store LeaseStore // in place of dir; nil for none
	// clients for servers whose certificate is verified, and for those where it is not.
	verifying, insecure *http.Client
	now                 func() time.Time
	pause               func(ctx context.Context, d time.Duration) error

	mu   sync.Mutex
	list map[string]*lease
}

// LeaseStore keeps the tokens of leases where programs on several machines share them. Package store implements it. What it keeps is
// encrypted already.
type LeaseStore interface {
	// Hold waits until nobody else holds this name, and returns what it has; release writes new content, nil leaves it.
	Hold(ctx context.Context, name string) (content []byte, release func(content []byte) error, err error)
}

// In makes the leases lie in a store.
func (l *Leases) In(store LeaseStore) *Leases {
	l.store = store
	return l
}

// lease is one client's token.
type lease struct {
	turn    chan struct{} // holds one element while the lease is in use: a lock that a context can give up waiting for
	token   token
	refusal error // what the server said last, not asked again for a while
	refused time.Time
}

const (
	// refusalStands is how long a refusal is believed: a hundred items with a wrong secret are one request, not a hundred.
	refusalStands = 10 * time.Second
	// mintTries are how often a token server is asked that does not answer or is busy, with mintWait, doubled, between.
	mintTries = 3
	mintWait  = 250 * time.Millisecond
)

// NewLeases returns leases kept in files below dir; in the user's cache directory if dir is empty. Without any such
// directory tokens are shared within the process only.
func NewLeases(dir string) *Leases {
	if dir == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			dir = filepath.Join(cache, "cordboard", "tokens")
		}
	}
	return &Leases{dir: dir, verifying: tokenClient(false), insecure: tokenClient(true), now: time.Now, pause: nodes.Pause, list: map[string]*lease{}}
}

// tokenClient keeps no connections, as tokens are rare, and follows no redirect, since the request holds the secret.
func tokenClient(insecure bool) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure} //nolint:gosec // the user's own setting ignoreSSLIssues
	return &http.Client{
		Transport: userTokens{t}, Timeout: tokenTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (l *Leases) client(insecure bool) *http.Client {
	if insecure {
		return l.insecure
	}
	return l.verifying
}

// get returns a token that is not of the generation given: the one at hand if it is usable, else that of another process,
// else a new one, for which the server was asked. Generation 0 is no token's.
func (l *Leases) get(ctx context.Context, o *oauth2Credential, not uint64) (t token, asked bool, err error) {
	one := l.lease(o)
	select {
	case one.turn <- struct{}{}:
		defer func() { <-one.turn }()
	case <-ctx.Done():
		return token{}, false, context.Cause(ctx)
	}
	fits := func(t token) bool { return t.usable(l.now()) && t.generation() != not }
	if fits(one.token) {
		return one.token, false, nil
	}
	if one.refusal != nil && l.now().Sub(one.refused) < refusalStands {
		return token{}, true, one.refusal
	}
	one.refusal = nil
	file, err := l.open(ctx, o)
	if err != nil {
		return token{}, false, err
	}
	defer file.close()
	last := file.read()
	if last.Access == "" {
		last = o.first()
	}
	if fits(last) {
		one.token = last
		return last, false, nil
	}
	t, err = l.mint(ctx, o, last)
	if err != nil {
		var e *tokenError
		if errors.As(err, &e) && e.refused {
			one.refusal, one.refused = err, l.now()
		}
		return token{}, true, err
	}
	one.token = t
	file.write(t)
	return t, true, nil
}

// mint asks again where a token server does not answer or is busy.
func (l *Leases) mint(ctx context.Context, o *oauth2Credential, last token) (token, error) {
	for try := 1; ; try++ {
		t, err := o.mint(ctx, last)
		var e *tokenError
		if err == nil || ctx.Err() != nil || try == mintTries || errors.As(err, &e) && (e.refused || errors.Is(err, context.DeadlineExceeded)) {
			return t, err
		}
		if err := l.pause(ctx, mintWait<<(try-1)); err != nil {
			return token{}, err
		}
	}
}

// lease finds the lease of a client. The secret is part of its name, so that a corrected secret is tried at once.
func (l *Leases) lease(o *oauth2Credential) *lease {
	key := o.leaseName() + "\x00" + o.clientSecret
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.list[key] == nil {
		l.list[key] = &lease{turn: make(chan struct{}, 1)}
	}
	return l.list[key]
}

// leaseName is the lease's file name.
func (o *oauth2Credential) leaseName() string {
	sum := sha256.Sum256([]byte(o.identity()))
	return hex.EncodeToString(sum[:16])
}

// identity tells leases apart. A client's token for another scope is another token. What a person authorised is told apart by the tokens
// that came of it, as one client may be authorised by many; of its scope only the credential's own field counts: its lease holds a
// refresh token that must be found again when the scopes that are known of services change.
func (o *oauth2Credential) identity() string {
	id, scope := o.tokenURL+"\x00"+o.clientID, o.scope
	if o.authorised {
		scope = o.ownScope
	}
	if scope != "" {
		id += "\x00" + scope
	}
	if o.authorised {
		id += "\x00" + o.refresh + o.given
	}
	return id
}

// leaseFile is a locked lease file, or a held row of a store; its zero value stands for none.
type leaseFile struct {
	path string
	lock *flock.Flock
	seal cipher.AEAD
	// release, content and fresh are those of a row: what it has, and what it is to have.
	release        func([]byte) error
	content, fresh []byte
}

const lockPoll = 20 * time.Millisecond

func (l *Leases) open(ctx context.Context, o *oauth2Credential) (*leaseFile, error) {
	if l.store == nil && (l.dir == "" || os.MkdirAll(l.dir, 0o700) != nil) {
		return &leaseFile{}, nil //nolint:nilerr // without a directory tokens are shared within the process
	}
	f := &leaseFile{path: filepath.Join(l.dir, o.leaseName())}
	key, err := hkdf.Key(sha256.New, []byte(o.clientSecret), []byte(o.identity()), "cordboard token lease", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if f.seal, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	if l.store != nil {
		f.content, f.release, err = l.store.Hold(ctx, o.leaseName())
		return f, err
	}
	f.lock = flock.New(f.path+".lock", flock.SetPermissions(0o600))
	if _, err := f.lock.TryLockContext(ctx, lockPoll); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return &leaseFile{}, nil // a file system without locks: share within the process
	}
	return f, nil
}

func (f *leaseFile) close() {
	if f.release != nil {
		_ = f.release(f.fresh) // else it is free again in a while
	}
	if f.lock != nil {
		_ = f.lock.Unlock()
	}
}

// read returns the token of the file; one that cannot be read, such as that of another secret, is no token.
func (f *leaseFile) read() token {
	var t token
	sealed, err := f.content, error(nil)
	if f.lock != nil {
		sealed, err = os.ReadFile(f.path)
	}
	if f.seal == nil || err != nil || len(sealed) < f.seal.NonceSize() {
		return token{}
	}
	n := f.seal.NonceSize()
	plain, err := f.seal.Open(nil, sealed[:n], sealed[n:], nil)
	if err != nil || json.Unmarshal(plain, &t) != nil {
		return token{}
	}
	return t
}

// write replaces the file's content in one step, so that a crash leaves the old or the new one. A token that cannot be kept
// is good all the same, and is shared within the process.
func (f *leaseFile) write(t token) {
	plain, err := json.Marshal(t)
	if f.seal == nil || err != nil {
		return
	}
	nonce := make([]byte, f.seal.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	if f.release != nil {
		f.fresh = f.seal.Seal(nonce, nonce, plain, nil)
		return
	}
	temp := f.path + ".new"
	_ = os.Remove(temp) // of a process that died; it could have another mode
	err = os.WriteFile(temp, f.seal.Seal(nonce, nonce, plain, nil), 0o600)
	if err == nil {
		err = os.Rename(temp, f.path)
	}
	if err != nil {
		_ = os.Remove(temp)
	}
}
