package pipeline

// readHTTPPlaceholders reads an item that fills placeholders with what an HTTP server answers (section 8).
func readHTTPPlaceholders(a *params, _ *Item) transformation {
	a.requiredText("url")
	a.text("method", "")
	a.positive("timeout")
	a.positive("max_body_size")
	for _, name := range []string{"headers", "params", "form_data"} {
		a.mapping(a.optional(name), name)
	}
	a.value("json_body")
	return readExternal(a, "http")
}
