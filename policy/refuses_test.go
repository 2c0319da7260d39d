package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mfakit/mfa/policy"
)

func manyUsers(n int) string {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("%q", fmt.Sprint("u", i)))
	}
	return strings.Join(ids, ",")
}

func TestParseRefuses(t *testing.T) {
	long := strings.Repeat("x", 33)
	for name, tc := range map[string]struct {
		file string
		line string
		says string
	}{
		"nothing":                          {"", "line 1", "unexpected end"},
		"not JSON":                         {"\n\nmode: offer", "line 3", "invalid character"},
		"comma at the end":                 {"{\n\"mode\": \"offer\",\n}", "line 3", "invalid character"},
		"cut off":                          {"{\n\"mode\": \"offer\"", "line 2", "unexpected end"},
		"more than one":                    {"{}\n{}", "line 2", "after top-level value"},
		"comment":                          {"{\n// offer\n}", "line 2", "invalid character"},
		"byte order mark":                  {"\ufeff{}", "line 1", "invalid character"},
		"not UTF-8":                        {"{\n\n\"mode\": \"off\xffer\"}", "line 3", "not UTF-8"},
		"null":                             {"null", "line 1", "not an object"},
		"a list":                           {"[]", "line 1", "not an object"},
		"a string":                         {`"offer"`, "line 1", "not an object"},
		"unknown member":                   {"{\n\"mode\": \"offer\",\n\"methds\": []}", "line 3", `unknown member "methds"; there are aal, accept_restricted, at_least, changes,`},
		"member in other case":             {"{\n\"Mode\": \"offer\"}", "line 2", `unknown member "Mode"`},
		"unknown member within":            {"{\"changes\": {\n\"password\": true,\n\"age\": 1}}", "line 3", `changes: unknown member "age"; there are insecure_password_alone, max_age, methods, password`},
		"duplicate":                        {"{\n\"mode\": \"required\",\n\"mode\": \"offer\"}", "line 3", `"mode" comes twice`},
		"duplicate by escape":              {"{\"mode\": \"required\",\n\"m\\u006fde\": \"offer\"}", "line 2", `"mode" comes twice`},
		"duplicate within":                 {"{\"changes\":\n{\"password\": true,\n\"password\": false}}", "line 3", `changes: member "password" comes twice`},
		"unknown mode":                     {"{\n\"mode\": \"ask\"}", "line 2", `mode: unknown mode "ask"; there are off, offer, adaptive and required`},
		"mode in other case":               {`{"mode": "Offer"}`, "line 1", "unknown mode"},
		"mode is empty":                    {`{"mode": ""}`, "line 1", "mode: not a string such as"},
		"mode is no string":                {`{"mode": true}`, "line 1", "mode: not a string"},
		"mode is null":                     {`{"mode": null}`, "line 1", "mode: not a string"},
		"mode is an object":                {"{\"mode\":\n {\"x\":1}}", "line 2", "mode: not a string"},
		"long mode is cut":                 {`{"mode": "` + strings.Repeat("y", 500) + `"}`, "line 1", `unknown mode "` + strings.Repeat("y", 40) + `"`},
		"methods is a string":              {`{"methods": "totp"}`, "line 1", "methods: not a list"},
		"methods is null":                  {`{"methods": null}`, "line 1", "methods: not a list"},
		"methods is empty":                 {"{\n\"methods\": []}", "line 2", "methods: an empty list"},
		"method is no string":              {"{\"methods\": [\n\"totp\",\n1]}", "line 3", "methods[1]: not a string: methods are"},
		"method is null":                   {`{"methods": [null]}`, "line 1", "methods[0]: not a string"},
		"method in capitals":               {"{\"methods\": [\"totp\",\n\"WebAuthn\"]}", "line 2", `methods[1]: "WebAuthn" is not the name of a method`},
		"method with a space":              {`{"methods": ["totp "]}`, "line 1", "is not the name of a method"},
		"method begins with a digit":       {`{"methods": ["2fa"]}`, "line 1", "is not the name of a method"},
		"method is empty":                  {`{"methods": [""]}`, "line 1", "is not the name of a method"},
		"method is long":                   {`{"methods": ["` + long + `"]}`, "line 1", "is not the name of a method"},
		"method twice":                     {"{\"methods\": [\"totp\",\n\"sms\",\n\"totp\"]}", "line 3", `methods[2]: "totp" is listed twice`},
		"methods of recovery alone":        {`{"methods": ["recovery"]}`, "line 1", "methods: recovery codes alone"},
		"too many methods":                 {`{"methods": ["` + strings.Join(strings.Split("abcdefghijklmnopq", ""), `","`) + `"]}`, "line 1", "more than 16 methods"},
		"aal of 1":                         {"{\n\"aal\": 1}", "line 2", "aal: level 1; there are 0"},
		"aal of 4":                         {`{"aal": 4}`, "line 1", "aal: level 4"},
		"not_first is empty":               {`{"not_first": []}`, "line 1", "not_first: an empty list"},
		"not_first twice the same":         {`{"not_first": ["totp", "totp"]}`, "line 1", "not_first[1]: \"totp\" is listed twice"},
		"aal below 0":                      {`{"aal": -2}`, "line 1", "aal: level -2"},
		"aal is no whole number":           {`{"aal": 2.0}`, "line 1", "is not a whole number"},
		"aal is huge":                      {`{"aal": 18446744073709551618}`, "line 1", "is not a whole number"},
		"aal is a string":                  {`{"aal": "2"}`, "line 1", "aal: not a number"},
		"aal is null":                      {`{"aal": null}`, "line 1", "aal: not a number"},
		"boolean is a string":              {"{\n\n\"phishing_resistant\": \"false\"}", "line 3", "phishing_resistant: not true or false"},
		"boolean is a number":              {`{"changes": {"password": 1}}`, "line 1", "changes.password: not true or false"},
		"boolean is null":                  {`{"phishing_resistant": null}`, "line 1", "not true or false"},
		"accept_restricted is a string":    {`{"accept_restricted": "true"}`, "line 1", "accept_restricted: not true or false"},
		"accept_restricted is null":        {`{"accept_restricted": null}`, "line 1", "accept_restricted: not true or false"},
		"changes is no object":             {`{"changes": true}`, "line 1", "changes: not an object"},
		"changes is null":                  {`{"changes": null}`, "line 1", "changes: not an object"},
		"method of changes":                {`{"changes": {"methods": ["?"]}}`, "line 1", `changes.methods[0]: "?" is not the name`},
		"method of first enrollment":       {`{"first_enrollment": {"methods": []}}`, "line 1", "first_enrollment.methods: an empty list"},
		"first_enrollment is a list":       {`{"first_enrollment": ["email"]}`, "line 1", "first_enrollment: not an object"},
		"duration is a number":             {"{\n\"session_lifetime\": 12}", "line 2", `session_lifetime: not a string such as "12h"`},
		"duration is null":                 {`{"session_lifetime": null}`, "line 1", "not a string"},
		"duration without unit":            {`{"session_lifetime": "12"}`, "line 1", `"12" is not a duration such as "12h"`},
		"duration in days":                 {`{"session_lifetime": "5d"}`, "line 1", `"5d" is not a duration`},
		"duration is empty":                {`{"session_lifetime": ""}`, "line 1", "is not a duration"},
		"duration of nothing":              {`{"session_lifetime": "0s"}`, "line 1", "leave the member out"},
		"duration below nothing":           {`{"session_lifetime": "-12h"}`, "line 1", "-12h0m0s is not between"},
		"duration too short":               {"{\"changes\": {\n\"max_age\": \"59s\"}}", "line 2", "changes.max_age: 59s is not between 1m and 8784h"},
		"duration too long":                {`{"session_lifetime": "8785h"}`, "line 1", "is not between"},
		"duration beyond what is counted":  {`{"session_lifetime": "9999999999h"}`, "line 1", "is not a duration"},
		"first of two faults":              {"{\n\"aal\": 9,\n\"mode\": \"x\"}", "line 2", "aal"},
		"file's member in a phase":         {"{\"phases\": [\n{\"name\": \"a\",\n\"support\": \"b\"}]}", "line 3", `phases[0]: unknown member "support"; there are aal, apps,`},
		"phases is an object":              {`{"phases": {}}`, "line 1", "phases: not a list of phases"},
		"phases is empty":                  {`{"phases": []}`, "line 1", "phases: an empty list"},
		"phase is no object":               {`{"phases": ["a"]}`, "line 1", "phases[0]: not an object"},
		"phase without a name":             {"{\"phases\": [\n{\"mode\": \"offer\"}]}", "line 2", "phases[0].name: is missing"},
		"phase without a mode that counts": {`{"phases": [{"name": "a", "mode": "on"}]}`, "line 1", `phases[0].mode: unknown mode "on"`},
		"phase's name with a line":         {`{"phases": [{"name": "a\nb"}]}`, "line 1", "has characters that cannot be shown"},
		"phase's name with spaces":         {`{"phases": [{"name": " a"}]}`, "line 1", "begins or ends with a space"},
		"phase's name is long":             {`{"phases": [{"name": "` + strings.Repeat("x", 65) + `"}]}`, "line 1", "of more than 64 bytes"},
		"phases of one name":               {"{\"phases\": [{\"name\": \"a\"},\n{\"name\": \"b\"},\n{\"name\": \"a\"}]}", "line 3", `phases[2].name: there are two of the name "a"`},
		"too many phases":                  {`{"phases": [` + strings.Repeat(`{"name": "a"},`, 64) + `{"name": "b"}]}`, "line 1", "phases: more than 64 phases"},
		"phase that takes back":            {"{\"phishing_resistant\": true,\n\"phases\": [{\"name\": \"a\",\n\"phishing_resistant\": false}]}", "line 3", "phases[0].phishing_resistant: says nothing here"},
		"phase that denies less":           {"{\"deny_severe\": true,\n\"phases\": [{\"name\": \"a\",\n\"deny_severe\": false}]}", "line 3", "phases[0].deny_severe: says nothing here"},
		"denies, in a word":                {`{"deny_severe": "yes"}`, "line 1", "deny_severe: not true or false"},
		"phase of no level":                {`{"phases": [{"name": "a", "aal": 0}]}`, "line 1", "phases[0].aal: says nothing here"},
		"phase of empty changes":           {`{"phases": [{"name": "a", "changes": {}}]}`, "line 1", "phases[0].changes: says nothing here"},
		"phase of changes that change not": {`{"phases": [{"name": "a", "changes": {"password": false}}]}`, "line 1", "phases[0].changes: says nothing here"},
		"share over 100":                   {"{\"phases\": [{\"name\": \"a\",\n\"share\": 101}]}", "line 2", "phases[0].share: 101 is not between 0 and 100"},
		"share below 0":                    {`{"phases": [{"name": "a", "share": -1}]}`, "line 1", "phases[0].share: -1 is not between 0 and 100"},
		"share is huge":                    {`{"phases": [{"name": "a", "share": -9223372036854775808}]}`, "line 1", "is not between 0 and 100"},
		"share is no whole number":         {`{"phases": [{"name": "a", "share": 12.5}]}`, "line 1", "phases[0].share: 12.5 is not a whole number"},
		"share is a string":                {`{"phases": [{"name": "a", "share": "12%"}]}`, "line 1", "phases[0].share: not a number"},
		"share is null":                    {`{"phases": [{"name": "a", "share": null}]}`, "line 1", "phases[0].share: not a number"},
		"cohort that is not there":         {"{\"phases\": [{\"name\": \"a\", \"cohorts\": [\"x\",\n\"y\"]}], \"cohorts\": [{\"name\": \"x\"}]}", "line 2", `phases[0].cohorts[1]: there is no cohort "y"`},
		"cohort named twice":               {`{"phases": [{"name": "a", "cohorts": ["x", "x"]}], "cohorts": [{"name": "x"}]}`, "line 1", `phases[0].cohorts[1]: "x" is listed twice`},
		"cohorts of one name":              {"{\"cohorts\": [{\"name\": \"a\"},\n{\"name\": \"a\"}]}", "line 2", `cohorts[1].name: there are two of the name "a"`},
		"too many cohorts":                 {`{"cohorts": [` + strings.Repeat(`{"name": "a"},`, 256) + `{"name": "b"}]}`, "line 1", "cohorts: more than 256 cohorts"},
		"cohort of rules":                  {`{"cohorts": [{"name": "a", "mode": "offer"}]}`, "line 1", `cohorts[0]: unknown member "mode"`},
		"app without a name":               {`{"phases": [{"name": "a", "apps": [""]}]}`, "line 1", "phases[0].apps[0]: is missing"},
		"user twice":                       {"{\"cohorts\": [{\"name\": \"a\", \"users\": [\"u\",\n\"u\"]}]}", "line 2", `cohorts[0].users[1]: "u" is listed twice`},
		"user is a number":                 {`{"cohorts": [{"name": "a", "users": [7]}]}`, "line 1", "cohorts[0].users[0]: not a string"},
		"user without an ID":               {`{"cohorts": [{"name": "a", "users": [""]}]}`, "line 1", "cohorts[0].users: an empty ID"},
		"too many users":                   {`{"cohorts": [{"name": "a", "users": [` + manyUsers(1001) + `]}]}`, "line 1", "cohorts[0].users: more than 1000 users"},
		"domain in capitals":               {`{"cohorts": [{"name": "a", "email_domains": ["Example.com"]}]}`, "line 1", `cohorts[0].email_domains[0]: "Example.com" is not a domain in lower case`},
		"domain with an at":                {`{"cohorts": [{"name": "a", "email_domains": ["@example.com"]}]}`, "line 1", `is not a domain`},
		"attributes is a list":             {`{"cohorts": [{"name": "a", "attributes": ["x"]}]}`, "line 1", "cohorts[0].attributes: not an object"},
		"attribute is a string":            {"{\"cohorts\": [{\"name\": \"a\", \"attributes\": {\"x\": [\"1\"],\n\"y\": \"2\"}}]}", "line 2", "cohorts[0].attributes.y: not a list of values"},
		"attribute twice":                  {`{"cohorts": [{"name": "a", "attributes": {"x": ["1"], "x": ["2"]}}]}`, "line 1", `cohorts[0].attributes: member "x" comes twice`},
		"attribute's value twice":          {`{"cohorts": [{"name": "a", "attributes": {"x.y[0]": ["1", "1"]}}]}`, "line 1", `cohorts[0].attributes["x.y[0]"][1]: "1" is listed twice`},
		"attribute of no values":           {`{"cohorts": [{"name": "a", "attributes": {"x": []}}]}`, "line 1", "cohorts[0].attributes.x: an empty list"},
		"date is a number":                 {`{"phases": [{"name": "a", "from": 20251031}]}`, "line 1", "phases[0].from: not a string: dates are"},
		"date is null":                     {`{"phases": [{"name": "a", "from": null}]}`, "line 1", "phases[0].from: not a string"},
		"date is in words":                 {"{\"phases\": [{\"name\": \"a\",\n\"from\": \"31 October 2025\"}]}", "line 2", `phases[0].from: "31 October 2025" is not a date such as`},
		"date that does not exist":         {`{"time_zone": "UTC", "phases": [{"name": "a", "from": "2025-02-29"}]}`, "line 1", `"2025-02-29" is not a date`},
		"date of another year":             {"{\"time_zone\": \"UTC\",\n\"phases\": [{\"name\": \"a\", \"from\": \"0025-10-31\"}]}", "line 2", "phases[0].from: the year 25 is not between 1990 and 2199"},
		"date of nothing":                  {`{"grace": {"until": "0001-01-01T00:00:00Z"}}`, "line 1", "grace.until: a date of nothing"},
		"date without a place":             {"{\"grace\":\n{\"until\": \"2025-10-31\"}}", "line 2", `grace.until: "2025-10-31" is a local time: say where by time_zone`},
		"hours in one digit":               {`{"time_zone": "UTC", "grace": {"until": "2025-10-31T7:00:00"}}`, "line 1", "is not a date"},
		"date and time without the T":      {`{"time_zone": "UTC", "grace": {"until": "2025-10-31 17:00:00"}}`, "line 1", "is not a date"},
		"offset that is none":              {`{"grace": {"until": "2025-10-31T17:00:00+25:00"}}`, "line 1", "is not a date"},
		"time zone of fancy":               {"{\n\"time_zone\": \"Europe/Atlantis\",\n\"grace\": {\"until\": \"2025-10-31\"}}", "line 2", `time_zone: "Europe/Atlantis" is not in the time zone database`},
		"time zone of the machine":         {`{"time_zone": "Local"}`, "line 1", "time_zone: not the name of a time zone"},
		"time zone is a path":              {`{"time_zone": "../UTC"}`, "line 1", "time_zone: "},
		"time zone is no string":           {"{\"grace\": {\"until\": \"2025-10-31\"},\n\"time_zone\": 1}", "line 2", "time_zone: not a string"},
		"time zone is null":                {`{"time_zone": null}`, "line 1", "time_zone: not a string"},
		"grace is a date":                  {`{"grace": "2025-10-31"}`, "line 1", "grace: not an object"},
		"grace of no skips":                {`{"grace": {"skips": 0}}`, "line 1", "grace.skips: none; leave the member out"},
		"grace below none":                 {`{"grace": {"skips": -1}}`, "line 1", "grace.skips: -1 is not between 1 and 100"},
		"grace without end":                {`{"grace": {"for": "99999h"}}`, "line 1", "grace.for: 99999h0m0s is not between"},
		"remember over a month":            {"{\"remember\":\n{\"days\": 31}}", "line 2", "remember.days: 31 is not between 1 and 30; more needs insecure_long"},
		"remember over a year":             {`{"remember": {"days": 367, "insecure_long": true}}`, "line 1", "remember.days: 367 is not between 1 and 366"},
		"remember for no days":             {`{"remember": {"idle": "24h"}}`, "line 1", "remember: does not say for how many days"},
		"remember in hours":                {`{"remember": {"days": "720h"}}`, "line 1", "remember.days: not a number"},
		"at least too many":                {`{"at_least": 11}`, "line 1", "at_least: 11 is not between 1 and 10"},
		"nudge to none":                    {`{"nudge": 0}`, "line 1", "nudge: none; leave the member out"},
		"prerequisites is a list":          {`{"prerequisites": ["totp"]}`, "line 1", "prerequisites: not an object"},
		"prerequisite of a method":         {"{\"prerequisites\": {\"webauthn\": [\"totp\"],\n\"Webauthn\": [\"totp\"]}}", "line 2", `prerequisites["Webauthn"]: "Webauthn" is not the name of a method`},
		"prerequisite is no method":        {`{"prerequisites": {"webauthn": ["?"]}}`, "line 1", `prerequisites.webauthn[0]: "?" is not the name of a method`},
		"prerequisite of itself":           {`{"prerequisites": {"webauthn": ["totp", "webauthn"]}}`, "line 1", "prerequisites.webauthn: a method cannot come before itself"},
		"prerequisite of nothing":          {`{"prerequisites": {"webauthn": []}}`, "line 1", "prerequisites.webauthn: an empty list"},
		"changes by both":                  {`{"changes": {"insecure_password_alone": true, "methods": ["totp"]}}`, "line 1", "changes.insecure_password_alone: says that a password is enough, and methods that it is not"},
		"reset within hours":               {`{"delayed_reset": "1h"}`, "line 1", "delayed_reset: 1h0m0s is not between 24h and 720h"},
		"network without bits":             {`{"services": {"networks": ["10.0.0.1"]}}`, "line 1", `services.networks[0]: "10.0.0.1" is not a network`},
		"network is a number":              {`{"services": {"networks": [10]}}`, "line 1", "is not a network"},
		"network of all":                   {"{\"services\": {\"networks\": [\"10.0.0.0/8\",\n\"0.0.0.0/0\"]}}", "line 2", "services.networks[1]: holds every address"},
		"network of all, 6":                {`{"services": {"networks": ["::/0"]}}`, "line 1", "holds every address"},
		"network that names an address":    {`{"services": {"networks": ["10.1.2.3/8"]}}`, "line 1", "10.1.2.3/8 names an address within the network 10.0.0.0/8"},
		"network that is mapped":           {`{"services": {"networks": ["::ffff:10.0.0.0/104"]}}`, "line 1", "write it as an IPv4 network"},
		"network with a zone":              {`{"services": {"networks": ["fe80::%eth0/64"]}}`, "line 1", "is not a network"},
		"services is a list":               {`{"services": ["10.0.0.0/8"]}`, "line 1", "services: not an object"},
		"support is empty":                 {`{"support": ""}`, "line 1", "support: "},
		"support is long":                  {`{"support": "` + strings.Repeat("x", 501) + `"}`, "line 1", "of more than 500 bytes"},
		"function":                         {`{"exempt_service": true}`, "line 1", `unknown member "exempt_service"`},
		"first in the file":                {"{\"session_lifetime\": \"1s\",\n\"mode\": \"x\"}", "line 1", "session_lifetime"},
	} {
		p, err := policy.Parse([]byte(tc.file))
		if err == nil || p != nil {
			t.Errorf("%s: taken as %+v", name, p)
			continue
		}
		if !strings.HasPrefix(err.Error(), "policy: "+tc.line+": ") || !strings.Contains(err.Error(), tc.says) || len(err.Error()) > 350 {
			t.Errorf("%s: %q, want %s: …%s…", name, err, tc.line, tc.says)
		}
		if e := (*policy.Error)(nil); !errors.As(err, &e) || fmt.Sprintf("line %d", e.Line) != tc.line || e.Err == nil {
			t.Errorf("%s: %#v is no *policy.Error of %s", name, err, tc.line)
		}
	}
}
