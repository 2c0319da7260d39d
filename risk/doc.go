// Package risk scores sign-ins: people on their own device at home are not asked,
// a stranger with the right password is.
package risk
