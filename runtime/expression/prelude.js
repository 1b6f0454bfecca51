// The JavaScript side of the JavaScript tier: the variables of expressions, n8n's extension functions, and the entry
// that evaluates a program for a run of items. Ours in every line; what it answers is held to cases recorded from n8n.
'use strict';
const { parse, stringify } = JSON;
const ask = globalThis.__host;
delete globalThis.__host;

// ---- failures: errors of n8n's own, which fail the item; JavaScript's make the value undefined

class Failure {
	constructor(id) { this.id = id; }
}
// The host answers "=" and JSON, "" for undefined, or "!" and the number of an error that it keeps.
const query = (...question) => put(stringify(question));
const put = (question) => {
	const answer = ask(question);
	if (answer === '!') throw new TypeError('invalid argument');
	if (answer[0] === '!') throw new Failure(answer.slice(1));
	return answer === '' ? undefined : parse(answer.slice(1));
};
const fail = (kind, ...args) => query('fail', kind, ...args);

// ---- the call at hand: what was asked of the host already

let known;
const once = (...question) => {
	const key = stringify(question);
	let answer = known.get(key);
	if (answer === undefined && !known.has(key)) known.set(key, answer = put(key));
	return answer;
};

// ---- extension functions

const typeOf = (v) => {
	switch (typeof v) {
		case 'string': return 'String';
		case 'number': return 'Number';
		case 'boolean': return 'Boolean';
	}
	if (Array.isArray(v)) return 'Array';
	if (v instanceof Date) return 'Date';
	return typeof v === 'object' ? 'Object' : '';
};
const isEmpty = (v) => {
	if (v === undefined || v === null || v === '') return true;
	if (v instanceof Moment) return false;
	switch (typeOf(v)) {
		case 'Number': return v === 0 || v !== v;
		case 'Array': return v.length === 0;
		case 'Object': return Object.keys(v).length === 0;
	}
	return false;
};
const wholeOnly = (name, f) => (v) => Number.isInteger(v) ? f(v) : fail('plain', name + '() is only callable on integers');
const extensions = {
	String: { length: (s) => s.length },
	Number: {
		round: (n, digits) => +n.toFixed(digits),
		floor: (n) => Math.floor(n), ceil: (n) => Math.ceil(n), abs: (n) => Math.abs(n),
		isInteger: (n) => Number.isInteger(n),
		isEven: wholeOnly('isEven', (n) => n % 2 === 0), isOdd: wholeOnly('isOdd', (n) => Math.abs(n) % 2 === 1),
	},
	Array: {
		first: (a) => a[0], last: (a) => a[a.length - 1], reverse: (a) => [...a].reverse(),
		sum: (a) => a.reduce((sum, n) => typeof n === 'number' ? sum + n : fail('plain', 'sum(): all array elements must be numbers'), 0),
	},
	Object: {
		keys: (o) => Object.keys(o), values: (o) => Object.values(o), hasField: (o, name) => Object.hasOwn(o, name),
	},
};
const extend = (v, optional, name, ...args) => {
	if (name === 'isEmpty' && !optional) return isEmpty(v);
	if (name === 'isNotEmpty' && !optional) return !isEmpty(v);
	if (v === undefined || v === null) return optional ? undefined : fail('nil', name, v === null);
	if (name === 'isEmpty') return isEmpty(v);
	if (name === 'isNotEmpty') return !isEmpty(v);
	const type = typeOf(v);
	const f = extensions[type]?.[name];
	if (f && Object.hasOwn(extensions[type], name)) return f(v, ...args);
	if (v instanceof Moment) return v[name](...args);
	if (extensionTypes[name].includes(type)) fail('notYet', type + '.' + name + '()');
	if (typeof v[name] === 'function') return v[name](...args);
	fail('onlyOn', name);
};

// ---- variables

