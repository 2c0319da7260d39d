package world

// A way is how a sign-in came to the service.
type way uint8

const (
	fromHome way = iota
	fromWork
	byPhone // over a carrier
	fromVenue
	fromFriend
	fromHotel
	notAWay  // how many there are that a person chooses
	byTunnel // a VPN
	ofAttacker
	ofBot
)

// A signIn is one attempt, as it happened. What it was seen as follows from it.
type signIn struct {
	at       int64
	user     int64
	pool     int32
	addr     uint32
	agent    agent
	rtt      uint16 // milliseconds; 0: not measured
	ok       bool
	takeover bool

	// For tests of the world alone; not written.
	person int32 // -1: none
	city   int16 // where the person really was
	way    way
}
