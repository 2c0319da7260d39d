// Package snippets has the Go fragments of the documents, each in code that is compiled
// and, wherever that can be, run by a test of this package. What stands in a document
// stands here line by line; a test of the folder above compares them.
//
// There is a file for each document.
package snippets
