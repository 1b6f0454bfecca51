package expression

// extensionTypes are n8n's extension functions (n8n 2.40) and the types that each is for. A call of such a name goes
// through extend in prelude.js, or to a native function; where neither has it for the value at hand, the error says that
// it is not available yet.
var extensionTypes = map[string][]string{
	"isEmpty": anything, "isNotEmpty": anything,
	"toBoolean": anything, "toDateTime": anything, "toFloat": anything, "toInt": anything,
	"toNumber": {"String", "Boolean"}, "toJsonString": {"Array", "Object", "String"},

	"base64Decode": text, "base64Encode": text, "extractDomain": text, "extractEmail": text, "extractUrl": text,
	"extractUrlPath": text, "hash": text, "isDomain": text, "isEmail": text, "isNumeric": text, "isUrl": text,
	"length": text, "parseJson": text, "quote": text, "removeMarkdown": text, "removeTags": text,
	"replaceSpecialChars": text, "toDate": text, "toDecimalNumber": text, "toSentenceCase": text, "toSnakeCase": text,
	"toTitleCase": text, "toWholeNumber": text, "urlDecode": text, "urlEncode": {"Object", "String"},

	"abs": number, "ceil": number, "floor": number, "isEven": number, "isInteger": number, "isOdd": number, "round": number,
	"format": {"Date", "Number"},

	"append": array, "average": array, "chunk": array, "compact": {"Array", "Object"}, "difference": array, "first": array,
	"intersection": array, "last": array, "max": array, "merge": array, "mergeIntoObject": array, "min": array,
	"pluck": array, "randomItem": array, "removeDuplicates": array, "renameKeys": array, "reverse": array,
	"smartJoin": array, "sum": array, "union": array, "unique": array,

	"hasField": object, "keepFieldsContaining": object, "keys": object, "removeField": object,
	"removeFieldsContaining": object, "values": object,

	"beginningOf": date, "diffTo": date, "diffToNow": date, "endOfMonth": date, "extract": date, "isBetween": date,
	"isDst": date, "isInLast": date, "isWeekend": date, "minus": date, "plus": date,
}

var (
	anything = []string{"Array", "Date", "Number", "Object", "String", "Boolean"}
	text     = []string{"String"}
	number   = []string{"Number"}
	array    = []string{"Array"}
	object   = []string{"Object"}
	date     = []string{"Date"}
)

// nameSet makes a set of a list of names.
func nameSet(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// prototypeNames are what JavaScript finds on the prototypes of objects, arrays, texts, numbers and booleans. The native
// tier leaves them to JavaScript, unless a value has such a member of its own.
var prototypeNames = nameSet("__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__",
	"constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
	"anchor", "at", "big", "blink", "bold", "charAt", "charCodeAt", "codePointAt", "concat", "copyWithin", "endsWith", "entries",
	"every", "fill", "filter", "find", "findIndex", "findLast", "findLastIndex", "fixed", "flat", "flatMap", "fontcolor",
	"fontsize", "forEach", "includes", "indexOf", "isWellFormed", "italics", "join", "keys", "lastIndexOf", "length", "link",
	"localeCompare", "map", "match", "matchAll", "normalize", "padEnd", "padStart", "pop", "push", "reduce", "reduceRight",
	"repeat", "replace", "replaceAll", "reverse", "search", "shift", "slice", "small", "some", "sort", "splice", "split",
	"startsWith", "strike", "sub", "substr", "substring", "sup", "toExponential", "toFixed", "toLocaleLowerCase",
	"toLocaleUpperCase", "toLowerCase", "toPrecision", "toReversed", "toSorted", "toSpliced", "toUpperCase", "toWellFormed",
	"trim", "trimEnd", "trimLeft", "trimRight", "trimStart", "unshift", "values", "with")
