package core

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/cordboard/cordboard/nodes"
)

// multipartBody reads the fields of a form. Files are not available yet.
func multipartBody(raw []byte, boundary string) (json string, refused *nodes.Response) {
	var pairs url.Values = map[string][]string{}
	var order []string
	reader := multipart.NewReader(bytes.NewReader(raw), boundary)
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r := message(http.StatusUnprocessableEntity, "Failed to parse request body")
			return "", &r
		}
		if part.FileName() != "" {
			r := message(http.StatusNotImplemented, "files in a form are not available yet: send the file as the body, or its fields alone")
			return "", &r
		}
		value, err := io.ReadAll(part)
		if err != nil {
			r := message(http.StatusUnprocessableEntity, "Failed to parse request body")
			return "", &r
		}
		if !pairs.Has(part.FormName()) {
			order = append(order, part.FormName())
		}
		pairs.Add(part.FormName(), string(value))
	}
	var b nodes.ObjectBuilder
	for _, name := range order {
		values := pairs[name]
		if len(values) == 1 {
			b.Set(name, nodes.StringValue(values[0]))
			continue
		}
		list := []byte{'['}
		for i, v := range values {
			if i > 0 {
				list = append(list, ',')
			}
			list = nodes.AppendString(list, v)
		}
		b.Raw(name, string(append(list, ']')))
	}
	return b.String(), nil
}

// binaryAnswer gives an item's binary data.
func binaryAnswer(call *nodes.Call, r nodes.Response, it nodes.Item) (nodes.Response, error) {
	name, err := call.Param("responseBinaryPropertyName").String(0, "data")
	if err != nil {
		return r, err
	}
	file, ok := it.Binary().Get(name)
	if !ok {
		return message(http.StatusInternalServerError, "The binary property \""+name+"\" to return got not found"), nil
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
