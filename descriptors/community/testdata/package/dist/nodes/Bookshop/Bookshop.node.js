"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.Bookshop = void 0;
const n8n_workflow_1 = require("n8n-workflow");
const book_1 = require("./book");
const rows_1 = require("to-rows");
class Bookshop {
	constructor() {
		this.description = {
			displayName: 'Bookshop',
			name: 'bookshop',
			version: [1, 1.1],
			inputs: [n8n_workflow_1.NodeConnectionTypes.Main],
			outputs: [n8n_workflow_1.NodeConnectionTypes.Main],
			credentials: [{ name: 'bookshopApi', required: true }],
			requestDefaults: { baseURL: '={{$credentials.baseUrl}}/api/v2', headers: { Accept: 'application/json' } },
			properties: [
				{ displayName: 'Resource', name: 'resource', type: 'options', default: 'book', options: [{ name: 'Book', value: 'book' }, { name: 'Order', value: 'order' }] },
				...book_1.bookProperties,
				{
					displayName: 'Operation', name: 'operation', type: 'options', default: 'cancel', displayOptions: { show: { resource: ['order'] } },
					options: [
						{ name: 'Cancel', value: 'cancel', routing: { request: { method: 'DELETE', url: '=/orders/{{$parameter["orderId"]}}' } } },
						{ name: 'Export', value: 'export', routing: { request: { method: 'GET', url: '/orders' }, output: { postReceive: [rows_1.toRows] } } },
						{ name: 'Open', value: 'open', routing: { request: { method: 'GET', url: '/orders', qs: { state: 'open' } } } },
					],
				},
				{ displayName: 'Order', name: 'orderId', type: 'string', required: true, default: '', displayOptions: { show: { resource: ['order'], operation: ['cancel'] } } },
			],
		};
	}
}
exports.Bookshop = Bookshop;