const notYet = (name) => new Proxy(function () {}, {
	get(_, key) { return typeof key === 'symbol' ? undefined : fail('notYet', name + '.' + key); },
	apply() { return fail('notYet', name + '()'); },
	construct() { return fail('notYet', 'new ' + name + '()'); },
});
class NodeReference {
	#name; #index;
	constructor(name, index) { this.#name = name; this.#index = index; }
	#ask(what, ...args) {
		if (!known.has(this.#name)) known.set(this.#name, query('exists', this.#name));
		return once(what, this.#name, ...args);
	}
	first(output = -1, run = -1) { return this.#ask('output', output, run)[0]; }
	last(output = -1, run = -1) { return this.#ask('output', output, run).at(-1); }
	all(output = -1, run = -1) { return this.#ask('output', output, run); }
	itemMatching(i = this.#index) { return this.#ask('paired', i); }
	pairedItem(i = this.#index) { return this.#ask('paired', i); }
	get item() { return this.#ask('paired', this.#index); }
	get isExecuted() { return this.#ask('executed'); }
	get params() { return this.#ask('params'); }
	get context() { return this.#ask('context'); }
}
const nodes = (index) => new Proxy({}, {
	get(_, name) {
		if (typeof name === 'symbol' || name === 'toJSON') return undefined;
		const here = () => {
			const items = once('output', name, -1, -1);
			return items[index] ?? items[0];
		};
		once('exists', name);
		return {
			get json() { return here()?.json; },
			get binary() { return here()?.binary ?? {}; },
			get runIndex() { return once('nodeRun', name); },
			get context() { return once('context', name); },
			get parameter() { return once('params', name); },
		};
	},
});
class Input {
	#current;
	constructor(current) { this.#current = current; }
	get item() { return whole(this.#current); }
	first() { return once('input', 0)[0]; }
	last() { return once('input', 0).at(-1); }
	all() { return once('input', 0); }
	get params() { return once('inputParams'); }
	get context() { return once('inputContext'); }
}
const whole = (current) => {
	const item = query('item', current.index);
	if (item) item.json = current.json;
	return item;
};
const functions = {
	$if: (condition, yes, no = false) => condition ? yes : no,
	$ifEmpty: (...args) => args.length === 2 ? (emptyForDefault(args[0]) ? args[1] : args[0])
		: fail('plain', 'expected two arguments (value, defaultValue) for this function'),
	$min: (...args) => Math.min(...args),
	$max: (...args) => Math.max(...args),
	$not: (v) => !v,
};
const emptyForDefault = (v) => v === undefined || v === null || v === '' || (typeof v === 'object' && !(v instanceof Moment) && Object.keys(v).length === 0);

const statics = new Set(['$runIndex', '$workflow', '$execution', '$executionId', '$vars', '$prevNode', '$parameter', '$rawParameter',
	'$nodeVersion', '$nodeId', '$webhookId', '$mode', '$thisRunIndex', '$resumeWebhookUrl']);
const hidden = new Set(['eval', 'Function', 'globalThis', 'Promise', 'Proxy', 'Reflect', 'Intl', 'process', 'require', 'module',
	'Buffer', 'setTimeout', 'setInterval', 'global', 'AsyncFunction', 'GeneratorFunction', 'fetch', 'XMLHttpRequest', 'import']);
const absent = new Set(['InternalError', 'Iterator', 'Atomics', 'SharedArrayBuffer', 'performance', 'queueMicrotask', 'DOMException',
	'navigator', 'gc', 'std', 'os', 'bjson', 'scriptArgs', 'print', 'console', 'escape', 'unescape', 'FinalizationRegistry', 'WeakRef', 'AggregateError']);
const later = new Set(['$secrets', '$fromAI', '$fromAi', '$fromai', '$jmespath', '$jmesPath', '$average', '$item', '$getPairedItem',
	'$evaluateExpression', 'Duration', 'Interval', 'average', 'numberList', 'zip', 'toPathSegment', 'extend', 'extendOptional', '$response', '$request', '$pageCount', '$responseItem', '$value', '$credentials', '$self', '$tool', '$agentInfo']);
const optionalNames = new Set(['$response', '$request', '$pageCount', '$responseItem', '$value', '$credentials', '$self', '$secrets', '$tool', '$agentInfo']);

// Variables that differ from item to item.
const perItem = {
	$json: (current) => current.json, $data: (current) => current.json, $binary: (current) => query('binary', current.index),
	$itemIndex: (current) => current.index, $position: (current) => current.index, $thisItemIndex: (current) => current.index,
	$thisItem: (current) => whole(current), $input: (current) => new Input(current),
	$: (current) => (name) => new NodeReference(name, current.index), $node: (current) => nodes(current.index),
};
// variable returns what gives a variable's value for an item.
const variable = (name, extra) => {
	if (!(extra && Object.hasOwn(extra, name)) && Object.hasOwn(perItem, name)) return perItem[name];
	const value = fixed(name, extra);
	return () => value;
};
const fixed = (name, extra) => {
	if (extra && Object.hasOwn(extra, name)) return extra[name];
	if (Object.hasOwn(functions, name)) return functions[name];
	if (statics.has(name)) return once('static', name);
	switch (name) {
		case '$items': return (name, output = 0, run = -1) => name === undefined ? once('input', 0) : once('output', name, output, run);
		case '$env': return new Proxy({}, { get: (_, key) => typeof key === 'symbol' || key === 'toJSON' ? undefined : once('env', key) });
		case '$now': return Moment.of(once('now'));
		case '$today': return Moment.of(once('today'));
		case 'DateTime': return DateTime;
	}
	if (name === '$self') return {};
	if (optionalNames.has(name)) return undefined;
	if (later.has(name)) return notYet(name);
	if (hidden.has(name)) return {};
	return absent.has(name) ? undefined : globalThis[name];
};

// ---- dates: Luxon's objects are the host's; here they are handles that know their wire form

const wireOf = Symbol('wire');
class Moment {
	constructor(wire) { this[wireOf] = wire; Object.freeze(this); }
	// of turns the host's answer into a value: {"$dt": wire} is a date, {"$nan": true} is NaN.
	static of(v) {
		if (v === null || typeof v !== 'object') return v;
		return '$dt' in v ? asMoment(v.$dt) : '$nan' in v ? NaN : v;
	}
	valueOf() { return this[wireOf][0] === null ? NaN : this[wireOf][0]; }
}
const handle = {
	get(target, key) {
		if (key === wireOf) return target[wireOf];
		if (key === Symbol.toPrimitive) return (hint) => hint === 'number' ? target.valueOf() : hint === 'string' ? target.toString() : target.valueOf();
		if (typeof key === 'symbol') return undefined;
		if (key === 'valueOf' || key === 'toMillis') return () => target.valueOf();
		const got = query('date', target[wireOf], key);
		if (got !== null && typeof got === 'object' && '$call' in got) {
			return (...args) => Moment.of(query('dateCall', target[wireOf], key, args.map(plain)));
		}
		return Moment.of(got);
	},
	set() { throw new TypeError('a DateTime is read-only'); },
};
const asMoment = (wire) => new Proxy(new Moment(wire), handle);
const plain = (v) => v instanceof Moment ? { $dt: v[wireOf] } : v;
const DateTime = new Proxy(function DateTime() {}, {
	get(_, key) {
		if (key === 'prototype') return Moment.prototype;
		if (typeof key === 'symbol') return undefined;
		return (...args) => Moment.of(query('dateStatic', key, args.map(plain)));
	},
	construct() { throw new TypeError('DateTime is no constructor'); },
});
Moment.prototype.toString = function () { return query('dateCall', this[wireOf], 'toString', []); };

// ---- results: a tag and JSON, one line each

const toTag = (v) => Object.prototype.toString.call(v);
const encode = (v) => {
	switch (typeof v) {
		case 'undefined': return 'u';
		case 'number':
			if (v !== v || v - v !== 0 || (v === 0 && 1 / v < 0)) return Object.is(v, -0) ? 'n-0' : 'n' + v;
			return 'v' + v;
		case 'bigint': return 'v"' + v + '"';
		case 'function': return 'm' + stringify(String(v).replace(/\{\s*\[native code\]\s*\}/, '{ [native code] }') + ' could not be cloned.');
		case 'symbol': return 'm"Unsupported type"';
		case 'object':
			if (v instanceof Moment) return 'L' + stringify(v[wireOf]);
			if (v instanceof Date) return 'd' + v.getTime();
			if (/ (Iterator|Generator)\]$/.test(toTag(v))) return 'm' + stringify(toTag(v) + ' could not be cloned.');
	}
	const json = stringify(v, (_, inner) => typeof inner === 'bigint' ? String(inner) : inner instanceof Moment ? inner.toJSON() : inner);
	return json === undefined ? 'u' : 'v' + json;
};
const print = (evaluate, catches) => {
	let v;
	try {
		v = evaluate();
		if (v === undefined || v === null || v !== v) return '';
		if (typeof v === 'symbol') fail('plain', 'Expression evaluation failed: Cannot convert a Symbol value to a string');
		// A member called toString is no conversion.
		return typeof v === 'object' && Object.hasOwn(v, 'toString') && typeof v.toString !== 'function' ? toTag(v) : String(v);
	} catch (e) {
		if (e instanceof Failure || e instanceof InternalError || !catches) throw e;
		return '';
	}
};
const self = Object.freeze({ process: Object.freeze({}), require: Object.freeze({}), module: Object.freeze({}), Buffer: Object.freeze({}) });
const evaluate = (program, variables, current) => {
	try {
		const args = [];
		for (let i = 0; i < variables.length; i++) args[i] = variables[i](current);
		return encode(program.run.apply(self, args));
	} catch (e) {
		if (e instanceof Failure) return 'e' + e.id;
		if (e instanceof InternalError) throw e;
		return program.catches ? 'u' : 'm' + stringify(String(e?.message ?? e));
	}
};

// ---- what QuickJS answers otherwise for want of locales: exact where it is simple, refused elsewhere

const weight = (c) => {
	const code = c.charCodeAt(0);
	return c === ' ' ? 0 : code < 58 ? code : c.toLowerCase().charCodeAt(0);
};
const compare = (a, b) => {
	const n = Math.min(a.length, b.length);
	for (let i = 0; i < n; i++) if (weight(a[i]) !== weight(b[i])) return weight(a[i]) < weight(b[i]) ? -1 : 1;
	if (a.length !== b.length) return a.length < b.length ? -1 : 1;
	for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] > b[i] ? -1 : 1;
	return 0;
};
const override = (prototype, name, f) => Object.defineProperty(prototype, name, { value: f, writable: true, configurable: true });
override(String.prototype, 'localeCompare', { localeCompare(that, ...options) {
	const a = String(this), b = String(that);
	if (options.length === 0 && /^[A-Za-z0-9 ]*$/.test(a + b)) return compare(a, b);
	return a === b ? 0 : fail('notYet', 'localeCompare() with options, or beyond letters, digits and blanks,');
} }.localeCompare);
for (const [prototype, names] of [[Date.prototype, ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']],
	[Number.prototype, ['toLocaleString']], [BigInt.prototype, ['toLocaleString']], [Array.prototype, ['toLocaleString']]]) {
	for (const name of names) override(prototype, name, { [name]() { return fail('notYet', name + '()'); } }[name]);
}

globalThis.__extend = extend;
globalThis.__print = print;
globalThis.__same = (v) => v;

return (program, items, first, count, extra) => {
	known = new Map();
	const list = items === '' ? undefined : parse(items);
	const names = extra === '' ? undefined : parse(extra);
	const lines = [];
	const variables = program.names.map((name) => variable(name, names));
	for (let k = 0; k < count; k++) lines.push(evaluate(program, variables, { index: first + k, json: list?.[k] }));
	known = undefined;
	return lines.join('\n');
};
