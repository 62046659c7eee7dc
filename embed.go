package rsigma

import "embed"

// RuntimeSource is the source of package rtlib and of the packages below it. Generated code needs nothing else, so whoever
// builds generated rules outside this module carries it along.
//
//go:embed rtlib/*.go rtlib/*/*.go
var RuntimeSource embed.FS
