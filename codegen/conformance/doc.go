// Package conformance reads rule tests – YAML files with cases: documents, events and what is expected of them – and runs
// them through the engines: interpreted, interpreted without optimisation, full scan, compiled. The language's own vectors in
// testdata/vectors have the same format, so that one runner serves them and the users' tests (command rsigmac test).
//
// The package also holds the tests by which the engines are compared with one another: vectors, random rules and events, and
// the real rules over real events. Package vectorsgen below it is the generated code of the vectors; only tests import it.
package conformance
