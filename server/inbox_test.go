package server

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/store"
)

// carrying is a trigger whose messages have files.
type carrying struct {
	nodeFunc
	listen func(ctx context.Context, call *nodes.Call, start nodes.Start) error
}

func (c carrying) Listen(ctx context.Context, call *nodes.Call, start nodes.Start) error {
	return c.listen(ctx, call, start)
}

// TestTriggerFiles: the files of a message are its run's, however large, also where others are kept beside it; what no run has taken goes
// with the trigger.
func TestTriggerFiles(t *testing.T) {
	t.Parallel()
	const size = 20 << 20 // more than fits into an item
	done := make(chan struct{})
	listen := func(ctx context.Context, call *nodes.Call, start nodes.Start) error {
		defer close(done)
		var list []nodes.Items
		for _, text := range []string{"a", "b", "left"} {
			f, err := call.KeepFile(ctx, strings.NewReader(strings.Repeat(text, size/len(text))), nodes.File{FileName: text})
			if err != nil {
				return err
			}
			list = append(list, nodes.ItemsOf(nodes.NewItem("{}").WithBinary((*nodes.Binary)(nil).With("data", f))))
		}
		for _, i := range []int{1, 0} {
			started, err := start(ctx, list[i])
			if err != nil {
				return err
			}
			if r := <-started.Result; r.Err != nil {
				return r.Err
			}
		}
		return nil
	}
	sizes := make(chan string, 2)
	work := nodeFunc(func(ctx context.Context, call *nodes.Call) error {
		f, _ := call.Input(0).At(0).Binary().Get("data")
		r, err := call.Binary.Open(ctx, f.ID)
		if err != nil {
			return err
		}
		defer r.Close()
		text, err := io.ReadAll(r)
		if err != nil || f.Data != "" || len(text) != size {
			return errors.Join(err, errors.New("the file is not whole"))
		}
		sizes <- f.FileName + string(text[:1])
		return nil
	})
	r := &restarted{rig: &rig{t: t}, dir: t.TempDir(), flows: []string{chainFlow("files", `"type":"test.files","typeVersion":1,"parameters":{}`, testNode)}}
	r.types = append(testTypes(work, nil), nodes.Type{Node: carrying{pass, listen}, Descriptor: &descriptors.Node{
		Type: "test.files", DisplayName: "Files", Versions: []float64{1}, Trigger: true,
	}})
	stale := filepath.Join(r.dir, "binary", inboxPrefix+"of-a-server-that-was-killed")
	if err := os.MkdirAll(stale, 0o700); err != nil {
		t.Fatal(err)
	}
	r.begin()
	if _, err := os.Stat(stale); err == nil {
		t.Error("what a server left that was killed is still there")
	}
	<-done
	if got := <-sizes + " " + <-sizes; got != "bb aa" {
		t.Errorf("the runs had %s\n%s", got, r.log.String())
	}
	list, err := r.store.Executions(t.Context(), store.Filter{Statuses: []string{store.Success}})
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	r.finish()
	var left []string
	_ = filepath.WalkDir(filepath.Join(r.dir, "binary"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, filepath.Base(filepath.Dir(path)))
		}
		return nil
	})
	if len(left) != 2 || left[0] == left[1] || left[0] != list[0].Binary && left[0] != list[1].Binary {
		t.Errorf("files lie in %v, of executions %s and %s", left, list[0].Binary, list[1].Binary)
	}
}
