// Package geo is a [risk.IPIntel] from files on disk: what is known of an address, its
// country, place, network, and whether it belongs to an anonymizer, a data centre or a
// list of the host's.
//
//	intel, err := geo.Open(geo.Config{
//		Databases: []geo.Source{{Path: "GeoLite2-City.mmdb"}, {Path: "GeoLite2-ASN.mmdb"}},
//		Lists: []geo.Source{
//			{Path: "tor.txt", Kinds: risk.Tor},
//			{Path: "hosting-asn.txt", Kinds: risk.Hosting},
//			{Path: "denied.txt", Kinds: risk.Denied},
//		},
//	})
//	go intel.Watch(ctx, time.Minute) // files that are replaced are read again
//	scorer, err := risk.New(risk.Config{Intel: intel, …})
//
// A lookup is answered from memory, in about a microsecond, without allocating.
// It opens no file and asks no network, and it never waits for a reload: all that
// lookups use is one value, which a reload makes anew and puts in the place of the old.
//
// # Databases
//
// Files of the MaxMind format are read, in the layouts of three vendors. Which one a
// file has shows in its records. Those with a place or a network:
//
//   - MaxMind's City, Country, ASN, ISP and Enterprise, the free GeoLite2 among them.
//     GeoLite2 is under MaxMind's own licence: an account, their name where results are
//     shown, and old editions deleted within 30 days.
//   - DB-IP's, of which the Lite editions are CC BY 4.0: a link where results are shown.
//     They say nothing of their accuracy; places in them are taken for 200 km.
//   - IPinfo's, of which Lite (country and network) is CC BY-SA 4.0.
//
// And those of anonymizers and carriers, which are sold: MaxMind's Anonymous IP,
// Anonymous Plus, Residential Proxy and Connection Type, IPinfo's privacy detection,
// residential proxies and carrier. Other databases of the format can be lists, by
// [Source].Kinds. Read the licence of what you use: it also says whether results may be
// kept.
//
// A database that has no record of an address says nothing of it, and neither do the
// codes for "unknown" and for continents, coordinates at 0, 0, and the country in which
// an address is registered: not to know is better than to guess. Private, shared and
// other reserved ranges are in no country, whatever a database says, documentation's
// (203.0.113.0/24) too.
//
// # Lists
//
// A list is a text of one address or prefix a line, IPv4 or IPv6, or of AS numbers
// ("AS64500" or "64500"), never of both. What follows the first column does not matter,
// so CSV is fine, with or without a line of names. Comments begin with #, ; or //. The
// Tor project's two lists of exits are read as they are. Prefixes wider than /3 are
// refused, and so is a file of no bytes; a list of nothing has a comment. A network has
// to be known, from a database, for lists of AS numbers to mean anything.
//
// An address has the kinds of all lists that it is in, however wide the prefixes are,
// and in whatever order the lists stand. So [risk.Trusted] does not cancel
// [risk.Denied]: take what is trusted out of the list of what is denied. Lists of the
// reserved ("bogons") have the private ranges in them, which would deny a host's own
// network. A list that somebody else keeps should never be of Trusted.
//
// # New data
//
// [Intel.Reload] and [Intel.Watch] read files that have changed. One that is broken,
// cut off or gone changes nothing; [Intel.Status] says so for a page of the host's. A
// list that is written in place may look whole when half of it is there: write to
// another file in the folder, and rename it. Whatever happens to a file after it was
// read, in place or not, changes no answer.
//
// A [Refresher] does that, for the sources that have a Fetch:
//
//	refresher, err := geo.NewRefresher(intel, geo.RefreshConfig{
//		Fetch: func(ctx context.Context, url string) (io.ReadCloser, error) {
//			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
//			if err != nil {
//				return nil, err
//			}
//			resp, err := http.DefaultClient.Do(req)
//			if err != nil {
//				return nil, err
//			}
//			if resp.StatusCode != http.StatusOK {
//				resp.Body.Close()
//				return nil, errors.New(resp.Status)
//			}
//			return resp.Body, nil
//		},
//	})
//	go refresher.Run(ctx)
//
// What was fetched is read whole before it takes the place of the old, and refused if
// it is broken, has less than half of the entries there were, or is an older edition.
// Set [Config].AllowMissing where the first files come this way.
//
// # What is unknown
//
// A source that fails makes the level of sign-ins "unknown", which asks for a second
// factor: so do files that could not be read yet, and data older than a [Source].MaxAge.
// The default is no MaxAge, because old data tell less without telling wrong, and asking
// everybody is not what a host should find out from its users. Set one where age
// matters: for Tor's exits a few days, for places some months.
//
// # What is promised
//
//   - A lookup sees all files as one reload left them, and none is lost or held up by
//     one.
//   - A million prefixes take less than 200 MiB; a database as much as its file, or half
//     as much again.
//   - Whatever is in a file, reading it ends, takes memory in proportion to its size,
//     and fails with an [*Error], which has the file's name, the line, and nothing of
//     what is in it.
//   - Nothing is kept of the addresses that were looked up.
package geo
