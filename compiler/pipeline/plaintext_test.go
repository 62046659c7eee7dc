package pipeline

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

func TestPlainTextOfPatterns(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`C:\x\*`:   `C:\x\*`,
		`C:\x\\*`:  `C:\x\\*`,
		`C:\\\\x`:  `C:\\x`,
		`a\\\*`:    `a\\\*`,
		`a*b?c`:    `a*b?c`,
		`\\server`: `\server`,
		`end\\`:    `end\`,
		`%name%`:   `%name%`,
	} {
		if got := plainText(modifier.ReadPattern(source)); got != want {
			t.Errorf("%q became %q, want %q", source, got, want)
		}
	}
}

func TestPlainTextIsReadBackAsTheSamePattern(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	const alphabet = `ab\\\*?`
	for range 20_000 {
		var b patternBuilder
		for range rng.IntN(8) {
			c := alphabet[rng.IntN(len(alphabet))]
			if isWildcardByte(c) && rng.IntN(2) == 0 {
				b.token(wildcardToken(c))
				continue
			}
			b.literal.WriteByte(c)
		}
		p := b.pattern()
		if got := readPlain(plainText(p), false); !slices.Equal(got, p) {
			t.Fatalf("%v became %v by way of %q", p, got, plainText(p))
		}
	}
}

func TestPlaceholdersAreReadBackOnlyWhereThereWereSome(t *testing.T) {
	t.Parallel()
	p := sigma.Pattern{{Kind: sigma.TokenLiteral, Text: "a%"}, {Kind: sigma.TokenPlaceholder, Text: "x"}}
	if got := readPlain("%x%b%", true); len(got) != 2 || got[0].Kind != sigma.TokenPlaceholder || got[1].Text != "b%" {
		t.Errorf("read %v", got)
	}
	if got := readPlain(plainText(p[1:]), false); len(got) != 1 || got[0].Text != "%x%" {
		t.Errorf("read %v", got)
	}
}
