package main

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// bill is the bill of materials of the library with what it links.
func bill(modules []module) *cdx.BOM {
	b := cdx.NewBOM()
	b.Metadata = &cdx.Metadata{Component: &cdx.Component{
		BOMRef: purl(own, ""), Type: cdx.ComponentTypeLibrary, Name: own, PackageURL: purl(own, ""),
		Licenses: spdx([]string{"Apache-2.0"}),
	}}
	components, refs := []cdx.Component{}, []string{}
	for _, m := range modules {
		ref := purl(m.Path, m.Version)
		refs = append(refs, ref)
		components = append(components, cdx.Component{
			BOMRef: ref, Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: ref,
			Scope: cdx.ScopeRequired, Hashes: hashes(m.Sum), Licenses: spdx(m.Licences),
		})
	}
	b.Components = &components
	b.Dependencies = &[]cdx.Dependency{{Ref: purl(own, ""), Dependencies: &refs}}
	return b
}

// purl is a package URL (https://github.com/package-url/purl-spec) of a Go module.
func purl(path, version string) string {
	if version == "" {
		return "pkg:golang/" + path
	}
	return "pkg:golang/" + path + "@" + version
}

// hashes turns a line of go.sum into the digest that it is: SHA-256, of the list of the
// digests of a module's files (https://go.dev/ref/mod#go-sum-files).
func hashes(sum string) *[]cdx.Hash {
	digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sum, "h1:"))
	if err != nil || len(digest) == 0 {
		return nil
	}
	return &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(digest)}}
}

func spdx(ids []string) *cdx.Licenses {
	var l cdx.Licenses
	for _, id := range ids {
		l = append(l, cdx.LicenseChoice{License: &cdx.License{ID: id}})
	}
	return &l
}
