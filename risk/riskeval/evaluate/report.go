package evaluate

import "time"

// Version is of the report's form; it changes when a field changes its meaning or goes.
const Version = 1

// A Report is what was measured: report.json is it. A figure that could not be
// measured, or of which a scorer says nothing, is null.
type Report struct {
	Version     int            `json:"version"`
	Data        Data           `json:"data"`
	Protocol    Protocol       `json:"protocol"`
	Scorers     []ScorerReport `json:"scorers"`
	Comparisons []Comparison   `json:"comparisons"`
	Audit       []Audit        `json:"audit"`
	Resources   Resources      `json:"resources"`
	Warnings    []string       `json:"warnings"`
}

// Data says what the file holds.
type Data struct {
	File             string           `json:"file,omitempty"`
	Rows             int64            `json:"rows"`               // that could be read
	Bad              map[string]int64 `json:"bad_rows,omitempty"` // that could not, by kind
	MissingColumns   []string         `json:"missing_columns,omitempty"`
	Excluded         int64            `json:"excluded"`     // rows of users that were left out
	OutOfOrder       int64            `json:"out_of_order"` // rows up to an hour behind the one before
	Users            int64            `json:"users"`        // with a legitimate sign-in
	Legitimate       int64            `json:"legitimate"`   // sign-ins that succeeded and are no takeover
	Failed           int64            `json:"failed"`
	Takeovers        int64            `json:"takeovers"`
	PrivateAddresses int64            `json:"private_addresses"` // rows with an address of RFC 1918 or RFC 4193
	NoCountry        int64            `json:"no_country"`        // rows
	From             time.Time        `json:"from"`
	Until            time.Time        `json:"until"`
}

// Protocol says how it was measured.
type Protocol struct {
	Seed           uint64             `json:"seed"`
	ThresholdsFrom time.Time          `json:"thresholds_from"`
	TestFrom       time.Time          `json:"test_from"`
	TestKnown      int64              `json:"test_known"` // legitimate sign-ins of users with an earlier one
	TestFirst      int64              `json:"test_first"` // and without
	Resamples      int                `json:"resamples"`  // of the users; intervals hold 95 %
	Window         int                `json:"window"`     // legitimate sign-ins in which donors are looked for
	Attacks        map[string]Attacks `json:"attacks"`    // by attacker
}

// Attacks counts one attacker's.
type Attacks struct {
	Made      int64 `json:"made"`
	Unmatched int64 `json:"unmatched"` // sign-ins that would have been replaced, had there been a donor
}

// A Figure is a value with its 95 % interval, from a bootstrap by user.
type Figure struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// A ScorerReport is what one scorer reached.
type ScorerReport struct {
	Name      string           `json:"name"`
	Notes     []string         `json:"notes,omitempty"`
	Cost      Cost             `json:"cost"`
	Attackers []AttackerReport `json:"attackers"`
}

// Cost is of one goroutine on this machine, with what was learned by the end of the file.
type Cost struct {
	ScoreNanoseconds float64  `json:"score_nanoseconds"`
	ScoreAllocations float64  `json:"score_allocations"`
	BytesPerUser     *float64 `json:"bytes_per_user"` // null: the scorer does not say
	BytesShared      *int64   `json:"bytes_shared"`   // of all users together
}

// An AttackerReport is what one scorer reached against one attacker.
type AttackerReport struct {
	Attacker   string       `json:"attacker"`
	Silent     float64      `json:"silent"` // share of the attacks of which the scorer says nothing: taken as asked at random
	AUC        *Figure      `json:"auc"`
	Recall     []AtBudget   `json:"recall"`
	Challenged []AtRecall   `json:"challenged"`
	Curve      []CurvePoint `json:"curve"`
	Histogram  *Histogram   `json:"histogram"`
}

// AtBudget is the share of attacks that are asked if a share of the legitimate sign-ins is.
type AtBudget struct {
	Budget      float64 `json:"budget"`
	OnTest      *Figure `json:"on_test"`       // the threshold asks just that share of the test
	HeldOut     *Figure `json:"held_out"`      // it asks that share of the slice before the test, as a host would set it
	HeldOutAsks *Figure `json:"held_out_asks"` // what that one asks of the test
}

// AtRecall is what catching a share of the attacks costs. The threshold is the one on the test.
type AtRecall struct {
	Recall     float64  `json:"recall"`
	Challenged *Figure  `json:"challenged"` // share of legitimate sign-ins asked
	Reauth     []Reauth `json:"reauth,omitempty"`
}

// A Reauth is the share of their first so many sign-ins, the first aside, in which
// users were asked, over the users who had as many. Its interval is of the users, with the threshold as it is.
type Reauth struct {
	History int     `json:"history"` // 0: at the first sign-in
	Users   int64   `json:"users"`
	Median  *Figure `json:"median"`
	Mean    *Figure `json:"mean"`
}

// A CurvePoint is one of recall over what is challenged.
type CurvePoint struct {
	Challenged float64 `json:"challenged"`
	Recall     float64 `json:"recall"`
}

// A Histogram has the shares of sign-ins whose score falls between one edge and the next;
// what lies beyond the ends is counted in the first and the last.
type Histogram struct {
	Edges      []float64 `json:"edges"`
	Legitimate []float64 `json:"legitimate"`
	Attacks    []float64 `json:"attacks"`
}

// A Comparison is by how much one scorer is ahead of another. The resamples are the same for both.
type Comparison struct {
	Scorer   string       `json:"scorer"`
	Against  string       `json:"against"`
	Attacker string       `json:"attacker"`
	AUC      *Figure      `json:"auc"`
	Recall   []Difference `json:"recall"` // on the test
}

// A Difference is of two recalls at a budget.
type Difference struct {
	Budget float64 `json:"budget"`
	Ahead  *Figure `json:"ahead"`
}

// What an audit finds.
const (
	AuditPass   = "pass"
	AuditFail   = "fail"
	AuditTooFew = "too few"
)

// An Audit is how well attackers are told from what they replaced without looking at the
// victim: an AUC of 0.5 is not at all.
type Audit struct {
	Attacker string  `json:"attacker"`
	Tried    int     `json:"tried"` // of each kind: attacks, and sign-ins that were replaced
	AUC      *Figure `json:"auc"`
	Verdict  string  `json:"verdict"`
	Required bool    `json:"required"` // false: the rows are the file's own, and may differ
}

// Resources are what the measuring took.
type Resources struct {
	Seconds    float64 `json:"seconds"`
	PeakMemory int64   `json:"peak_memory"` // bytes; 0: the system does not say
}
