package main

import (
	"fmt"
	"regexp"
	"slices"
)

// laterFlags are flags that rsigma has, or that are specified, and that this version does not know.
var laterFlags = []string{
	"--ack-after", "--clear-state", "--commit-max-delay-ms", "--commit-max-events", "--durability", "--keep-state", "--outbox-max-bytes",
	"--state-db", "--state-save-interval",
}

var unknownFlag = regexp.MustCompile(`^unknown flag (--[a-z-]+)`)

// later says of a flag that is refused whether it is known elsewhere: a typing error and a missing feature need different answers.
func later(err error) error {
	m := unknownFlag.FindStringSubmatch(err.Error())
	if m == nil || !slices.Contains(laterFlags, m[1]) {
		return err
	}
	return fmt.Errorf("%s is not part of this version: correlations live in memory and begin anew at each start", m[1])
}
