// Package rba reads and writes sign-ins in the columns of the public RBA data
// set (Wiefling et al. 2022, doi 10.1145/3546069), one row at a time, so that a
// file of any length needs little memory.
//
// A row that cannot be read is left out and counted under its kind. Only when
// these are many (see [Reader.Read]), or the file was cut, is that an error.
package rba

import (
	"net/netip"
	"time"
)

// The columns, as the data set's header names them and [Writer] orders them.
const (
	ColIndex = iota
	ColTime
	ColUser
	ColRTT
	ColIP
	ColCountry
	ColRegion
	ColCity
	ColASN
	ColUserAgent
	ColBrowser
	ColOS
	ColDevice
	ColSuccessful
	ColAttackIP
	ColTakeover
	columns
)

// Columns are the names of the columns in their order.
var Columns = [columns]string{
	"index", "Login Timestamp", "User ID", "Round-Trip Time [ms]", "IP Address", "Country", "Region", "City", "ASN",
	"User Agent String", "Browser Name and Version", "OS Name and Version", "Device Type",
	"Login Successful", "Is Attack IP", "Is Account Takeover",
}

// required are the columns without which there is nothing to measure.
var required = []int{ColTime, ColUser, ColIP, ColCountry, ColASN, ColUserAgent, ColSuccessful}

// A Row is one sign-in. Its strings share the memory of the line they were read from:
// clone the ones to keep for long.
type Row struct {
	Index     int64
	Time      time.Time     // UTC, whole milliseconds
	User      string        // as in the file; never empty
	RTT       time.Duration // round-trip time, whole milliseconds; 0: not measured
	IP        netip.Addr    // IPv4-mapped is read as IPv4
	Country   string        // ISO 3166-1 alpha-2; "": not known ("-" is read so)
	Region    string        // "": not known
	City      string        // "": not known
	ASN       uint32        // 0: not known
	UserAgent string
	Browser   string // name and version
	OS        string // name and version
	Device    string // "mobile", "desktop", "tablet", "bot", "unknown"

	Successful bool
	AttackIP   bool // the address is on a list of attackers'; an outcome, never an input
	Takeover   bool // the sign-in was not its user's, found out afterwards
}

// PseudoUsers are the two accounts of the public data set that are no people: one
// holds 45 % of its rows, the other is a bot. Evaluations leave both out.
func PseudoUsers() []string { return []string{"-4324475583306591935", "6998943612473066845"} }
