"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.bookProperties = void 0;
const shown = (...operation) => ({ show: { resource: ['book'], operation } });
const signed = require("signed");
exports.bookProperties = [
	{
		displayName: 'Operation', name: 'operation', type: 'options', default: 'list', displayOptions: { show: { resource: ['book'] } },
		options: [
			{ name: 'Create', value: 'create', routing: { request: { method: 'POST', url: '/books' } } },
			{ name: 'List', value: 'list', routing: { request: { method: 'GET', url: '/books' } } },
			{ name: 'Search', value: 'search', routing: { request: { method: 'GET', url: '/books/search' }, output: { postReceive: [{ type: 'rootProperty', properties: { property: 'hits' } }] } } },
			{ name: 'Sign', value: 'sign', routing: { request: { method: 'POST', url: '/signatures' }, send: { preSend: [signed] } } },
			{ name: 'Price', value: 'price', routing: { request: { method: 'PUT', url: '=/books/{{ encodeURIComponent($parameter.isbn) }}/price', body: { amount: '={{ $parameter.amount }}' } } } },
		],
	},
	{ displayName: 'Title', name: 'title', type: 'string', required: true, default: '', displayOptions: shown('create'), routing: { send: { type: 'body', property: 'title' } } },
	{ displayName: 'Tags', name: 'tags', type: 'string', typeOptions: { multipleValues: true }, default: [], displayOptions: shown('create'), routing: { send: { type: 'body', property: 'tags', value: '={{ $value }}' } } },
	{ displayName: 'Binding', name: 'binding', type: 'options', default: 'soft', options: [{ name: 'Soft', value: 'soft' }, { name: 'Hard', value: 'hard' }], displayOptions: shown('create'), routing: { send: { type: 'body', property: 'binding' } } },
	{ displayName: 'Shelf', name: 'shelf', type: 'string', default: '', displayOptions: shown('create'), routing: { send: { type: 'body', property: 'shelf_name' } } },
	{ displayName: 'More', name: 'more', type: 'collection', default: {}, displayOptions: shown('create'), options: [{ displayName: 'Year', name: 'year', type: 'number', default: 0, routing: { send: { type: 'body', property: 'year' } } }] },
	{ displayName: 'Limit', name: 'limit', type: 'number', default: 50, displayOptions: shown('list', 'search'), routing: { request: { qs: { limit: '={{$value}}' } } } },
	{ displayName: 'Query', name: 'q', type: 'string', default: '', displayOptions: shown('search'), routing: { send: { type: 'query', property: 'q' } } },
	{ displayName: 'Options', name: 'options', type: 'collection', default: {}, displayOptions: shown('list'), options: [{ displayName: 'Author', name: 'author', type: 'string', default: '', routing: { send: { type: 'query', property: 'author' } } }] },
	{ displayName: 'ISBN', name: 'isbn', type: 'string', required: true, default: '', displayOptions: shown('price') },
	{ displayName: 'Amount', name: 'amount', type: 'number', required: true, default: 0, displayOptions: shown('price') },
];
