package cordboard

import (
	"context"
	"slices"

	"github.com/cordboard/cordboard/descriptors"
	"github.com/cordboard/cordboard/nodes"
)

// TestCredential finds a credential by its id or name and asks a server whether it works: the token server of an OAuth2 credential,
// and where a node type that is built in or among Options.Nodes takes it, the server that the node would connect to. Asked is
// false if there is none to ask: credentials that are sent along with requests. Nothing is changed anywhere.
func (r *Runtime) TestCredential(ctx context.Context, idOrName string) (asked bool, err error) {
	credentialType, err := r.creds.Type(idOrName, idOrName)
	if err != nil {
		return false, err
	}
	found, err := r.creds.Find(idOrName, idOrName, credentialType)
	if err != nil {
		return false, err
	}
	access, err := found.Access(ctx)
	if err != nil || access.Token != "" {
		return true, err
	}
	r.mu.Lock()
	types := slices.Clone(r.types)
	r.mu.Unlock()
	for _, t := range types {
		tester, ok := t.Node.(nodes.CredentialTester)
		if ok && slices.ContainsFunc(t.Descriptor.Credentials, func(u descriptors.CredentialUse) bool { return u.Type == credentialType }) {
			return true, tester.TestCredential(ctx, credentialType, access)
		}
	}
	return false, nil
}
