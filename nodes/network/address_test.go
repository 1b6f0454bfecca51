package network

import "testing"

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ given, parsed, target string }{
		{"http://h/a b?x=1 2", "http://h/a%20b?x=1%202", ""},
		{"http://h/100%/x?q=100%", "http://h/100%25/x?q=100%", "/100%/x"},
		{"http://h/%zz|[x]\\y#f", "http://h/%25zz%7C%5Bx%5D/y", "/%zz|[x]/y"},
		{"http://h//%zz", "http://h//%25zz", ""}, // would be taken for a host
		{"http://h/%E4%F6", "http://h/%E4%F6", ""},
		{"https://u:p@h?a=%&b=|", "https://u:p@h?a=%&b=|", ""},
		{"http://h/a/%2E%2e/../b/./?", "http://h/b/", ""},
	} {
		at, target, err := parseAddress(address(tt.given))
		if err != nil || at.String() != tt.parsed || target != tt.target {
			t.Errorf("%s: %v, target %q, %v; want %s, target %q", tt.given, at, target, err, tt.parsed, tt.target)
		}
	}
	for _, bad := range []string{"http://h:port/", "http://h/?a\r\nb"} {
		if at, _, err := parseAddress(bad); err == nil {
			t.Errorf("%q is taken for %v", bad, at)
		}
	}
}

func TestAcceptable(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"gzip, deflate, br, zstd": "gzip, deflate", "br;q=1.0, GZIP;q=0.8": "GZIP;q=0.8", "br": "identity", "*": "identity", "identity": "identity", "": "identity",
	} {
		if got := acceptable(asked); got != want {
			t.Errorf("%q: %q, want %q", asked, got, want)
		}
	}
}
