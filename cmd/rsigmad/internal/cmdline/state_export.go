package cmdline

import (
	"errors"
)

type stateExportCmd struct{ stateFile }

// Run implements the command.
func (c *stateExportCmd) Run(s streams) error {
	found, err := c.read()
	if err != nil {
		return err
	}
	text := found.Snapshot
	if found.Correlations != nil {
		text = found.Correlations.AppendJSON(nil)
	}
	if text == nil {
		return errors.New("the state file holds no state of correlations")
	}
	_, err = s.out.Write(append(text, '\n'))
	return err
}
