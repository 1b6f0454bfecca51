// ---- scripts: a program is {names, line, library, make}. The library decides what runs how often; make() binds the
// variables anew for each run, which sees one item as the current one.

const variables = new Set(['$secrets', '$self', '$tool', '$agentInfo', '$fromAI', '$fromAi', '$fromai', '$getPairedItem', '$jmespath', '$jmesPath', '$items', '$env', '$now', '$today',
	'DateTime', 'Duration', 'Interval', ...statics, ...Object.keys(perItem)]);
variables.delete('$evaluateExpression');

// isEngines tells the engine's own errors: those of its classes that no code made.
const byCode = new WeakSet();
const enginePrototypes = new Set([TypeError, RangeError, ReferenceError, URIError].map((own) => {
	const construct = (_, args, target) => {
		const e = Reflect.construct(own, args, target);
		byCode.add(e);
		return e;
	};
	const value = new Proxy(own, { construct, apply: (_, self, args) => construct(own, args, value) });
	Object.defineProperty(globalThis, own.name, { value, writable: true, configurable: true });
	Object.defineProperty(own.prototype, 'constructor', { value, writable: true, configurable: true });
	return own.prototype;
}));
const isEngines = (e) => isObject(e) && enginePrototypes.has(Object.getPrototypeOf(e)) && !byCode.has(e);

// inWords says the engine's errors as Node.js does, where that is known.
const wordings = [
	[/^'(.+)' is not defined$/, '$1 is not defined'],
	[/^cannot read property '(.*)' of (null|undefined)$/, "Cannot read properties of $2 (reading '$1')"],
	[/^cannot set property '(.*)' of (null|undefined)$/, "Cannot set properties of $2 (setting '$1')"],
	[/^'.+' is read-only$/, 'Assignment to constant variable.'],
	[/^Cannot read properties of (null|undefined) \(reading 'Symbol\.iterator'\)$/, '$1 is not iterable'],
	[/^cannot convert to object$/, 'Cannot convert undefined or null to object'],
	[/^invalid array length$/, 'Invalid array length'],
	[/^expecting hex digit$/, 'URI malformed'],
];
const inWords = (message) => wordings.reduce((text, [from, to]) => text.replace(from, to), message);

