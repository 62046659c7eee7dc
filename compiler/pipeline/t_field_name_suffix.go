package pipeline

// fieldNameSuffix puts a text behind every field name, whether or not it is there already (section 7.4).
type fieldNameSuffix string

func readFieldNameSuffix(a *params, _ *Item) transformation {
	return renaming{fieldNameSuffix(a.requiredText("suffix"))}
}

func (t fieldNameSuffix) rename(name string, keyword bool) []string {
	if keyword {
		return nil
	}
	return []string{name + string(t)}
}
