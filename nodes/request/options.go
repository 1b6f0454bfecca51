package request

import (
	"time"

	"github.com/tidwall/gjson"
)

// options are a node's own, from the collection requestOptions.
type options struct {
	returnAll     bool
	splitItems    bool
	simplify      bool
	idsPerRequest int
	concurrency   int
	batchSize     int
	batchInterval time.Duration
	timeout       time.Duration
	proxy         string
	insecure      bool // allowUnauthorizedCerts
	rawQuery      string
	body          gjson.Result
}

func (s *step) options(i int) options {
	o := options{concurrency: defaultConcurrency}
	if i >= len(s.call.Checked) || s.call.Checked[i].Err != nil {
		return o
	}
	r := gjson.Get(s.call.Checked[i].JSON, "requestOptions")
	o.returnAll, o.splitItems, o.simplify = r.Get("returnAll").Bool(), r.Get("splitItems").Bool(), r.Get("simplify").Bool()
	o.idsPerRequest = int(r.Get("idsPerRequest").Int())
	if n := int(r.Get("concurrency").Int()); n > 0 {
		o.concurrency = n
	}
	batch := r.Get("batching.batch")
	o.batchSize = int(batch.Get("batchSize").Int())
	o.batchInterval = time.Duration(batch.Get("batchInterval").Float() * float64(time.Millisecond))
	o.timeout = time.Duration(r.Get("timeout").Float() * float64(time.Millisecond))
	o.proxy, o.insecure = r.Get("proxy").String(), r.Get("allowUnauthorizedCerts").Bool()
	o.rawQuery = r.Get("rawQuery").String()
	o.body = r.Get("body")
	if o.body.Type == gjson.String { // JSON as text
		o.body = gjson.Parse(o.body.Str)
	}
	return o
}
