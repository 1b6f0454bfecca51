package nodes

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/tidwall/gjson"
)

// Binary holds an item's references to binary data, by key, in order. It never changes; With makes a new one.
type Binary struct {
	keys  []string
	files []File
}

// File refers to binary data: the bytes themselves lie in the run's binary store, or inline where they are small.
// Its JSON form is n8n's.
type File struct {
	// ID names the data in the run's binary store; empty if Data holds it.
	ID string `json:"id,omitempty"`
	// Data is the content in base64, for small data.
	Data          string `json:"data,omitempty"`
	MimeType      string `json:"mimeType"`
	FileName      string `json:"fileName,omitempty"`
	FileExtension string `json:"fileExtension,omitempty"`
	FileType      string `json:"fileType,omitempty"`
	// Directory is where a file was read from.
	Directory string `json:"directory,omitempty"`
	// FileSize is for people, as n8n writes it: "1.2 kB". Bytes is the exact size.
	FileSize string `json:"fileSize,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
}

// With returns the references with this one added or replaced. A nil b is an empty one.
func (b *Binary) With(key string, f File) *Binary {
	n := &Binary{}
	if b != nil {
		n.keys = append(n.keys, b.keys...)
		n.files = append(n.files, b.files...)
	}
	for i, k := range n.keys {
		if k == key {
			n.files[i] = f
			return n
		}
	}
	n.keys = append(n.keys, key)
	n.files = append(n.files, f)
	return n
}

// BinaryBuilder puts references together, in time linear in them. The zero value is empty.
type BinaryBuilder struct {
	at map[string]int
	b  *Binary
}

// Set adds or replaces a reference.
func (w *BinaryBuilder) Set(key string, f File) {
	if w.b == nil {
		w.at, w.b = map[string]int{}, &Binary{}
	}
	if i, ok := w.at[key]; ok {
		w.b.files[i] = f
		return
	}
	w.at[key] = len(w.b.keys)
	w.b.keys, w.b.files = append(w.b.keys, key), append(w.b.files, f)
}

// Binary returns the references, nil for none, and empties the builder.
func (w *BinaryBuilder) Binary() *Binary {
	b := w.b
	*w = BinaryBuilder{}
	return b
}

// Get returns the reference under key.
func (b *Binary) Get(key string) (File, bool) {
	if b != nil {
		for i, k := range b.keys {
			if k == key {
				return b.files[i], true
			}
		}
	}
	return File{}, false
}

// All yields the references in order.
func (b *Binary) All() iter.Seq2[string, File] {
	return func(yield func(string, File) bool) {
		if b == nil {
			return
		}
		for i, k := range b.keys {
			if !yield(k, b.files[i]) {
				return
			}
		}
	}
}

// Len is the number of references.
func (b *Binary) Len() int {
	if b == nil {
		return 0
	}
	return len(b.keys)
}

// AppendJSON appends the references as one object by key, in n8n's form.
func (b *Binary) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	first := true
	for key, file := range b.All() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(AppendString(dst, key), ':')
		raw, _ := json.Marshal(file) // texts and a number cannot fail
		dst = append(dst, raw...)
	}
	return append(dst, '}')
}

// ParseBinary reads what AppendJSON writes, and what n8n writes.
func ParseBinary(r gjson.Result) (*Binary, error) {
	if !r.IsObject() {
		return nil, fmt.Errorf("binary data must be an object by key")
	}
	var (
		b      BinaryBuilder
		failed error
	)
	r.ForEach(func(key, file gjson.Result) bool {
		var f File
		raw := file.Raw
		// Some versions of n8n write the size of small files as a number of bytes.
		if size := file.Get("fileSize"); size.Type == gjson.Number {
			raw = strings.Replace(raw, `"fileSize":`+size.Raw, `"fileSize":"`+size.Raw+`"`, 1)
		}
		if err := json.Unmarshal([]byte(raw), &f); err != nil {
			failed = fmt.Errorf("binary data %q: %w", key.Str, err)
			return false
		}
		b.Set(key.Str, f)
		return true
	})
	return b.Binary(), failed
}
