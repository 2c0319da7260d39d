package attack

// Catalogue is all of the attacks, by theme.
func Catalogue() []Theme {
	return []Theme{
		replays, races, leaks, bindings, ways, limits, inputs, keys, devices, messages, sites,
	}
}
