package lower

import (
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
	"github.com/rsigma-go/rsigma/rtlib"
)

func (l *lowerer) meta(r *sigma.Header) rtlib.Meta {
	return rtlib.Meta{
		Title:        r.Title,
		ID:           r.ID,
		Level:        r.Level,
		Tags:         r.Tags,
		LogSource:    logSource(r.LogSource),
		Custom:       customJSON(r.Custom),
		IncludeEvent: flag(r.Custom, "rsigma.include_event"),
		Source:       Source(r.Pos.File, r.Pos.Doc),
	}
}

func logSource(l sigma.LogSource) rtlib.LogSource {
	out := rtlib.LogSource{Category: l.Category, Product: l.Product, Service: l.Service}
	for _, d := range l.Custom {
		out.Custom = append(out.Custom, rtlib.Dimension{Key: d.Key, Value: d.Value})
	}
	return out
}

// Source names a document, as Meta.Source does: the first one of a file by the file alone.
func Source(file string, index int) string {
	if index == 0 {
		return file
	}
	return file + "#" + strconv.Itoa(index+1)
}

// customJSON renders custom attributes as a JSON object in source order.
func customJSON(attrs []sigma.Attribute) string {
	if len(attrs) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, a := range attrs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(yamldoc.QuoteJSON(a.Key))
		b.WriteByte(':')
		b.WriteString(yamldoc.JSON(a.Value))
	}
	b.WriteByte('}')
	return b.String()
}

// flag reads a boolean engine attribute, which may be written plain or quoted (decision L31).
func flag(attrs []sigma.Attribute, key string) bool {
	for _, a := range attrs {
		if a.Key == key {
			return a.Value.Kind == yamldoc.KindBool && a.Value.Bool || strings.EqualFold(a.Value.Text, "true")
		}
	}
	return false
}
