// ---- the rest of what code expects to find, and its own copy of values

const structuredClone = (value) => {
	const seen = new Map();
	const refuse = (v) => {
		const e = new Error(`${typeof v === 'symbol' ? String(v) : v} could not be cloned.`);
		e.name = 'DataCloneError';
		throw e;
	};
	const copy = (v) => {
		if (typeof v === 'function' || typeof v === 'symbol') return refuse(v);
		if (!isObject(v) || isLuxon(v)) return v;
		if (seen.has(v)) return seen.get(v);
		const keep = (made) => {
			seen.set(v, made);
			return made;
		};
		if (Array.isArray(v)) {
			const list = keep([]);
			for (const e of v) list.push(copy(e));
			return list;
		}
		if (v instanceof Date) return keep(new Date(v.getTime()));
		if (v instanceof RegExp) return keep(new RegExp(v.source, v.flags));
		if (v instanceof Map) {
			const map = keep(new Map());
			for (const [k, e] of v) map.set(copy(k), copy(e));
			return map;
		}
		if (v instanceof Set) {
			const set = keep(new Set());
			for (const e of v) set.add(copy(e));
			return set;
		}
		if (v instanceof Error) return keep(Object.assign(new (v.constructor)(v.message), { stack: v.stack }));
		if (v instanceof ArrayBuffer) return keep(v.slice(0));
		if (ArrayBuffer.isView(v)) return keep(Uint8Array.prototype.slice.call(v));
		const made = keep({});
		for (const k of Object.keys(v)) made[k] = copy(v[k]);
		return made;
	};
	return copy(value);
};

const mostRandom = 65536; // of one question
const crypto = {
	randomUUID: () => {
		const b = crypto.getRandomValues(new Buffer(16));
		b[6] = b[6] & 15 | 64;
		b[8] = b[8] & 63 | 128;
		return b.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
	},
	getRandomValues: (list) => {
		if (list.byteLength > mostRandom) throw Object.assign(new Error('The requested length exceeds 65,536 bytes'), { name: 'QuotaExceededError', code: 22 });
		new Uint8Array(list.buffer, list.byteOffset, list.byteLength).set(base64Decode(query('random', list.byteLength)));
		return list;
	},
};
// randomBytes is Node.js's, for the libraries of nodes.
const { getRandomValues } = crypto;
const randomBytes = Object.freeze((size, callback) => {
	const out = new Buffer(size);
	for (let at = 0; at < size; at += mostRandom) getRandomValues(out.subarray(at, at + mostRandom));
	if (typeof callback !== 'function') return out;
	setImmediate(callback, null, out);
});

// ---- timers: those of the script under way; the machine waits for them between two turns

let task;
const setTimer = (f, delay, again, args) => {
	if (typeof f !== 'function') throw new TypeError('The "callback" argument must be of type function.');
	const ms = Math.max(1, Math.min(2147483647, +delay || 1));
	const id = ++task.timerCount;
	task.timers.set(id, { f, args, ms: again ? ms : 0, at: Date.now() + ms });
	return id;
};
const clearTimer = (id) => { task.timers.delete(id); };
const setTimeout = (f, delay, ...args) => setTimer(f, delay, false, args);
const setInterval = (f, delay, ...args) => setTimer(f, delay, true, args);
const setImmediate = (f, ...args) => setTimer(f, 0, false, args);
const clearTimeout = clearTimer, clearInterval = clearTimer, clearImmediate = clearTimer;
const queueMicrotask = (f) => { Promise.resolve().then(f); };

for (const [name, value] of Object.entries({ Buffer, TextEncoder, TextDecoder, btoa, atob, URL, URLSearchParams, structuredClone, crypto, setTimeout, setInterval,
	setImmediate, clearTimeout, clearInterval, clearImmediate, queueMicrotask, Intl: intl })) {
	Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
// A callback of it could come in another script.
delete globalThis.FinalizationRegistry;
