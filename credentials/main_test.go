package credentials

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// helperEnv makes the test binary a second process that asks for one token and prints it.
const helperEnv = "CORDBOARD_TEST_TOKEN_HELPER"

func TestMain(m *testing.M) {
	if setting := os.Getenv(helperEnv); setting != "" {
		os.Exit(tokenHelper(setting))
	}
	goleak.VerifyTestMain(m)
}

type helperSetting struct {
	Dir, URL, Secret string
	Renew            uint64
}

func tokenHelper(setting string) int {
	var h helperSetting
	if err := json.Unmarshal([]byte(setting), &h); err != nil {
		fmt.Println(err)
		return 1
	}
	s := NewSet(NewLeases(h.Dir))
	s.Add(pbxCredential(h.URL, h.Secret))
	c, err := s.Find("", "PBX", "threeCXOAuth2Api")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	a, err := c.Renew(context.Background(), h.Renew)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Print(a.Token)
	return 0
}

func pbxCredential(url, secret string) Credential {
	data, _ := json.Marshal(map[string]string{"baseUrl": url, "clientId": "900", "clientSecret": secret})
	return Credential{ID: "1", Name: "PBX", Type: "threeCXOAuth2Api", Data: data, Source: "test"}
}
