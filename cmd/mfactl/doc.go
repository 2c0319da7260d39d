// Command mfactl is for whoever runs a service that uses package mfa: it works on the
// service's store, beside the processes that serve people.
//
//	mfactl keys make -out mfa.keys
//	mfactl keys list -keys mfa.keys
//	mfactl keys rotate -keys mfa.keys -out new.keys [-standby standby.keys]
//	mfactl rewrap -store postgres://… -keys new.keys
//	mfactl keys retire -keys new.keys -out retired.keys -store postgres://…
//
//	mfactl schema print -dialect postgres
//	mfactl schema apply -store postgres://…
//
//	mfactl report -store … -keys mfa.keys [-csv | -json]
//	mfactl policy lint mfa.json
//	mfactl policy diff mfa.json next.json
//	mfactl policy load -to mfa.json next.json
//	mfactl preview -store … -keys mfa.keys -policy next.json -users users.csv
//
//	mfactl reset -store … -keys mfa.keys -user 7 -actor carol -reason "ticket 8812" -email ada@example.com
//	mfactl export -store … -keys mfa.keys -user 7 -out ada.json
//	mfactl erase -store … -keys mfa.keys -user 7
//	mfactl redeliver -store … -keys mfa.keys -smtp mail.example.com:587 …
//	mfactl sweep -store … -keys mfa.keys
//
// mfactl help COMMAND tells the flags of each.
//
// # Where
//
// -store, or the environment's MFA_STORE, is sqlite:FILE, postgres://user@host/database,
// mysql://user@host/database, redis://host:port or redis+cluster://host:port,host:port
// (rediss:// and rediss+cluster:// with TLS). Everybody on the machine can read the
// arguments of a program, so that a password belongs into MFA_STORE, or into PGPASSWORD,
// MYSQL_PWD or REDISCLI_AUTH. -keys, or MFA_KEYS, names the file with the key ring; there
// is no way to give a key itself. -deployment is what the service has in
// mfa.Config.Deployment.
//
// # What it prints
//
// Tables for people; with -json one JSON object for programs. Progress, warnings and
// errors go to standard error. It prints no secret: a new ring goes to a new file that
// only its owner can read, and no file is ever written over but by policy load.
//
// # How it ends
//
// With 0 when it is done, 1 when it failed or was stopped, 2 when the command was not
// understood. Ctrl-C stops a walk after what it has in hand, and says how to go on.
//
// # What it does to people
//
// reset and erase are done in two steps: the first shows whom it would be done to and
// prints a code, the second takes it. The code is good for that very account as it is, for
// ten minutes. Whoever may do that to whom is for whoever gives out the key ring to say:
// mfactl asks nobody. A person who was reset is told by the service, which finds the notice
// in the outbox when the person comes, or when it walks by ops.Redeliver.
package main
