package cordboard

import (
	"context"
	"slices"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// CredentialTest is how far a test of a credential came.
type CredentialTest int

const (
	// CredentialRead is that of a credential that can be read, and of which no server can be asked: it is sent along with requests.
	CredentialRead CredentialTest = iota
	// CredentialHasToken is that of an OAuth2 credential that has a token of before. Whether the service still takes it was not asked:
	// a new token may end the old one, which others use.
	CredentialHasToken
	// CredentialTried is that of a credential with which a server was asked.
	CredentialTried
)

// TestCredential finds a credential by its id or name and asks a server whether it works: the token server of an OAuth2 credential
// that has no token, and where a node type that is built in or among Options.Nodes takes it, the server that the node would connect
// to. An error along with CredentialTried says why it does not work, any other that there is none that can be read. Nothing is
// changed anywhere, but a new token is kept for others.
func (r *Runtime) TestCredential(ctx context.Context, idOrName string) (CredentialTest, error) {
	credentialType, err := r.creds.Type(idOrName, idOrName)
	if err != nil {
		return CredentialRead, err
	}
	found, err := r.creds.Find(idOrName, idOrName, credentialType)
	if err != nil {
		return CredentialRead, err
	}
	access, asked, err := credentials.Try(ctx, found)
	switch {
	case asked || err != nil:
		return CredentialTried, err
	case access.Token != "":
		return CredentialHasToken, nil
	}
	r.mu.Lock()
	types := slices.Clone(r.types)
	r.mu.Unlock()
	for _, t := range types {
		tester, ok := t.Node.(nodes.CredentialTester)
		if ok && slices.ContainsFunc(t.Descriptor.Credentials, func(u descriptors.CredentialUse) bool { return u.Type == credentialType }) {
			return CredentialTried, tester.TestCredential(ctx, credentialType, access)
		}
	}
	return CredentialRead, nil
}
