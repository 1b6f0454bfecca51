// ---- JSON.parse says what is wrong as Node.js does: code keeps such messages

// jsonFault finds where a text ends to be JSON and returns the message, "" if it is JSON after all.
const jsonFault = (s) => {
	let i = 0;
	const at = (text) => {
		const lines = s.slice(0, i).split(/\r\n|\r|\n/);
		return `${text} in JSON at position ${i} (line ${lines.length} column ${lines.at(-1).length + 1})`;
	};
	const around = 10;
	const unexpected = () => {
		if (i >= s.length) return 'Unexpected end of JSON input';
		if (s[i] === '"') return at('Unexpected string');
		if (/[-\d]/.test(s[i])) return at('Unexpected number');
		if (['NaN', 'Infinity', 'undefined', '[object Object]'].includes(s)) return `"${s}" is not valid JSON`;
		const whole = s.length <= 2 * around, head = whole || i < around, tail = whole || i >= s.length - around;
		const context = s.slice(head ? 0 : i - around, tail ? s.length : i + around);
		return `Unexpected token '${s[i]}', ${head ? '' : '...'}"${context}"${tail ? '' : '...'} is not valid JSON`;
	};
	const blank = () => { while (' \t\n\r'.includes(s[i]) && i < s.length) i++; };
	const digits = () => {
		const start = i;
		while (s[i] >= '0' && s[i] <= '9') i++;
		return i > start;
	};
	const text = () => {
		for (i++; s[i] !== '"'; i++) {
			if (i >= s.length) return at('Unterminated string');
			if (s[i] < ' ') return at('Bad control character in string literal');
			if (s[i] !== '\\') continue;
			i++;
			if (i >= s.length) return unexpected();
			if (s[i] === 'u') {
				for (let n = 0; n < 4; n++) if (!/[\da-f]/i.test(s[++i] ?? '')) return at('Bad Unicode escape');
			} else if (!'"\\/bfnrt'.includes(s[i])) return at('Bad escaped character');
		}
		i++;
		return '';
	};
	const number = () => {
		if (s[i] === '-') {
			i++;
			if (!/\d/.test(s[i] ?? '')) return at('No number after minus sign');
		}
		if (s[i] === '0') {
			i++;
			if (/\d/.test(s[i] ?? '')) return at('Unexpected number');
		} else digits();
		if (s[i] === '.') {
			i++;
			if (!digits()) return at('Unterminated fractional number');
		}
		if (s[i] === 'e' || s[i] === 'E') {
			i++;
			if (s[i] === '+' || s[i] === '-') i++;
			if (!digits()) return at('Exponent part is missing a number');
		}
		return '';
	};
	const word = (literal) => {
		for (const c of literal) {
			if (s[i] !== c) return unexpected();
			i++;
		}
		return '';
	};
	// What is open is kept in a list: texts may be nested deeper than calls can be.
	const open = [];
	const name = (otherwise) => {
		blank();
		if (s[i] !== '"') return at(otherwise);
		const fault = text();
		if (fault) return fault;
		blank();
		if (s[i] !== ':') return at("Expected ':' after property name");
		i++;
		return '';
	};
	// value reads one, of an object or a list that has members only its beginning, up to the first value in it.
	const value = () => {
		for (;;) {
			blank();
			const end = { '{': '}', '[': ']' }[s[i]];
			if (!end) return plain();
			i++;
			blank();
			open.push(end);
			if (s[i] === end) return '';
			const fault = end === '}' && name("Expected property name or '}'");
			if (fault) return fault;
		}
	};
	const plain = () => {
		switch (s[i]) {
			case '"': return text();
			case 't': return word('true');
			case 'f': return word('false');
			case 'n': return word('null');
		}
		return /[-\d]/.test(s[i] ?? '') ? number() : unexpected();
	};
	let fault = value();
	while (!fault && open.length) {
		blank();
		const end = open.at(-1);
		if (s[i] === end) {
			open.pop();
			i++;
		} else if (s[i] !== ',') {
			return at(end === '}' ? "Expected ',' or '}' after property value" : "Expected ',' or ']' after array element");
		} else {
			i++;
			fault = (end === '}' && name('Expected double-quoted property name')) || value();
		}
	}
	if (fault) return fault;
	blank();
	return i < s.length ? at('Unexpected non-whitespace character after JSON').replace(' in JSON at', ' at') : '';
};
const original = JSON.parse;
Object.defineProperty(JSON, 'parse', { configurable: true, writable: true, value: function parse(text, reviver) {
	try {
		return original(text, reviver);
	} catch (e) {
		const fault = e instanceof SyntaxError && jsonFault(String(text));
		throw fault ? new SyntaxError(fault) : e;
	}
} });
