// Package testserver runs the real servers that tests send messages through:
// Kannel with its fake message centre, and OpenSMTPD. Each test has servers of
// its own, on free ports of the loopback interface and in folders of their own,
// which end with the test.
package testserver
