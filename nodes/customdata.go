package nodes

import (
	"encoding/json"
	"regexp"
	"slices"
	"unicode/utf16"
)

// The bounds of custom data, as in n8n: keys, and UTF-16 units of a key and a value.
const (
	maxCustomData      = 10
	maxCustomDataKey   = 50
	maxCustomDataValue = 512
)

var customDataKey = regexp.MustCompile(`^[\p{L}\p{M}\p{N}_]*$`)

// CustomData are texts that a run keeps by key, so that it can be found by them ($execution.customData). The zero value is
// empty and ready; a nil one takes nothing.
type CustomData struct{ list []customDatum }

type customDatum struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Save keeps a text, or a number's. What is too long is cut, and a new key beyond the tenth is ignored. Errors, in n8n's words and
// order: a key that is no string, a key of other characters than letters, digits and underscores, a value that is no text.
func (c *CustomData) Save(key, v Value) error {
	if c == nil {
		return nil
	}
	name := key.Text()
	kept := cutUTF16(name, maxCustomDataKey)
	i := slices.IndexFunc(c.list, func(d customDatum) bool { return d.Key == kept })
	switch {
	case i < 0 && len(c.list) >= maxCustomData:
		return nil
	case key.Kind() != String:
		return customDataError("Custom data keys must be a string", name)
	case !customDataKey.MatchString(name):
		return customDataError("Custom data key can only contain letters, numbers, and underscores", name)
	case v.Kind() != String && v.Kind() != Number:
		return customDataError("Custom data values must be a string", name)
	case i < 0:
		i, c.list = len(c.list), append(c.list, customDatum{Key: kept})
	}
	c.list[i].Value = cutUTF16(v.Text(), maxCustomDataValue)
	return nil
}

// customDataError quotes the key as it is, as n8n does.
func customDataError(what, key string) error { return Errorf(`%s (key "%s")`, what, key) }

// JSON is an object of the texts by key, "" if there are none.
func (c *CustomData) JSON() string {
	if c == nil || len(c.list) == 0 {
		return ""
	}
	var b ObjectBuilder
	for _, d := range c.list {
		b.Set(d.Key, StringValue(d.Value))
	}
	text := b.String()
	if normal, err := Normalize(text); err == nil { // keys that are indices come first
		return normal
	}
	return text
}

// MarshalJSON writes the texts as a list, which keeps their order.
func (c *CustomData) MarshalJSON() ([]byte, error) { return json.Marshal(c.list) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *CustomData) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &c.list) }

// cutUTF16 shortens a text to n UTF-16 units, never inside a character.
func cutUTF16(text string, n int) string {
	for i, r := range text {
		if n -= max(1, utf16.RuneLen(r)); n < 0 {
			return text[:i]
		}
	}
	return text
}
