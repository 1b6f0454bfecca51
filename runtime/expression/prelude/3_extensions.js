// ---- n8n's extension functions. What texts are searched for is in Go (texts.go), which answers for both tiers.

const typeOf = (v) => {
	switch (typeof v) {
		case 'string': return dateText.test(v) ? 'Date' : 'String';
		case 'number': return 'Number';
		case 'boolean': return 'Boolean';
		case 'object':
			if (v === null) return '';
			return Array.isArray(v) ? 'Array' : v instanceof Date || v instanceof classes.DateTime ? 'Date' : 'Object';
	}
	return '';
};
// Texts of this shape are looked up among the functions of dates, which get the text.
const dateText = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

const isEmpty = (v) => {
	if (isLuxon(v)) return false;
	switch (typeof v) {
		case 'function': case 'bigint': case 'symbol': return false;
		case 'object':
			if (v === null) return true;
			return Array.isArray(v) ? v.length === 0 : v instanceof Date ? false : Object.keys(v).length === 0;
	}
	return !v;
};

// equal compares deeply, by the members of objects.
const equal = (a, b) => {
	if (a === b || (a !== a && b !== b)) return true;
	if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false;
	if (isLuxon(a) || isLuxon(b)) return isLuxon(a) && isLuxon(b) && stringify(a[wireOf]) === stringify(b[wireOf]);
	if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
	if (a instanceof Date) return a.getTime() === b.getTime();
	if (a instanceof RegExp) return String(a) === String(b);
	if (a instanceof Map || a instanceof Set) return equal([...a], [...b]);
	const keys = Object.keys(a);
	return keys.length === Object.keys(b).length && keys.every((k) => Object.hasOwn(b, k) && equal(a[k], b[k]));
};
const distinct = (list, same = equal) => {
	const kept = [];
	const seen = new Set();
	for (const v of list) {
		if (!isObject(v)) {
			if (seen.has(v)) continue;
			seen.add(v);
		} else if (kept.some((k) => isObject(k) && same(k, v))) continue;
		kept.push(v);
	}
	return kept;
};
// membership answers whether a list holds a value.
const membership = (list) => {
	const plain = new Set(list.filter((v) => !isObject(v)));
	const objects = list.filter(isObject);
	return (v) => isObject(v) ? objects.some((o) => equal(o, v)) : plain.has(v);
};

const text = (name) => (s, ...args) => query('text', name, s, ...args.map(forHost));

// titleCase follows the rules of the package title-case: small words, words with capitals of their own and words with a
// point inside stay as they are.
const smallWords = /\b(?:an?d?|a[st]|because|but|by|en|for|i[fn]|neither|nor|o[fnr]|only|over|per|so|some|tha[tn]|the|to|up|upon|vs?\.?|versus|via|when|with|without|yet)\b/i;
const titleCase = (s) => {
	let out = '';
	for (const { 0: token, index } of s.matchAll(/[^\s:–—-]+|./g)) {
		const end = index + token.length;
		const keep = /.(?=[A-Z]|\..)/.test(token) || (smallWords.test(token) && index !== 0 && end !== s.length) ||
			(s[end] === ':' && !/\s/.test(s.charAt(end + 1)));
		out += keep ? token : token.replace(/[A-Za-z0-9\u00C0-\u00FF]/, (c) => c.toUpperCase());
	}
	return out;
};
const sentenceCase = (s) => {
	let out = '', start = true;
	for (const c of s.toLowerCase()) {
		const letter = /\p{L}/u.test(c);
		out += start && letter ? c.toUpperCase() : c;
		start = /[.!?]/.test(c) || (start && !letter);
	}
	return out;
};

