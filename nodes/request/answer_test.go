package request

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
	"github.com/cordboard/cordboard/runtime/binary"
)

// say answers every request alike.
func say(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{kind}
		if kind == "" {
			w.Header()["Content-Type"] = nil
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const odata = `{"@odata.context":"c","a@odata.type":"t","value":[{"Id":1,"@odata.id":"x"},2,null,[3]]}`
	for _, c := range []struct {
		name, kind, body, options string
		want                      []string
	}{
		{"entity", "application/json", `{"Id": 1, "n": 12345678901234567890}`, "", []string{`{"Id":1,"n":12345678901234567890}`}},
		{"array", "application/json", `[{"Id":1},{"Id":2}]`, "", []string{`{"Id":1}`, `{"Id":2}`}},
		{"empty array", "application/json", `[]`, "", nil},
		{"array of scalars", "application/json", `[1,"a",null]`, "", []string{`{"value":1}`, `{"value":"a"}`, `{"value":null}`}},
		{"scalar under value", "application/json", `{"value":true}`, "", []string{`{"value":true}`}},
		{"scalar under value, split", "application/json", `{"value":true}`, `"splitItems":true`, []string{`{"value":true}`}},
		{"scalar", "application/json", `"text"`, "", []string{`{"value":"text"}`}},
		{"null", "application/json", `null`, "", []string{`{"value":null}`}},
		{"no body", "application/json", "", "", []string{`{"success":true}`}},
		{"white space", "application/json", " \r\n", "", []string{`{"success":true}`}},
		{"byte order mark", "application/json; charset=utf-8", "\uFEFF{}", "", []string{`{}`}},
		{"no content type", "", `{"a":1}`, "", []string{`{"a":1}`}},
		{"problem+json", "application/hal+json", `{"a":1}`, "", []string{`{"a":1}`}},
		{"collection", "application/json", odata, "", []string{odata}},
		{"splitItems", "application/json", odata, `"splitItems":true`, []string{`{"Id":1,"@odata.id":"x"}`, `{"value":2}`, `{"value":null}`, `{"value":[3]}`}},
		{"simplify", "application/json", odata, `"simplify":true`, []string{`{"value":[{"Id":1},2,null,[3]]}`}},
		{"both", "application/json", odata, `"simplify":true,"splitItems":true`, []string{`{"Id":1}`, `{"value":2}`, `{"value":null}`, `{"value":[3]}`}},
		{"duplicate and index keys", "application/json", `{"b":1,"2":2,"b":3,"1":4}`, "", []string{`{"1":4,"2":2,"b":3}`}},
	} {
		r, _ := serve(t, "odata", say(200, c.kind, c.body))
		items, err := r.run(readThing(), `{"id":"1","requestOptions":{`+c.options+`}}`)
		if got := strings.Join(texts(items), "\n"); err != nil || got != strings.Join(c.want, "\n") {
			t.Errorf("%s: %s %v", c.name, got, err)
		}
	}
	r, _ := serve(t, "odata", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	r.want(writeThing(), `{"id":"1"}`, `{"success":true}`)
}

func TestBadAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, body, want string }{
		{"application/json", `{"a":`, "item 0: Things: Get Thing: the answer is not JSON: unexpected end of JSON input"},
		{"text/html; charset=utf-8", "<html>", "item 0: Things: Get Thing: 200 OK, but the answer is a web page and not the API's\nCheck the credential's base URL."},
	} {
		r, _ := serve(t, "odata", say(200, c.kind, c.body))
		_, err := r.run(readThing(), `{"id":"1"}`)
		r.wantError(err, "", c.want)
	}
}

// TestFiles reads each kind of file into the item and into a store.
func TestFiles(t *testing.T) {
	t.Parallel()
	sim := startPBX(t, pbxsim.Options{})
	for _, c := range []struct{ id, params, mime, name, ext, kind, size, begin string }{
		{"DownloadRecording", `{"recId":1}`, "audio/wav", "recording-1.wav", "wav", "audio", "844 B", "RIFF"},
		{"ExportCallCosts", `{}`, "text/csv", "callcosts.csv", "csv", "text", "67 B", "Prefix,Country"},
		{"ExportTrunk", `{"Id":1}`, "application/zip", "", "zip", "application", "", "PK"},
	} {
		op := pbxOp(t, c.id)
		if c.id == "ExportTrunk" {
			w := &walk{rig: pbxRig(t, sim, "secret"), sim: sim}
			c.params = fmt.Sprintf(`{"Id":%v}`, w.last("Trunks")["Id"])
			c.name = fmt.Sprintf("trunk-%v.zip", w.last("Trunks")["Id"])
		}
		for _, stored := range []bool{false, true} {
			r := pbxRig(t, sim, "secret")
			store := binary.New(t.TempDir())
			if stored {
				r.call.Binary = store
			}
			items, err := r.run(op, c.params)
			if err != nil || len(items) != 1 || items[0].JSON() != "{}" {
				t.Fatalf("%s: %v %v", c.id, texts(items), err)
			}
			f, _ := items[0].Binary().Get("data")
			content := readFile(t, store, f)
			if f.MimeType != c.mime || f.FileName != c.name || f.FileExtension != c.ext || f.FileType != c.kind || f.Bytes != int64(len(content)) ||
				!strings.HasPrefix(content, c.begin) || c.size != "" && f.FileSize != c.size || (f.ID != "") != stored {
				t.Errorf("%s: %+v %.20q", c.id, f, content)
			}
			if c.ext == "zip" {
				if _, err := zip.NewReader(bytes.NewReader([]byte(content)), int64(len(content))); err != nil {
					t.Error(err)
				}
			}
			store.Close()
		}
	}
}

