package main

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/mfakit/mfa/risk"
)

const cityFile = "../../risk/geo/testdata/city.mmdb"

// Places come from the files that -geo names, and not from the table then; what sort of
// address it is, from lists too.
func TestGeoFilesAndLists(t *testing.T) {
	t.Parallel()
	tor := writeFile(t, "81.2.69.0/24\n")
	s := start(t, "-geo", cityFile, "-iplist", "tor="+tor, "-admin", "root@example.org")
	london := s.at("81.2.69.5", agentNamed(t, "Firefox on Linux"))
	london.register(ada)
	if page := london.page("/settings/activity").body; !strings.Contains(page, "London, ") {
		t.Errorf("no place: %s", page)
	}
	info, err := s.app.known.intel.Lookup(netip.MustParseAddr("81.2.69.5"))
	if err != nil || !info.Kinds.Has(risk.Tor) {
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := s.app.known.intel.Lookup(netip.MustParseAddr(oslo)); err != nil || info.Country != "" {
		t.Errorf("the table is in use: %+v, %v", info, err)
	}
	boss, _, _ := s.person("boss@example.org", admin)
	page := boss.page("/admin/risk")
	want(t, page, http.StatusOK, "")
	if !strings.Contains(page.body, "city.mmdb") || !strings.Contains(page.body, "1 entry of") {
		t.Errorf("the page does not say what is known: %s", page.body)
	}
}

// In development lists are beside the table.
func TestListsBesideTheTable(t *testing.T) {
	t.Parallel()
	list := writeFile(t, "192.0.2.0/28\n8.8.8.8\n")
	s := start(t, "-iplist", "denied="+list)
	for ip, want := range map[string]string{oslo: "NO denied", "192.0.2.200": "NO ", "8.8.8.8": " denied", "198.18.0.1": "DE Tor"} {
		info, err := s.app.known.intel.Lookup(netip.MustParseAddr(ip))
		if got := info.Country + " " + kindWords(info.Kinds); err != nil || got != want || info.Kinds.Has(risk.Private|risk.Shared) {
			t.Errorf("%s: %q, want %q, %v", ip, got, want, err)
		}
	}
}

func TestFilesThatAreWrongStopTheStart(t *testing.T) {
	bad := writeFile(t, "<html>\n")
	for _, args := range [][]string{{"-geo", bad}, {"-geo", bad + ".none"}, {"-iplist", "tor=" + bad}} {
		c, err := parseConfig(args, new(safeBuffer))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openPlaces(t.Context(), c, new(clock), nil); err == nil || !strings.Contains(err.Error(), "-geo") {
			t.Errorf("%v: %v", args, err)
		}
	}
}
