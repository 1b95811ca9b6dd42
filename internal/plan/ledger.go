package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Ledger has one row for each access key: those that IAM lists, in its order, and then those that a
// labelled version of the secret holds and IAM does not list.
type Ledger []Row

// Row is one access key.
type Row struct {
	Key
	Listed  bool   // whether IAM lists it
	Version string // of the secret that holds it, or held it; "" for none
	Label   string // the version's label, Current or Previous, or ""
	Serial  int    // under which it is or was stored
	Made    bool   // this software made and stored it
	Kept    bool   // the user had it when it was adopted
}

// stored reports whether the secret holds the key under a label.
func (r Row) stored() bool { return r.Label != "" }

// LedgerOf makes the ledger of a user and a secret, of which either may be nil.
func LedgerOf(user, secret *Entity) Ledger {
	var ledger Ledger
	row := func(id string) *Row {
		if known := ledger.key(id); known != nil {
			return known
		}
		ledger = append(ledger, Row{Key: Key{ID: id}})
		return &ledger[len(ledger)-1]
	}
	if user != nil {
		for _, key := range user.Keys {
			*row(key.ID) = Row{Key: key, Listed: true, Kept: user.kept(key.ID)}
		}
		for _, made := range user.Claim.Made {
			if user.Key(made.KeyID) != nil {
				r := row(made.KeyID)
				r.Made, r.Serial = true, made.Serial
				if secret != nil {
					r.Version = made.VersionID()
				}
			}
		}
	}
	for _, label := range []string{Previous, Current} { // a version with both labels is the current one
		if made := parseRecord(secret.Version(label)); made.KeyID != "" {
			r := row(made.KeyID)
			r.Made, r.Version, r.Serial, r.Label = true, made.VersionID(), made.Serial, label
		}
	}
	return ledger
}

// find returns the first key that has what is asked for, or nil.
func (l Ledger) find(has func(Row) bool) *Row {
	if i := slices.IndexFunc(l, has); i >= 0 {
		return &l[i]
	}
	return nil
}

// Labelled returns the key that the label marks, or nil.
func (l Ledger) Labelled(label string) *Row {
	return l.find(func(r Row) bool { return r.Label == label })
}

// key returns the key of this ID, or nil.
func (l Ledger) key(id string) *Row { return l.find(func(r Row) bool { return r.ID == id }) }

// listed returns the keys that IAM lists.
func (l Ledger) listed() Ledger {
	return slices.DeleteFunc(slices.Clone(l), func(r Row) bool { return !r.Listed })
}

// serial returns the listed key of this serial, or nil: rather the current one than the previous
// one, and rather that than one whose version has lost its label.
func (l Ledger) serial(serial int) *Row {
	for _, label := range []string{Current, Previous, ""} {
		if key := l.find(func(r Row) bool { return r.Listed && r.Version != "" && r.Serial == serial && r.Label == label }); key != nil {
			return key
		}
	}
	return nil
}

// beside returns the listed key beside another one that this software made: rather one that is stored
// than one whose version has lost its label in an edit. It is nil for none.
func (l Ledger) beside(one Row) *Row {
	made := func(r Row) bool { return r.Listed && r.Made && r.ID != one.ID }
	return cmp.Or(l.find(func(r Row) bool { return made(r) && r.stored() }), l.find(made))
}

// newest returns the listed key of the highest serial that the secret holds, or held; nil for none.
func (l Ledger) newest() *Row {
	var best *Row
	for i := range l {
		if l[i].Listed && l[i].Version != "" && (best == nil || l[i].Serial > best.Serial) {
			best = &l[i]
		}
	}
	return best
}

// records are what the user is to remember: the listed keys that this software made, by serial.
func (l Ledger) records() []Record {
	var all []Record
	for _, r := range l.listed() {
		if r.Made {
			all = append(all, Record{r.ID, r.Serial})
		}
	}
	slices.SortFunc(all, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Serial, b.Serial), strings.Compare(a.KeyID, b.KeyID))
	})
	return all
}

// recently is for how long something that was used counts as in use. Redis Cloud looks after its
// clusters all day.
const recently = 24 * time.Hour

// tryOut is for how long after a key was made its use for STS and IAM does not count: this software
// proves the key with them, and people try it out.
const tryOut = 15 * time.Minute

// InUse reports whether the key was used recently, as far as AWS tells: it remembers the last use
// alone, and shows it up to hours later.
func (k Key) InUse(now time.Time) bool {
	triedOut := slices.Contains([]string{"sts", "iam"}, strings.ToLower(k.UsedFor)) && k.LastUsed.Sub(k.Created) < tryOut
	return now.Sub(k.LastUsed) < recently && !triedOut
}

// LastUse says in words when and for what a key was last used.
func (k Key) LastUse() string {
	if !k.used() {
		return "never used"
	}
	text := "last used at " + at(k.LastUsed)
	if k.UsedFor != "" {
		text += " for " + k.UsedFor
	}
	if k.UsedIn != "" {
		text += " in " + k.UsedIn
	}
	return text
}

func at(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
