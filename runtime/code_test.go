package runtime_test

import (
	"testing"

	"github.com/cordboard/cordboard/runtime"
)

// TestStaticDataKept: what scripts keep goes with the state of a run to another process.
func TestStaticDataKept(t *testing.T) {
	t.Parallel()
	text, err := (&runtime.State{StaticData: []byte(`{"global":{"a":[1]}}`)}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := runtime.DecodeState(text)
	if err != nil || string(s.StaticData) != `{"global":{"a":[1]}}` {
		t.Errorf("%s, %v", s.StaticData, err)
	}
}
