package rtlib

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFoldRuneIsConstantOnEveryOrbit(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		want := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			want = min(want, f)
		}
		if 'A' <= want && want <= 'Z' {
			want += 'a' - 'A'
		}
		if got := FoldRune(r); got != want {
			t.Fatalf("FoldRune(%U) = %U, want %U", r, got, want)
		}
		if utf8.ValidRune(r) && utf8.RuneLen(want) > utf8.RuneLen(r) {
			t.Fatalf("%U folds to %U, which is longer", r, want)
		}
	}
	if got := FoldRune(-1); got != -1 {
		t.Errorf("FoldRune(-1) = %d", got)
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"whoami", "whoami"},
		{`C:\Windows\System32\WHOAMI.exe`, `c:\windows\system32\whoami.exe`},
		{"@AZ[`az{", "@az[`az{"},
		{"\u212aernel \u017fecret", "kernel secret"},
		{"ΣΑΣ σας", "ΣΑΣ ΣΑΣ"},
		{"Straße ẞ", "straße ß"},
		{"İı", "İı"},
		{"日本語", "日本語"},
		{"a\xffB", "a\ufffdb"},
		{"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
	} {
		if got := Fold(c.in); got != c.want {
			t.Errorf("Fold(%q) = %q, want %q", c.in, got, c.want)
		}
		if got := string(AppendFold([]byte("x"), c.in)); got != "x"+c.want {
			t.Errorf("AppendFold(%q) = %q", c.in, got)
		}
	}
}

func TestFoldOfFoldedTextAllocatesNothing(t *testing.T) {
	text := strings.Repeat(`c:\windows\system32\ `, 10)
	if n := testing.AllocsPerRun(100, func() { Fold(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzFold(f *testing.F) {
	f.Add("K", "\u212a")
	f.Add("straSSe\xff", "stra\u017fse")
	f.Add("ABCDEFGHIJ", "abcdefghij")
	f.Fuzz(func(t *testing.T, a, b string) {
		checkFold(t, a)
		a, b = strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?")
		for _, pair := range [][2]string{{a, b}, {a, strings.ToUpper(a)}, {a, strings.ToLower(a)}} {
			if got, want := Fold(pair[0]) == Fold(pair[1]), strings.EqualFold(pair[0], pair[1]); got != want {
				t.Errorf("%q and %q: equal after folding: %v, want %v", pair[0], pair[1], got, want)
			}
		}
	})
}

func checkFold(t *testing.T, s string) {
	want := strings.Map(FoldRune, strings.ToValidUTF8(s, "?"))
	if utf8.ValidString(s) && Fold(s) != want {
		t.Errorf("Fold(%q) = %q, want %q", s, Fold(s), want)
	}
	if folded := Fold(s); string(AppendFold(nil, s)) != folded || Fold(folded) != folded {
		t.Errorf("Fold(%q) = %q is not stable", s, folded)
	}
}

func BenchmarkAppendFold(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"ascii", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe -NoProfile -EncodedCommand SQBFAFgA`},
		{"cyrillic", `C:\Users\Администратор\Документы\Отчёт за Январь.docx`},
		{"japanese", `C:\ユーザー\日本語\デスクトップ\ファイル.exe`},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = AppendFold(dst[:0], c.text)
			}
		})
	}
}
