package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/store"
)

// TestTokensAreSharedByMachines: what one server minted another one uses, through the database.
func TestTokensAreSharedByMachines(t *testing.T) {
	t.Parallel()
	var minted atomic.Int64
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, fmt.Sprintf(`{"access_token":"token %d","token_type":"Bearer","expires_in":3600}`, minted.Add(1)))
	}))
	defer tokens.Close()
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var group sync.WaitGroup
	for range 5 {
		set := credentials.NewSet(credentials.NewLeases("").In(db))
		set.Add(credentials.Credential{ID: "1", Name: "API", Type: "oAuth2Api", Data: fmt.Appendf(nil,
			`{"grantType":"clientCredentials","accessTokenUrl":%q,"clientId":"me","clientSecret":"secret"}`, tokens.URL+"/token")})
		c, err := set.Find("1", "API", "oAuth2Api")
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			if a, err := c.Access(t.Context()); err != nil || a.Token != "token 1" {
				t.Errorf("%q, %v", a.Token, err)
			}
		})
	}
	group.Wait()
	if n := minted.Load(); n != 1 {
		t.Errorf("%d tokens were minted", n)
	}
}
