package network_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes/network"
	"github.com/cordboard/cordboard/runtime"
)

var recordCurl = flag.Bool("record-curl", false, "run the commands of testdata/curl.json with the real curl and keep the requests")

// curlCase is a command and the request that curl 8 makes of it, without curl's own Accept.
type curlCase struct {
	Command string   `json:"command"`
	Request []string `json:"request"`
}

// TestFromCurl: the node made of a command sends what curl sends.
func TestFromCurl(t *testing.T) {
	t.Parallel()
	const file = "testdata/curl.json"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []curlCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		server := newServer(t, gjson.Parse(`{"/moved":{"status":302,"headers":{"location":"/there"}}}`))
		command := server.here(c.Command)
		if *recordCurl {
			if out, err := exec.Command("bash", "-c", command).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", command, err, out)
			}
			cases[i].Request = strings.Split(comparable(server.requests()), "\n")
			continue
		}
		parameters, err := network.FromCurl(command)
		if err != nil {
			t.Errorf("%s: %v", c.Command, err)
			continue
		}
		r := execute(t, context.Background(), newEngine(t, gjson.Result{}), workflow(parameters, `[{"json":{}}]`, ""), runtime.RunOptions{})
		if got, want := comparable(server.requests()), strings.Join(c.Request, "\n"); got != want {
			t.Errorf("%s\n%s\ngot\n%s\nwant\n%s\n%s", c.Command, parameters, got, want, failure(r).Raw)
		}
	}
	if *recordCurl {
		var out strings.Builder
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(cases); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// comparable leaves out what each client has its own way with: what it accepts, and how it escapes.
func comparable(requests string) string {
	var lines []string
	for line := range strings.SplitSeq(requests, "\n") {
		if !strings.HasPrefix(line, "  accept: ") {
			lines = append(lines, escapes.ReplaceAllStringFunc(strings.NewReplacer("%20", " ", "+", " ").Replace(line), strings.ToUpper))
		}
	}
	return strings.Join(lines, "\n")
}

var escapes = regexp.MustCompile("%[0-9a-f]{2}")

func TestFromCurlErrors(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"curl":                           "the command has no address",
		"curl 'http://x":                 "the command ends within a quote (')",
		"curl http://x http://y":         `"http://y": there are two addresses; a node sends to one`,
		"curl http://x --ntlm":           "the option --ntlm has no counterpart in the node",
		"curl http://x -H":               "the option --header has no value",
		"curl http://x -d @file":         "--data @file reads a file: read it with a node before and send it as binary data",
		"curl http://x -F a":             `--form "a": it must be name=value`,
		"curl http://x -F 'a=b;type=c'":  `--form "a=b;type=c": the node cannot give a text a type`,
		"curl http://x -F a=b -d c":      "a request has either a form (-F) or data (-d)",
		"curl http://x --max-time never": `--max-time "never": it must be a number of seconds`,
	} {
		if _, err := network.FromCurl(command); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", command, err, want)
		}
	}
}

// TestFromCurlOptions looks at what shows in no request.
func TestFromCurlOptions(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"curl -kL x":                          `{"method":"GET","options":{"allowUnauthorizedCerts":true},"url":"http://x"}`,
		"curl -L -x proxy:8080 -m 2 http://x": `{"method":"GET","options":{"proxy":"http://proxy:8080","timeout":2000},"url":"http://x"}`,
		"curl -sSL -F f=@a.png http://x":      `{"bodyParameters":{"parameters":[{"inputDataFieldName":"f","name":"f","parameterType":"formBinaryData"}]},"contentType":"multipart-form-data","method":"POST","options":{},"sendBody":true,"url":"http://x"}`,
	} {
		if got, err := network.FromCurl(command); err != nil || got != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", command, err, got, want)
		}
	}
}
