package files_test

const (
	notRefused = "n8n refuses before the run; here the node fails"
	noMessage  = "n8n fails without a message; here it is said what is wrong"
	jsMessage  = "n8n fails with a message of JavaScript's; here it is ours"
	noObject   = "n8n makes an item whose json is no object; here the node fails"
	fewBytes   = "n8n's reader goes on elsewhere after bytes that are no text in the encoding, and knows characters for private use"
	halfPairs  = "half of a surrogate pair has no UTF-8: it becomes U+FFFD"
	lostRows   = "n8n drops all rows of a file with a broken one, without a word; here the node fails"
	encrypted  = "of AES only one form is read; this one is refused"
	asListed   = "n8n makes bytes of the members of a list; here the node fails"
)

// skipped are the recorded cases that are not met, each with the reason.
var skipped = map[string]string{
	"compression/v1-gunzip-bad": "n8n gives an empty file; here the archive is broken", "compression/v1.1-gunzip-bad": "as above",
	"compression/v1-zip-no-name": notRefused, "compression/v1.1-zip-no-name": notRefused, "compression/v1-tar-no-name": notRefused,
	"compression/v1.1-tar-no-name": notRefused, "compression/v1-targz-no-name": notRefused, "compression/v1.1-targz-no-name": notRefused,

	"convertToFile/csv-name-empty": notRefused, "convertToFile/ical-no-date": notRefused,
	"convertToFile/v1-toText-none": notRefused, "convertToFile/v1.1-toText-none": notRefused,
	"convertToFile/v1-toBinary-none": notRefused, "convertToFile/v1.1-toBinary-none": notRefused,
	"convertToFile/v1-toBinary-b": jsMessage, "convertToFile/v1-toBinary-n": jsMessage, "convertToFile/v1-toBinary-o": jsMessage, "convertToFile/v1-toBinary-z": jsMessage,
	"convertToFile/v1.1-toBinary-b": jsMessage, "convertToFile/v1.1-toBinary-n": jsMessage, "convertToFile/v1.1-toBinary-o": jsMessage,
	"convertToFile/v1.1-toBinary-z": jsMessage, "convertToFile/v1-toBinary-l": asListed, "convertToFile/v1.1-toBinary-l": asListed,
	"convertToFile/ical-attendee-bad-email": noMessage, "convertToFile/ical-bad-date": noMessage, "convertToFile/ical-geo-bad": noMessage,
	"convertToFile/ical-organizer-empty": noMessage, "convertToFile/ical-status-bad": noMessage, "convertToFile/ical-url-bad": noMessage,
	"convertToFile/ical-continue": noMessage, "convertToFile/ical-geo": "n8n takes coordinates as numbers only; here text that is a number counts",
	"convertToFile/ical-full": "as above", "convertToFile/ical-full-zone": "as above",
	"convertToFile/ical-start-datetime": "n8n takes now for a DateTime; here it is that time",
	"convertToFile/ods-odd-text":        "n8n does not escape what looks like an escape, and reads it as one", "convertToFile/xlsx-odd-text": "as above",
	"convertToFile/text-base64":     "n8n reads nothing of text with characters beyond Latin-1; here these are passed over",
	"convertToFile/xls-257-columns": "n8n leaves out columns beyond the 256th; here the node fails",
	"convertToFile/xls-long-text":   "n8n cuts text after 255 characters; here the node fails beyond Excel's 32,767",
	"convertToFile/xls-numbers":     "n8n writes the largest and the smallest number wrongly",
	"convertToFile/xls-odd-text":    "n8n cuts text after 255 characters; here all of it is written",

	"extractFromFile/binaryToPropery-destination-none": notRefused, "extractFromFile/fromJson-destination-none": notRefused,
	"extractFromFile/text-destination-none": notRefused, "extractFromFile/xml-destination-none": notRefused,
	"extractFromFile/fromJson-big":     "numbers keep their digits; n8n rounds them",
	"extractFromFile/fromJson-invalid": jsMessage, "extractFromFile/fromJson-invalid-continue": jsMessage,
	"extractFromFile/fromJson-lines": jsMessage, "extractFromFile/fromJson-truncated": jsMessage,
	"extractFromFile/html-none": jsMessage, "extractFromFile/html-values": "n8n takes 12-31-2024 for a day in 1920; here it is text",
	"extractFromFile/ods-ours-sheet": "n8n takes the sheet's name in ODS as it is escaped",
	"extractFromFile/pdf-aes128":     encrypted, "extractFromFile/pdf-aes128-owner": encrypted, "extractFromFile/pdf-aes128-password": encrypted,
	"extractFromFile/pdf-aes128-wrong": encrypted, "readPDF/aes128": encrypted, "readPDF/aes128-off": encrypted,
	"extractFromFile/pdf-rc4-owner":  "the owner's password opens nothing here, only the user's",
	"extractFromFile/text-big5hkscs": fewBytes, "extractFromFile/text-cp949": fewBytes, "extractFromFile/text-eucjp": fewBytes,
	"extractFromFile/text-gb18030": fewBytes, "extractFromFile/text-gbk": fewBytes, "extractFromFile/text-shiftjis": fewBytes,
	"extractFromFile/text-ucs2": halfPairs, "extractFromFile/text-utf16": halfPairs, "extractFromFile/text-utf16be": halfPairs,
	"extractFromFile/text-utf8-invalid": "n8n guesses a Japanese encoding of three bytes; here what is not UTF-8 is Western",
	"extractFromFile/xls-biff2":         "files of Excel 2 to 4 are refused",
	"extractFromFile/xls-broken":        jsMessage, "extractFromFile/xls-broken-continue": jsMessage,
	"extractFromFile/xlsx-of-xlsb": "XLSB files are refused",

	"moveBinaryData/v1-to-binary-o-base64": jsMessage, "moveBinaryData/v1.1-to-binary-o-base64": jsMessage,
	"moveBinaryData/v1-to-json-bad": jsMessage, "moveBinaryData/v1.1-to-json-bad": jsMessage,
	"moveBinaryData/v1-to-json-bad-continue": jsMessage, "moveBinaryData/v1.1-to-json-bad-continue": jsMessage,
	"moveBinaryData/v1-to-json-empty": jsMessage, "moveBinaryData/v1.1-to-json-empty": jsMessage,
	"moveBinaryData/v1-to-key-bad": jsMessage, "moveBinaryData/v1.1-to-key-bad": jsMessage,
	"moveBinaryData/v1-to-json-list": noObject, "moveBinaryData/v1.1-to-json-list": noObject,
	"moveBinaryData/v1-to-json-scalar": noObject, "moveBinaryData/v1.1-to-json-scalar": noObject,

	"spreadsheetFile/v1-to-unknown": "n8n writes XLSX under the unknown name; here the format is named", "spreadsheetFile/v2-to-unknown": jsMessage,
	"spreadsheetFile/v2-auto-quote": lostRows, "spreadsheetFile/v2-auto-ragged-some": lostRows,
	"spreadsheetFile/v2-format-csv-ragged": lostRows, "spreadsheetFile/v2-from-ragged": lostRows,
}

// misspelt are the cases whose parameters or values are unknown, or of another version, on purpose.
var misspelt = []string{
	"convertToFile/ical-status-bad", "convertToFile/v1.1-toBinary-not64", "extractFromFile/binaryToPropery-keep-unknown", "extractFromFile/csv-encoding-unknown",
	"extractFromFile/fromJson-keep-unknown", "extractFromFile/pdf-others-x", "extractFromFile/text-encoding-unknown", "extractFromFile/text-keep-unknown",
	"extractFromFile/text-latin1", "extractFromFile/xml-keep-unknown", "moveBinaryData/v1-mode-unknown", "moveBinaryData/v1-to-key-encoding",
	"moveBinaryData/v1.1-mode-unknown", "moveBinaryData/v1.1-to-key-encoding", "spreadsheetFile/v1-to-unknown", "spreadsheetFile/v2-to-unknown",
}
