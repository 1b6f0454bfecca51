package nodes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestCustomData: texts are cut, the eleventh key is ignored, a known one is replaced, and the wire form keeps all that.
func TestCustomData(t *testing.T) {
	t.Parallel()
	var c CustomData
	for i := range 11 {
		if err := c.Save(StringValue(fmt.Sprintf("key%d", i)), NumberValue(float64(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Save(StringValue("key0"), StringValue(strings.Repeat("x", 511)+"😀")); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(StringValue("not a key"), StringValue("")); err != nil {
		t.Errorf("a key that is ignored fails: %v", err)
	}
	want := `{"key0":"` + strings.Repeat("x", 511) + `","key1":"1","key2":"2","key3":"3","key4":"4","key5":"5","key6":"6","key7":"7","key8":"8","key9":"9"}`
	text, err := json.Marshal(&c)
	if err != nil {
		t.Fatal(err)
	}
	var again CustomData
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{c.JSON(), again.JSON()} {
		if got != want {
			t.Errorf("got %s", got)
		}
	}
	if (*CustomData)(nil).Save(NullValue, NullValue) != nil || (*CustomData)(nil).JSON() != "" {
		t.Error("nothing takes nothing, and it shows")
	}
}

// TestCustomDataRefused: the key is checked before the value, and what was refused is not there.
func TestCustomDataRefused(t *testing.T) {
	t.Parallel()
	var c CustomData
	for _, refused := range []struct {
		key, value Value
		want       string
	}{
		{Value{}, StringValue("x"), `Custom data keys must be a string (key "undefined")`},
		{NumberValue(5), NullValue, `Custom data keys must be a string (key "5")`},
		{StringValue("a b"), NullValue, `Custom data key can only contain letters, numbers, and underscores (key "a b")`},
		{StringValue(`a"b`), StringValue("x"), `Custom data key can only contain letters, numbers, and underscores (key "a"b")`},
		{StringValue("ü"), NullValue, `Custom data values must be a string (key "ü")`},
		{StringValue("a"), BoolValue(true), `Custom data values must be a string (key "a")`},
		{StringValue("a"), WireValue("[]"), `Custom data values must be a string (key "a")`},
		{StringValue(strings.Repeat("k", 60)), NullValue, `Custom data values must be a string (key "` + strings.Repeat("k", 60) + `")`},
	} {
		if err := c.Save(refused.key, refused.value); err == nil || err.Error() != refused.want {
			t.Errorf("got %v, want %s", err, refused.want)
		}
	}
	const letters = "ü²_e\u0301"
	if err := c.Save(StringValue(letters), StringValue("x")); err != nil || c.JSON() != `{"`+letters+`":"x"}` {
		t.Errorf("letters: %v, %s", err, c.JSON())
	}
}
