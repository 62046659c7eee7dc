package handover

import (
	"strconv"

	"github.com/coreos/go-systemd/v22/daemon"
)

// What a service manager is told (sd_notify(3)). Nothing happens without one.

// Ready says that the daemon takes events, or has done so again after a reload.
func Ready() error { return notify(daemon.SdNotifyReady) }

// Reloading says that rules are read anew; Ready ends it.
func Reloading() error {
	return notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// Stopping says that the daemon has begun to stop.
func Stopping() error { return notify(daemon.SdNotifyStopping) }

// MainProcess says which process is the daemon from now on.
func MainProcess(pid int) error { return notify("MAINPID=" + strconv.Itoa(pid)) }

func notify(state string) error {
	_, err := daemon.SdNotify(false, state)
	return err
}
