package diag

import "github.com/fatih/color"

// Style is a way to set text off on a terminal.
type Style uint8

// The styles: what is wrong, what deserves a look, what is right, what is only in the background, and what heads a part.
const (
	StyleError Style = iota
	StyleWarning
	StyleGood
	StyleFaint
	StyleHead
)

var styles = [...][]color.Attribute{
	StyleError:   {color.FgRed, color.Bold},
	StyleWarning: {color.FgYellow, color.Bold},
	StyleGood:    {color.FgGreen},
	StyleFaint:   {color.Faint},
	StyleHead:    {color.Bold},
}

// Paint returns text in style s, or as it is unless colored. Whether the output is a terminal is the caller's question; text
// that comes from a file has to be made Printable first.
func Paint(text string, s Style, colored bool) string {
	if !colored || text == "" {
		return text
	}
	c := color.New(styles[s]...)
	c.EnableColor() // the package guesses from standard output, which need not be where the text goes
	return c.Sprint(text)
}
