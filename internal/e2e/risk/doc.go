// Package risk proves the shipped scorer in the engine: several processes, a stranger
// with the password, sources that fail.
package risk
