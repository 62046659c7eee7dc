package pipeline

// readFilePlaceholders reads an item that fills placeholders with what a file holds (section 8).
func readFilePlaceholders(a *params, _ *Item) transformation {
	a.requiredText("path")
	return readExternal(a, "file")
}
