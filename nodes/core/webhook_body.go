package core

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// multipartBody reads the fields of a form. Files are not available yet.
func multipartBody(raw []byte, boundary string) (json string, refused *nodes.Response, err error) {
	var fields fieldLists
	reader := multipart.NewReader(bytes.NewReader(raw), boundary)
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			var b nodes.ObjectBuilder
			fields.write(&b)
			return b.String(), nil, nil
		}
		if err != nil {
			return "", nil, err
		}
		if part.FileName() != "" {
			r := message(http.StatusNotImplemented, "files in a form are not available yet: send the file as the body, or its fields alone")
			return "", &r, nil
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return "", nil, err
		}
		fields.add(part.FormName(), string(nodes.AppendString(nil, strings.ToValidUTF8(string(value), "\uFFFD"))))
	}
}

// element is an XML element as n8n shows it: an object of its children and attributes ("$"), or its text.
type element struct {
	name     string
	text     strings.Builder
	attrs    nodes.ObjectBuilder
	named    bool // has attributes
	children fieldLists
}

// xmlJSON writes an XML document as {root: …}: names in lower case, attributes under "$", text beside others under "_",
// elements of one name in a list, white space made single.
func xmlJSON(raw []byte) (string, error) {
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	stack := []*element{{}}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && len(stack) == 1 && len(stack[0].children.names) > 0 {
			return stack[0].value(), nil
		}
		if err != nil {
			return "", fmt.Errorf("the XML cannot be read: %w", err)
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if len(stack) > nodes.MaxDepth {
				return "", nodes.ErrTooDeep
			}
			e := &element{name: strings.ToLower(token.Name.Local)}
			for _, a := range token.Attr {
				e.attrs.Set(a.Name.Local, nodes.StringValue(a.Value))
				e.named = true
			}
			stack = append(stack, e)
		case xml.CharData:
			top.text.Write(token)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
			stack[len(stack)-1].children.add(top.name, top.value())
		}
	}
}

// value is the element's JSON.
func (e *element) value() string {
	text := strings.Join(strings.Fields(e.text.String()), " ")
	if !e.named && len(e.children.names) == 0 {
		return string(nodes.AppendString(nil, text))
	}
	var b nodes.ObjectBuilder
	if text != "" {
		b.Set("_", nodes.StringValue(text))
	}
	if e.named {
		b.Raw("$", e.attrs.String())
	}
	e.children.write(&b)
	return b.String()
}

// binaryAnswer gives an item's binary data.
func binaryAnswer(call *nodes.Call, r nodes.Response, it nodes.Item) (nodes.Response, error) {
	name, err := call.Param("responseBinaryPropertyName").String(0, "data")
	if err != nil {
		return r, err
	}
	file, ok := it.Binary().Get(name)
	if !ok {
		return message(http.StatusInternalServerError, "No binary data was found to return"), nil
	}
	setDefault(r.Header, "Content-Type", file.MimeType)
	if file.ID == "" {
		r.Body, err = base64.StdEncoding.DecodeString(file.Data)
		return r, err
	}
	if call.Binary == nil {
		return r, nodes.Errorf("the binary data %q is not at hand any more", name)
	}
	data, err := call.Binary.Open(context.Background(), file.ID)
	if err != nil {
		return r, err
	}
	r.Body, err = io.ReadAll(data)
	return r, errors.Join(err, data.Close())
}
