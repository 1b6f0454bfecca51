// ---- variables

const jmespath = (data, path) => typeof data === 'object' && typeof path === 'string'
	? answered(query('jmespath', forHost(data), path)) : wrong('expected two arguments (Object, string) for this function');

class NodeReference {
	#name; #index;
	constructor(name, index) { this.#name = name; this.#index = index; }
	#ask(what, ...args) {
		if (!known.has(this.#name)) known.set(this.#name, query('exists', this.#name));
		return once(what, this.#name, ...args);
	}
	#output(output, run) {
		for (const n of [output, run]) if (n !== undefined && !(Number.isInteger(n) && n >= 0)) throw new TypeError('no such output');
		return this.#ask('output', output ?? -1, run ?? -1);
	}
	first(output, run) { return this.#output(output, run)[0]; }
	last(output, run) { return this.#output(output, run).at(-1); }
	all(output, run) { return this.#output(output, run); }
	itemMatching(...args) {
		if (!args.length) wrong('Missing item index for .itemMatching()');
		if (!Number.isInteger(args[0])) throw new TypeError('no such item');
		return this.#ask('paired', args[0]);
	}
	pairedItem(i = this.#index) { return this.#ask('paired', i); }
	get item() { return this.#ask('paired', this.#index); }
	get isExecuted() { return this.#ask('executed'); }
	get params() { return this.#ask('params'); }
	get context() { return this.#ask('context'); }
}
const nodeName = (name) => {
	if (typeof name !== 'string') throw new TypeError('a node is named by a text');
	return name;
};
const nodes = (index) => new Proxy({}, {
	get(_, name) {
		if (typeof name === 'symbol' || name === 'toJSON') return undefined;
		const here = () => once('indexed', name, index);
		once('exists', name);
		const reference = {
			get json() { return here()?.json; },
			get data() { return here()?.json; },
			get binary() { return here()?.binary ?? {}; },
			get runIndex() { return once('nodeRun', name); },
			get parameter() { return once('params', name); },
		};
		return Object.defineProperty(reference, 'context', { get: () => once('context', name) });
	},
});
const inputItems = () => once('input', 0);
class Input {
	#current;
	constructor(current) { this.#current = current; }
	get item() { return whole(this.#current); }
	first() { return inputItems()[0]; }
	last() { return inputItems().at(-1); }
	all() { return inputItems(); }
	get params() { return once('inputParams'); }
	get context() { return once('inputContext'); }
}
const whole = (current) => {
	if (current.list) return current.list()[current.index];
	const item = query('item', current.index);
	if (item) item.json = current.json;
	return item;
};
const zip = (keys, values) => {
	if (!Array.isArray(keys) || !Array.isArray(values)) wrong('keys and values must be arrays');
	if (keys.length !== values.length) wrong('keys and values not of equal length');
	return Object.fromEntries(keys.map((k, i) => [k, values[i]]));
};
const numberList = (from, to) => {
	const size = Math.abs(from - to) + 1;
	const up = from < to;
	return Array.from(new Array(size).keys(), (i) => up ? +from + i : from - i);
};
const toPathSegment = (v) => {
	if (v === undefined || v === null) wrong('Invalid identifier: a value is required');
	const s = String(v);
	return s === '' || s === '.' || s === '..' ? wrong(`Invalid identifier: "${s}" is not allowed`) : encodeURIComponent(s);
};
const min = (...args) => Math.min(...args);
const max = (...args) => Math.max(...args);
const not = (v) => !v;
const averageOf = (...args) => average(args);
const evaluateText = (source, index) => {
	if (typeof source !== 'string') throw new TypeError('an expression is a text');
	const v = answered(query('evaluate', index, source));
	return v === undefined || v === null ? v : String(v);
};
// otherItem is $item(index): the variables as item index sees them.
const otherItem = (index) => {
	if (!Number.isInteger(index)) return {};
	const count = inputItems().length;
	if (index < 0 || index >= count) wrong(`"${query('self')}" node has ${count} item(s) but you're trying to access item ${index}`);
	const current = { index, json: once('item', index).json };
	return Object.fromEntries(Object.entries(perItem).filter(([name]) => name !== '$item').map(([name, value]) => [name, value(current)]));
};
const functions = {
	$ifEmpty: (...args) => args.length === 2 ? (emptyForDefault(args[0]) ? args[1] : args[0])
		: wrong('expected two arguments (value, defaultValue) for this function'),
	$min: min, $max: max, $not: not, $average: averageOf, min, max, not, average: averageOf, numberList, zip, toPathSegment,
	extend: (v, name, args) => extend(v, false, name, ...args),
	extendOptional: (v, name) => v === undefined || v === null || !(extensionOf(v, name) || typeof v[name] === 'function')
		? undefined : (...args) => extend(v, true, name, ...args),
	// Outside an AI agent only the default counts.
	$fromAI: (key, _description, _type, otherwise) => key ? otherwise : wrong("Add a key, e.g. $fromAI('placeholder_name')"),
	$getPairedItem: () => undefined,
	$jmespath: jmespath, $jmesPath: jmespath,
};
const emptyForDefault = (v) => v === undefined || v === null || v === '' || (isObject(v) && !isLuxon(v) && Object.keys(v).length === 0);

const statics = new Set(['$runIndex', '$workflow', '$execution', '$executionId', '$vars', '$prevNode', '$parameter', '$rawParameter',
	'$nodeVersion', '$nodeId', '$webhookId', '$mode', '$thisRunIndex', '$resumeWebhookUrl']);
// What n8n hides looks like an empty object.
const hidden = new Set(['eval', 'Function', 'globalThis', 'Promise', 'Proxy', 'Reflect', 'process', 'require', 'module', 'Buffer',
	'setTimeout', 'setInterval', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'global', 'self',
	'AsyncFunction', 'GeneratorFunction', 'AsyncGeneratorFunction', 'Generator', 'AsyncGenerator', 'fetch', 'XMLHttpRequest', 'import',
	'WebAssembly', 'Atomics', 'SharedArrayBuffer', 'escape', 'unescape', '__dirname', '__filename', 'document', 'uneval', 'alert', 'prompt', 'confirm']);
const absent = new Set(['InternalError', 'Iterator', 'performance', 'DOMException', 'navigator', 'gc', 'std', 'os', 'bjson', 'scriptArgs', 'print', 'console',
	'FinalizationRegistry', 'WeakRef', 'AggregateError', 'Float16Array']);
const optionalNames = new Set(['$response', '$request', '$pageCount', '$responseItem', '$value', '$credentials', '$secrets', '$agentInfo']);

// Variables that differ from item to item.
const perItem = {
	$json: (current) => current.json, $data: (current) => current.json, $binary: (current) => query('binary', current.index),
	$itemIndex: (current) => current.index, $position: (current) => current.index, $thisItemIndex: (current) => current.index,
	$thisItem: (current) => whole(current), $input: (current) => new Input(current),
	$evaluateExpression: (current) => (source) => evaluateText(source, current.index),
	$item: (current) => (index) => otherItem(index),
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
		case '$items': return (name, output = 0, run = -1) => name === undefined ? inputItems() : once('output', nodeName(name), output, run);
		case '$env': return new Proxy({}, { get: (_, key) => typeof key === 'symbol' || key === 'toJSON' ? undefined : once('env', key) });
		case '$now': return answered(once('now'));
		case '$today': return answered(once('today'));
		case 'DateTime': case 'Duration': case 'Interval': return classes[name];
	}
	if (name === '$self' || name === '$tool') return {};
	if (optionalNames.has(name)) return undefined;
	if (name === 'Intl') return intl;
	if (name === 'process') return process;
	if (hidden.has(name)) return {};
	if (name === '$fromAi' || name === '$fromai') return functions.$fromAI;
	return absent.has(name) ? undefined : globalThis[name];
};

