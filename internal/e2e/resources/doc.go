// Package resources holds examples/webapp, and the library in the test's own process,
// to their bounds: slow clients, large inputs and a hostile crowd use up neither
// memory nor goroutines nor connections, and others are answered meanwhile.
package resources
