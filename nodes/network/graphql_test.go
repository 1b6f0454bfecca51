package network_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// TestGraphQLRetry: a query is sent again where the server answered, item by item, and not where nobody knows what became of it.
func TestGraphQLRetry(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ routes, want, sent string }{
		"errors":    {`{"/g":[{"json":{"data":1}},{"json":{"errors":[{"message":"busy"}]}},{"json":{"data":2}}]}`, `[{"data":1},{"data":2}]`, "n1 n2 n2"},
		"no answer": {`{"/g":[{"json":{"data":1}},{"reset":true},{"json":{"data":2}}]}`, "", "n1 n2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, gjson.Parse(c.routes))
			got := run(t, gjson.Parse(server.here(`{"node":{"type":"n8n-nodes-base.graphql","typeVersion":1.1,"retryOnFail":true,"maxTries":2,"waitBetweenTries":0,
				"parameters":{"endpoint":"http://SERVER/g","requestFormat":"graphql","query":"=n{{ $json.n }}"}},"input":[{"json":{"n":1}},{"json":{"n":2}}]}`)))
			var sent []string
			for _, line := range strings.Split(server.requests(), "\n") {
				if text := strings.Trim(line, ` "`); strings.HasPrefix(text, "n") {
					sent = append(sent, text)
				}
			}
			if text := strings.Join(sent, " "); text != c.sent {
				t.Errorf("sent %s, want %s", text, c.sent)
			}
			if ok := strings.HasPrefix(got, "success"); ok != (c.want != "") || ok && !strings.Contains(got, `{"data":2} < 1`) {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestGraphQLSecrets: an error does not hold what the credential has.
func TestGraphQLSecrets(t *testing.T) {
	t.Parallel()
	server := newServer(t, gjson.Parse(`{"/g":{"json":{"errors":[{"message":"the key s3cret-key is not known"}]}}}`))
	got := run(t, gjson.Parse(server.here(`{"node":{"type":"n8n-nodes-base.graphql","typeVersion":1.1,"parameters":{"endpoint":"http://SERVER/g","query":"{a}","authentication":"headerAuth"}},
		"input":[{"json":{}}],"credentials":{"httpHeaderAuth":{"name":"X-Key","value":"s3cret-key"}}}`)))
	if want := `error "the key *** is not known"`; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestGraphQLRetryContinues: where errors do not stop the workflow, of the answers to several tries the last is handed on.
func TestGraphQLRetryContinues(t *testing.T) {
	t.Parallel()
	for _, onError := range []string{"continueRegularOutput", "continueErrorOutput"} {
		for routes, want := range map[string]string{
			`[{"json":{"data":1,"errors":[{"message":"busy"}]}},{"json":{"data":2}}]`:                                                                                 "{\"data\":2} < 0",
			`[{"json":{"data":1,"errors":[{"message":"busy"}]}},{"json":{"data":2,"errors":[{"message":"busy"}]}},{"json":{"data":3,"errors":[{"message":"busy"}]}}]`: `{"data":3,"errors"`,
		} {
			server := newServer(t, gjson.Parse(`{"/g":`+routes+`}`))
			got := run(t, gjson.Parse(server.here(`{"node":{"type":"n8n-nodes-base.graphql","typeVersion":1.1,"retryOnFail":true,"maxTries":3,"waitBetweenTries":0,"onError":"`+onError+`",
				"parameters":{"endpoint":"http://SERVER/g","requestFormat":"graphql","query":"=n{{ $json.n }}"}},"input":[{"json":{"n":1}}]}`)))
			if strings.Count(got, `"data"`) != 1 || !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s", onError, got, want)
			}
		}
	}
}
