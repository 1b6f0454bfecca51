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

var customDataKey = regexp.MustCompile(`^\w*$`)

// CustomData are texts that a run keeps by key, so that it can be found by them ($execution.customData). The zero value is
// empty and ready; a nil one takes nothing.
type CustomData struct{ list []customDatum }

type customDatum struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Save keeps a scalar's text, "" for nothing. What is too long is cut, and a new key beyond the tenth is ignored. Errors: a
// value that is an object or list, a key of other characters than letters, digits and underscores.
func (c *CustomData) Save(key string, v Value) error {
	if c == nil {
		return nil
	}
	key = cutUTF16(key, maxCustomDataKey)
	i := slices.IndexFunc(c.list, func(d customDatum) bool { return d.Key == key })
	switch {
	case i < 0 && len(c.list) >= maxCustomData:
		return nil
	case v.Kind() >= Array:
		return Errorf("Custom data values must be a string (key %q)", key)
	case !customDataKey.MatchString(key):
		return Errorf("Custom data key can only contain letters, numbers, and underscores (key %q)", key)
	case i < 0:
		i, c.list = len(c.list), append(c.list, customDatum{Key: key})
	}
	c.list[i].Value = ""
	if !v.IsNil() {
		c.list[i].Value = cutUTF16(v.Text(), maxCustomDataValue)
	}
	return nil
}

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
