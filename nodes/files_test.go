package nodes

import "testing"

// TestNamed: a file's name says its type, on every machine the same; where it says nothing, the beginning of the content does.
func TestNamed(t *testing.T) {
	t.Parallel()
	const gzipped, text = "\x1f\x8b\x08\x00", "hello"
	for _, c := range []struct{ name, head, extension, mimeType, kind string }{
		{"a.c", text, "c", "text/x-c", "text"},
		{"a.ts", text, "ts", "video/mp2t", "video"},
		{"a.docx", text, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ""},
		{"a.7z", text, "7z", "application/x-7z-compressed", ""},
		{"a.woff2", text, "woff2", "font/woff2", ""},
		{"a.eml", text, "eml", "message/rfc822", ""},
		{"a.msg", text, "msg", "application/vnd.ms-outlook", ""},
		{"a.heic", text, "heic", "image/heic", "image"},
		{"a.flac", text, "flac", "audio/x-flac", "audio"},
		{"a.js", text, "js", "text/javascript", "text"},
		{"a.123", text, "123", "application/vnd.lotus-1-2-3", ""}, // the first line of the table
		{"a.zmm", text, "zmm", "application/vnd.handheld-entertainment+xml", ""},
		{"a.conf", gzipped, "conf", "text/plain", "text"},
		{"a.tar.gz", text, "gz", "application/gzip", ""},
		{"a.py", text, "py", "text/plain", "text"},
		{"a.go", text, "go", "text/plain", "text"},
		{"a.tgz", text, "tgz", "text/plain", "text"},
		{"a.tgz", gzipped, "tgz", "application/gzip", ""},
		{"A.PNG", text, "PNG", "image/png", "image"},
		{"a. ", text, " ", "text/plain", "text"},
		{"README", text, "", "text/plain", "text"},
		{"README", "", "", "text/plain", "text"},
	} {
		f := File{}.Named(c.name, []byte(c.head))
		if f.FileName != c.name || f.FileExtension != c.extension || f.MimeType != c.mimeType || f.FileType != c.kind {
			t.Errorf("%s: got %+v, want %+v", c.name, f, c)
		}
	}
	if f := (File{MimeType: "a/b", FileExtension: "x"}).Named("a.png", nil); f.MimeType != "a/b" || f.FileExtension != "x" {
		t.Errorf("what is set is lost: %+v", f)
	}
}
