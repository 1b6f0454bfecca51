// ---- Luxon: its objects are the host's; here they are handles that know their wire form

const wireOf = Symbol('wire');
const isLuxon = (v) => isObject(v) && wireOf in v;
const classes = {};

// answered turns what the host answers into a value; what JSON lacks is an object with one member of these names.
const answered = (v) => {
	if (!isObject(v)) return v;
	if (Array.isArray(v)) return v.map(answered);
	for (const k in v) {
		switch (k) {
			case '$o': return handleOf(v.$o);
			case '$d': return new Date(v.$d === null ? NaN : v.$d);
			case '$n': return Number(v.$n);
			case '$u': return undefined;
		}
		break;
	}
	for (const k in v) v[k] = answered(v[k]);
	return v;
};
// forHost is the way back.
const forHost = (v) => {
	switch (typeof v) {
		case 'undefined': case 'function': case 'symbol': return { $u: 1 };
		case 'number': return v - v === 0 && !Object.is(v, -0) ? v : { $n: v === 0 ? '-0' : String(v) };
		case 'bigint': return Number(v);
		case 'object':
			if (v === null) return v;
			if (wireOf in v) return { $o: v[wireOf] };
			if (Array.isArray(v)) return v.map(forHost);
			if (v instanceof Date) return { $d: v.getTime() };
			return Object.fromEntries(Object.entries(v).map(([k, inner]) => [k, forHost(inner)]));
	}
	return v;
};

// methodsOf holds, by class, whether a name is a method.
const methodsOf = {};
const method = (target, key) => (...args) => answered(query('call', target[wireOf], key, args.map(forHost)));
const handle = {
	get(target, key) {
		if (key === wireOf) return target[wireOf];
		if (key === Symbol.toPrimitive) return (hint) => hint === 'string' ? handleOf(target[wireOf]).toString() : primitiveOf(target);
		if (typeof key === 'symbol') return undefined;
		if (key === 'constructor') return classOf(target[wireOf].c);
		const known = methodsOf[target[wireOf].c] ??= new Map();
		let isMethod = known.get(key);
		if (isMethod === undefined) known.set(key, isMethod = query('isMethod', target[wireOf], key));
		if (!isMethod && key === 'toJSON') return () => query('luxonJSON', target[wireOf]);
		if (isMethod) return withFunctions[target[wireOf].c + '.' + key]?.(handleOf(target[wireOf])) ?? method(target, key);
		return answered(query('get', target[wireOf], key));
	},
	set() { return true; }, // as if it were frozen
	defineProperty() { throw new TypeError('read-only'); },
	deleteProperty() { throw new TypeError('read-only'); },
};
const primitiveOf = (target) => {
	const o = handleOf(target[wireOf]);
	return typeof o.valueOf === 'function' ? o.valueOf() : o.toString();
};
// Methods that take functions run here.
const withFunctions = {
	'Duration.mapUnits': (d) => (f) => classes.Duration.fromObject(Object.fromEntries(Object.entries(d.toObject()).map(([k, v]) => [k, f(v, k)]))),
	'Interval.mapEndpoints': (i) => (f) => classes.Interval.fromDateTimes(f(i.s), f(i.e)),
};
const handleOf = (wire) => {
	const target = Object.create(classOf(wire.c).prototype);
	Object.defineProperty(target, wireOf, { value: wire });
	return new Proxy(target, handle);
};
const newClass = (name) => {
	const c = class { constructor() { throw new TypeError(name + ' is made by its from… functions'); } };
	Object.freeze(c.prototype);
	return Object.freeze(Object.defineProperty(c, 'name', { value: name }));
};
const staticMembers = {};
const classOf = (name) => classes[name] ??= new Proxy(newClass(name), {
	get(target, key) {
		if (key === 'prototype' || key === 'name') return target[key];
		if (typeof key === 'symbol') return key === Symbol.hasInstance ? (v) => isObject(v) && Object.getPrototypeOf(v) === target.prototype : undefined;
		const members = staticMembers[name] ??= new Map();
		let member = members.get(key);
		if (member === undefined) {
			const found = query('isStatic', name, key);
			member = !found ? null : /^[A-Z]/.test(key) ? { value: Object.freeze(answered(query('staticCall', name, key, []))) }
				: { value: (...args) => answered(query('staticCall', name, key, args.map(forHost))) };
			members.set(key, member);
		}
		return member?.value;
	},
	set() { throw new TypeError('read-only'); },
	apply() { throw new TypeError('Class constructor ' + name + " cannot be invoked without 'new'"); },
});
for (const name of ['DateTime', 'Duration', 'Interval']) classOf(name);
