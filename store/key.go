package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// KeyVariable is the environment variable with the key, for those who keep it elsewhere than in the data directory.
const KeyVariable = "CORDBOARD_ENCRYPTION_KEY"

// Key encrypts and decrypts with AES-256-GCM. It does not print.
type Key struct{ aead cipher.AEAD }

// String hides the key.
func (*Key) String() string { return "***" }

// GoString hides the key.
func (*Key) GoString() string { return "***" }

// ParseKey reads a key: 32 bytes as base64.
func ParseKey(text string) (*Key, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != 32 {
		return nil, errors.New("the encryption key must be 32 bytes as base64 (openssl rand -base64 32)")
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Key{aead}, err
}

// keyOf returns the key of the environment, else that of the data directory: its file "key" is made if there is none, unless the
// database has what was encrypted with one. A file that others can read is refused.
func keyOf(dir string, encrypted bool) (*Key, error) {
	if text := os.Getenv(KeyVariable); text != "" {
		key, err := ParseKey(text)
		return key, wrap(KeyVariable, err)
	}
	if dir == "" {
		return nil, fmt.Errorf("there is no encryption key: set %s, or give a data directory", KeyVariable)
	}
	file := filepath.Join(dir, "key")
	if _, err := os.Stat(file); encrypted && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the key file %s is missing and the database has credentials: put it back, or set %s", file, KeyVariable)
	}
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	if err := makeKey(file); err != nil {
		return nil, fmt.Errorf("the encryption key could not be made: %w", err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the encryption key %s can be read by others: chmod 600 it, and think of who may have read it", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key, err := ParseKey(string(text))
	return key, wrap(file, err)
}

// makeKey makes the file with a new key, unless it is there; whole or not at all.
func makeKey(file string) error {
	if _, err := os.Stat(file); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it cannot fail
	f, err := os.CreateTemp(filepath.Dir(file), "key-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // its other name stays
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) { // another process may have been first
		return err
	}
	return nil
}

// seal encrypts; what it is for is bound to it.
func (k *Key) seal(plain []byte, purpose string) []byte {
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // it cannot fail
	return k.aead.Seal(nonce, nonce, plain, []byte(purpose))
}

var errKey = errors.New("it cannot be decrypted: it was written with another encryption key")

func (k *Key) open(sealed []byte, purpose string) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(sealed) < n {
		return nil, errKey
	}
	plain, err := k.aead.Open(nil, sealed[:n], sealed[n:], []byte(purpose))
	if err != nil {
		return nil, errKey
	}
	return plain, nil
}

// findKey sets the key, where Open was given none.
func (s *Store) findKey(ctx context.Context, dir string) error {
	if s.key != nil {
		return nil
	}
	var count int64
	err := s.db.read(ctx, func(t tx) (err error) {
		count, err = one[int64](t, "SELECT COUNT(*) FROM credentials")
		return err
	})
	if err == nil {
		s.key, err = keyOf(dir, count > 0)
	}
	return err
}

// checkKey tells at once where the key is not the one that the credentials were written with.
func (s *Store) checkKey(ctx context.Context) error {
	return s.db.read(ctx, func(t tx) error {
		var id, typ string
		var sealed []byte
		err := row(t, "SELECT id, type, data FROM credentials LIMIT 1", nil, &id, &typ, &sealed)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err == nil {
			_, err = s.key.open(sealed, purpose(id, typ))
		}
		if errors.Is(err, errKey) {
			err = fmt.Errorf("the credentials in the database were written with another encryption key: give that one by %s, or as the file key of the data directory", KeyVariable)
		}
		return err
	})
}
