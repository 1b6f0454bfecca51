// ---- what depends on a locale: QuickJS has no Intl, the host has

const localeOf = (locales) => {
	if (locales === null) throw new TypeError('Cannot convert undefined or null to object');
	const locale = Array.isArray(locales) ? locales[0] : locales;
	return typeof locale === 'string' ? locale : 'en-US';
};
const inLocale = (what, locales, options, ...args) => answered(query('intl', what, localeOf(locales), forHost(options ?? {}), ...args.map(forHost)));
const formatNumber = (n, locales, options) => inLocale('number', locales, options, n);
const dateFields = ['weekday', 'year', 'month', 'day'], timeFields = ['dayPeriod', 'hour', 'minute', 'second', 'fractionalSecondDigits'];
const numeric = (names) => Object.fromEntries(names.map((name) => [name, 'numeric']));
// withFields adds the fields that a Date's own methods print where the options name none of those they ask for.
const withFields = (options, asked, fields) => {
	const o = { ...options };
	return o.dateStyle || o.timeStyle || asked.some((name) => o[name] !== undefined) ? o : { ...o, ...numeric(fields) };
};
const formatDate = (what, ms, locales, options) => ms !== ms ? 'Invalid Date' : inLocale(what, locales, options, ms);

const weight = (c) => {
	const code = c.charCodeAt(0);
	return c === ' ' ? 0 : code < 58 ? code : c.toLowerCase().charCodeAt(0);
};
const compare = (a, b) => {
	const n = Math.min(a.length, b.length);
	for (let i = 0; i < n; i++) if (weight(a[i]) !== weight(b[i])) return weight(a[i]) < weight(b[i]) ? -1 : 1;
	if (a.length !== b.length) return a.length < b.length ? -1 : 1;
	for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] > b[i] ? -1 : 1;
	return 0;
};
// collate asks the host only where the order is not simple: it is what sort() calls.
const collate = (a, b, locales, options) => a === b ? 0 : locales === undefined && options === undefined && /^[A-Za-z0-9 ]*$/.test(a + b)
	? compare(a, b) : inLocale('compare', locales, options, a, b);
const override = (prototype, methods) => {
	for (const name of Object.keys(methods)) Object.defineProperty(prototype, name, { value: methods[name], writable: true, configurable: true });
};
override(String.prototype, {
	localeCompare(that, locales, options) { return collate(String(this), String(that), locales, options); },
	toLocaleUpperCase(locales) { return locales === undefined ? this.toUpperCase() : inLocale('upper', locales, {}, String(this)); },
	toLocaleLowerCase(locales) { return locales === undefined ? this.toLowerCase() : inLocale('lower', locales, {}, String(this)); },
});
override(Number.prototype, { toLocaleString(locales, options) { return formatNumber(+this, locales, options); } });
override(BigInt.prototype, { toLocaleString(locales, options) { return formatNumber(Number(this), locales, options); } });
override(Array.prototype, { toLocaleString(locales, options) {
	return this.map((v) => v === undefined || v === null ? '' : v.toLocaleString(locales, options)).join(',');
} });
const { toString: dateToString, toTimeString } = Date.prototype;
const named = (date, text) => text === 'Invalid Date' ? text : `${text} (${query('zoneLong', date.getTime())})`;
override(Date.prototype, {
	toString() { return named(this, dateToString.call(this)); },
	toTimeString() { return named(this, toTimeString.call(this)); },
	toLocaleString(locales, options) {
		return formatDate('date', this.getTime(), locales, withFields(options, [...dateFields, ...timeFields], ['year', 'month', 'day', 'hour', 'minute', 'second']));
	},
	toLocaleDateString(locales, options) { return formatDate('date', this.getTime(), locales, withFields(options, dateFields, ['year', 'month', 'day'])); },
	toLocaleTimeString(locales, options) { return formatDate('date', this.getTime(), locales, withFields(options, timeFields, ['hour', 'minute', 'second'])); },
});

// numberParts takes a formatted number apart: a run of digits behind the last separator that is no group is the fraction.
const numberParts = (n, locales, options) => {
	const s = formatNumber(n, locales, options);
	const digits = formatNumber(1234567.5, locales, { maximumFractionDigits: 1 }).match(/[^\d]/g) ?? [];
	const decimal = digits.at(-1), group = digits[0];
	const out = [];
	let fraction = false;
	for (const value of s.match(/\p{Nd}+|[^\p{Nd}]/gu) ?? []) {
		let type = /\p{Nd}/u.test(value) ? fraction ? 'fraction' : 'integer' : value === decimal ? 'decimal' : value === group && /\d/.test(s) ? 'group'
			: value === '-' ? 'minusSign' : value === '%' ? 'percentSign' : /\s/.test(value) ? 'literal' : /\p{Sc}/u.test(value) ? 'currency' : 'literal';
		if (type === 'decimal') fraction = true;
		out.push({ type, value });
	}
	return out;
};
// newFormat makes a class of Intl whose objects hold a locale and options, and may be made without new.
const newFormat = (name, methods) => {
	const f = { [name]: function (locales, options) {
		if (!(this instanceof f)) return new f(locales, options);
		for (const [key, m] of Object.entries(methods)) {
			Object.defineProperty(this, key, { value: (...args) => m(localeOf(locales), options, ...args) });
		}
		inLocale('check', locales, {});
	} }[name];
	f.supportedLocalesOf = (locales) => [locales ?? []].flat();
	return Object.freeze(f);
};
const resolved = (more) => (locale, options) => ({ locale, numberingSystem: 'latn', ...more(options), ...options });
const intl = {
	NumberFormat: newFormat('NumberFormat', {
		format: (locale, options, n) => formatNumber(Number(n), locale, options),
		formatToParts: (locale, options, n) => numberParts(Number(n), locale, options),
		resolvedOptions: resolved(() => ({ style: 'decimal', useGrouping: 'auto', notation: 'standard' })),
	}),
	DateTimeFormat: newFormat('DateTimeFormat', {
		format: (locale, options, d = Date.now()) => formatDate('date', +d, locale, options),
		formatToParts: (locale, options, d = Date.now()) => formatDate('dateParts', +d, locale, options),
		resolvedOptions: resolved(() => ({ calendar: 'gregory', timeZone: query('zoneName') })),
	}),
	PluralRules: newFormat('PluralRules', { select: (locale, options, n) => inLocale('plural', locale, options, Number(n)), resolvedOptions: resolved(() => ({ type: 'cardinal' })) }),
	RelativeTimeFormat: newFormat('RelativeTimeFormat', { format: (locale, options, n, unit) => inLocale('relative', locale, options, Number(n), unit) }),
	ListFormat: newFormat('ListFormat', { format: (locale, options, list) => inLocale('list', locale, options, [...list]) }),
	Collator: newFormat('Collator', { compare: (locale, options, a, b) => collate(String(a), String(b), locale, options) }),
	getCanonicalLocales: (locales) => [locales ?? []].flat().map((l) => inLocale('check', l, {})),
};
for (const name of Object.keys(intl)) Object.defineProperty(intl, name, { value: Object.freeze(intl[name]), enumerable: false });
Object.freeze(intl);
