// Command ratios reads the output of BenchmarkLanes and prints each lane's times as multiples of its floor, as a Markdown table.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// lane holds the nanoseconds of each measurement and the counts that go with them.
type lane struct {
	ns               map[string]float64
	candidates, hits string
}

func main() {
	lanes := map[string]*lane{}
	var order []string
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		f := strings.Fields(in.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "BenchmarkLanes/") {
			continue
		}
		parts := strings.Split(strings.TrimPrefix(f[0], "BenchmarkLanes/"), "/")
		name, what := parts[0], strings.Split(parts[1], "-")[0]
		l := lanes[name]
		if l == nil {
			l = &lane{ns: map[string]float64{}}
			lanes[name] = l
			order = append(order, name)
		}
		for i := 2; i+1 < len(f); i += 2 {
			switch f[i+1] {
			case "ns/op":
				l.ns[what], _ = strconv.ParseFloat(f[i], 64)
			case "candidates/event":
				l.candidates = f[i]
			case "hits/event":
				l.hits = f[i]
			}
		}
	}
	fmt.Println("| lane | floor µs | scan ÷ floor | generated ÷ floor | interpreted ÷ floor | interpreted ÷ generated | candidates | hits |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, name := range order {
		l := lanes[name]
		floor := l.ns["floor"]
		fmt.Printf("| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %s | %s |\n", name, floor/1000, l.ns["scan"]/floor,
			l.ns["generated"]/floor, l.ns["interpreted"]/floor, l.ns["interpreted"]/l.ns["generated"], l.candidates, l.hits)
	}
}
