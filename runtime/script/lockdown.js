// Freezes everything that is reachable from the global object, so that one evaluation leaves nothing for the next.
(() => {
	const seen = new Set();
	// Objects below these often get members of the same names as theirs.
	const open = new Set([Object, Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError].map((c) => c.prototype));
	const todo = [globalThis];
	// Reachable by syntax only.
	todo.push(Object.getPrototypeOf(function* () {}), Object.getPrototypeOf(async function () {}),
		Object.getPrototypeOf(async function* () {}), Object.getPrototypeOf([][Symbol.iterator]()),
		Object.getPrototypeOf(''[Symbol.iterator]()), Object.getPrototypeOf(new Map().entries()),
		Object.getPrototypeOf(new Set().entries()), Object.getPrototypeOf(/x/[Symbol.matchAll]('')));
	while (todo.length) {
		const o = todo.pop();
		if (o === null || (typeof o !== 'object' && typeof o !== 'function') || seen.has(o)) continue;
		seen.add(o);
		todo.push(Object.getPrototypeOf(o));
		// Most functions have a name and a length only.
		if (typeof o === 'function' && Reflect.ownKeys(o).length <= 2) {
			Object.freeze(o);
			continue;
		}
		const properties = Object.getOwnPropertyDescriptors(o);
		for (const key of Reflect.ownKeys(properties)) {
			const p = properties[key];
			todo.push(p.value, p.get, p.set);
			// An own toString on a plain object, or an own name on an error, must stay possible, although the one of
			// the frozen prototype is not writable: an accessor allows the assignment to reach the object.
			if (open.has(o) && 'value' in p && p.configurable && key !== 'constructor') {
				const value = p.value;
				Object.defineProperty(o, key, {
					enumerable: false, configurable: false,
					get() { return value; },
					set(v) {
						if (this === o) return;
						Object.defineProperty(this, key, { value: v, writable: true, enumerable: true, configurable: true });
					},
				});
			}
		}
		Object.freeze(o);
	}
})();
