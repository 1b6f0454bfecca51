// The modules of a package: a function of its texts by path, and of the names that they see as globals beside those of the machine.
// open(outside, values) gives one set of instances of them, load(path): what a module requires from elsewhere is what outside makes of
// the name, and values are those of the names.
(files, names = []) => {
	// What is compiled belongs to one set of instances. Function puts a text into another without a look at where it ends: one that closes
	// the function around it would run outside of it, so it must be a program by itself. Nothing of it runs in the attempt.
	const attempt = function () { eval(arguments[0]); };
	const whole = new Set();
	const compile = (path) => {
		if (!whole.has(path)) {
			try {
				attempt(`throw 0;\n${files[path]}`);
			} catch (e) {
				if (e !== 0) throw e;
			}
			whole.add(path);
		}
		return new Function('exports', 'require', 'module', '__filename', '__dirname', 'process', ...names, files[path]);
	};
	const resolve = (from, name) => {
		const parts = from.split('/').slice(0, -1);
		for (const part of name.split('/')) {
			if (part === '..') parts.pop();
			else if (part !== '.' && part !== '') parts.push(part);
		}
		const path = parts.join('/');
		return [path, `${path}.js`, `${path}.json`, `${path}/index.js`].find((p) => Object.hasOwn(files, p));
	};
	const open = (outside, values = []) => {
		const loaded = new Map();
		const load = (path) => {
			if (loaded.has(path)) return loaded.get(path).exports;
			const module = { exports: {} };
			loaded.set(path, module);
			if (path.endsWith('.json')) module.exports = JSON.parse(files[path]);
			else {
				const require = (name) => {
					if (!name.startsWith('.')) return outside(name);
					const found = resolve(path, name);
					if (found === undefined) throw new Error(`${path} requires ${name}, which is not among the package's files that are here`);
					return load(found);
				};
				compile(path)(module.exports, require, module, path, path.split('/').slice(0, -1).join('/'), { env: {} }, ...values);
			}
			return module.exports;
		};
		return load;
	};
	// needed are a module and all that it may require, also while its functions run.
	const needed = (path) => {
		const all = new Set([path]);
		for (const from of all) {
			if (from.endsWith('.json')) continue;
			for (const [, name] of files[from].matchAll(/\brequire\(\s*['"`](\.[^'"`]*)['"`]\s*\)/g)) {
				const found = resolve(from, name);
				if (found !== undefined) all.add(found);
			}
		}
		return [...all];
	};
	return { open, resolve, needed };
}
