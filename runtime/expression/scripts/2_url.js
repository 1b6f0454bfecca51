// ---- addresses: taken apart and put together by the host, which knows the rules of URLs

const encodeForm = (s) => encodeURIComponent(s).replace(/%20/g, '+').replace(/[!'()~]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
const decodeForm = (s) => utf8Decode(percentDecode(s.replace(/\+/g, ' ')));
const percentDecode = (s) => {
	const bytes = utf8Encode(s);
	const out = [];
	for (let i = 0; i < bytes.length; i++) {
		const hex = bytes[i] === 37 ? String.fromCharCode(...bytes.slice(i + 1, i + 3)) : '';
		if (/^[0-9a-f]{2}$/i.test(hex)) {
			out.push(parseInt(hex, 16));
			i += 2;
		} else out.push(bytes[i]);
	}
	return out;
};
class URLSearchParams {
	#list = [];
	#changed = () => {};
	constructor(init = '', changed) {
		if (typeof changed === 'function') this.#changed = changed;
		if (typeof init === 'string') this.#read(init);
		else if (typeof init?.[Symbol.iterator] === 'function') this.#list = Array.from(init, ([k, v]) => [String(k), String(v)]);
		else this.#list = Object.entries(init ?? {}).map(([k, v]) => [k, String(v)]);
	}
	#read(text) {
		this.#list = text.replace(/^\?/, '').split('&').filter(Boolean).map((pair) => {
			const at = pair.indexOf('=');
			return at < 0 ? [decodeForm(pair), ''] : [decodeForm(pair.slice(0, at)), decodeForm(pair.slice(at + 1))];
		});
	}
	#set(list) {
		this.#list = list;
		this.#changed(this.toString());
	}
	get size() { return this.#list.length; }
	get(name) { return this.#list.find(([k]) => k === name)?.[1] ?? null; }
	getAll(name) { return this.#list.filter(([k]) => k === name).map(([, v]) => v); }
	has(name, value) { return this.#list.some(([k, v]) => k === name && (value === undefined || v === value)); }
	append(name, value) { this.#set([...this.#list, [String(name), String(value)]]); }
	delete(name, value) { this.#set(this.#list.filter(([k, v]) => k !== name || (value !== undefined && v !== value))); }
	set(name, value) {
		const at = this.#list.findIndex(([k]) => k === name);
		if (at < 0) return this.append(name, value);
		this.#set(this.#list.filter(([k], i) => k !== name || i === at).map((pair, i) => i === at ? [pair[0], String(value)] : pair));
	}
	sort() { this.#set(this.#list.toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)); }
	forEach(f, self) { for (const [k, v] of this.#list) f.call(self, v, k, this); }
	*entries() { yield* this.#list.map((pair) => [...pair]); }
	*keys() { for (const [k] of this.#list) yield k; }
	*values() { for (const [, v] of this.#list) yield v; }
	[Symbol.iterator]() { return this.entries(); }
	toString() { return this.#list.map(([k, v]) => encodeForm(k) + '=' + encodeForm(v)).join('&'); }
}

class URL {
	#parts; #params;
	constructor(address, base) { this.#take(String(address), base === undefined ? '' : String(base)); }
	#take(address, base) {
		const parts = query('url', address, base);
		if (!parts) {
			const e = new TypeError('Invalid URL');
			e.code = 'ERR_INVALID_URL';
			e.input = address;
			throw e;
		}
		this.#parts = parts;
	}
	// #change reads the address anew with one part changed; what then is no address leaves it as it was, as in browsers.
	#change(name, value) {
		const p = { ...this.#parts, [name]: value };
		const user = p.username || p.password ? p.username + (p.password ? ':' + p.password : '') + '@' : '';
		const slashes = p.hostname || p.protocol === 'file:' ? '//' : '';
		try {
			this.#take(p.protocol + slashes + user + p.hostname + (p.port ? ':' + p.port : '') + p.pathname + p.search + p.hash, '');
		} catch { /* it stays as it was */ }
		if (name === 'search') this.#params = undefined;
	}
	static canParse(address, base) {
		try {
			return new URL(address, base) instanceof URL;
		} catch {
			return false;
		}
	}
	get href() { return this.#parts.href; }
	set href(v) { this.#take(String(v), ''); this.#params = undefined; }
	get origin() { return this.#parts.origin; }
	get host() { return this.#parts.hostname + (this.#parts.port ? ':' + this.#parts.port : ''); }
	set host(v) {
		const [name, port = ''] = String(v).split(':');
		this.#change('hostname', name);
		this.#change('port', port);
	}
	get searchParams() {
		return this.#params ??= new URLSearchParams(this.search, (text) => {
			const params = this.#params;
			this.#change('search', text && '?' + text);
			this.#params = params;
		});
	}
	toString() { return this.href; }
	toJSON() { return this.href; }
	static {
		const lead = { protocol: (v) => v.replace(/:?$/, ':'), pathname: (v) => v.replace(/^\/?/, '/'), search: (v) => v && v.replace(/^\??/, '?'), hash: (v) => v && v.replace(/^#?/, '#') };
		for (const name of ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash']) {
			Object.defineProperty(this.prototype, name, {
				enumerable: true, configurable: true,
				get() { return this.#parts[name]; },
				set(v) { this.#change(name, (lead[name] ?? ((s) => s))(String(v))); },
			});
		}
	}
}
