// Package config is what lies below the flags of the daemon: environment variables and configuration files, merged setting by setting. It
// knows every setting from one table (keys.go), which the reference page and the JSON Schema are made of too. It does not know what a
// value means beyond its type; the flags check that. The command rsigmad loads it once, before it reads its flags, and hands it to kong as a
// resolver.
//
// Source: daemon.md section 5.
package config
