package risk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
)

// Config is what a [Scorer] is made of. Keys alone is enough.
type Config struct {
	// Keys hash what is learned and seal what is stored. Required: the engine's own.
	Keys *mfa.KeyRing

	// Intel knows where addresses are and who runs them; package geo has one. Nil:
	// nothing is known of addresses but whether they were seen before.
	Intel IPIntel

	// Store is where processes share what is learned of all users together: the
	// engine's own will do. Nil: it stays in this process, and is lost with it.
	Store mfa.Store

	// Deployment is mfa.Config.Deployment.
	Deployment string

	// Signals is what is looked at. Nil: [DefaultSignals]. Leave one out to turn it
	// off, put another of its name there to replace it, append your own.
	Signals []Signal

	// Weights multiply what a signal says, by its name. Missing: 1. 0 turns it off.
	// At most 10; below 0 is refused.
	Weights map[string]float64

	// Budget is the share of legitimate sign-ins that may be elevated or more, above 0
	// and below 0.5. 0: 0.03.
	Budget float64

	// Shadow is how long sign-ins are scored without effect, from the first that this
	// deployment scored. 0: 14 days. Below 0: not at all.
	Shadow time.Duration

	// Keep is how long a user's sign-ins count. 0: 180 days, which is the most.
	Keep time.Duration

	// Now is the clock of what no sign-in brings its own time for. Nil: time.Now.
	Now func() time.Time

	// Logger is told what goes wrong beside a sign-in. Nil: slog.Default.
	Logger *slog.Logger
}

// The defaults, and what may be set.
const (
	defaultBudget = 0.03
	defaultShadow = 14 * 24 * time.Hour
	maxKeep       = 180 * 24 * time.Hour
	maxWeight     = 10
	maxSignals    = 64
)

// A Scorer scores sign-ins: an [mfa.Scorer], and an [mfa.Observer] for its report.
// It is safe for concurrent use.
type Scorer struct {
	config  Config // complete: nothing is left to a default but Intel and Store
	weights []float64
	keep    uint32 // minutes
	print   *printer
	agents  agentCache
	pop     *population
	rates   atomic.Pointer[rates]
	scored  atomic.Uint64
	warned  atomic.Int64 // the minute of the last warning about Intel
}

// DefaultSignals are the shipped ones: device, agent, network, place, travel, hours,
// velocity, lists and absence, in this order.
func DefaultSignals() []Signal {
	return []Signal{device{}, agent{}, network{}, place{}, travel{}, hours{}, velocity{}, lists{}, absence{}}
}

