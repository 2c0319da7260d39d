package redisstore

import (
	"crypto/sha1" // the name under which Redis keeps a script, and nothing else
	"encoding/hex"
	"strconv"
	"time"
)

// A script runs on the server, with nothing else in between.
type script struct{ text, sum string }

func newScript(text string) script {
	sum := sha1.Sum([]byte(text))
	return script{text, hex.EncodeToString(sum[:])}
}

// saveScript writes a record (2) over a version (1; empty: over none), and answers
// 1, or 0 for a conflict. With a time (3, in milliseconds since 1970), the server may
// drop it a day after, by its own clock at least a day from now.
//
// A record of the very version that is being written is its own: this is the same
// Save again, and it is written again. Answering 1 without would leave a WAIT
// that follows nothing to wait for.
var saveScript = newScript(`
local head = redis.call('GETRANGE', KEYS[1], 0, 8)
if head == '' then
	if ARGV[1] ~= '' then return 0 end
elseif string.byte(head) ~= 1 then
	return redis.error_reply('MFAFORMAT')
elseif string.sub(head, 2) ~= ARGV[1] and head ~= string.sub(ARGV[2], 1, 9) then
	return 0
end
if ARGV[3] == '' then
	redis.call('SET', KEYS[1], ARGV[2])
else
	local t = redis.call('TIME')
	local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
	local left = math.max(tonumber(ARGV[3]) - now, 0) + 86400000
	redis.call('SET', KEYS[1], ARGV[2], 'PX', string.format('%.0f', left))
end
return 1`)

// deleteScript removes a key of a version (1), and answers 1, or 0 for a conflict.
// An absent one may be so by an earlier Delete that no replica has yet: where a WAIT
// follows (2), it is written and removed, which nobody sees, for WAIT to have
// something to wait for.
var deleteScript = newScript(`
local head = redis.call('GETRANGE', KEYS[1], 0, 8)
if head == '' then
	if ARGV[2] == '1' then
		redis.call('SET', KEYS[1], '')
		redis.call('DEL', KEYS[1])
	end
	return 1
elseif string.byte(head) ~= 1 then
	return redis.error_reply('MFAFORMAT')
elseif string.sub(head, 2) ~= ARGV[1] then
	return 0
end
redis.call('DEL', KEYS[1])
return 1`)

// lastTime is beyond what any clock will say, and within what the script, whose
// numbers are floating-point, and Redis can add to.
var lastTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// dropAfter is an expiry as saveScript takes it.
func dropAfter(expires time.Time) string {
	switch {
	case expires.IsZero():
		return ""
	case expires.After(lastTime):
		expires = lastTime
	case expires.Before(time.UnixMilli(0)):
		expires = time.UnixMilli(0)
	}
	return strconv.FormatInt(expires.UnixMilli(), 10)
}
