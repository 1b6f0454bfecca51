package files

import (
	"context"
	"encoding/base64"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// moveBinaryData moves data between the fields of an item and its binary data (n8n's older node for it).
type moveBinaryData struct{}

var _ nodes.Node = moveBinaryData{}

// Execute is nodes.Node's. A failure is one of the node as a whole.
func (moveBinaryData) Execute(ctx context.Context, call *nodes.Call) error {
	for i := range call.Input(0).Len() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p := &params{call: call, item: i}
		mode := p.text("binaryToJson", "mode")
		var err error
		switch {
		case p.err != nil:
			err = p.err
		case mode == "binaryToJson":
			err = fromBinary(ctx, p)
		case mode == "jsonToBinary":
			err = intoBinary(ctx, p)
		default:
			err = nodes.Errorf("The operation \"%s\" is not known!", mode).At(i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fromBinary makes JSON of binary data. Items that have none of it are left out.
func fromBinary(ctx context.Context, p *params) error {
	it := p.call.Input(0).At(p.item)
	key, all := p.text("data", "sourceKey"), p.bool(true, "setAllData")
	keepSource := p.bool(false, "options", "keepSource")
	f, ok := it.Binary().Get(key)
	if p.err != nil || !ok {
		return p.err
	}
	content, err := readAll(ctx, p.call, f, maxText)
	if err != nil {
		return err
	}
	var json string
	if all || !p.bool(false, "options", "keepAsBase64") {
		s, err := decodeText(content, p.text("utf8", "options", "encoding"), !p.bool(true, "options", "stripBOM"))
		if err != nil {
			return err
		}
		if all || p.bool(false, "options", "jsonParse") {
			if json, err = nodes.Normalize(trimBOM(s)); err != nil {
				return err
			}
		} else {
			json = string(nodes.AppendString(nil, s))
		}
	} else {
		json = string(nodes.AppendString(nil, base64.StdEncoding.EncodeToString(content)))
	}
	if p.err != nil {
		return p.err
	}
	if !all {
		json = setPath(it.JSON(), pathOf(p.required("data", "destinationKey")), json)
	} else if !gjson.Parse(json).IsObject() {
		return nodes.Errorf("the file holds JSON that is no object: an item's data must be one").At(p.item)
	}
	out := nodes.NewItem(json).WithBinary(it.Binary())
	if !keepSource {
		out = out.WithBinary(without(it.Binary(), key))
	}
	if p.err == nil {
		p.call.EmitFrom(0, p.item, out)
	}
	return p.err
}

func trimBOM(s string) string {
	if len(s) >= 3 && s[:3] == "\uFEFF" {
		return s[3:]
	}
	return s
}

// intoBinary makes binary data of an item's JSON, or of one value in it; items without that value are left out.
func intoBinary(ctx context.Context, p *params) error {
	it := p.call.Input(0).At(p.item)
	json := it.JSON()
	all, path := p.bool(true, "convertAllData"), p.text("data", "sourceKey")
	key, keepSource := p.required("data", "destinationKey"), p.bool(false, "options", "keepSource")
	value := gjson.Parse(json)
	if !all {
		value = lookup(json, path)
	}
	if p.err != nil || !value.Exists() {
		return p.err
	}
	f, content, err := p.binaryOf(value, all)
	if err != nil {
		return err
	}
	if f, err = keepBytes(ctx, p.call, f, content); err != nil {
		return err
	}
	switch {
	case keepSource:
	case all:
		json = "{}"
	default:
		json = unsetPath(json, pathOf(path))
	}
	p.call.EmitFrom(0, p.item, nodes.NewItem(json).WithBinary(it.Binary().With(key, f)))
	return nil
}

// binaryOf is a value as the content of a file, and what the file is called.
func (p *params) binaryOf(value gjson.Result, all bool) (f nodes.File, content []byte, err error) {
	isBase64 := !all && p.bool(false, "options", "dataIsBase64")
	isRaw := p.bool(false, "options", "useRawData")
	mimeType, name := p.text("application/json", "options", "mimeType"), p.text("", "options", "fileName")
	encoding, bom := p.text("", "options", "encoding"), p.bool(false, "options", "addBOM")
	if p.err != nil {
		return f, nil, p.err
	}
	isText := value.Type == gjson.String
	switch {
	case isBase64 && !isText:
		return f, nil, nodes.Errorf("the value to convert must be text in base64, and is %.40s", value.Raw).At(p.item)
	case isBase64:
		content = looseBase64(value.Str)
	case isRaw && isText:
		content, err = encodeText(value.Str, encoding, bom)
	default:
		content, err = encodeText(value.Raw, encoding, bom)
	}
	// Since 1.1 text that is taken as it is has the type that it has.
	if p.call.Version > 1 && !p.at("options", "mimeType").IsSet() && (isBase64 || isRaw && isText) {
		mimeType = ""
	}
	if mimeType == "" && !isBase64 && (!isRaw || !isText) {
		mimeType = "application/json"
	}
	f = described(name, mimeType, content[:min(512, len(content))])
	if p.call.Version == 1 && name == "" {
		f.FileName = ""
	}
	return f, content, err
}
