// ---- results: a tag and JSON, one line each

const toTag = (v) => Object.prototype.toString.call(v);
// Taken out of the sandbox, functions are refused, as n8n does, and BigInts are texts. toJSON does it where a replacer would be
// called for every value; to the code itself both are as they are in JavaScript.
let leaving = false;
Object.defineProperty(Function.prototype, 'toJSON', { value: function toJSON() {
	if (leaving) throw new TypeError(this + ' could not be cloned.');
} });
Object.defineProperty(BigInt.prototype, 'toJSON', { value: function toJSON() {
	if (leaving) return String(this);
	throw new TypeError('Do not know how to serialize a BigInt');
} });
Object.defineProperty(Promise.prototype, 'toJSON', { value: function toJSON() {
	if (leaving) throw new TypeError('#<Promise> could not be cloned.');
	return {};
} });
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
			if (isLuxon(v)) return 'L' + stringify(v[wireOf]);
			if (v instanceof Date) return 'd' + v.getTime();
			if (/ (Iterator|Generator)\]$/.test(toTag(v))) return 'm' + stringify(toTag(v) + ' could not be cloned.');
			if (/ (WeakMap|WeakSet|WeakRef|Promise)\]$/.test(toTag(v))) return 'm' + stringify(toTag(v).replace(/^\[object (\w+)\]$/, '#<$1>') + ' could not be cloned.');
	}
	leaving = true;
	try {
		const json = stringify(v);
		return json === undefined ? 'u' : 'v' + json;
	} finally {
		leaving = false;
	}
};
// swallow notes an error that makes part of an expression undefined.
let swallowed = [];
const swallow = (part, e) => {
	swallowed.push([part, String(e?.message ?? e)]);
};
const print = (evaluate, catches, part) => {
	let v;
	try {
		v = evaluate();
		if (v === undefined || v === null || v !== v) return '';
		if (typeof v === 'symbol') fail('plain', 'Expression evaluation failed: Cannot convert a Symbol value to a string');
	} catch (e) {
		if (e instanceof Failure || e instanceof InternalError || !catches) throw e;
		swallow(part, e);
		return '';
	}
	try {
		// A member called toString is no conversion.
		return typeof v === 'object' && Object.hasOwn(v, 'toString') && typeof v.toString !== 'function' ? toTag(v) : String(v);
	} catch (e) {
		if (e instanceof Failure || e instanceof InternalError) throw e;
		return fail('plain', 'Expression evaluation failed: Cannot convert object to primitive value');
	}
};
const process = Object.freeze(Object.defineProperty({}, 'env', { value: Object.freeze({}) }));
const self = Object.freeze({ process, require: Object.freeze({}), module: Object.freeze({}), Buffer: Object.freeze({}) });
const evaluate = (program, variables, current) => {
	let result;
	try {
		const args = [];
		for (let i = 0; i < variables.length; i++) args[i] = variables[i](current);
		result = program.run.apply(self, args);
	} catch (e) {
		if (e instanceof Failure) return 'e' + e.id;
		if (e instanceof InternalError) throw e;
		if (program.catches) swallow(0, e);
		return program.catches ? 'u' : 'm' + stringify(String(e?.message ?? e));
	}
	try {
		return encode(result);
	} catch (e) {
		if (e instanceof Failure) return 'e' + e.id;
		if (e instanceof InternalError) throw e;
		return 'm' + stringify(String(e?.message ?? e));
	}
};

