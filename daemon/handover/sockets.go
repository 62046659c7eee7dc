package handover

import (
	"fmt"
	"os"

	"github.com/coreos/go-systemd/v22/activation"
)

// Names of descriptors (FileDescriptorName= of a socket unit).
const (
	SocketAPI    = "api"
	SocketEvents = "events"
)

// Inherited returns the listening sockets that a service manager or a predecessor hands to this process, by name. Of a single one the
// name does not matter: it is the API's.
func Inherited() (map[string]*os.File, error) {
	files := activation.Files(true)
	out := map[string]*os.File{}
	for _, f := range files {
		name := f.Name()
		if len(files) == 1 && name != SocketEvents {
			name = SocketAPI
		}
		switch {
		case name != SocketAPI && name != SocketEvents:
			return nil, fmt.Errorf("socket %q is inherited and nobody's: FileDescriptorName= has to be %s or %s", name, SocketAPI, SocketEvents)
		case out[name] != nil:
			return nil, fmt.Errorf("two sockets are inherited as %q", name)
		}
		out[name] = f
	}
	return out, nil
}
