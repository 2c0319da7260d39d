package mfahttp

// Routes are the methods and paths of all calls, for tests that leave none out.
func Routes() (all [][2]string) {
	for _, r := range new(Handler).table() {
		all = append(all, [2]string{r.method, "/mfa" + r.path})
	}
	return all
}
