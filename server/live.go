package server

import (
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/cordboard/cordboard/runtime"
	"github.com/cordboard/cordboard/store"
)

// Live hands the events of runs on to those who watch: Observe is an observer of cordboard.Options. It never holds a run up: who
// reads too slowly is cut off.
type Live struct {
	mu       sync.Mutex
	closed   bool
	watchers map[*watcher]struct{}
}

// NewLive returns one that nobody watches.
func NewLive() *Live { return &Live{watchers: map[*watcher]struct{}{}} }

const (
	// liveBuffer is how many events may wait for a watcher.
	liveBuffer = 256
	// liveWrite is how long a watcher may take for one; livePing how often it is asked whether it is there, liveGone after how long of
	// silence it is not.
	liveWrite = 10 * time.Second
	livePing  = 30 * time.Second
	liveGone  = 75 * time.Second
	// liveMost bounds how many may watch.
	liveMost = 100
)

// watcher is a connection. What is sent goes through events; cut ends it.
type watcher struct {
	workflow string // a name; "" for all
	events   chan liveEvent
	cut      chan struct{}
	once     sync.Once
}

func (w *watcher) end() { w.once.Do(func() { close(w.cut) }) }

// liveEvent is an event on the wire. It has no items and no data of errors: these may hold anything.
type liveEvent struct {
	Kind         string         `json:"kind"`
	ExecutionID  string         `json:"executionId"`
	WorkflowID   string         `json:"workflowId"`
	Workflow     string         `json:"workflow"`
	Depth        int            `json:"depth,omitempty"`
	Node         string         `json:"node,omitempty"`
	Run          *int           `json:"run,omitempty"`
	In           *int           `json:"in,omitempty"`
	Out          *int           `json:"out,omitempty"`
	Status       runtime.Status `json:"status,omitempty"`
	Failed       bool           `json:"failed,omitempty"`
	Milliseconds float64        `json:"milliseconds,omitempty"`
	Time         time.Time      `json:"time"`
}

func eventOf(e runtime.Event) liveEvent {
	out := liveEvent{
		Kind: e.Kind, ExecutionID: e.ExecutionID, WorkflowID: e.WorkflowID, Workflow: e.Workflow, Depth: e.Depth, Node: e.Node, Status: e.Status, Failed: e.Err != nil,
		Milliseconds: float64(e.Duration.Microseconds()) / 1000, Time: e.Time.UTC(),
	}
	if e.Node != "" {
		out.Run, out.In = &e.Run, &e.In
		if e.Kind == "step.finished" {
			out.Out = &e.Out
		}
	}
	return out
}

// Observe takes an event.
func (l *Live) Observe(e runtime.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.watchers) == 0 {
		return
	}
	event := eventOf(e)
	for w := range l.watchers {
		if w.workflow != "" && w.workflow != e.WorkflowID {
			continue
		}
		select {
		case w.events <- event:
		default:
			w.end()
			delete(l.watchers, w)
		}
	}
}

// Close cuts all watchers off, and lets no more in.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for w := range l.watchers {
		w.end()
	}
	clear(l.watchers)
}

// add returns a watcher, nil where there are too many.
func (l *Live) add(workflow string) *watcher {
	w := &watcher{workflow: workflow, events: make(chan liveEvent, liveBuffer), cut: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.watchers) >= liveMost {
		return nil
	}
	l.watchers[w] = struct{}{}
	return w
}

func (l *Live) remove(w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watchers, w)
}

// serve turns a request into a watcher: ?workflowId=… for one workflow. Who may was checked before.
func (l *Live) serve(rw http.ResponseWriter, req *http.Request, db *store.Store) {
	id := req.URL.Query().Get("workflowId")
	if id != "" {
		if _, err := db.Workflow(req.Context(), id); err != nil {
			writeJSON(rw, http.StatusNotFound, map[string]string{"message": "Not Found"})
			return
		}
	}
	w := l.add(id)
	if w == nil {
		writeJSON(rw, http.StatusServiceUnavailable, map[string]string{"message": "too many connections watch events, or the server stops"})
		return
	}
	defer l.remove(w)
	upgrader := websocket.Upgrader{HandshakeTimeout: liveWrite, WriteBufferSize: 4096, ReadBufferSize: 1024}
	conn, err := upgrader.Upgrade(rw, req, nil) // it answers what is no WebSocket; another site's pages are refused
	if err != nil {
		return
	}
	defer conn.Close()
	go listen(conn, w)
	w.write(conn)
}

// listen reads until the watcher is gone: it has nothing to say but that it is there.
func listen(conn *websocket.Conn, w *watcher) {
	defer w.end()
	conn.SetReadLimit(1024)
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(liveGone)) }
	_ = alive("")
	conn.SetPongHandler(alive)
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}

// write is the one writer of a connection.
func (w *watcher) write(conn *websocket.Conn) {
	ping := time.NewTicker(livePing)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-w.cut:
			text := websocket.FormatCloseMessage(websocket.CloseTryAgainLater, "cut off: read faster, or the server stops")
			_ = conn.WriteControl(websocket.CloseMessage, text, time.Now().Add(time.Second))
			return
		case e := <-w.events:
			_ = conn.SetWriteDeadline(time.Now().Add(liveWrite))
			err = conn.WriteJSON(e)
		case <-ping.C:
			err = conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(liveWrite))
		}
		if err != nil {
			return
		}
	}
}
