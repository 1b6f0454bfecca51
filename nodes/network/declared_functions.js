// Runs functions of a package's description: what Node.js and n8n's documentation of declarative nodes give them, as far as it needs
// no network, no disk and no credential. What is not there is refused, also where the function hides that from itself.
(files, { module, class: name, version }, modules) => {
	const { stringify } = JSON;
	const isObject = (v) => typeof v === 'object' && v !== null;

	const { open } = modules(files, ['console', 'fetch', 'FormData', 'Blob', 'global']);
	const methods = ['getCredentials', 'getContext', 'getWorkflowStaticData', 'getWorkflowDataProxy', 'getExecuteData', 'getInputSourceData', 'getExecutionCancelSignal',
		'onExecutionCancellation', 'getRestApiUrl', 'getInstanceBaseUrl', 'getInstanceId', 'getKnownNodeTypes', 'getNodeWebhookUrl', 'executeWorkflow'];
	const helperNames = ['httpRequest', 'httpRequestWithAuthentication', 'requestWithAuthenticationPaginated', 'request', 'requestWithAuthentication', 'requestOAuth1',
		'requestOAuth2', 'getBinaryStream', 'getBinaryPath', 'getBinaryMetadata', 'getBinarySignedUrl', 'createReadStream', 'writeContentToFile', 'getStoragePath',
		'setBinaryDataBuffer', 'copyBinaryFile', 'getSSHClient', 'createDeferredPromise'];

	// A world is all that the functions of one execution of the node can reach beside what they get: the package's modules, loaded once, and
	// what they require from elsewhere. now is the run at hand.
	const newWorld = (execution, randomBytes) => {
		const now = {};
		const refuse = (what) => {
			if (now.missing.length < 10) now.missing.push(what);
			throw new Error(`${what} is not available to a function of a package`);
		};

		class Blob {
			constructor(parts = [], { type = '' } = {}) {
				this.type = type;
				this.bytes = Buffer.concat(parts.map((p) => Buffer.from(p instanceof Blob ? p.bytes : isObject(p) ? p : String(p))));
			}
			get size() { return this.bytes.length; }
			async text() { return this.bytes.toString(); }
			async arrayBuffer() { return new Uint8Array(this.bytes).buffer; }
		}
		class FormData {
			#parts = [];
			append(name, value, fileName) {
				const isFile = value instanceof Blob;
				this.#parts.push(isFile ? { name: String(name), bytes: value.bytes.toString('base64'), type: value.type || 'application/octet-stream', fileName: fileName ?? 'blob' } : { name: String(name), text: String(value) });
			}
			static partsOf(form) { return form.#parts; }
			static of(parts) {
				const form = new FormData();
				form.#parts = parts;
				return form;
			}
		}

		// ---- n8n-workflow

		class NodeOperationError extends Error {
			constructor(node, error, { message, description, ...more } = {}) {
				super(message ?? (isObject(error) ? error.message : error) ?? '');
				Object.assign(this, { name: 'NodeOperationError', node, description: description ?? error?.description, context: more });
			}
		}
		class NodeApiError extends Error {
			constructor(node, response = {}, { message, description, httpCode } = {}) {
				const code = httpCode ?? response.httpCode ?? response.statusCode ?? response.status ?? response.response?.status ?? response.response?.statusCode ?? response.code;
				super(message ?? response.message ?? '');
				Object.assign(this, { name: 'NodeApiError', node, description, httpCode: code === undefined ? null : String(code) });
				NodeApiError.#told.set(this, { message, description, httpCode: code === undefined ? '' : String(code), response: response.response?.data ?? response });
			}
			static #told = new WeakMap();
			static told(e) { return NodeApiError.#told.get(e); }
		}
		class Breach extends Error {}
		class ApplicationError extends Error {}
		class UserError extends Error {}
		class OperationalError extends Error {}
		class UnexpectedError extends Error {}
		const main = { Main: 'main' };
		const workflow = {
			NodeOperationError, NodeApiError, ApplicationError, UserError, OperationalError, UnexpectedError, NodeConnectionTypes: main, NodeConnectionType: main,
			sleep: (ms) => new Promise((go) => { setTimeout(go, ms); }),
			deepCopy: (v) => structuredClone(v),
			jsonParse(text, options = {}) {
				try {
					return JSON.parse(text);
				} catch (e) {
					if ('fallbackValue' in options) return options.fallbackValue;
					throw options.errorMessage ? new Error(options.errorMessage) : e;
				}
			},
		};

		// ---- what modules require from elsewhere: it may be named while they load, and refuses once a function uses it

		const standIn = (of) => new Proxy(function () {}, {
			get(target, key) {
				if (key === 'prototype') return target.prototype;
				if (key === '__esModule') return true;
				if (key === '__external') return of;
				return typeof key === 'symbol' || key === 'then' || key === 'toJSON' ? undefined : standIn(`${of}.${key}`);
			},
			apply: () => now.running ? refuse(of) : standIn(`${of}()`),
			construct(_, given, newTarget) {
				if (now.running) refuse(of);
				const made = Object.create(newTarget.prototype ?? null);
				if (of.endsWith('VersionedNodeType')) Object.assign(made, { nodeVersions: given[0], description: given[1] });
				return made;
			},
		});
		const asBuffer = (data, encoding) => Buffer.isBuffer(data) ? data : Buffer.from(data, encoding);
		const hash = (keyed) => (algorithm, key) => {
			const parts = [];
			return {
				update(data, encoding) {
					parts.push(asBuffer(data, encoding));
					return this;
				},
				digest(encoding) {
					const sum = Buffer.from(now.ask('hash', algorithm, keyed ? asBuffer(key).toString('base64') : null, Buffer.concat(parts).toString('base64')), 'base64');
					return encoding ? sum.toString(encoding) : sum;
				},
			};
		};
		// partly is a module of which some is here.
		const partly = (name, members) => {
			const other = standIn(name);
			const all = new Proxy(members, { get: (own, key) => key in own ? own[key] : key === 'default' ? all : other[key] });
			return all;
		};
		const builtin = {
			crypto: partly('crypto', { ...crypto, createHash: hash(false), createHmac: hash(true), randomBytes }),
			buffer: partly('buffer', { Buffer, Blob }),
			url: partly('url', { URL, URLSearchParams }),
			'n8n-workflow': partly('n8n-workflow', workflow),
		};
		const outside = (of) => {
			const known = of.replace(/^node:/, '');
			if (Object.hasOwn(builtin, known)) return builtin[known];
			return now.running ? refuse(`require('${of}')`) : standIn(of);
		};
		const console = Object.fromEntries(['log', 'info', 'warn', 'error', 'debug', 'trace'].map((n) => [n, () => {}]));
		const load = open(outside, [console, () => refuse('fetch'), FormData, Blob, globalThis]);
		const made = new Map();
		const found = ({ way, module: of, class: type }) => {
			const key = stringify([of, type]);
			if (!made.has(key)) made.set(key, new (load(of ?? module)[type ?? name])());
			let at = made.get(key);
			if (!of) {
				const one = version ? at.nodeVersions[version].description : at.description;
				at = version && !(way[0] in one) ? at.description : one;
			}
			for (const key of way) at = at[key];
			if (typeof at !== 'function') throw new Breach('is not where the import found it');
			return at;
		};
		return { execution, now, refuse, found, asBuffer, NodeApiError, UserError, Breach, FormData, Blob };
	};

	let world;
	const work = async ({ args, ask, later, describe, variable }) => {
		const { now, refuse, found, asBuffer, NodeApiError, UserError, Breach, FormData, Blob } = world;
		const missing = now.missing = [];
		now.ask = ask;
		now.running = false;
		const refusing = (list, prefix) => Object.fromEntries(list.map((n) => [n, () => refuse(prefix + n)]));

		// ---- what is answered between two runs: the function stops there, and runs again with the answer

		let asked = 0, needed, need;
		const refusals = new WeakMap(); // the errors that are answers, and which they are
		const awaited = new Promise((go) => { need = go; });
		const answered = (question) => {
			const text = stringify(question);
			const known = args.known[asked++];
			if (!known) {
				needed ??= text;
				need();
				return undefined;
			}
			if (known.question !== text) throw new Breach('asks for something else each time that it runs, which is not possible here');
			if (!known.error) return known;
			const refusal = Object.assign(new NodeApiError(undefined, known.error), known.error);
			refusals.set(refusal, asked - 1);
			throw refusal;
		};

		// ---- this

		const copy = (v) => isObject(v) ? structuredClone(v) : v;
		const getNodeParameter = (of, fallback, options) => {
			let v = args.parameters;
			for (const key of String(of).split(/[.[\]]+/).filter(Boolean)) v = isObject(v) && Object.hasOwn(v, key) ? v[key] : undefined;
			if (v === undefined) {
				if (fallback !== undefined) return fallback;
				throw new UserError(`Could not get parameter "${of}"`);
			}
			return copy(options?.extractValue && isObject(v) && v.__rl ? v.value : v);
		};
		const getInputData = () => {
			const item = ask('item');
			return item === undefined ? undefined : { ...item, pairedItem: { item: args.item } };
		};
		const helpers = {
			...refusing(helperNames, 'helpers.'),
			returnJsonArray: (data) => [data].flat().map((o) => isObject(o) && Object.hasOwn(o, 'json') ? o : { json: o }),
			normalizeItems: (data) => [data].flat().map((o) => isObject(o) && Object.hasOwn(o, 'json') ? o : { json: o }),
			constructExecutionMetaData: (items, { itemData }) => items.map((it) => ({ ...it, pairedItem: itemData })),
			assertBinaryData(of) {
				const file = getInputData()?.binary?.[of];
				if (!file) throw new Error(`This operation expects the node's input data to contain a binary file '${of}', but none was found [item ${args.item}]`);
				return file;
			},
			async getBinaryDataBuffer(of) { return Buffer.from(await later('binary', String(of)), 'base64'); },
			async prepareBinaryData(data, fileName, mimeType) { return later('prepareBinary', asBuffer(data).toString('base64'), fileName ?? '', mimeType ?? ''); },
			async binaryToBuffer(data) { return asBuffer(data); },
			async binaryToString(data, encoding) { return asBuffer(data).toString(encoding); },
		};
		const silent = () => {};
		const logger = { info: silent, warn: silent, error: silent, debug: silent };
		const self = {
			...refusing(methods, 'this.'),
			getNodeParameter, getInputData, helpers, logger,
			getNode: () => ({ id: variable('$nodeId'), name: args.node, type: args.type, typeVersion: args.version, position: [0, 0], parameters: copy(args.parameters) }),
			getWorkflow: () => copy(variable('$workflow')),
			getItemIndex: () => args.item,
			getMode: () => args.mode,
			getTimezone: () => args.zone,
			getExecutionId: () => variable('$execution').id,
			continueOnFail: () => args.goesOn,
			evaluateExpression(source) {
				const answer = answered({ evaluate: String(source) });
				if (!answer) throw new Error('to be evaluated');
				return answer.value;
			},
		};

		// ---- results

		// plain copies what a function gives; what stands for something that is not here cannot be part of it.
		const plain = (v) => JSON.parse(stringify(v, (_, member) => typeof member === 'function' && member.__external ? refuse(member.__external) : member));
		const bodyOf = (b) => {
			if (typeof b === 'string') return { text: b };
			if (b instanceof URLSearchParams) return { text: String(b), query: true };
			if (b instanceof FormData) return { parts: FormData.partsOf(b) };
			if (b instanceof Blob) return { bytes: b.bytes.toString('base64') };
			if (b instanceof ArrayBuffer) return { bytes: Buffer.from(b).toString('base64') };
			if (ArrayBuffer.isView(b)) return { bytes: Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('base64') };
			return isObject(b) ? { json: plain(b) } : {};
		};
		const requestOf = (r) => {
			if (!isObject(r) || Array.isArray(r)) throw new Breach('gave no request: it must return the options that it gets');
			const body = bodyOf(r.body);
			return { request: plain({ ...r, body: undefined }), body: args.given && stringify(body) === stringify(args.given) ? { given: true } : body };
		};
		// withGiven is a request with the body that a function before made of it.
		const withGiven = (request) => {
			if (!args.given) return request;
			const { text, query, bytes, parts } = args.given;
			return { ...request, body: parts ? FormData.of(parts) : bytes === undefined ? query ? new URLSearchParams(text) : text : Buffer.from(bytes, 'base64') };
		};
		const itemsOf = (list) => {
			if (!Array.isArray(list) || !list.every(isObject)) throw new Breach('gave no list of items');
			return plain(list.map(({ json, binary }) => ({ json, binary })));
		};
		const responseOf = ({ file, ...r }) => file ? { get body() { return Buffer.from(ask('file'), 'base64'); }, ...r } : r;
		let functions, which = 0; // the function at work
		const ways = {
			async preSend() {
				let request = args.request;
				for (which = 0; which < functions.length; which++) request = await functions[which].call(self, request);
				which = 0;
				return requestOf(request);
			},
			postReceive: async () => itemsOf(await functions[0].call(self, args.items, responseOf(args.response))),
			async pagination() {
				self.makeRoutingRequest = async (request) => answered({ request: requestOf(request.options) })?.items ?? new Promise(() => {});
				return itemsOf(await functions[0].call(self, { maxResults: undefined, ...args.paging, options: withGiven(args.request) }));
			},
			authenticate: async () => requestOf(await functions[0].call(undefined, args.credentials, withGiven(args.request))),
		};
		const failure = (e) => {
			if (!isObject(e)) return { breach: `threw ${stringify(e) ?? String(e)}` };
			if (refusals.has(e)) return { known: refusals.get(e) };
			const api = NodeApiError.told(e);
			if (api) return { api };
			if (e instanceof Breach) return { breach: e.message };
			const { message } = describe(e);
			return { message, description: typeof e.description === 'string' ? e.description : '' };
		};
		let out;
		try {
			// Modules load as they do at the import, before a function runs.
			functions = args.functions.map((f, i) => {
				which = i;
				return found(f);
			});
			which = 0;
			now.running = true;
			const value = await Promise.race([ways[args.way](), awaited]);
			out = { value };
		} catch (e) {
			out = { error: failure(e) };
		}
		if (needed !== undefined) out = { needed };
		return stringify({ ...out, missing, which });
	};
	return async (run) => {
		if (world?.execution !== run.args.execution) world = newWorld(run.args.execution, run.randomBytes);
		try {
			return await work(run);
		} finally {
			world.now.ask = undefined;
		}
	};
}
