module github.com/mfakit/mfa

go 1.26.0

require (
	github.com/fxamacker/cbor/v2 v2.9.6
	github.com/pquerna/otp v1.5.0
	golang.org/x/crypto v0.58.0
	rsc.io/qr v0.2.0
)

require (
	github.com/boombuler/barcode v1.1.0 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
