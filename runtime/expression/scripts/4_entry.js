// ---- scripts: a program is {names, line, library, make}. The library decides what runs how often; make() binds the
// variables anew for each run, which sees one item as the current one.

const variables = new Set(['$secrets', '$self', '$tool', '$agentInfo', '$fromAI', '$fromAi', '$fromai', '$getPairedItem', '$jmespath', '$jmesPath', '$items', '$env', '$now', '$today',
	'DateTime', 'Duration', 'Interval', ...statics, ...Object.keys(perItem)]);
variables.delete('$evaluateExpression');

// inWords says JavaScript's errors as Node.js does, where that is known.
const wordings = [
	[/^'(.+)' is not defined$/, '$1 is not defined'],
	[/^cannot read property '(.*)' of (null|undefined)$/, "Cannot read properties of $2 (reading '$1')"],
	[/^cannot set property '(.*)' of (null|undefined)$/, "Cannot set properties of $2 (setting '$1')"],
	[/^'.+' is read-only$/, 'Assignment to constant variable.'],
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
// calledAt is what stands before the bracket of a call.
const calledAt = ({ line, column }) => {
	const text = String(task.bound.run).split('\n')[task.bound.pad + line - 1]?.slice(0, column - 1) ?? '';
	return text.match(/(?:"[^"]*"|'[^']*'|\b[\w$]+|\$[\w$]*)(?:\??\.[\w$]+|\[[^\]]*\])*$/)?.[0];
};
// described says what was thrown: {message, description, line}. Limits are no errors of a script: they end it.
const described = (e, first) => {
	if (e instanceof InternalError) throw e;
	if (e instanceof Failure) return { message: e.message, description: e.description };
	if (e instanceof Error) {
		const place = placeOf(e, first);
		let message = inWords(String(e.message)) || 'Unknown error';
		const called = message === 'not a function' && place && calledAt(place);
		if (called) message = called + ' is not a function';
		return { message, description: e.name !== 'Error' ? String(e.name) : '', line: place?.line };
	}
	if (e === undefined) return { message: 'Unknown error' };
	return isObject(e) && typeof e.message === 'string' ? { message: e.message, description: e.description } : { message: stringify(e) ?? String(e) };
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
	const t = task = { items: undefined, timers: new Map(), timerCount: 0, asked: new Map(), result: undefined, failed: undefined };
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