const strings = {
	length: (s) => s.length,
	toTitleCase: titleCase,
	toSentenceCase: sentenceCase,
	toSnakeCase: (s) => s.toLowerCase().replace(/[ -]/g, '_').replace(/[^\p{L}\p{N}\p{M}\p{S}\s_\p{Cf}\p{Co}]|[$+<=>^`|~]/gu, ''),
	quote: (s, mark = '"') => mark + s.replace(/\\/g, '\\\\').replace(new RegExp('\\' + mark, 'g'), '\\' + mark) + mark,
	urlEncode: (s, whole) => whole ? encodeURI(s) : encodeURIComponent(s),
	urlDecode: (s, whole) => whole ? decodeURI(s) : decodeURIComponent(s),
	toJsonString: (s) => stringify(s),
	parseJson(s) {
		try {
			return parse(s);
		} catch {
			return wrong("Parsing failed" + (s.includes("'") ? ". Check you're using double quotes" : ''));
		}
	},
	toBoolean: (s) => !['', '0', 'false', 'no'].includes(s.toLowerCase()),
	toInt(s, radix) {
		const n = parseInt(s.replace(currency, ''), radix);
		return n !== n ? wrong('cannot convert to integer') : n;
	},
	toFloat(s) {
		if (s.includes(',')) wrong('cannot convert to float, expected . as decimal separator');
		const n = parseFloat(s.replace(currency, ''));
		return n !== n ? wrong('cannot convert to float') : n;
	},
	toNumber(s) {
		const n = Number(s.replace(currency, ''));
		return n !== n ? wrong('cannot convert to number') : n;
	},
	isNumeric: (s) => s !== '' && !s.includes(' ') && !isNaN(s),
	toDate(s) {
		const d = new Date(parseDate(s));
		return d.getTime() !== d.getTime() ? wrong('cannot convert to date') : d;
	},
};
// currency are the signs that are left out before a number is read.
const currency = /R\$|CHF|Kč|kr|zł|лв|[$€£¥₹₩₽¢₺₫฿₪₴₦₱₡₮ƒP]/g;
strings.toWholeNumber = strings.toInt;
strings.toDecimalNumber = strings.toFloat;
for (const name of hostTexts) strings[name] = text(name);

const wholeOnly = (name, f) => (v) => Number.isInteger(v) ? f(v) : wrong(name + '() is only callable on integers');
const same = (v) => v;
const numbers = {
	round: (n, digits) => +n.toFixed(digits), floor: (n) => Math.floor(n), ceil: (n) => Math.ceil(n), abs: (n) => Math.abs(n),
	isInteger: (n) => Number.isInteger(n),
	isEven: wholeOnly('isEven', (n) => n % 2 === 0), isOdd: wholeOnly('isOdd', (n) => Math.abs(n) % 2 === 1),
	toBoolean: (n) => n !== 0, toInt: (n) => +n.toFixed(0), toFloat: same,
	format(n, locale, options) {
		try {
			return formatNumber(n, locale, options);
		} catch (e) {
			if (e instanceof Failure) throw e;
			return String(n);
		}
	},
};

const numbersOnly = (name, f) => (list) => {
	for (const n of list) if (typeof n !== 'number') wrong(name + '(): all array elements must be numbers');
	return f(list);
};
const average = numbersOnly('average', (list) => list.length ? list.reduce((sum, n) => sum + n, 0) / list.length : 0);
const needsArray = (name, example, f) => (list, other, ...rest) =>
	Array.isArray(other) ? f(list, other, ...rest) : wrong(`${name}(): expected array arg, e.g. .${name}(${example})`);
const setFunction = (name, f) => needsArray(name, '[1, 2, 3, 4]', f);
// compactObject drops what is empty; lists in it become objects.
const compactObject = (o) => {
	const out = {};
	for (const [k, v] of Object.entries(o)) {
		if (v === null || v === undefined || v === '' || v === 'nil') continue;
		if (!isObject(v) || isLuxon(v)) out[k] = v;
		else if (Object.keys(v).length) out[k] = compactObject(v);
	}
	return out;
};
// mergePairs merges the objects at the same places, up to count: of a pair the first value of a key stays, a later pair's
// replaces it.
const mergePairs = (list, other, count, wanted) => {
	const out = {};
	for (let i = 0; i < count; i++) {
		if (wanted(list[i], other[i])) Object.assign(out, Object.assign({}, objectOf(list[i]), objectOf(other[i]), objectOf(list[i])));
	}
	return out;
};
const objectOf = (v) => isObject(v) ? v : undefined;
const mergeAll = (list) => {
	const out = {};
	for (const o of list) {
		if (!isObject(o) || Array.isArray(o)) continue;
		for (const [k, v] of Object.entries(o)) if (!Object.hasOwn(out, k)) out[k] = v;
	}
	return out;
};
const mergeExample = '[{ id: 1, otherValue: 3 }]';
const unique = (list, ...fields) => {
	const names = fields.flat();
	if (!names.length) return distinct(list);
	return distinct(list, (a, b) => names.every((k) => equal(a[k], b[k])) && names.every((k) => Object.hasOwn(a, k) === Object.hasOwn(b, k)));
};
const arrays = {
	first: (a) => a[0], last: (a) => a[a.length - 1], reverse: (a) => [...a].reverse(), append: (a, ...more) => [...a, ...more],
	sum: numbersOnly('sum', (a) => a.reduce((sum, n) => sum + n, 0)), average,
	max: numbersOnly('max', (a) => a.reduce((m, n) => Math.max(m, n), -Infinity)),
	min: numbersOnly('min', (a) => a.reduce((m, n) => Math.min(m, n), Infinity)),
	randomItem: (a) => a[Math.floor(Math.random() * a.length)],
	chunk(a, size) {
		if (typeof size !== 'number' || size === 0 || size < 0) wrong('chunk(): expected non-zero numeric arg, e.g. .chunk(5)');
		const out = [];
		for (let i = 0; i < a.length; i += size) out.push(a.slice(i, i + size));
		return out;
	},
	compact: (a) => a.filter((v) => v !== null && v !== undefined && v !== '' && v !== 'nil' && !(isObject(v) && !isLuxon(v) && !Object.keys(v).length))
		.map((v) => isObject(v) && !isLuxon(v) ? compactObject(v) : v),
	difference: setFunction('difference', (a, b) => { const has = membership(b); return distinct(a).filter((v) => !has(v)); }),
	intersection: setFunction('intersection', (a, b) => distinct(a).filter(membership(b))),
	union: setFunction('union', (a, b) => distinct([...a, ...b])),
	unique, removeDuplicates: unique,
	merge: (a, other) => other === undefined ? mergeAll(a) : arrays.mergeWith(a, other),
	mergeWith: needsArray('merge', mergeExample, (a, b) => mergePairs(a, b, Math.min(a.length, b.length), (x, y) => typeof x === 'object' && typeof y === 'object')),
	mergeIntoObject: needsArray('mergeIntoObject', mergeExample, (a, b) => mergePairs(a, b, Math.max(a.length, b.length), () => true)),
	pluck(a, ...fields) {
		if (!fields.length) return a;
		const out = [];
		for (const o of a) {
			if (!isObject(o)) continue;
			const values = Object.entries(o).flatMap(([k, v]) => fields.filter((f) => f === k).map(() => v));
			if (values.length) out.push(values.length === 1 ? values[0] : values);
		}
		return out;
	},
	renameKeys(a, ...names) {
		if (!names.length || names.length % 2) {
			wrong('renameKeys(): expected an even amount of args: from1, to1 [, from2, to2, ...]. e.g. .renameKeys("name", "title")');
		}
		return a.map((o) => {
			if (!isObject(o)) return o;
			const out = { ...o };
			for (let i = 0; i < names.length; i += 2) {
				if (!Object.hasOwn(out, names[i])) continue;
				out[names[i + 1]] = out[names[i]];
				delete out[names[i]];
			}
			return out;
		});
	},
	smartJoin(a, key, value) {
		if (!key || !value || typeof key !== 'string' || typeof value !== 'string') {
			wrong('smartJoin(): expected two string args, e.g. .smartJoin("name", "value")');
		}
		const out = {};
		for (const o of a) if (isObject(o) && key in o && value in o) out[o[key]] = o[value];
		return out;
	},
	toJsonString: (a) => stringify(a),
};

const textFields = (o, keep) => Object.fromEntries(Object.entries(o).filter(([, v]) => keep(v)));
const isText = (v) => typeof v === 'string' && v !== '';
const objects = {
	keys: (o) => Object.keys(o), values: (o) => Object.values(o), hasField: (o, name) => name in o, compact: compactObject,
	removeField(o, name) {
		const out = { ...o };
		delete out[name];
		return out;
	},
	keepFieldsContaining: (o, part) => isText(part) ? textFields(o, (v) => typeof v === 'string' && v.includes(part))
		: wrong('argument of keepFieldsContaining must be a non-empty string'),
	removeFieldsContaining: (o, part) => isText(part) ? textFields(o, (v) => !(typeof v === 'string' && v.includes(part)))
		: wrong('removeFieldsContaining(): expected non-empty string arg'),
	urlEncode: (o) => Object.entries(o).map((pair) => pair.map(formEncode).join('=')).join('&'),
	toJsonString: (o) => stringify(o),
};
const formEncode = (v) => encodeURIComponent(String(v)).replace(/[!'()~]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase()).replace(/%20/g, '+');
const booleans = { toBoolean: same, toInt: (b) => +b, toFloat: (b) => +b, toNumber: (b) => +b };
