module github.com/mfakit/mfa/risk/risksim

go 1.26.0

require github.com/mfakit/mfa/risk/riskeval v0.0.0

require (
	github.com/fxamacker/cbor/v2 v2.9.6 // indirect
	github.com/mfakit/mfa v0.0.0 // indirect
	github.com/mileusna/useragent v1.3.5 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	github.com/mfakit/mfa => ../..
	github.com/mfakit/mfa/risk/riskeval => ../riskeval
)
