// What rewritten code calls.
const internal = {};
internal.__extend = extend;
internal.__cut = (v, f) => v === undefined || v === null ? undefined : f(v);
internal.__extendMaybe = extendMaybe;
internal.__print = print;
internal.__key = (key) => {
	if (typeof key === 'number' || typeof key === 'symbol') return key;
	const name = String(key);
	return unsafeNames.has(name) ? fail('unsafe', name) : name;
};
internal.__same = (v) => v;

for (const [name, value] of Object.entries(internal)) Object.defineProperty(globalThis, name, { value });

return (program, items, first, count, extra) => {
	known = new Map();
	const list = items === '' ? undefined : parse(items);
	const names = extra === '' ? undefined : parse(extra);
	const lines = [];
	const variables = program.names.map((name) => variable(name, names));
	for (let k = 0; k < count; k++) {
		swallowed = [];
		const line = evaluate(program, variables, { index: first + k, json: list?.[k] });
		lines.push(swallowed.length ? line + '\t' + stringify(swallowed) : line);
	}
	known = undefined;
	return lines.join('\n');
};
