package network

// fileTypes are the types of answers that are files where the workflow leaves it open, recorded from n8n; one that ends with a
// slash stands for all that begin so. Any other type is text.
var fileTypes = []string{
	"image/", "audio/", "video/", "application/octet-stream", "application/gzip", "application/zip", "application/vnd.rar", "application/epub+zip",
	"application/x-bzip", "application/x-bzip2", "application/x-cdf", "application/x-tar", "application/x-7z-compressed", "application/pdf",
	"application/msword", "application/vnd.ms-excel", "application/vnd.ms-fontobject", "application/vnd.amazon.ebook", "application/vnd.visio",
	"application/vnd.oasis.opendocument.presentation", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// extensions are those of files without a name, recorded from n8n.
var extensions = map[string]string{
	"application/json": "json", "text/plain": "txt", "text/html": "html", "text/csv": "csv", "text/xml": "xml", "application/xml": "xml",
	"text/markdown": "md", "text/css": "css", "text/javascript": "js", "application/javascript": "js", "text/calendar": "ics",
	"application/pdf": "pdf", "application/zip": "zip", "application/gzip": "gz", "application/x-tar": "tar", "application/x-7z-compressed": "7z",
	"application/vnd.rar": "rar", "application/epub+zip": "epub", "application/msword": "doc", "application/vnd.ms-excel": "xls",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         "xlsx",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   "docx",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
	"application/vnd.ms-excel.sheet.macroEnabled.12":                            "xlsm",
	"application/vnd.oasis.opendocument.presentation":                           "odp",
	"application/x-bzip": "bz", "application/x-bzip2": "bz2", "application/octet-stream": "bin", "application/vnd.amazon.ebook": "azw",
	"application/vnd.visio": "vsd", "application/vnd.ms-fontobject": "eot",
	"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/svg+xml": "svg", "image/x-icon": "ico",
	"image/bmp": "bmp", "image/tiff": "tif", "audio/mpeg": "mpga", "audio/wav": "wav", "audio/ogg": "oga", "audio/webm": "weba",
	"video/mp4": "mp4", "video/webm": "webm", "video/x-msvideo": "avi", "video/quicktime": "qt",
}
