// Command cordboard-node-3cx is the 3CX node set as a plugin of cordboard.
package main

import (
	"fmt"
	"os"

	"github.com/cordboard/cordboard/nodes/plugin"
	"github.com/cordboard/cordboard/nodes/threecx"
)

func main() {
	types, err := threecx.Types()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	plugin.Serve(types...)
}
