// Bounds what the engine does in one go: it looks for an interrupt only between steps of JavaScript, and some built-in
// functions walk over every index of an array, however long and empty it is.
(() => {
	const longest = 1e7; // more elements do not fit into a machine's memory anyway
	const native = new WeakMap();
	const { apply } = Reflect;
	const refuse = () => { throw new RangeError('Invalid array length'); };
	const install = (owner, name, wrapper) => {
		const original = owner[name];
		Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true });
		native.set(wrapper, `function ${name}() { [native code] }`);
		Object.defineProperty(owner, name, { value: wrapper, writable: true, configurable: true, enumerable: false });
	};
	for (const name of ['at', 'concat', 'copyWithin', 'every', 'fill', 'filter', 'find', 'findIndex', 'findLast', 'findLastIndex', 'flat', 'flatMap',
		'forEach', 'includes', 'indexOf', 'join', 'lastIndexOf', 'map', 'reduce', 'reduceRight', 'reverse', 'shift', 'slice', 'some', 'splice',
		'toReversed', 'toSpliced', 'toString', 'unshift', 'with']) {
		const original = Array.prototype[name];
		if (typeof original === 'function') install(Array.prototype, name, { [name](...args) {
			if (this?.length > longest) refuse();
			return apply(original, this, args);
		} }[name]);
	}
	// A comparison in JavaScript lets a long sort be stopped.
	const texts = (a, b) => {
		const x = String(a), y = String(b);
		return x < y ? -1 : x > y ? 1 : 0;
	};
	const numbers = (a, b) => a < b ? -1 : a > b ? 1 : a === a ? 0 : 1;
	for (const [owner, compare] of [[Array.prototype, texts], [Object.getPrototypeOf(Uint8Array.prototype), numbers]]) {
		for (const name of ['sort', 'toSorted']) {
			const original = owner[name];
			install(owner, name, { [name](f) {
				if (this?.length > longest) refuse();
				return apply(original, this, [f === undefined && this?.length > 10000 ? compare : f]);
			} }[name]);
		}
	}
	// Searching compares every place with the whole of what is searched for.
	for (const name of ['indexOf', 'lastIndexOf', 'includes', 'split', 'replace', 'replaceAll']) {
		const original = String.prototype[name];
		install(String.prototype, name, { [name](...args) {
			if (args[0]?.length > 100 && this?.length * args[0].length > 5e8) throw new RangeError('Invalid string length');
			return apply(original, this, args);
		} }[name]);
	}
	const { toString } = Function.prototype;
	install(Function.prototype, 'toString', { toString() { return native.get(this) ?? apply(toString, this, []); } }.toString);
})();
