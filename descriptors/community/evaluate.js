// Loads a package's compiled node files, with modules.js, and gives their descriptions as JSON text. Everything that the package requires from
// elsewhere is a stand-in that has every name and does nothing; nothing is read but the texts given.
(modules) => (filesText, entriesText) => {
	// standIn is any module, class, function or constant of another package, known by its name alone.
	const values = { 'n8n-workflow.NodeConnectionType.Main': 'main', 'n8n-workflow.NodeConnectionTypes.Main': 'main' };
	const outside = new WeakMap(); // what each stands for; classes of the package may be derived from one
	const standIn = (name) => {
		const made = new Proxy(function () {}, {
			get(target, key) {
				if (typeof key === 'symbol') return key === Symbol.toPrimitive ? () => name : undefined;
				if (key === 'prototype') return target.prototype;
				if (key === '__esModule') return true;
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
		outside.set(made, name);
		return made;
	};

	const { open, resolve, needed } = modules(JSON.parse(filesText));
	const load = open(standIn);

	// plain copies a value; what is no data becomes {"$function": name, "at": the names on the way to it}, without "at" where it is
	// not the package's.
	const plain = (v, way = []) => {
		if (typeof v === 'function') return outside.has(v) ? { $function: outside.get(v) } : { $function: v.name || 'anonymous', at: way };
		if (v === null || typeof v !== 'object') return typeof v === 'bigint' ? String(v) : v;
		if (way.length > 40) return null;
		if (Array.isArray(v)) return v.map((el, i) => plain(el, [...way, String(i)]) ?? null);
		return Object.fromEntries(Object.keys(v).map((k) => [k, plain(v[k], [...way, k])]));
	};
	const has = (o, name) => typeof o[name] === 'function';
	const node = (o) => ({
		description: plain(o.description), execute: has(o, 'execute'), trigger: has(o, 'trigger') || has(o, 'poll') || has(o, 'webhook'),
	});
	const describe = (o) => {
		if (o.nodeVersions && typeof o.nodeVersions === 'object') {
			return Object.keys(o.nodeVersions).map((v) => {
				const one = node(o.nodeVersions[v]);
				return { ...one, version: v, description: { ...plain(o.description), ...one.description, version: Number(v) } };
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
				if (typeof exported[name] !== 'function' || outside.has(exported[name])) continue;
				const made = new exported[name]();
				if (kind === 'credential' && typeof made.name === 'string') {
					found = true;
					out.credentials.push({ module: path, class: name, modules: needed(path), ...plain({ name: made.name, extends: made.extends, properties: made.properties, authenticate: made.authenticate }) });
				}
				for (const d of kind === 'node' ? describe(made) : []) {
					found = true;
					out.nodes.push({ file, module: path, class: name, modules: needed(path), ...d });
				}
			}
			if (!found) throw new Error('it exports no class with a description');
		} catch (error) {
			out.failed.push({ file, reason: String(error?.message ?? error) });
		}
	}
	return JSON.stringify(out);
}
