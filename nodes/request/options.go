package request

import (
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

const defaultConcurrency = 4

// options are a node's own, from the collection requestOptions. Those of the step as a whole (concurrency and batches) are
// taken from the first item.
type options struct {
	raw string // what they were read from

	returnAll     bool
	splitItems    bool
	simplify      bool
	idsPerRequest int
	concurrency   int
	batchSize     int // 0: no batches
	batchInterval time.Duration
	timeout       time.Duration
	proxy         string
	insecure      bool         // allowUnauthorizedCerts
	rawQuery      string       // escaped, without "?"
	body          gjson.Result // an object; does not exist if there is none
}

// firstOptions are those of the first item that has any; what is wrong with them is told when the item's turn comes.
func (s *step) firstOptions() options {
	for _, checked := range s.call.Checked {
		if checked.Err != nil {
			continue
		}
		if o, err := parseOptions(gjson.Get(checked.JSON, "requestOptions").Raw); err == nil {
			return o
		}
	}
	return options{concurrency: defaultConcurrency}
}

// optionsOf reads the options of an item's parameters, which are mostly the same for all.
func (s *step) optionsOf(params gjson.Result) (options, error) {
	raw := params.Get("requestOptions").Raw
	if raw == s.common.raw {
		return s.common, nil
	}
	return parseOptions(raw)
}

func parseOptions(raw string) (options, error) {
	o := options{raw: raw, concurrency: defaultConcurrency}
	if raw == "" {
		return o, nil
	}
	r := gjson.Parse(raw)
	o.returnAll, o.splitItems, o.simplify = r.Get("returnAll").Bool(), r.Get("splitItems").Bool(), r.Get("simplify").Bool()
	o.idsPerRequest = int(r.Get("idsPerRequest").Int())
	if n := int(r.Get("concurrency").Int()); n > 0 {
		o.concurrency = n
	}
	if size := r.Get("batching.batch.batchSize"); size.Exists() {
		o.batchSize = int(size.Int())
		if o.batchSize == 0 { // as in n8n; a negative one means no batches
			o.batchSize = 1
		}
	}
	o.batchInterval = milliseconds(r.Get("batching.batch.batchInterval"))
	o.timeout = milliseconds(r.Get("timeout"))
	o.proxy, o.insecure = r.Get("proxy").String(), r.Get("allowUnauthorizedCerts").Bool()
	var err error
	if o.body, err = objectOption(r.Get("body"), "requestOptions.body"); err != nil {
		return o, err
	}
	o.rawQuery, err = rawQuery(r.Get("rawQuery"))
	return o, err
}

// milliseconds reads a time. What is longer than a day is a day, what is below nothing is nothing: a number beyond what a
// time.Duration holds would turn into any other.
func milliseconds(v gjson.Result) time.Duration {
	const most = 24 * time.Hour
	ms := v.Float()
	if !(ms > 0) { // nor is NaN, which a text may be
		return 0
	}
	return time.Duration(min(ms, float64(most/time.Millisecond)) * float64(time.Millisecond))
}

// objectOption reads an option that is an object, as JSON or as its text.
func objectOption(v gjson.Result, name string) (gjson.Result, error) {
	if v.Type == gjson.String {
		if strings.TrimSpace(v.Str) == "" {
			return gjson.Result{}, nil
		}
		text, err := nodes.Normalize(v.Str)
		if err != nil {
			return v, nodes.Errorf("is not JSON: %w", err).WithParam(name, "")
		}
		v = gjson.Parse(text)
	}
	if v.Type == gjson.Null {
		return gjson.Result{}, nil
	}
	if !v.IsObject() {
		return v, nodes.Errorf("must be a JSON object").WithParam(name, "")
	}
	return v, nil
}

// rawQuery reads query parameters that the operation does not list: an object, or the text of a query as it is to be sent.
func rawQuery(v gjson.Result) (string, error) {
	const name = "requestOptions.rawQuery"
	if text := strings.TrimSpace(v.Str); v.Type == gjson.String && !strings.HasPrefix(text, "{") {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == '#' || r == 0x7f }) {
			return "", nodes.Errorf("holds a character that a query cannot hold").WithParam(name, "")
		}
		return strings.ReplaceAll(strings.TrimLeft(text, "?&"), " ", "%20"), nil
	}
	object, err := objectOption(v, name)
	var parts []string
	object.ForEach(func(key, member gjson.Result) bool {
		parts = append(parts, escapeName(key.Str)+"="+escape(joined(member)))
		return true
	})
	return strings.Join(parts, "&"), err
}
