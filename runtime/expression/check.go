package expression

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// Doubts are what cannot work in the expression, as far as its text shows: variables and functions that do not exist. At
// run time these give undefined and no error, so only a check finds them.
func (e *Expression) Doubts() []string {
	c := &checker{own: map[string]bool{}}
	for i := range e.parts {
		p := e.parts[i]
		if !p.isCode || p.parse(e.source) != nil {
			continue
		}
		js.Walk(&ownNames{c.own}, p.expr)
		js.Walk(c, p.expr)
	}
	return c.doubts
}

// ownNames collects the members that the code gives to objects of its own: these may be functions.
type ownNames struct{ names map[string]bool }

func (o *ownNames) Enter(n js.INode) js.IVisitor {
	switch n := n.(type) {
	case *js.ObjectExpr:
		for _, p := range n.List {
			if p.Name != nil {
				o.names[strings.Trim(string(p.Name.Literal.Data), `"'`)] = true
			}
			if p.Spread || p.Name != nil && p.Name.IsComputed() {
				o.names["*"] = true
			}
		}
	case *js.ClassDecl:
		o.names["*"] = true
	case *js.BinaryExpr:
		if dot, ok := n.X.(*js.DotExpr); ok && n.Op == js.EqToken {
			o.names[propertyName(dot)] = true
		}
	}
	return o
}

func (o *ownNames) Exit(js.INode) {}

type checker struct {
	own    map[string]bool
	doubts []string
}

func (c *checker) doubt(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(c.doubts, text) {
		c.doubts = append(c.doubts, text)
	}
}

func (c *checker) Enter(n js.INode) js.IVisitor {
	switch n := n.(type) {
	case *js.UnaryExpr:
		if _, isVar := n.X.(*js.Var); isVar && n.Op == js.TypeofToken {
			return nil // typeof asks whether it exists
		}
	case *js.Var:
		if name, free := freeName(n); free && !knownVariables[name] {
			c.doubt("there is no variable %s%s", name, suggestion(name, knownVariables))
		}
	case *js.CallExpr:
		if dot, ok := n.X.(*js.DotExpr); ok {
			c.method(propertyName(dot))
		}
	}
	return c
}

func (c *checker) Exit(js.INode) {}

func (c *checker) method(name string) {
	if name == "" || c.own[name] || c.own["*"] || extensionTypes[name] != nil || prototypeNames[name] || luxonMethods[name] || otherMethods[name] {
		return
	}
	c.doubt("there is no function %s()%s", name, suggestion(name, knownMethods()))
}

// suggestion names what was probably meant.
func suggestion(name string, known map[string]bool) string {
	limit := min(3, len(name)/2) + 1
	best, distance := "", limit
	for candidate := range known {
		d := editDistance(strings.ToLower(name), strings.ToLower(candidate), limit)
		if d < distance || d == distance && best != "" && candidate < best {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return "; is " + best + " meant?"
}

func knownMethods() map[string]bool {
	all := map[string]bool{}
	for name := range extensionTypes {
		all[name] = true
	}
	for _, set := range []map[string]bool{prototypeNames, luxonMethods, otherMethods} {
		for name := range set {
			if !strings.HasPrefix(name, "_") {
				all[name] = true
			}
		}
	}
	return all
}

// editDistance counts the characters to change, add or drop; it stops at a limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, corner+1, row[j]+1)
		}
	}
	return min(row[len(b)], limit)
}

// knownVariables are all names that an expression sees.
var knownVariables = nameSet("$json", "$data", "$binary", "$input", "$", "$node", "$items", "$item", "$itemIndex", "$position", "$thisItem",
	"$thisItemIndex", "$runIndex", "$thisRunIndex", "$workflow", "$execution", "$executionId", "$vars", "$env", "$secrets", "$prevNode",
	"$parameter", "$rawParameter", "$nodeVersion", "$nodeId", "$webhookId", "$mode", "$resumeWebhookUrl", "$now", "$today", "$response",
	"$request", "$pageCount", "$responseItem", "$value", "$credentials", "$self", "$tool", "$agentInfo", "$fromAI", "$fromAi", "$fromai",
	"$jmespath", "$jmesPath", "$if", "$ifEmpty", "$min", "$max", "$average", "$not", "min", "max", "average", "not", "numberList", "zip",
	"toPathSegment", "extend", "extendOptional", "$getPairedItem", "$evaluateExpression", "DateTime", "Duration", "Interval", "Intl",
	"undefined", "NaN", "Infinity", "Object", "Array", "String", "Number", "Boolean", "Symbol", "BigInt", "Math", "JSON", "Date", "RegExp",
	"Map", "Set", "WeakMap", "WeakSet", "Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError",
	"ArrayBuffer", "DataView", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array",
	"Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array", "parseInt", "parseFloat", "isNaN", "isFinite", "encodeURI",
	"encodeURIComponent", "decodeURI", "decodeURIComponent")

