package expression

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/runtime/script"
)

// scriptVariables are the names of expressions that scripts of nodes see. As in n8n, these have neither the extension
// functions nor $if, $ifEmpty and their like.
var scriptVariables = nameSet("$", "$agentInfo", "$binary", "$data", "$env", "$evaluateExpression", "$execution", "$executionId", "$fromAI", "$fromAi", "$fromai",
	"$getPairedItem", "$input", "$item", "$itemIndex", "$items", "$jmesPath", "$jmespath", "$json", "$mode", "$node", "$nodeId", "$nodeVersion", "$now", "$parameter",
	"$position", "$prevNode", "$rawParameter", "$resumeWebhookUrl", "$runIndex", "$secrets", "$self", "$thisItem", "$thisItemIndex", "$thisRunIndex", "$today", "$tool",
	"$vars", "$webhookId", "$workflow", "DateTime", "Duration", "Interval")

const (
	// firstLine is how many lines of a program are before the script's own: more than any library has, so that the lines
	// of a stack tell whose they are.
	firstLine = 10000
	// maxScripts bounds the programs that are kept; beyond it all are dropped.
	maxScripts = 256
	// maxScriptTime is the longest time of a script, waits included, as in n8n.
	maxScriptTime = 300 * time.Second
	// maxAsked bounds what a script has under way beside it; the rest waits.
	maxAsked = 64
	// maxRandom bounds the random bytes of one question.
	maxRandom = 1 << 16
)

// scripts are the machines for the scripts of nodes, with the programs that were compiled for them.
type scripts struct {
	pool     *script.Pool
	mu       sync.Mutex
	programs map[string]*script.Program
}

func newScripts(o script.Options) *scripts {
	if o.Machines == 0 {
		o.Machines = 10 // as many as n8n's runner has tasks: a script that waits keeps its machine
	}
	if o.Memory == 0 {
		o.Memory = 512 << 20
	}
	if o.Timeout == 0 {
		o.Timeout = 60 * time.Second
	}
	o.Prelude = prelude(true)
	return &scripts{pool: script.NewPool(o), programs: map[string]*script.Program{}}
}

func (s *scripts) program(of nodes.Script) *script.Program {
	key := of.Source + "\x00" + strings.Join(of.Names, ",") + "\x00" + of.Library
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.programs[key]
	if p == nil {
		if len(s.programs) >= maxScripts {
			clear(s.programs)
		}
		p = script.NewProgram(scriptProgram(of))
		s.programs[key] = p
	}
	return p
}

