// Package spa_test holds examples/spa to what its page promises, in Chromium: the program
// is built, started on a free port, and used as people do.
package spa_test