// New makes a scorer. Its error names the field that is wrong.
func New(c Config) (*Scorer, error) {
	if c.Keys == nil {
		return nil, mfa.ErrNoKeys
	}
	if c.Signals == nil {
		c.Signals = DefaultSignals()
	}
	c.Signals = slices.Clone(c.Signals)
	if len(c.Signals) > maxSignals {
		return nil, fmt.Errorf("risk: Config.Signals: at most %d", maxSignals)
	}
	weights := make([]float64, len(c.Signals))
	seen := map[string]bool{}
	for i, s := range c.Signals {
		if s == nil || s.Name() == "" {
			return nil, errors.New("risk: Config.Signals: one is nil, or has no name")
		}
		if seen[s.Name()] {
			return nil, fmt.Errorf("risk: Config.Signals: two are called %q", s.Name())
		}
		seen[s.Name()], weights[i] = true, 1
		if w, ok := c.Weights[s.Name()]; ok {
			weights[i] = w
		}
	}
	for name, w := range c.Weights {
		if !seen[name] {
			return nil, fmt.Errorf("risk: Config.Weights: no signal is called %q", name)
		}
		if !(w >= 0 && w <= maxWeight) {
			return nil, fmt.Errorf("risk: Config.Weights: %q is %g, wants 0 to %d", name, w, maxWeight)
		}
	}
	if c.Budget == 0 {
		c.Budget = defaultBudget
	}
	if !(c.Budget > 0 && c.Budget < 0.5) {
		return nil, fmt.Errorf("risk: Config.Budget is %g, wants above 0 and below 0.5", c.Budget)
	}
	if c.Shadow == 0 {
		c.Shadow = defaultShadow
	}
	if c.Keep == 0 {
		c.Keep = maxKeep
	}
	if c.Keep < 24*time.Hour || c.Keep > maxKeep {
		return nil, fmt.Errorf("risk: Config.Keep is %s, wants a day to %d days", c.Keep, maxKeep/(24*time.Hour))
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Scorer{
		config: c, weights: weights, keep: uint32(c.Keep / time.Minute),
		print: newPrinter(c.Keys, c.Deployment), pop: newPopulation(c),
	}, nil
}

// Score implements [mfa.Scorer]. It reads nothing but memory. Its error, for a history that
// cannot be read, is an [ErrHistory] or an [mfa.ErrNewerVersion].
func (s *Scorer) Score(_ context.Context, a mfa.Attempt, past []byte) (mfa.Assessment, []byte, error) {
	said := mfa.Assessment{Shadow: s.pop.shadow(a.Now)}
	c := scenes.Get().(*scene)
	defer c.leave()
	if err := c.history.parse(past); err != nil {
		said.Level = mfa.RiskUnknown
		return said, nil, err
	}
	info, failed := s.lookup(a.Client.IP)
	sight := s.fill(c, a, info, &c.history)
	total, withoutTravel, hard, reasons := s.weigh(sight)
	said.Score, said.Reasons, said.Place = total, reasons, placeOf(&info, false)
	said.Level = s.level(total, withoutTravel, hard)
	if failed && said.Level == mfa.RiskLow {
		said.Level = mfa.RiskUnknown
	}
	return said, sight.observation(total), nil
}

// level is a score's. Databases are wrong about places too often for travel to shut
// anybody out: it does not make a sign-in severe that would not be without.
func (s *Scorer) level(total, withoutTravel float64, hard int) mfa.RiskLevel {
	l := s.pop.levelOf(total, hard)
	if l == mfa.RiskSevere && withoutTravel < total && s.pop.levelOf(withoutTravel, hard) != mfa.RiskSevere {
		return mfa.RiskHigh
	}
	return l
}

// Place says where an address is, in words for people: "Oslo, Norway". Empty: it is not
// known. It is what mfahttp.Config.Place asks for.
func (s *Scorer) Place(ip netip.Addr) string {
	info, _ := s.lookup(ip)
	return placeOf(&info, false)
}

// lookup is what is known of an address, made safe to use: a source may be the host's.
func (s *Scorer) lookup(ip netip.Addr) (info IPInfo, failed bool) {
	if !ip.IsValid() {
		return IPInfo{}, false
	}
	ip = ip.Unmap().WithZone("")
	if s.config.Intel != nil {
		var err error
		if info, err = s.config.Intel.Lookup(ip); err != nil {
			failed = true // and what is known nevertheless counts
			if minute := s.config.Now().Unix() / 60; s.warned.Swap(minute) != minute {
				s.config.Logger.Warn("risk: addresses cannot be looked up as they should: sign-ins are asked", "error", err)
			}
		}
	}
	if info.Country == "" && !info.Located {
		if ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
			info.Kinds |= Private
		}
		if carrierNAT.Contains(ip) {
			info.Kinds |= Shared
		}
	}
	if info.Kinds.Has(Private | Shared) {
		info = IPInfo{Kinds: info.Kinds, Org: info.Org}
	}
	if countryID(info.Country) == 0 {
		info.Country = ""
	}
	if !(math.Abs(info.Lat) <= 90 && math.Abs(info.Lon) <= 180 && info.Radius >= 0) {
		info.Located = false
	}
	if !info.Located {
		info.Lat, info.Lon, info.Radius = 0, 0, 0
	}
	return info, failed
}

var carrierNAT = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// weigh adds up what the signals say.
func (s *Scorer) weigh(sight *Sighting) (total, withoutTravel float64, hard int, reasons []mfa.RiskReason) {
	var top strongest
	for i, signal := range s.config.Signals {
		weight := s.weights[i]
		if weight == 0 {
			continue
		}
		for _, e := range signal.Evidence(sight) {
			odds := e.LogOdds
			if math.IsNaN(odds) {
				odds = 0
			}
			odds = weight * min(max(odds, -maxEvidence), maxEvidence)
			total += odds
			if e.Code != codeImpossibleTravel {
				withoutTravel += odds
			}
			if e.Hard {
				hard++
				if e.Code == codeDenied {
					hard++ // the host's own word needs no second
				}
			}
			top.put(e, odds)
		}
	}
	return total, withoutTravel, hard, top.reasons()
}

// strongest are the five reasons that weigh most.
type strongest struct {
	n    int
	list [5]mfa.RiskReason
}

// put keeps what is told. That nothing is known of the user is told although it
// weighs nothing: it explains why there is little else.
func (t *strongest) put(e Evidence, odds float64) {
	if e.Text == "" || math.Abs(odds) < toldFrom && e.Code != codeFirstSignIn {
		return
	}
	if odds > 0 && familiar(e.Code) { // told as speaking against, it would confirm a stranger's guess
		return
	}
	at := t.n
	for at > 0 && math.Abs(t.list[at-1].Weight) < math.Abs(odds) {
		at--
	}
	if at == len(t.list) {
		return
	}
	if t.n < len(t.list) {
		t.n++
	}
	copy(t.list[at+1:t.n], t.list[at:])
	t.list[at] = mfa.RiskReason{Code: e.Code, Text: e.Text, With: e.With, Usual: e.Usual, UsualWith: e.UsualWith, Weight: odds}
}

func (t *strongest) reasons() []mfa.RiskReason {
	if t.n == 0 {
		return nil
	}
	return slices.Clone(t.list[:t.n])
}
