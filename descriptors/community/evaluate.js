// Loads a package's compiled node files and gives their descriptions as JSON text. Everything that the package requires from
// elsewhere is a stand-in that has every name and does nothing; nothing is read but the texts given.
(filesText, entriesText) => {
	const files = JSON.parse(filesText);
	const cache = new Map();

	// standIn is any module, class, function or constant of another package, known by its name alone.
	const values = { 'n8n-workflow.NodeConnectionType.Main': 'main', 'n8n-workflow.NodeConnectionTypes.Main': 'main' };
	const standIn = (name) => new Proxy(function () {}, {
		get(target, key) {
			if (typeof key === 'symbol') return key === Symbol.toPrimitive ? () => name : undefined;
			if (key === 'prototype') return target.prototype;
			if (key === '__esModule') return true;
			if (key === '__external') return name;
			if (key === 'then') return undefined;
			return values[`${name}.${key}`] ?? standIn(`${name}.${key}`);
		},
		apply: () => standIn(`${name}()`),
		construct(_, args, newTarget) {
			const made = Object.create(newTarget.prototype ?? null);
			// A node with several versions hands them to its base class.
			if (name.endsWith('VersionedNodeType')) Object.assign(made, { nodeVersions: args[0], description: args[1] });
			return made;
		},
	});

	const resolve = (from, name) => {
		const parts = from.split('/').slice(0, -1);
		for (const part of name.split('/')) {
			if (part === '..') parts.pop();
			else if (part !== '.' && part !== '') parts.push(part);
		}
		const path = parts.join('/');
		return [path, `${path}.js`, `${path}.json`, `${path}/index.js`].find((p) => Object.hasOwn(files, p));
	};
	const load = (path) => {
		if (cache.has(path)) return cache.get(path).exports;
		const module = { exports: {} };
		cache.set(path, module);
		if (path.endsWith('.json')) module.exports = JSON.parse(files[path]);
		else {
			const require = (name) => {
				if (!name.startsWith('.')) return standIn(name);
				const found = resolve(path, name);
				if (found === undefined) throw new Error(`${path} requires ${name}, which the package does not have`);
				return load(found);
			};
			new Function('exports', 'require', 'module', '__filename', '__dirname', 'process', files[path])(
				module.exports, require, module, path, path.split('/').slice(0, -1).join('/'), { env: {} });
		}
		return module.exports;
	};

	// plain copies a value; what is no data becomes {"$function": name}.
	const plain = (v, depth) => {
		if (typeof v === 'function') return { $function: v.__external ?? (v.name || 'anonymous') };
		if (v === null || typeof v !== 'object') return typeof v === 'bigint' ? String(v) : v;
		if (depth > 40) return null;
		if (Array.isArray(v)) return v.map((el) => plain(el, depth + 1) ?? null);
		return Object.fromEntries(Object.keys(v).map((k) => [k, plain(v[k], depth + 1)]));
	};
	const has = (o, name) => typeof o[name] === 'function';
	const node = (o) => ({
		description: plain(o.description, 0), execute: has(o, 'execute'), trigger: has(o, 'trigger') || has(o, 'poll') || has(o, 'webhook'),
	});
	const describe = (o) => {
		if (o.nodeVersions && typeof o.nodeVersions === 'object') {
			return Object.keys(o.nodeVersions).map((v) => {
				const one = node(o.nodeVersions[v]);
				return { ...one, description: { ...plain(o.description, 0), ...one.description, version: Number(v) } };
			});
		}
		return o.description ? [node(o)] : [];
	};

	const out = { nodes: [], credentials: [], failed: [] };
	for (const { file, kind } of JSON.parse(entriesText)) {
		try {
			const path = resolve('', file);
			if (path === undefined) throw new Error('the package does not have it');
			const exported = load(path);
			let found = false;
			for (const name of Object.keys(exported)) {
				if (typeof exported[name] !== 'function' || exported[name].__external) continue;
				const made = new exported[name]();
				if (kind === 'credential' && typeof made.name === 'string') {
					found = true;
					out.credentials.push(plain({ name: made.name, extends: made.extends, properties: made.properties, authenticate: made.authenticate }, 0));
				}
				for (const d of kind === 'node' ? describe(made) : []) {
					found = true;
					out.nodes.push({ file, ...d });
				}
			}
			if (!found) throw new Error('it exports no class with a description');
		} catch (error) {
			out.failed.push({ file, reason: String(error?.message ?? error) });
		}
	}
	return JSON.stringify(out);
}
