package pipeline

import "github.com/rsigma-go/rsigma/compiler/sigma"

// dropDetectionItem removes detection items, keywords included (section 7.6).
type dropDetectionItem struct{}

func readDropDetectionItem(*params, *Item) transformation { return dropDetectionItem{} }

func (dropDetectionItem) applyRule(r *run) error {
	return r.each(func(*sigma.Item) (sigma.Node, error) { return nil, nil })
}
