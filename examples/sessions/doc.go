// Package sessions is mfahttp.Host over two session libraries. Copy the file that is
// yours, and holding.go.
//
// What a host promises is the same with every library, and one test holds both to it:
// a new session id whenever the evidence changes, after which the old one opens
// nothing; evidence kept where its client cannot write it; and evidence that no longer
// holds, as after a reset, taken for no session.
package sessions
