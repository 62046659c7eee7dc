// Package rsigma is the root of the module: it holds the run-time sources for generated programs and the test of the
// architecture. Data flows one way, and nothing imports against the arrows:
//
//	rules/*.yml ─► yamldoc ─► sigma ─► modifier ─► link ─► pipeline ─► lower ─► ir ─► opt ─┬─► interp ─────────► []*rtlib.Rule ─┐
//	                                                                                       └─► codegen ─► gen ─► []*rtlib.Rule ─┤
//	                                                                                                                            ▼
//	bytes ─► daemon/input ─► rtlib/decode ─► rtlib.Event ───────────────────────────────────────────────────► rtlib/ruleset.Eval
//	                                     daemon/sink ◄─ daemon/alert ◄─────────────────────────────────────────────────┘
//
// docs/architecture.md is the map to read first.
package rsigma
