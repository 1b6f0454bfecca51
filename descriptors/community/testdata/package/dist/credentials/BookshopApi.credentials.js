"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.BookshopApi = void 0;
class BookshopApi {
	constructor() {
		this.name = 'bookshopApi';
		this.properties = [{ displayName: 'Key', name: 'key', type: 'string' }];
		this.authenticate = { type: 'generic', properties: { headers: { 'X-Key': '={{$credentials.key}}' } } };
	}
}
exports.BookshopApi = BookshopApi;
