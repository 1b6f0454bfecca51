// What the three nodes do with their code: what it sees beside the variables of expressions, how often it runs and what
// its results become. The answer is a line for each item: "+", the index of its parent or pairedItem, binary and json with
// tabs between them; or "!", an index and an error; or a single line "!!" and the error of the node as a whole.
async ({ args, run, items, input, ask, later, describe, randomBytes, variable }) => {
	const { stringify } = JSON;
	// isObject is of what JSON makes an object of: not of a DateTime, for one.
	const isObject = (v) => typeof v === 'object' && v !== null && !Array.isArray(v) && (typeof v.toJSON !== 'function' || stringify(v)?.[0] === '{');
	const has = (o, key) => Object.hasOwn(o, key) && o[key] !== undefined && typeof o[key] !== 'function';
	// json writes a result; BigInts, which JSON has not, become texts.
	const withTexts = (v) => {
		if (typeof v === 'bigint') return String(v);
		if (Array.isArray(v)) return v.map(withTexts);
		return isObject(v) && typeof v.toJSON !== 'function' ? Object.fromEntries(Object.entries(v).map(([k, e]) => [k, withTexts(e)])) : v;
	};
	const json = (v) => {
		try {
			return stringify(v);
		} catch (e) {
			if (!(e instanceof TypeError) || !/bigint/i.test(e.message)) throw e;
			return stringify(withTexts(v));
		}
	};

	// ---- errors

	// Shape is a result that is not what the node expects: it fails the node as a whole, whatever onError says.
	class Shape {
		constructor(message, description, item) {
			Object.assign(this, { message: item === undefined ? message : `${message} [item ${item}]`, description, item });
		}
	}
	const failure = (e) => {
		if (e instanceof Shape) return { ...e, shape: true };
		const told = describe(e);
		if (told.line && !(args.old && args.goesOn)) told.message += ` [${args.old ? 'Line' : 'line'} ${told.line}]`;
		return told;
	};

	// ---- what the code sees

	const text = (v) => {
		if (typeof v !== 'object' || v === null) return String(v);
		if (v instanceof Error) return v.stack ? `${v.name}: ${v.message}` : String(v);
		try {
			return json(v) ?? String(v);
		} catch {
			return String(v);
		}
	};
	const levels = { error: 'error', warn: 'warn', debug: 'debug', trace: 'debug' };
	const console = {};
	for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table', 'group']) {
		console[name] = (...parts) => { ask('log', levels[name] ?? 'info', parts.map(text).join(' ')); };
	}
	for (const name of ['assert', 'clear', 'count', 'countReset', 'dirxml', 'groupCollapsed', 'groupEnd', 'time', 'timeEnd', 'timeLog']) console[name] = () => {};

	let kept;
	const getWorkflowStaticData = (type) => {
		if (type !== 'global' && type !== 'node') {
			throw Object.assign(new Error('Unknown context type. Only `global` and `node` are supported.'), { stack: '' }); // n8n has no line for it
		}
		kept ??= ask('staticData');
		return kept[type === 'global' ? type : 'node:' + args.node] ??= {};
	};

	const asBuffer = (data) => Buffer.isBuffer(data) ? data : Buffer.from(data);
	const helpers = {
		async httpRequest(options) { return answerOf(await later('httpRequest', requestOf(options)), options); },
		async getBinaryDataBuffer(index, property) { return Buffer.from(await later('binary', index, property), 'base64'); },
		async prepareBinaryData(data, fileName, mimeType) {
			return later('prepareBinary', asBuffer(data).toString('base64'), fileName ?? '', mimeType ?? '');
		},
		assertBinaryData(index, property) {
			const file = items()[index]?.binary?.[property];
			if (!file) throw new Error(`This operation expects the node's input data to contain a binary file '${property}', but none was found [item ${index}]`);
			return file;
		},
		async binaryToBuffer(data) { return asBuffer(data); },
		async binaryToString(data, encoding) { return asBuffer(data).toString(encoding); },
		returnJsonArray: (data) => [data].flat().map((o) => has(o, 'json') ? o : { json: o }),
		normalizeItems: (data) => [data].flat().map((o) => has(o, 'json') ? o : { json: o }),
	};
	for (const name of ['httpRequestWithAuthentication', 'requestWithAuthenticationPaginated', 'request', 'getBinaryStream', 'getBinaryPath', 'getSSHClient',
		'createReadStream', 'writeContentToFile', 'copyBinaryFile', 'setBinaryDataBuffer', 'getBinaryMetadata', 'createDeferredPromise', 'constructExecutionMetaData', 'copyInputItems']) {
		helpers[name] = async () => { throw new Error(`helpers.${name} is not available in code; see the documentation of the Code node`); };
	}
	const requestOf = (given) => {
		const o = typeof given === 'string' ? { url: given } : { ...given };
		if (Buffer.isBuffer(o.body) || o.body instanceof Uint8Array) return { ...o, body: undefined, bytes: asBuffer(o.body).toString('base64') };
		if (o.body instanceof URLSearchParams) return { ...o, body: String(o.body), type: 'application/x-www-form-urlencoded;charset=utf-8' };
		if (o.body !== undefined && o.body !== null && typeof o.body !== 'string') return { ...o, body: stringify(o.body), type: 'application/json' };
		return o;
	};
	const answerOf = (answer, options) => {
		const bytes = Buffer.from(answer.body, 'base64');
		let body = bytes;
		if (options?.encoding !== 'arraybuffer' && options?.encoding !== 'stream') {
			body = bytes.toString();
			if (options?.encoding !== 'text') {
				try {
					body = JSON.parse(body);
				} catch { /* it is text */ }
			}
		}
		return options?.returnFullResponse ? { ...answer, body } : body;
	};

	const hash = (key) => (algorithm, secret) => {
		const parts = [];
		const it = {
			update(data, encoding) { parts.push(typeof data === 'string' ? Buffer.from(data, encoding) : asBuffer(data)); return it; },
			digest(encoding) {
				const sum = Buffer.from(ask('hash', algorithm, key ? asBuffer(secret).toString('base64') : null, Buffer.concat(parts).toString('base64')), 'base64');
				return encoding ? sum.toString(encoding) : sum;
			},
		};
		return it;
	};
	const modules = {
		luxon: () => ({ DateTime: variable('DateTime'), Duration: variable('Duration'), Interval: variable('Interval') }),
		crypto: () => ({
			...crypto, createHash: hash(false), createHmac: hash(true), randomBytes,
		}),
		buffer: () => ({ Buffer }),
		url: () => ({ URL, URLSearchParams }),
	};
	const require = (name) => {
		const make = Object.hasOwn(modules, name) ? modules[name] : modules[String(name).replace(/^node:/, '')];
		if (!make) throw new Error(args.old ? `Cannot find module '${name}'` : `Module '${name}' is disallowed`);
		return make();
	};

	// A key that is no string goes as the list of its text, which is none either and has that text; null stands for all that is no text.
	const saveCustom = (key, value) => {
		const number = typeof value === 'number' || typeof value === 'bigint';
		try {
			ask('customData', typeof key === 'string' ? key : [`${key}`], number ? String(value) : typeof value === 'string' ? value : null);
		} catch (e) {
			throw Object.assign(e, { stack: '' }); // n8n has no line for it
		}
	};
	const customData = {
		set: saveCustom,
		setAll: (values) => {
			const failed = [];
			for (const key of Object.keys(values)) {
				try { saveCustom(key, values[key]); } catch (e) { failed.push(e); }
			}
			if (failed.length > 0) throw failed[0];
		},
		get: (key) => ask('customDataOf')[key],
		getAll: () => ask('customDataOf'),
	};
	// The real global object is frozen; what code sets on this one lives as long as the call.
	const global = Object.create(globalThis);
	global.global = global.globalThis = global;
	const module = { exports: {} };
	const own = { __proto__: null, console, require, module, global, globalThis: global, helpers, $getWorkflowStaticData: getWorkflowStaticData,
		get $execution() { return { ...variable('$execution'), customData }; } };
	const self = { helpers };
	if (args.old) Object.assign(own, { getWorkflowStaticData, getNodeParameter: (name) => variable('$parameter')[name] });

	// ---- results

	const checked = (item, i) => {
		if (has(item, 'json') && !isObject(item.json)) {
			throw new Shape("A 'json' property isn't an object", "In the returned data, every key named 'json' must point to an object.", i);
		}
		if (has(item, 'binary') && !isObject(item.binary)) {
			throw new Shape("A 'binary' property isn't an object", "In the returned data, every key named 'binary' must point to an object.", i);
		}
	};
	const line = (item, parent) => `+${parent ?? ''}\t${has(item, 'binary') && item.binary !== null ? json(item.binary) : ''}\t${json(item.json) ?? '{}'}`;
	const lines = (list) => list.map((item) => {
		const paired = item.pairedItem;
		return line(item, paired === undefined ? list.length === 1 && !args.errorOutput ? 0 : '' : json(paired));
	});
	const known = new Set(['json', 'binary', 'pairedItem', 'error', 'index', 'evaluationData', 'redaction', 'sendMessage', 'executionStatus', 'metadata']);
	const isItem = (v) => has(v, 'json') || has(v, 'binary');
	const itemsOf = (result) => {
		if (result === null) return [];
		if (isObject(result)) { // one item, or what an item's json is to be
			const item = has(result, 'json') && result.json ? result : { json: result };
			checked(item, 0);
			return [item];
		}
		const list = Array.isArray(result) ? result : [result];
		if (!list.every(isObject)) {
			throw new Shape("Code doesn't return items properly", 'Please return an array of objects, one for each item you would like to output.');
		}
		if (list.some(isItem)) list.forEach(knownKeys);
		const made = uniform(list);
		made.forEach(checked);
		return made;
	};
	const knownKeys = (item, i) => {
		for (const key of Object.keys(item)) {
			if (known.has(key)) continue;
			if (!isItem(item)) throw new Shape(`Unknown top-level item key: ${key}`, 'Access the properties of an item under `.json`, e.g. `item.json`', i);
			throw new Shape('Invalid output format', `The item has the key "${key}" beside "json". Put everything of an item under its key "json".`, i);
		}
	};
	// uniform gives every item its json: all have one, or all have binary data, or none has either.
	const uniform = (list) => {
		for (const key of ['json', 'binary']) {
			const count = list.filter((item) => has(item, key)).length;
			if (!count) continue;
			if (count < list.length) throw new Shape('Inconsistent item format', '');
			return key === 'json' ? list : list.map(({ binary, ...rest }) => ({ json: rest, binary }));
		}
		return list.map((item) => Object.hasOwn(item, 'json') ? item : { json: item });
	};

	// ---- the ways to run

	// forEach runs the code with what own gives for each item; made makes a line of its result, or undefined.
	const forEach = async (own, made) => {
		const out = [];
		const { length } = items();
		for (let i = 0; i < length; i++) {
			try {
				const result = await run(i, self, own(i));
				const text = made(result, i);
				if (text !== undefined) out.push(text);
			} catch (e) {
				const failed = failure(e);
				if (failed.shape || !args.goesOn) return '!!' + stringify(failed);
				out.push(`!${i}\t\t${stringify(failed)}`);
			}
		}
		return out.join('\n');
	};
	const eachOwn = (i) => ({ __proto__: own, item: items()[i] });
	const itemOwn = (i) => {
		const given = items()[i];
		return {
			__proto__: own, item: given.json,
			getBinaryData: () => given.binary,
			setBinaryData: (data) => { given.binary = data; },
			async getBinaryDataAsync() { return given.binary; },
			async setBinaryDataAsync(data) {
				given.binary = {};
				for (const key of Object.keys(data)) {
					const kept = await later('prepareBinary', data[key].data, data[key].fileName ?? '', data[key].mimeType ?? '');
					given.binary[key] = { ...data[key], id: kept.id, data: kept.data, fileSize: kept.fileSize, bytes: kept.bytes };
				}
			},
		};
	};
	const functionItems = (result) => {
		if (result === undefined || result === null) throw new Error('No data got returned. Always return an Array of items!');
		const list = Array.isArray(result) ? result : [result];
		const wrapped = list.some((item) => isObject(item) && Object.hasOwn(item, 'json'));
		return list.map((item) => {
			const made = wrapped ? item : { json: item };
			if (!isObject(made?.json)) throw new Error('The json-property has to be an object!');
			if (made.binary !== undefined && !isObject(made.binary)) throw new Error('The binary-property has to be an object!');
			return made;
		});
	};
	const whole = async (check) => lines(check(await run(0, self, { __proto__: own, get items() { return items(); } }))).join('\n');
	const ways = {
		all: () => whole(itemsOf),
		function: () => whole(functionItems),
		each: () => forEach(eachOwn, (result, i) => {
			if (result === undefined || result === null) return undefined;
			if (isObject(result) && !Object.hasOwn(result, 'json') && !has(result, 'binary')) return line({ json: result }, i);
			checked(isObject(result) ? { ...result, binary: result.binary ?? undefined } : { json: typeof result === 'function' ? 0 : result }, i);
			return line(result, i);
		}),
		functionItem: () => forEach(itemOwn, (result, i) => {
			if (result === undefined || result === null) throw new Error('No data got returned. Always an object has to be returned!');
			if (!isObject(result)) throw new Error('The json-property has to be an object!');
			return line({ json: result, binary: items()[i].binary }, i);
		}),
	};
	let answer;
	try {
		answer = await ways[args.way]();
	} catch (e) {
		answer = '!!' + stringify(failure(e));
	}
	if (kept) ask('keepStaticData', stringify(kept));
	return answer;
}
