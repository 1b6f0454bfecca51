package queues

// skipped are the recorded cases that are not met, each with the reason.
var skipped = map[string]string{
	"rabbitmq/headers-empty":                 "n8n fails in its own program where the collection of headers is empty; here it is no header",
	"mqtt/topic-wildcard":                    "n8n says success of a message that no broker takes; here it is an error",
	"mqtt/topic-plus":                        "as topic-wildcard",
	"mqtt/qos-text":                          "n8n says success and sends nothing where the QoS is a text; here it counts as its number",
	"rabbitmqTrigger/ack-later-then-fail":    "in n8n a message that the run took off its queue comes again if the run then fails; here it is gone",
	"rabbitmqTrigger/only-content":           "an item is an object here: {content}; in n8n it is the content itself",
	"rabbitmqTrigger/only-content-json-list": "as only-content",
	"mqttTrigger/only-message":               "an item is an object here: {0: message}; in n8n it is a list",
	"kafkaTrigger/only-message":              "an item is an object here: {message}; in n8n it is the message itself",
	"mqttTrigger/only-message-json":          "as only-message",
}

// ownWords are cases whose errors are worded otherwise: those of n8n are its libraries' or its program's.
var ownWords = []string{
	"rabbitmq/lost-server", "rabbitmq/lost-server-continue", "rabbitmq/wrong-password", "rabbitmq/message-null", "rabbitmq/message-number", "rabbitmq/message-object",
	"rabbitmq/queue-unnamed", "mqtt/lost-server", "mqtt/lost-server-continue", "mqtt/message-boolean", "mqtt/message-number", "mqtt/message-object", "mqtt/qos-bad",
	"kafka/lost-server", "kafka/lost-server-continue", "kafka/message-number", "kafka/message-object", "kafka/key-number", "kafka/headers-number", "kafka/headers-json-numbers",
}
