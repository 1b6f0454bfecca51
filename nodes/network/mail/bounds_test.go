package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cordboard/cordboard/nodes"
)

// fullStore keeps no file.
type fullStore struct{ nodes.BinaryStore }

func (fullStore) Create(context.Context) (string, io.WriteCloser, error) {
	return "", nil, errors.New("no space left")
}

// TestMailBeyondBounds: a mail with more than can be kept is handed on without it, soon, and the log says so.
func TestMailBeyondBounds(t *testing.T) {
	t.Parallel()
	attachment := "--B\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"
	mixed := "Subject: s\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
	many := strings.Builder{}
	for i := range 1 << 18 {
		fmt.Fprintf(&many, "X-%d: y\r\n", i)
	}
	for name, c := range map[string]struct {
		mail, logged string
		store        nodes.BinaryStore
		files        int
	}{
		"folded":      {mail: "Subject: s\r\nX: y\r\n" + strings.Repeat(" z\r\n", 4<<20) + "\r\n", logged: "too many headers"},
		"many":        {mail: "Subject: s\r\n" + many.String() + "\r\n", logged: "too many headers"},
		"words":       {mail: "Subject: s\r\nX: " + strings.Repeat("=?a?q?", 100_000) + "\r\n\r\n"},
		"attachments": {mail: mixed + strings.Repeat(attachment, maxAttachments+5) + "--B--", logged: "count=1005", files: maxAttachments},
		"not kept":    {mail: mixed + attachment + "--B--", store: fullStore{}, logged: `uid=7 attachment=a.txt error="no space left"`},
	} {
		t.Run(name, func(t *testing.T) {
			var logged strings.Builder
			begun := time.Now()
			it, err := form{attachments: true, prefix: "f"}.item(t.Context(), &nodes.Call{Log: slog.New(slog.NewTextHandler(&logged, nil)), Binary: c.store}, c.mail, "7")
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			count := 0
			for range it.Binary().All() {
				count++
			}
			if err != nil || it.Get("subject").Str != "s" || count != c.files || !strings.Contains(logged.String(), c.logged) || (logged.Len() > 0) != (c.logged != "") {
				t.Errorf("got %d files and %.100s, %v: %s", count, it.JSON(), err, logged.String())
			}
		})
	}
}

// TestBatch: the mails of a run are not larger together than one may be.
func TestBatch(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for want, list := range map[int][]int64{1: {60 * mb, 5 * mb}, 3: {30 * mb, 30 * mb, 4 * mb, 1}, 4: {100 * mb, 100 * mb, mb, mb}, 2: {0, 64 * mb, mb}} {
		uids, sizes := []uint32{}, map[uint32]int64{}
		for i, size := range list {
			uids, sizes[uint32(i)+5] = append(uids, uint32(i)+5), size
		}
		if got := batch(uids, sizes); got != want {
			t.Errorf("%v: got %d, want %d", list, got, want)
		}
	}
}
