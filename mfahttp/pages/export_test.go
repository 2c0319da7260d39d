package pages

import (
	"maps"
	"slices"
)

// Routes are the patterns of all pages below the prefix, for tests that leave none out.
func Routes() []string {
	all := maps.Clone(signInRoutes)
	maps.Copy(all, setupRoutes)
	maps.Copy(all, settingsRoutes)
	return slices.Sorted(maps.Keys(all))
}
