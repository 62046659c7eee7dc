package cmdline

import (
	"errors"
	"fmt"
)

type stateVerifyCmd struct{ stateFile }

// errDamaged says that a state file is damaged.
var errDamaged = errors.New("the state file is damaged; the daemon sets aside what it cannot use and goes on with the rest")

// Run implements the command.
func (c *stateVerifyCmd) Run(s streams) error {
	found, err := c.read()
	if err != nil {
		return err
	}
	shown, err := show(found, false)
	if err != nil {
		found.Faults = append(found.Faults, err.Error())
	}
	for _, text := range found.Faults {
		fmt.Fprintf(s.out, "fault: %s\n", text)
	}
	if len(found.Faults) > 0 {
		return errDamaged
	}
	groups := 0
	for _, c := range shown.Correlations {
		groups += c.Groups
	}
	_, err = fmt.Fprintf(s.out, "ok: commit %d, %d groups\n", found.Commit, groups)
	return err
}
