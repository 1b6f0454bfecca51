// ---- bytes and text: what code that was written for Node.js expects beside the language

const utf8Encode = (text) => {
	const out = new Uint8Array(/[^\0-\x7f]/.test(text) ? 3 * text.length : text.length);
	let at = 0;
	for (let i = 0; i < text.length; i++) {
		let c = text.charCodeAt(i);
		if (c < 0x80) {
			out[at++] = c;
			continue;
		}
		if (c >= 0xd800 && c < 0xe000) {
			const low = text.charCodeAt(i + 1);
			if (c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
				c = ((c - 0xd800) << 10) + (low - 0xdc00) + 0x10000;
				i++;
			} else c = 0xfffd;
		}
		if (c < 0x800) out[at++] = 0xc0 | c >> 6;
		else {
			if (c < 0x10000) out[at++] = 0xe0 | c >> 12;
			else {
				out[at++] = 0xf0 | c >> 18;
				out[at++] = 0x80 | c >> 12 & 63;
			}
			out[at++] = 0x80 | c >> 6 & 63;
		}
		out[at++] = 0x80 | c & 63;
	}
	return out.subarray(0, at);
};
// utf8Part decodes from i until end or a little further, to where a character ends: [text, where].
const utf8Part = (bytes, i, end) => {
	const chunk = [];
	while (i < end) {
		const b = bytes[i++];
		let need = b < 0x80 ? 0 : b >= 0xc2 && b < 0xe0 ? 1 : b >= 0xe0 && b < 0xf0 ? 2 : b >= 0xf0 && b < 0xf5 ? 3 : -1;
		let c = need < 0 ? 0xfffd : need ? b & (0x3f >> need) : b;
		let low = b === 0xe0 ? 0xa0 : b === 0xf0 ? 0x90 : 0x80, high = b === 0xed ? 0x9f : b === 0xf4 ? 0x8f : 0xbf;
		for (; need > 0; need--) {
			if (i >= bytes.length || bytes[i] < low || bytes[i] > high) {
				c = 0xfffd;
				break;
			}
			c = c << 6 | bytes[i++] & 63;
			low = 0x80;
			high = 0xbf;
		}
		chunk.push(c);
	}
	return [String.fromCodePoint(...chunk), i];
};
// utf8Decode puts U+FFFD for what is no UTF-8, one for each longest wrong beginning.
const utf8Decode = (bytes) => {
	const parts = [];
	for (let i = 0; i < bytes.length;) {
		const end = Math.min(bytes.length, i + 4000);
		const plain = String.fromCharCode.apply(null, bytes.slice(i, end));
		const [text, next] = /[^\0-\x7f]/.test(plain) ? utf8Part(bytes, i, end) : [plain, end];
		parts.push(text);
		i = next;
	}
	return parts.join('');
};

// The engine's own are fast and hold no list of numbers.
const { fromBase64, prototype: { toBase64 } } = Uint8Array;
const base64Encode = (bytes) => toBase64.call(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
// base64Decode takes both alphabets and skips what is in neither, as Node.js does.
const base64Decode = (text) => {
	try {
		return fromBase64(text);
	} catch {
		const letters = text.replace(/=[^]*/, '').replace(/-/g, '+').replace(/_/g, '/').replace(/[^A-Za-z0-9+/]/g, '');
		return fromBase64(letters.length % 4 === 1 ? letters.slice(0, -1) : letters);
	}
};
const codeUnits = (text, mask) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i) & mask);
const hexDecode = (text) => {
	const out = [];
	for (let i = 0; i + 1 < text.length; i += 2) {
		const pair = text.slice(i, i + 2);
		if (!/^[0-9a-f]{2}$/i.test(pair)) break;
		out.push(parseInt(pair, 16));
	}
	return out;
};
const utf16Decode = (bytes) => {
	const out = [];
	for (let i = 0; i + 1 < bytes.length; i += 2) out.push(String.fromCharCode(bytes[i] | bytes[i + 1] << 8));
	return out.join('');
};
const utf8 = { decode: utf8Encode, encode: utf8Decode };
const latin1 = { decode: (s) => codeUnits(s, 255), encode: (b) => Array.from(b, (c) => String.fromCharCode(c)).join('') };
const utf16 = { decode: (s) => codeUnits(s, 0xffff).flatMap((c) => [c & 255, c >> 8]), encode: utf16Decode };
const encodings = {
	utf8, 'utf-8': utf8, latin1, binary: latin1, ucs2: utf16, 'ucs-2': utf16, utf16le: utf16, 'utf-16le': utf16,
	ascii: { decode: latin1.decode, encode: (b) => Array.from(b, (c) => String.fromCharCode(c & 127)).join('') },
	hex: { decode: hexDecode, encode: (b) => Array.from(b, (c) => c.toString(16).padStart(2, '0')).join('') },
	base64: { decode: base64Decode, encode: base64Encode },
	base64url: { decode: base64Decode, encode: (b) => base64Encode(b).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '') },
};
const encodingOf = (name) => {
	const found = encodings[String(name ?? 'utf8').toLowerCase()];
	if (!found) throw new TypeError('Unknown encoding: ' + name);
	return found;
};

