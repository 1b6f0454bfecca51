"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.names = exports.words = void 0;
exports.words = (text) => text.split(' ');
exports.names = (self, options) => ['getNodeParameter', 'getNode', 'getInputData', 'getWorkflow', 'evaluateExpression', 'getItemIndex', 'getCredentials', 'getContext', 'getExecutionId', 'logger',
    'makeRoutingRequest', 'nothing'].filter((n) => n in self);
