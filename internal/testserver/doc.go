// Package testserver runs the real servers that tests work with: databases
// (PostgreSQL, MariaDB, Redis and its cluster), Kannel with its fake message
// centre, and OpenSMTPD. They listen on free ports of the loopback interface,
// have folders of their own, and end with what started them, also when that is
// killed.
//
// A server that a test starts by a function named Start or New is that test's
// alone: it may kill it. Databases for tests that do not are made on one server
// per package, which [Main] ends: [PostgresDatabase], [MySQLDatabase],
// [RedisServer], [RedisCluster].
package testserver
