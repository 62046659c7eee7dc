// Command regenerate rewrites the committed code of the conformance vectors. make generate runs it from the root of the
// repository. It does not import that code, so that it can mend it.
package main

import (
	"fmt"
	"os"

	"github.com/rsigma-go/rsigma/codegen/conformance"
)

func main() {
	dir := "codegen/conformance"
	if len(os.Args) == 2 {
		dir = os.Args[1]
	}
	if err := conformance.Regenerate(dir); err != nil {
		fmt.Fprintln(os.Stderr, "regenerate:", err)
		os.Exit(1)
	}
}
