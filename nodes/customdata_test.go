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
		if err := c.Save(fmt.Sprintf("key%d", i), NumberValue(float64(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Save("key0", StringValue(strings.Repeat("x", 511)+"😀")); err != nil {
		t.Fatal(err)
	}
	if err := c.Save("not a key", StringValue("")); err != nil {
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
	var few CustomData
	if err := few.Save("a b", StringValue("")); err == nil {
		t.Error("a key with a space passes")
	}
	if err := few.Save("a", WireValue("[]")); err == nil {
		t.Error("a list passes")
	}
	if few.JSON() != "" || (*CustomData)(nil).Save("a", NullValue) != nil {
		t.Error("nothing was saved, and it shows")
	}
}