// scriptProgram writes the program {names, line, library, make} that scripts/4_entry.js runs.
func scriptProgram(s nodes.Script) string {
	var names []string
	found := map[string]bool{}
	own := nameSet(s.Names...)
	for _, name := range identifiers.FindAllString(s.Source, -1) {
		if !found[name] && (scriptVariables[name] || own[name]) {
			names = append(names, name)
		}
		found[name] = true
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	head := "({names:[" + strings.Join(quoted, ",") + "],line:" + strconv.Itoa(firstLine) + ",library:(" + s.Library + "\n),make(){"
	source := s.Source
	if tree, err := parseScript(source); err == nil {
		if free := undeclared(tree, source, own); len(free) > 0 {
			head += "let " + strings.Join(free, ",") + ";"
		}
		source = sayCaught(source, tree)
	}
	if len(names) > 0 {
		head += "let " + strings.Join(names, ",") + ";"
	}
	head += "return{set(values){"
	for i, name := range names {
		head += name + "=values[" + strconv.Itoa(i) + "];"
	}
	head += "},run:async function(){"
	pad := max(0, firstLine-strings.Count(head, "\n"))
	return head + strings.Repeat("\n", pad) + source + "\n},pad:" + strconv.Itoa(pad) + "}}})"
}

var identifiers = regexp.MustCompile(`[$A-Za-z_][$\w]*`)

func parseScript(source string) (*js.AST, error) {
	return js.Parse(parse.NewInputString("(async function(){"+source+"\n})"), js.Options{})
}

// undeclared returns the names that a script sets without a declaration, which makes them globals in JavaScript's sloppy
// mode. The machines' globals are frozen, so these names get a declaration. Code that the parser does not take has none.
func undeclared(tree *js.AST, source string, own map[string]bool) []string {
	var names []string
	for _, v := range tree.Undeclared {
		name := string(v.Data)
		if scriptVariables[name] || own[name] || !identifiers.MatchString(name) {
			continue
		}
		word := `(?:^|[^.$\w])` + regexp.QuoteMeta(name)
		set := regexp.MustCompile(word + `\s*(?:=[^=>]|(?:[-+*/%&|^]|\*\*|<<|>>>?|&&|\|\||\?\?)=|\+\+|--)|(?:\+\+|--)` + regexp.QuoteMeta(name) + `\b|` + word + `\s+(?:of|in)\s`)
		if set.MatchString(source) {
			names = append(names, name)
		}
	}
	return names
}

// RunScript runs the script of a node for these items of input 0; see nodes.Scripts.
func (b *Batch) RunScript(ctx context.Context, s nodes.Script, items nodes.Items, args string, host nodes.ScriptHost) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.env.items
	// A script sees of each item its own place as pairedItem, so that one that it returns descends from itself.
	b.env.items = items.WithLineage(func(i int, it nodes.Item) nodes.Item { return it.WithParents(nodes.From(i, 0)) })
	defer func() { b.env.items = all }()
	ctx, cancel := context.WithTimeoutCause(ctx, maxScriptTime, errors.New("the code took longer than "+maxScriptTime.String()))
	defer cancel()
	b.job = &job{ctx: ctx, host: host, wake: make(chan struct{}, 1), slots: make(chan struct{}, maxAsked)}
	defer func() {
		cancel()
		b.job.running.Wait()
		b.job = nil
	}()
	text, err := b.evaluator.scripts.pool.CallAsync(ctx, b.evaluator.scripts.program(s), b.answer, b.job.wait, args)
	if err != nil {
		return "", scriptError(err)
	}
	return text, nil
}

func scriptError(err error) error {
	var e *script.Error
	if !errors.As(err, &e) || e.Limit {
		return nodes.Errorf("%w", err)
	}
	text := e.Message
	if e.Line > firstLine {
		text += " [line " + strconv.Itoa(e.Line-firstLine) + "]"
	}
	failed := nodes.Errorf("%s", text)
	failed.Description, failed.Cause = e.Name, err
	return failed
}

func (b *Batch) failureText(id int) (string, error) {
	if id < 0 || id >= len(b.failures) {
		return "", nil
	}
	e := nodes.AsError(b.failures[id])
	var o nodes.ObjectBuilder
	o.Set("message", nodes.StringValue(e.Message))
	o.Set("description", nodes.StringValue(e.Description))
	return o.String(), nil
}

// job is a script under way: what it asked of its host, and what of that is done.
type job struct {
	ctx     context.Context
	host    nodes.ScriptHost
	wake    chan struct{}
	slots   chan struct{}
	running sync.WaitGroup
	count   int

	mu   sync.Mutex
	done []string // [id, ok, value]
}

// ask answers what only scripts ask.
func (j *job) ask(what string, args []gjson.Result) (string, error) {
	switch what {
	case "host":
		if len(args) == 0 {
			return "", thrown{"nothing to ask"}
		}
		json, err := j.host(j.ctx, args[0].Str, args[1:])
		if err != nil {
			return "", thrown{err.Error()}
		}
		return json, nil
	case "start":
		return j.start(argOf(args, 0).Str, argOf(args, 1).Array()), nil
	case "done":
		j.mu.Lock()
		defer j.mu.Unlock()
		list := "[" + strings.Join(j.done, ",") + "]"
		j.done = nil
		return list, nil
	case "random":
		b := make([]byte, max(0, min(maxRandom, int(argOf(args, 0).Int()))))
		_, _ = rand.Read(b) // never fails
		return `"` + base64.StdEncoding.EncodeToString(b) + `"`, nil
	case "url":
		return parseURL(argOf(args, 0).Str, argOf(args, 1).Str), nil
	}
	return "", thrown{"nobody answers " + what}
}

