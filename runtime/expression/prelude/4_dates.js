// ---- n8n's functions of dates: on a DateTime they give DateTimes, on a JavaScript Date they give Dates

// parseDate is Date.parse, with what V8 reads besides: small letters in ISO dates, a month behind a sign.
const parseDate = (s) => Date.parse(/^\d{4}-\d\d-\d\dT[\d:.]*Z?$/i.test(s) ? s.toUpperCase() : s.replace(/^-(?=\d+$)/, ''));
const asDateTime = (v) => v instanceof classes.DateTime ? v
	: classes.DateTime.fromMillis(v instanceof Date ? v.getTime() : NaN);
const back = (original, d) => original instanceof classes.DateTime ? d : new Date(d.isValid ? d.toMillis() : NaN);
const moved = (f) => (v, ...args) => back(v, f(asDateTime(v), ...args));

// toMoment is n8n's toDateTime of texts: Luxon's formats by turns, then what JavaScript makes of it.
const toMoment = (s, format) => {
	if (['ms', 's', 'us', 'excel'].includes(format)) return numbers.toDateTime(Number(s), format);
	if (format !== undefined) return typeof format === 'string' ? classes.DateTime.fromFormat(s, format) : classes.DateTime.invalid('unparsable');
	for (const read of ['fromISO', 'fromHTTP', 'fromRFC2822', 'fromSQL']) {
		const d = classes.DateTime[read](s, { setZone: true });
		if (d.isValid) return d;
	}
	const ms = parseDate(s);
	return ms !== ms ? wrong('cannot convert to Luxon DateTime') : classes.DateTime.fromMillis(ms);
};
const asMoment = (v) => typeof v === 'string' ? toMoment(v) : asDateTime(v);
const millisOf = (v) => {
	if (typeof v === 'string') {
		const ms = parseDate(v);
		if (ms !== ms) throw new TypeError('invalid date');
		return ms;
	}
	if (v instanceof Date) return v.getTime();
	if (v instanceof classes.DateTime) return v.toMillis();
	throw new TypeError('not a date');
};
const parts = { week: 'weekNumber', weeks: 'weekNumber', yearDayNumber: 'ordinal', years: 'year', quarters: 'quarter', months: 'month',
	days: 'day', hours: 'hour', minutes: 'minute', seconds: 'second', milliseconds: 'millisecond' };
const diffUnits = ['milliseconds', 'seconds', 'minutes', 'hours', 'days', 'weeks', 'months', 'quarters', 'years'];
// needsDateTime: Dates lack the method that these functions call, which shows only when all else is right.
const needsDateTime = (v) => {
	if (!(v instanceof classes.DateTime)) throw new TypeError('diff is not a function');
	return v;
};
const diff = (v, other, unit) => {
	if (unit === null) throw new TypeError('no unit');
	let units = unit === undefined || (Array.isArray(unit) && !unit.length) ? 'days' : unit;
	for (const u of [units].flat()) {
		const plural = typeof u === 'string' && !u.endsWith('s') && u !== 'quarter' ? u + 's' : u;
		if (!diffUnits.includes(plural)) wrong(`Unsupported unit '${u}'. Supported: ${diffUnits.map((name) => `'${name}'`).join(', ')}.`);
	}
	const to = other();
	const d = needsDateTime(v).diff(to, units);
	if (Array.isArray(units) && units.length > 1) return d.toObject();
	units = [units].flat()[0];
	return d.as(units);
};
const dates = {
	beginningOf: moved((d, unit = 'week') => d.startOf(unit)),
	endOfMonth: moved((d) => d.endOf('month')),
	plus: moved((d, amount = {}, unit) => d.plus(unit === undefined ? amount : { [unit]: amount })),
	minus: moved((d, amount = {}, unit) => d.minus(unit === undefined ? amount : { [unit]: amount })),
	extract: (v, part = 'week') => asDateTime(v).get(parts[part] ?? part),
	format(v, format, options) {
		const d = asDateTime(v);
		return typeof format === 'string' || !d.isValid || format === undefined || format === null ? d.toFormat(format, options) : '';
	},
	isDst: (v) => asDateTime(v).isInDST === true,
	isWeekend: (v) => asDateTime(v).weekday >= 6,
	isBetween(v, ...ends) {
		if (ends.length !== 2) wrong('isBetween(): expected exactly two args');
		const [a, b] = ends.map(millisOf);
		const ms = asDateTime(v).valueOf();
		return Math.min(a, b) < ms && ms < Math.max(a, b);
	},
	isInLast(v, amount = 0, unit = 'minutes') {
		const now = classes.DateTime.now();
		const d = asDateTime(v);
		return d >= now.minus({ [unit]: amount }) && d <= now;
	},
	diffTo: (v, other, unit) => diff(v, () => asMoment(other), unit),
	diffToNow: (v, unit) => diff(v, () => classes.DateTime.now(), unit),
	toDateTime: (v, format) => typeof v === 'string' ? toMoment(v, format) : asDateTime(v),
	toInt: (v) => millisOf(isObject(v) ? v : undefined),
	toFloat: (v) => millisOf(isObject(v) ? v : undefined),
};
strings.toDateTime = toMoment;
numbers.toDateTime = (n, unit = 'ms') => {
	const { fromMillis, fromSeconds } = classes.DateTime;
	switch (unit) {
		case 'ms': return fromMillis(n);
		case 's': return fromSeconds(n);
		case 'us': return fromMillis(n / 1000);
		case 'excel': return fromMillis((n - 25569) * 86400000);
	}
	return wrong(`Unsupported format '${unit}'. toDateTime() supports 'ms', 's', 'us' and 'excel'.`);
};

// ---- calls of them

const extensions = { String: strings, Number: numbers, Array: arrays, Object: objects, Date: dates, Boolean: booleans };
const extensionOf = (v, name) => {
	if (name === 'toDate' && typeof v === 'string') return strings.toDate;
	const list = extensions[typeOf(v)];
	return list && extensionTypes[name]?.includes(typeOf(v)) && Object.hasOwn(list, name) ? list[name] : undefined;
};
// extend calls the function name of v; optional is whether a ?. stands right before it.
const extend = (v, optional, name, ...args) => {
	if (v === undefined || v === null) {
		if (optional) return undefined;
		return name === 'isEmpty' ? true : name === 'isNotEmpty' ? false : fail('nil', name, v === null);
	}
	if (name === 'isEmpty') return isEmpty(v);
	if (name === 'isNotEmpty') return !isEmpty(v);
	const f = extensionOf(v, name);
	if (f) return f(v, ...args);
	if (extensionTypes[name]?.includes(typeOf(v))) return undefined; // such as [1].toInt()
	if (typeof v[name] === 'function') return v[name](...args);
	return extensionTypes[name] ? fail('onlyOn', name) : wrong('Unknown expression function: ' + name);
};
// extendMaybe is x.name?.().
const extendMaybe = (v, name, ...args) => {
	if (v === undefined || v === null) throw new TypeError(name);
	if (name === 'isEmpty' || name === 'isNotEmpty' || extensionOf(v, name)) return extend(v, false, name, ...args);
	return v[name]?.(...args);
};
