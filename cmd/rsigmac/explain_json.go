package main

import (
	"encoding/json"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
)

// explainReport is the JSON output.
type explainReport struct {
	Events       []eventReport       `json:"events"`
	Correlations []correlationReport `json:"correlations,omitempty"`
	// Untimed are the events, from 1, that fed a correlation without a time of their own.
	Untimed []int `json:"untimed_events,omitempty"`
}

type eventReport struct {
	Event int           `json:"event"` // from 1
	Rules []traceReport `json:"rules"`
}

type traceReport struct {
	Title   string    `json:"title"`
	ID      string    `json:"id,omitempty"`
	Source  string    `json:"source"`
	Matched bool      `json:"matched"`
	Trace   traceNode `json:"trace"`
}

// traceNode is one part of a rule.
type traceNode struct {
	Kind        string      `json:"kind"`
	Name        string      `json:"name,omitempty"`
	Filter      bool        `json:"filter,omitempty"`
	AtLeast     int         `json:"at_least,omitempty"`
	Holds       bool        `json:"holds"`
	NearestMiss bool        `json:"nearest_miss,omitempty"`
	Item        *itemNode   `json:"item,omitempty"`
	Terms       []traceNode `json:"terms,omitempty"`
}

// itemNode is an item of a selection, or an array block.
type itemNode struct {
	Field         string          `json:"field"`
	Matcher       string          `json:"matcher,omitempty"`
	CaseSensitive bool            `json:"case_sensitive,omitempty"`
	Negated       bool            `json:"negated,omitempty"`
	All           bool            `json:"all,omitempty"`
	Operands      []string        `json:"operands,omitempty"`
	Quantifier    string          `json:"quantifier,omitempty"`
	Members       *int            `json:"members,omitempty"`
	Holding       *int            `json:"holding,omitempty"`
	Missing       bool            `json:"missing,omitempty"`
	Value         json.RawMessage `json:"value"`
	Found         []string        `json:"found,omitempty"`
	NotFound      []string        `json:"not_found,omitempty"`
	Closest       string          `json:"closest,omitempty"`
	Hints         []string        `json:"hints,omitempty"`
}

func (x *explainer) report() explainReport {
	out := explainReport{Events: []eventReport{}}
	for n, e := range x.events {
		event := eventReport{Event: n + 1, Rules: []traceReport{}}
		for i, trace := range e.traces {
			m := x.rules[i].Meta
			event.Rules = append(event.Rules, traceReport{m.Title, m.ID, m.Source, trace.Holds, newTraceNode(trace)})
		}
		out.Events = append(out.Events, event)
	}
	if x.sequence != nil {
		out.Correlations, out.Untimed = x.sequence.reports(), x.sequence.untimed
	}
	return out
}

func newTraceNode(t *rtlib.Trace) traceNode {
	out := traceNode{Kind: t.Kind.String(), Name: t.Name, Filter: t.Hidden, AtLeast: t.N, Holds: t.Holds, NearestMiss: t.Miss}
	if t.Item != nil {
		out.Item = newItemNode(t)
	}
	for _, term := range t.Terms {
		out.Terms = append(out.Terms, newTraceNode(term))
	}
	return out
}

func newItemNode(t *rtlib.Trace) *itemNode {
	i := t.Item
	out := &itemNode{
		Field: i.Field, Matcher: i.Matcher, CaseSensitive: i.HasCase && i.CaseSensitive, Negated: i.Negated, All: i.All, Operands: i.Operands,
		Missing: i.Absent, Value: json.RawMessage(i.Value), Found: i.Found, NotFound: i.NotFound, Closest: i.Closest, Hints: i.Hints,
	}
	if t.Kind == rtlib.TraceEach {
		out.Quantifier, out.Members, out.Holding = quantifierName(i.Quant), &i.Members, &i.Holding
	}
	return out
}

// quantifierName returns the quantifier as rules write it.
func quantifierName(q rtlib.Quant) string {
	return map[rtlib.Quant]string{
		rtlib.EachAny: "any", rtlib.EachAll: "all", rtlib.EachAllOrEmpty: "all_or_empty", rtlib.EachNone: "none", rtlib.EachOne: "element",
	}[q]
}

// quantifierText is quantifierName for people.
func quantifierText(q rtlib.Quant) string { return strings.ReplaceAll(quantifierName(q), "_", " ") }