// start lets the host answer beside the script, and returns the number under which the answer comes.
func (j *job) start(what string, args []gjson.Result) string {
	j.count++
	id := strconv.Itoa(j.count)
	j.running.Go(func() {
		j.slots <- struct{}{}
		value, err := j.host(j.ctx, what, args)
		<-j.slots
		entry := "[" + id + ",true]"
		switch {
		case err != nil:
			entry = "[" + id + ",false," + failedAnswer(err) + "]"
		case value != "":
			entry = "[" + id + ",true," + value + "]"
		}
		j.mu.Lock()
		j.done = append(j.done, entry)
		j.mu.Unlock()
		select {
		case j.wake <- struct{}{}:
		default:
		}
	})
	return id
}

// failedAnswer is an error as the members of a JavaScript one; an error may bring more of them as JSON.
func failedAnswer(err error) string {
	var with interface{ ScriptMembers() string }
	if errors.As(err, &with) {
		return with.ScriptMembers()
	}
	var o nodes.ObjectBuilder
	o.Set("message", nodes.StringValue(err.Error()))
	return o.String()
}

// wait is a pause in which nothing of the script runs, until an answer comes or the time is over.
func (j *job) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-j.wake:
	case <-timer.C:
	}
	return nil
}

var defaultPorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

// parseURL takes an address apart, relative to base where one is given; "" if it is no URL.
func parseURL(text, base string) string {
	u, err := url.Parse(strings.TrimSpace(text))
	if err == nil && base != "" {
		var from *url.URL
		if from, err = url.Parse(base); err == nil && from.IsAbs() {
			u = from.ResolveReference(u)
		}
	}
	if err != nil || !u.IsAbs() {
		return ""
	}
	port, special := u.Port(), defaultPorts[u.Scheme] != ""
	if special && u.Hostname() == "" {
		return ""
	}
	if port == defaultPorts[u.Scheme] {
		port = ""
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	path := u.EscapedPath()
	if u.Opaque != "" {
		path = u.Opaque
	} else if special || u.Scheme == "file" {
		path = (&url.URL{}).ResolveReference(&url.URL{Path: "/" + strings.TrimPrefix(u.Path, "/"), RawPath: "/" + strings.TrimPrefix(path, "/")}).EscapedPath()
	}
	return urlParts(u, host, port, path, special)
}

func urlParts(u *url.URL, host, port, path string, special bool) string {
	scheme, user, password := u.Scheme+":", "", ""
	authority := host
	if port != "" {
		authority += ":" + port
	}
	origin := "null"
	if special {
		origin = scheme + "//" + authority
	}
	if u.User != nil {
		user, password, _ = strings.Cut(u.User.String(), ":")
		authority = u.User.String() + "@" + authority
	}
	search, hash := "", ""
	if u.RawQuery != "" {
		search = "?" + strings.ReplaceAll(u.RawQuery, " ", "%20")
	}
	if u.Fragment != "" {
		hash = "#" + u.EscapedFragment()
	}
	slashes := "//"
	if u.Opaque != "" {
		slashes, authority = "", ""
	}
	var o nodes.ObjectBuilder
	for _, part := range [][2]string{{"href", scheme + slashes + authority + path + search + hash}, {"origin", origin}, {"protocol", scheme}, {"username", user},
		{"password", password}, {"hostname", host}, {"port", port}, {"pathname", path}, {"search", search}, {"hash", hash}} {
		o.Set(part[0], nodes.StringValue(part[1]))
	}
	return o.String()
}