func readFile(t *testing.T, store *binary.Store, f nodes.File) string {
	t.Helper()
	if f.ID == "" {
		content, err := base64.StdEncoding.DecodeString(f.Data)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	src, err := store.Open(t.Context(), f.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	content, err := io.ReadAll(src)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for disposition, want := range map[string]string{
		``: "data", `attachment`: "data", `attachment; filename=a.wav`: "a.wav", `attachment; filename="a b.wav"`: "a b.wav",
		`attachment; filename*=UTF-8''S%C3%B6.wav`: "Sö.wav", `attachment; filename="../../etc/passwd"`: "passwd",
		`attachment; filename="..\\..\\x.exe"`: "x.exe", `attachment; filename=".."`: "data", `attachment; filename="/"`: "data",
	} {
		res := &http.Response{Header: http.Header{"Content-Disposition": {disposition}}, Request: httptestRequest(t, "http://h/x/Pbx.Get(a='b.c')")}
		if got := fileName(res); got != want {
			t.Errorf("%s: %q, want %q", disposition, got, want)
		}
	}
	if got := fileName(&http.Response{Request: httptestRequest(t, "http://h/x/report%20one.pdf?x")}); got != "report one.pdf" {
		t.Error(got)
	}
}

func httptestRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSizeText(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 1234: "1.23 kB", 99950: "100 kB", 999499: "999 kB", 999999: "1 MB", 5e15: "5e+03 TB"} {
		if got := nodes.SizeText(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// fullStore is a disk without room.
type fullStore struct{ closed int }

func (s *fullStore) Create(context.Context) (string, io.WriteCloser, error) { return "id", s, nil }
func (s *fullStore) Open(context.Context, string) (io.ReadCloser, error)    { return nil, io.EOF }
func (s *fullStore) Write([]byte) (int, error)                              { return 0, errors.New("no space left on device") }
func (s *fullStore) Close() error                                           { s.closed++; return nil }

func TestFullDisk(t *testing.T) {
	t.Parallel()
	asked := 0
	r, _ := serve(t, "odata", func(w http.ResponseWriter, _ *http.Request) {
		asked++
		say(200, "text/csv", "a,b")(w, nil)
	})
	store := &fullStore{}
	r.call.Binary = store
	_, err := r.run(readThing(), `{"id":"1"}`)
	r.wantError(err, "", "item 0: keeping the file: no space left on device")
	if asked != 1 || store.closed != 1 {
		t.Errorf("%d requests, closed %d times", asked, store.closed)
	}
}

func TestEmptyAnswerOfFile(t *testing.T) {
	t.Parallel()
	r, _ := serve(t, "plain", say(200, "text/plain", ""))
	r.want(readThing(), `{"id":"1"}`, `{"success":true}`)
	r, _ = serve(t, "plain", say(200, "", "\x00\x01"))
	items, err := r.run(readThing(), `{"id":"1"}`)
	if err != nil || len(items) != 1 {
		t.Fatal(err)
	}
	if f, _ := items[0].Binary().Get("data"); f.MimeType != "application/octet-stream" || f.Data != "AAE=" || f.FileName != "data" {
		t.Errorf("%+v", f)
	}
}

// TestErrorBodyIsCapped reads no more of an error than people will.
func TestErrorBodyIsCapped(t *testing.T) {
	t.Parallel()
	body := strings.NewReader(strings.Repeat("x", maxError+1000))
	w := &worker{step: &step{x: New()}}
	a, err := w.read(t.Context(), &http.Response{StatusCode: 500, ContentLength: 1 << 40, Header: http.Header{}, Body: io.NopCloser(body)})
	if err != nil || len(a.body) != maxError || body.Len() == 0 {
		t.Errorf("%v, %d bytes are left", err, body.Len())
	}
	if _, err := w.x.readBody(&http.Response{ContentLength: 400 << 20, Body: io.NopCloser(strings.NewReader("{}"))}, maxJSON); err != nil {
		t.Error(err)
	}
}

func TestMilliseconds(t *testing.T) {
	t.Parallel()
	for json, want := range map[string]time.Duration{
		"1500": 1500 * time.Millisecond, "0.5": 500 * time.Microsecond, "-1": 0, "1e300": 24 * time.Hour, `"NaN"`: 0, "null": 0,
	} {
		if got := milliseconds(gjson.Parse(json)); got != want {
			t.Errorf("%s: %s, want %s", json, got, want)
		}
	}
}