// Buffer is the part of Node.js's that code of workflows uses.
class Buffer extends Uint8Array {
	static from(value, encoding, length) {
		if (typeof value === 'string') return bufferOf(encodingOf(encoding).decode(value));
		if (value instanceof ArrayBuffer) return new Buffer(value, encoding ?? 0, length ?? value.byteLength - (encoding ?? 0));
		if (value?.type === 'Buffer' && Array.isArray(value.data)) return bufferOf(value.data);
		if (!isObject(value)) {
			throw new TypeError('The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object. Received '
				+ (value === null || value === undefined ? value : `type ${typeof value} (${String(value)})`));
		}
		return bufferOf(value);
	}
	static alloc(size, fill, encoding) { return fill === undefined ? new Buffer(size) : new Buffer(size).fill(fill, encoding); }
	static allocUnsafe(size) { return new Buffer(size); }
	static isBuffer(value) { return value instanceof Buffer; }
	static isEncoding(name) { return String(name).toLowerCase() in encodings; }
	static byteLength(value, encoding) { return typeof value === 'string' ? encodingOf(encoding).decode(value).length : value.byteLength; }
	static compare(a, b) {
		for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
		return Math.sign(a.length - b.length);
	}
	static concat(list, total = list.reduce((n, b) => n + b.length, 0)) {
		const out = new Buffer(total);
		let at = 0;
		for (const b of list) {
			const part = b.subarray(0, total - at);
			out.set(part, at);
			at += part.length;
		}
		return out;
	}
	toString(encoding, start = 0, end = this.length) { return encodingOf(encoding).encode(start === 0 && end >= this.length ? this : this.subarray(start, end)); }
	toJSON() { return { type: 'Buffer', data: Array.from(this) }; }
	slice(start, end) { return this.subarray(start, end); }
	subarray(start, end) {
		const part = new Uint8Array(this.buffer, this.byteOffset, this.length).subarray(start, end);
		return new Buffer(part.buffer, part.byteOffset, part.length);
	}
	equals(other) { return Buffer.compare(this, other) === 0; }
	compare(other) { return Buffer.compare(this, other); }
	copy(target, at = 0, start = 0, end = this.length) {
		const part = this.subarray(start, Math.min(end, start + target.length - at));
		target.set(part, at);
		return part.length;
	}
	write(text, at = 0) {
		const bytes = utf8Encode(text).slice(0, this.length - at);
		this.set(bytes, at);
		return bytes.length;
	}
	fill(value, start, end, encoding) {
		if (typeof value !== 'string') return super.fill(value, start, end);
		const bytes = encodingOf(typeof start === 'string' ? start : encoding).decode(value);
		for (let i = 0; i < this.length; i++) this[i] = bytes.length ? bytes[i % bytes.length] : 0;
		return this;
	}
	indexOf(value, from = 0) {
		if (typeof value === 'number') return super.indexOf(value, from);
		const bytes = typeof value === 'string' ? utf8Encode(value) : value;
		for (let i = from; i + bytes.length <= this.length; i++) if (bytes.every((b, k) => this[i + k] === b)) return i;
		return -1;
	}
	includes(value, from) { return this.indexOf(value, from) >= 0; }
}
const bufferOf = (bytes) => {
	const out = new Buffer(bytes.length);
	out.set(bytes);
	return out;
};
// readUInt16BE and its like: name of the DataView's method, how many bytes.
for (const [type, name, size] of [['Uint8', 'UInt8', 1], ['Int8', 'Int8', 1], ['Uint16', 'UInt16', 2], ['Int16', 'Int16', 2], ['Uint32', 'UInt32', 4],
	['Int32', 'Int32', 4], ['Float32', 'Float', 4], ['Float64', 'Double', 8], ['BigInt64', 'BigInt64', 8], ['BigUint64', 'BigUInt64', 8]]) {
	for (const order of size === 1 ? [''] : ['BE', 'LE']) {
		const view = (b) => new DataView(b.buffer, b.byteOffset, b.length);
		override(Buffer.prototype, {
			[`read${name}${order}`](at = 0) { return view(this)['get' + type](at, order === 'LE'); },
			[`write${name}${order}`](v, at = 0) { view(this)['set' + type](at, v, order === 'LE'); return at + size; },
		});
	}
}

class TextEncoder {
	get encoding() { return 'utf-8'; }
	encode(text = '') { return new Uint8Array(utf8Encode(String(text))); }
}
class TextDecoder {
	#codec;
	constructor(label = 'utf-8') { this.#codec = encodingOf(label); }
	get encoding() { return 'utf-8'; }
	decode(bytes = []) {
		const list = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
		const text = this.#codec.encode(list);
		return text[0] === '\ufeff' ? text.slice(1) : text;
	}
}
const btoa = (text) => {
	const s = String(text);
	if (/[^\0-\xff]/.test(s)) throw new Error('Invalid character');
	return base64Encode(latin1.decode(s));
};
const atob = (text) => {
	const s = String(text).replace(/[\t\n\f\r ]/g, '').replace(/={1,2}$/, '');
	if (s.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(s)) throw new Error('The string to be decoded is not correctly encoded.');
	return latin1.encode(base64Decode(s));
};
