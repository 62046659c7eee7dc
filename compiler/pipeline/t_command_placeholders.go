package pipeline

// readCommandPlaceholders reads an item that fills placeholders with what a command prints (section 8).
func readCommandPlaceholders(a *params, _ *Item) transformation {
	a.requiredTexts("cmd")
	a.positive("timeout")
	a.positive("max_stdout")
	return readExternal(a, "command")
}
