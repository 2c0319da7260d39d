module github.com/mfakit/mfa/risk/risksim

go 1.26.0
