// Package mail is the nodes that send mail (SMTP, RFC 5321) and wait for it (IMAP, RFC 3501). What they do is held to cases recorded from n8n, along with the mails
// that arrived (testdata). A program that does not register them does not carry them.
package mail

import (
	descriptors "github.com/cordboard/cordboard/descriptors/network"
	"github.com/cordboard/cordboard/nodes"
	"github.com/cordboard/cordboard/nodes/network/connect"
)

// Options configure the nodes. The zero value reaches every address. An execution has a connection of its own: Pools are not
// used.
type Options = connect.Options

// Nodes returns the nodes with these options.
func Nodes(o Options) []nodes.Type {
	return []nodes.Type{
		{Descriptor: descriptors.Node("emailSend"), Node: emailSend{o}, Origin: "built in"},
		{Descriptor: descriptors.Node("emailReadImap"), Node: imapTrigger{o}, Origin: "built in"},
	}
}
