package ruleset

import (
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
)

// weights estimates how common literals are in events, from how often their four-byte pieces occur in all literals of the rule
// set and in a few lines of everyday values. It only has to rank: a wrong guess costs time, never a match.
type weights struct {
	grams map[string]float64
}

// everyday holds fragments that fill the values of ordinary telemetry, in folded form. A literal that is found here hits all
// the time and makes a poor witness.
const everyday = `c:\windows\system32\svchost.exe -k netsvcs -p c:\windows\syswow64\cmd.exe /c c:\windows\system32\cmd.exe
c:\program files\common files\microsoft shared\ c:\program files (x86)\google\chrome\application\chrome.exe --type=
c:\windows\system32\windowspowershell\v1.0\powershell.exe -noprofile -command get-item set-item new-object invoke-
c:\users\public\appdata\local\temp\ c:\users\administrator\appdata\roaming\microsoft\windows\ c:\programdata\microsoft\
c:\windows\system32\ntdll.dll kernel32.dll kernelbase.dll advapi32.dll explorer.exe services.exe lsass.exe wininit.exe
rundll32.exe regsvr32.exe wmiprvse.exe taskhostw.exe conhost.exe dllhost.exe msiexec.exe mmc.exe net.exe reg.exe sc.exe
hklm\system\currentcontrolset\services\ hklm\software\microsoft\windows\currentversion\ hkcu\software\classes\clsid\
hku\s-1-5-21- \registry\machine\ dword (0x00000001) binary data nt authority\system network service local service
microsoft-windows-sysmon/operational microsoft-windows-security-auditing microsoft corporation windows operating system
security system application information powershell true false none null success failure https://www. http:// .com .net
/usr/bin/ /usr/sbin/ /bin/bash /bin/sh -c /etc/ /var/log/ /tmp/ /dev/null root sudo sshd systemd cron python3 get post
mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 amazonaws.com us-east-1 iam arn:aws: assumerole user
function param string write-output return script module import version \device\harddiskvolume1\ \pipe\ {0x0 0x1 0x10
c:\windows\system32\ntdll.dll+9d234|c:\windows\system32\kernelbase.dll+2c13e|unknown( 0x1000 0x1400 0x1410 0x1fffff 0x40
c:\windows\system32\mscoree.dll c:\windows\assembly\nativeimages_v4.0 clr.dll system.management.automation.dll user32.dll
software\microsoft\windows nt\currentversion\ \services\tcpip\parameters\ \control\session manager\ \policies\system\
type=execve type=syscall arch=c000003e success=yes exit=0 accepted password session opened for user authentication failure
eventname describeinstances getobject listbuckets console.amazonaws.com ec2.amazonaws.com s3.amazonaws.com kms.amazonaws.com`

// everydayWeight is how much one occurrence there counts for, in occurrences among the rules.
const everydayWeight = 40

func newWeights(rules []*rtlib.Rule) *weights {
	w := &weights{grams: map[string]float64{}}
	for _, r := range rules {
		for _, s := range r.Selections {
			rtlib.Walk(s.Body, func(x rtlib.Expr) {
				if p, ok := x.(*rtlib.Pred); ok {
					for _, lit := range p.Strings {
						w.count(rtlib.Fold(lit), 1)
					}
				}
			})
		}
	}
	for line := range strings.SplitSeq(everyday, "\n") {
		w.count(line, everydayWeight)
	}
	return w
}

func (w *weights) count(s string, by float64) {
	for i := 0; i+4 <= len(s); i++ {
		w.grams[s[i:i+4]] += by
	}
	for i := 0; i+3 <= len(s); i++ {
		w.grams[s[i:i+3]] += by
	}
}

// gram returns the weight of a piece of three or four bytes.
func (w *weights) gram(g string) float64 { return 1 + w.grams[g] }

// Base costs: how often a thing of that kind holds if nothing else is known.
const (
	presentCost = 4000 // a field is there
	numberCost  = 400  // a number such as an event ID
	tinyCost    = 2000 // a literal of fewer than four bytes
)

// atom returns the expected cost of a.
func (w *weights) atom(a atom) float64 {
	switch a.kind {
	case rtlib.WitnessPresent:
		return presentCost
	case rtlib.WitnessNumber:
		return numberCost
	}
	n := len(a.text)
	if n < 4 {
		if a.kind == rtlib.WitnessEqual {
			return tinyCost / 8
		}
		return tinyCost
	}
	rarest := w.gram(a.text[:4])
	for i := 1; i+4 <= n; i++ {
		rarest = min(rarest, w.gram(a.text[i:i+4]))
	}
	cost := rarest * (1 + 16/float64(n))
	if a.kind == rtlib.WitnessContains && n < 7 {
		cost *= 3 // short substrings are the most expensive to look for
	}
	return cost
}
