// Package alert renders what rules found: the result JSON of daemon.md section 14, one object a line. It decides nothing
// about matching.
package alert

import (
	"bytes"
	"slices"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Detail says how much a result tells about what matched.
type Detail string

// The details. Off lists the present fields that matched, Summary adds how, and keywords and absent fields, Full adds patterns.
const (
	DetailOff     Detail = "off"
	DetailSummary Detail = "summary"
	DetailFull    Detail = "full"
)

// Format says what results contain.
type Format struct {
	IncludeEvent bool
	Detail       Detail
	Provenance   bool
	RuleSet      string // digest of the rule set, for provenance
}

// details are what the details ask of an explanation.
var details = map[Detail]rtlib.Detail{DetailOff: rtlib.DetailOff, DetailSummary: rtlib.DetailSummary, DetailFull: rtlib.DetailFull}

// AppendDetection appends the result for a rule that matched ev: one JSON object without a line break. engine names the engine
// that judged. why is working memory, which the caller keeps from one call to the next.
func (f *Format) AppendDetection(dst []byte, r *rtlib.Rule, engine string, ev *rtlib.Event, why *rtlib.Explanation) []byte {
	m := &r.Meta
	r.Explain(ev, details[f.Detail], why)
	dst = appendHead(dst, m)
	dst = append(dst, `,"matched_selections":`...)
	dst = appendStrings(dst, why.Selections)
	dst = append(dst, `,"matched_fields":`...)
	dst = f.appendFields(dst, why.Fields)
	if f.IncludeEvent || m.IncludeEvent {
		dst = append(dst, `,"event":`...)
		dst = ev.AppendJSON(dst)
	}
	return append(f.appendProvenance(dst, m, engine), '}')
}

// WithID returns a result that this format has made with its id in it: before the provenance, or at the end.
func (f *Format) WithID(result []byte, id string) []byte {
	at := len(result) - 1
	if f.Provenance { // the last of its kind: nothing in it is up to rules or events
		at = bytes.LastIndex(result, []byte(`,"provenance":{`))
	}
	return slices.Concat(result[:at], []byte(`,"result_id":"`+id+`"`), result[at:])
}

// appendProvenance appends which rule made a result, and how it ran.
func (f *Format) appendProvenance(dst []byte, m *rtlib.Meta, engine string) []byte {
	if !f.Provenance {
		return dst
	}
	dst = append(dst, `,"provenance":{"digest":`...)
	dst = rtlib.AppendJSONString(dst, m.Digest)
	dst = append(dst, `,"engine":`...)
	dst = rtlib.AppendJSONString(dst, engine)
	dst = append(dst, `,"ruleset":`...)
	dst = rtlib.AppendJSONString(dst, f.RuleSet)
	return append(dst, '}')
}

// appendHead appends the keys that all results begin with.
func appendHead(dst []byte, m *rtlib.Meta) []byte {
	dst = append(dst, `{"rule_title":`...)
	dst = rtlib.AppendJSONString(dst, m.Title)
	dst = append(dst, `,"rule_id":`...)
	dst = appendOptional(dst, m.ID)
	dst = append(dst, `,"level":`...)
	dst = appendOptional(dst, m.Level)
	dst = append(dst, `,"tags":`...)
	dst = appendStrings(dst, m.Tags)
	if m.Custom != "" {
		dst = append(dst, `,"custom_attributes":`...)
		dst = append(dst, m.Custom...)
	}
	return dst
}

func (f *Format) appendFields(dst []byte, fields []rtlib.MatchedField) []byte {
	dst = append(dst, '[')
	for i := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = f.appendField(dst, &fields[i])
	}
	return append(dst, ']')
}

func (f *Format) appendField(dst []byte, m *rtlib.MatchedField) []byte {
	dst = append(dst, `{"field":`...)
	dst = rtlib.AppendJSONString(dst, m.Field)
	dst = append(dst, `,"value":`...)
	dst = rtlib.AppendJSONLine(dst, m.Value)
	if f.Detail == DetailOff {
		return append(dst, '}')
	}
	dst = append(dst, `,"selection":`...)
	dst = rtlib.AppendJSONString(dst, m.Selection)
	if m.Matcher != "" {
		dst = append(dst, `,"matcher":`...)
		dst = rtlib.AppendJSONString(dst, m.Matcher)
	}
	if m.HasCase {
		dst = append(dst, `,"case_sensitive":`...)
		dst = appendBool(dst, m.CaseSensitive)
	}
	if m.Negated {
		dst = append(dst, `,"negated":true`...)
	}
	if f.Detail == DetailFull {
		dst = append(dst, `,"pattern":`...)
		dst = rtlib.AppendJSONString(dst, m.Pattern)
	}
	return append(dst, '}')
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}
