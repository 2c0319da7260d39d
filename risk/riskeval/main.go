// Command riskeval is an instrument for package risk.
package main

func main() {}
