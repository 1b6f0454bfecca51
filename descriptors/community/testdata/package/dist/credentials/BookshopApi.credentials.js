"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.BookshopApi = void 0;
class BookshopApi {
	constructor() {
		this.name = 'bookshopApi';
		this.properties = [{ displayName: 'Address', name: 'baseUrl', type: 'string', default: 'https://books.example.com' }, { displayName: 'Key', name: 'key', type: 'string' }];
		this.authenticate = { type: 'generic', properties: { headers: { 'X-Key': '={{$credentials.key}}' } } };
	}
}
exports.BookshopApi = BookshopApi;