// otherMethods are functions beside those of texts, numbers, lists, plain objects and dates.
var otherMethods = nameSet("first", "last", "all", "item", "itemMatching", "pairedItem", "getAll", "setAll", "has", "add", "delete", "clear",
	"size", "exec", "test", "compile", "call", "apply", "bind", "next", "return", "throw", "description", "hasOwn", "assign", "freeze", "fromEntries",
	"create", "is", "isFrozen", "isSealed", "isExtensible", "preventExtensions", "seal", "getOwnPropertyNames", "getOwnPropertySymbols",
	"groupBy", "isArray", "from", "of", "fromCharCode", "fromCodePoint", "raw", "isFinite", "isInteger", "isNaN", "isSafeInteger",
	"parseFloat", "parseInt", "asIntN", "asUintN", "for", "keyFor", "parse", "stringify", "now", "UTC", "acos", "acosh", "asin", "asinh", "atan", "atan2",
	"atanh", "cbrt", "clz32", "cos", "cosh", "exp", "expm1", "fround", "hypot", "imul", "log", "log10", "log1p", "log2", "max", "min", "pow",
	"random", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc", "union", "isSubsetOf", "isSupersetOf", "isDisjointFrom", "symmetricDifference",
	"intersection", "difference", "subarray", "set", "getTime", "getFullYear", "getMonth", "getDate", "getDay", "getHours", "getMinutes", "getSeconds",
	"getMilliseconds", "getTimezoneOffset", "getUTCFullYear", "getUTCMonth", "getUTCDate", "getUTCDay", "getUTCHours", "getUTCMinutes",
	"getUTCSeconds", "getUTCMilliseconds", "getYear", "setTime", "setFullYear", "setMonth", "setDate", "setHours", "setMinutes", "setSeconds",
	"setMilliseconds", "setUTCFullYear", "setUTCMonth", "setUTCDate", "setUTCHours", "setUTCMinutes", "setUTCSeconds", "setUTCMilliseconds",
	"toDateString", "toISOString", "toLocaleDateString", "toLocaleTimeString", "toTimeString", "toUTCString", "toGMTString",
	"NumberFormat", "DateTimeFormat", "PluralRules", "RelativeTimeFormat", "ListFormat", "Collator", "formatToParts", "resolvedOptions", "select",
	"compare", "getCanonicalLocales", "supportedLocalesOf", "local", "utc", "fromJSDate", "fromMillis", "fromSeconds", "fromObject", "fromISO",
	"fromRFC2822", "fromHTTP", "fromFormat", "fromString", "fromSQL", "fromISOTime", "invalid", "isDateTime", "isDuration", "isInterval", "parseFormatForOpts",
	"expandFormat", "fromFormatExplain", "buildFormatParser", "fromFormatParser", "fromDateTimes", "after", "before", "merge", "xor", "toBSON",
	"toLocaleParts", "reconfigure", "resolvedLocaleOptions", "getPossibleOffsets", "resolvedLocaleOpts", "mapUnits", "shiftToAll", "toISOTime", "removeZeros",
	"length", "count", "isEmpty", "isAfter", "isBefore", "contains", "splitAt", "splitBy", "divideEqually", "overlaps", "abutsStart", "abutsEnd",
	"engulfs", "toDuration", "mapEndpoints", "offsetName", "formatOffset", "offset", "getInt8", "getUint8", "resize", "transfer", "byteLength", "captureStackTrace", "isError", "get", "instance")
