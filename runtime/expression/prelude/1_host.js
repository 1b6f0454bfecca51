// The JavaScript side of the JavaScript tier, its files put together in order: Luxon's objects, n8n's extension functions,
// the variables of expressions, and the entry that evaluates a program for a run of items. Ours in every line; what it
// answers is held to cases recorded from n8n.
'use strict';
const { parse, stringify } = JSON;
const ask = globalThis.__host;
delete globalThis.__host;

// ---- failures: errors of n8n's own, which fail the item; JavaScript's make the value undefined

class Failure {
	constructor(id) { this.id = id; }
	get name() { return 'ExpressionError'; }
	get message() { return query('failure', this.id).message; }
	get description() { return query('failure', this.id).description; }
}
// The host answers "=" and JSON, "" for undefined, "#" and the number of an error that it keeps, or "!" and the text of
// an exception of JavaScript's own.
const query = (...question) => put(stringify(question));
const put = (question) => {
	const answer = ask(question);
	if (answer[0] === '#') throw new Failure(answer.slice(1));
	if (answer[0] === '!') throw new Error(answer.slice(1));
	return answer === '' ? undefined : parse(answer.slice(1));
};
const isObject = (v) => typeof v === 'object' && v !== null;
const wrong = (text) => fail('plain', text);
const fail = (kind, ...args) => query('fail', kind, ...args);

// ---- the call at hand: what was asked of the host already

let known;
const once = (...question) => {
	const key = stringify(question);
	let answer = known.get(key);
	if (answer === undefined && !known.has(key)) known.set(key, answer = put(key));
	return answer;
};

