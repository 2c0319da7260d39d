module github.com/mfakit/mfa/risk/risksim

go 1.26.0

require github.com/mfakit/mfa/risk/riskeval v0.0.0

replace (
	github.com/mfakit/mfa => ../..
	github.com/mfakit/mfa/risk/riskeval => ../riskeval
)
