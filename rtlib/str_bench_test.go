package rtlib

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkContains(b *testing.B) {
	text := `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe -NoProfile -ExecutionPolicy Bypass -File C:\Users\x\a.ps1`
	for _, n := range []int{1, 4, 5, 100, 4432} {
		var needles []string
		for i := range n {
			needles = append(needles, fmt.Sprintf("needle-%d.%s", i*7919, strings.Repeat("z", i%5)))
		}
		p := pred(ContainsFold, needles...)
		ev := textEvent(b, text, p)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				p.Match(ev)
			}
		})
	}
}

func BenchmarkSuffix(b *testing.B) {
	p := pred(SuffixFold, `\cmd.exe`)
	ev := textEvent(b, `C:\Windows\System32\powershell.exe`, p)
	b.ReportAllocs()
	for b.Loop() {
		p.Match(ev)
	}
}
