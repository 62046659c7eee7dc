package decode

import "github.com/rsigma-go/rsigma/rtlib"

// Plain fills ev with a line of text: an event without fields whose only string is the line. It never fails.
func (p *Plan) Plain(ev *rtlib.Event, line []byte) {
	ev.Reset(rtlib.ShapePlain, line)
	if p.allStrings {
		ev.Arena = append(rtlib.AppendFold(ev.Arena, rtlib.View(line)), rtlib.StringEnd)
		ev.FoldedStrings = true
	}
}