// placeOf is the line and column of the script in which an error was made: the first of its stack that is not in here, nor
// in the constructor of the error's own class.
const placeOf = (e, first) => {
	if (typeof e.stack !== 'string') return undefined;
	for (const [, name, line, column] of e.stack.matchAll(/at (?:new )?([^\s(]*) ?\(?<\w+>:(\d+):(\d+)/g)) {
		if (+line > first && !(name && name === e.constructor?.name)) return { line: line - first, column: +column };
	}
	return undefined;
};
const sourceLine = (line) => (task.lines ??= String(task.bound.run).split('\n').slice(task.bound.pad))[line - 1];
// calledAt says of what stands before the bracket of a call that it cannot be called.
const calledAt = ({ line, column }) => {
	const m = sourceLine(line)?.slice(0, column - 1).match(/(\bnew\s+)?((?:"[^"]*"|'[^']*'|\b[\w$]+|\$[\w$]*)(?:\??\.[\w$]+|\[[^\]]*\])*)$/);
	return m && `${m[2]} is not a ${m[1] ? 'constructor' : 'function'}`;
};
// iteratedAt is what the line goes through, if that is only one thing.
const iteratedAt = ({ line }) => {
	const found = [...(sourceLine(line) ?? '').matchAll(/(?:\bof\s+|\.\.\.\s*|\]\s*=\s*)([a-z_$][\w$]*(?:\.[\w$]+|\[[^\]]*\])*)(?!\s*[\w$.([])/gi)];
	return found.length === 1 ? found[0][1] : undefined;
};
// kept is what make() gives, made once for a key: loops throw the same again and again.
const kept = (key, make) => {
	const { words } = task;
	let text = words.get(key);
	if (text !== undefined) return text;
	if (words.size >= 1000) words.clear();
	words.set(key, text = make());
	return text;
};
// wordsOf is the message of an error of the engine's in Node.js's words. Only two ask for its place.
const wordsOf = (e) => {
	const written = String(e.message);
	const message = kept(written, () => inWords(written));
	if (message === 'not a function') return kept(message + e.stack, () => placed(e, calledAt) ?? message);
	if (!message.endsWith(' is not iterable')) return message;
	return kept(message + e.stack, () => {
		const from = placed(e, iteratedAt);
		return from ? from + ' is not iterable' : message;
	});
};
const placed = (e, find) => {
	const place = placeOf(e, task.line);
	return place && find(place);
};
// __say words what a script catches.
Object.defineProperty(globalThis, '__say', { value: (e) => {
	if (!isEngines(e)) return;
	try {
		const message = wordsOf(e);
		if (message !== e.message) e.message = message;
	} catch { /* it stays as it was */ }
} });
// described says what was thrown: {message, description, line}. Limits are no errors of a script: they end it.
const described = (e, first) => {
	if (e instanceof InternalError) throw e;
	if (e instanceof Failure) return { message: e.message, description: e.description };
	if (e instanceof Error) {
		const place = placeOf(e, first);
		return { message: (isEngines(e) ? wordsOf(e) : String(e.message)) || 'Unknown error', description: e.name !== 'Error' ? String(e.name) : '', line: place?.line };
	}
	if (e === undefined) return { message: 'Unknown error' };
	return isObject(e) && typeof e.message === 'string' ? { message: e.message } : { message: stringify(e) ?? String(e) };
};

const items = () => task.items ??= once('input', 0);
const evaluateNot = () => {
	throw {
		message: "$evaluateExpression can't be used in the Code node while task runners run in secure mode",
		description: 'Evaluate the expression in a field of a node instead, for example an Edit Fields (Set) node before the Code node.',
	};
};
const valueOf = (name, current, own) => {
	if (name in own) return own[name];
	if (name === '$evaluateExpression') return evaluateNot;
	return !variables.has(name) ? undefined : Object.hasOwn(perItem, name) ? perItem[name](current) : fixed(name);
};
// later asks the host for what takes time and returns a promise.
const later = (what, ...args) => new Promise((resolve, reject) => {
	task.asked.set(query('start', what, args), { resolve, reject });
});

const start = (program, args) => {
	known = new Map();
	const t = task = { line: program.line, words: new Map(), items: undefined, timers: new Map(), timerCount: 0, asked: new Map(), result: undefined, failed: undefined };
	const bound = t.bound = program.make();
	// run returns what the script gives with item index as the current one; own are further names, self is this.
	const at = (index) => ({ index, list: items, get json() { return items()[index]?.json; } });
	const { names } = program;
	const values = [];
	const run = (index, self, own) => {
		const current = at(index);
		for (let n = 0; n < names.length; n++) values[n] = valueOf(names[n], current, own);
		bound.set(values);
		return bound.run.call(self);
	};
	const api = { args: parse(args), run, items, later, input: (index) => new Input(at(index)), ask: (...question) => query('host', ...question), describe: (e) => described(e, program.line), randomBytes, variable: (name) => fixed(name) };
	program.library(api).then((text) => { t.result = String(text); }, (e) => { t.failed = { error: e }; });
};
const fire = () => {
	let due;
	for (const [id, timer] of task.timers) if (!due || timer.at < due[1].at) due = [id, timer];
	if (!due) return -1;
	const [id, timer] = due;
	const left = timer.at - Date.now();
	if (left > 0) return left;
	if (timer.ms) timer.at = Date.now() + timer.ms;
	else task.timers.delete(id);
	timer.f(...timer.args);
	return 0;
};
// turn goes on with the script under way: its text, or how many milliseconds there is nothing to do.
const turn = () => {
	if (task.failed) throw task.failed.error;
	if (task.result !== undefined) {
		const { result } = task;
		task = known = undefined;
		return result;
	}
	const answers = task.asked.size ? query('done') : [];
	for (const [id, ok, value] of answers) {
		const promise = task.asked.get(id);
		task.asked.delete(id);
		if (ok) promise.resolve(value);
		else promise.reject(Object.assign(new Error(value.message), value));
	}
	if (answers.length) return 0;
	const left = fire();
	return left < 0 && task.asked.size ? 1e6 : left;
};

return (program, args) => program === undefined ? turn() : start(program, args);
