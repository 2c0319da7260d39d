// Package secrets prints every exported type of the modules in every way in which a
// program prints: what is secret in it, or somebody's, must not be seen.
package secrets
