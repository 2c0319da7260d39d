// Package geo answers what is known of an IP address, from files on disk.
package geo
