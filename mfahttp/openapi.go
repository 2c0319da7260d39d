package mfahttp

import _ "embed"

//go:embed openapi.yaml
var openAPI string

// OpenAPI is the OpenAPI 3.1 document of the API, as YAML, under the prefix /mfa:
// for a host that serves it to its client's developers.
func OpenAPI() string { return openAPI }
