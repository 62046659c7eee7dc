package pipeline

// fieldNamePrefix puts a text in front of every field name, whether or not it is there already (section 7.4).
type fieldNamePrefix string

func readFieldNamePrefix(a *params, _ *Item) transformation {
	return renaming{fieldNamePrefix(a.requiredText("prefix"))}
}

func (t fieldNamePrefix) rename(name string, keyword bool) []string {
	if keyword {
		return nil
	}
	return []string{string(t) + name}
}
