package localaws

import (
	"cmp"
	_ "embed"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Options say where an [Account] lies. The zero value is account 123456789012 in us-east-1.
type Options struct {
	AccountID string // 12 digits; default 123456789012
	Partition string // default aws
	Region    string // of Secrets Manager; default us-east-1
	// AnyCaller takes a caller with an access key that the account does not know for the Lambda's
	// own role. AWS would not. It is for a function that runs with the credentials of some other
	// account.
	AnyCaller bool
}

// An Account is one AWS account. It is safe for concurrent use. Make one with [New].
type Account struct {
	id, partition, region string
	anyCaller             bool
	models                map[string]model // by service

	mu       sync.Mutex
	state    *state
	history  []past // what replicas may still show; see StaleReads
	patterns map[string]*regexp.Regexp

	calls    []*Call
	faults   []*Fault
	number   int // of calls since the last reset
	settings settings
}

// settings are what an account does on request. At first it does none of it.
type settings struct {
	pageSize        int
	latency         time.Duration
	latencies       func() time.Duration
	staleReads      time.Duration
	keyDelay        time.Duration
	secretNameBlock time.Duration

	rate, burst, tokens float64 // of IAM's calls; see LimitRate
	filled              time.Time
}

var (
	//go:embed model/iam.txt
	iamModel string
	//go:embed model/secretsmanager.txt
	secretsManagerModel string
	//go:embed model/sns.txt
	snsModel string
	//go:embed model/logs.txt
	logsModel string
)

// New returns an empty account: no customer's entities, a handful of AWS's own managed policies.
func New(o Options) *Account {
	return &Account{
		id:        cmp.Or(o.AccountID, "123456789012"),
		partition: cmp.Or(o.Partition, "aws"),
		anyCaller: o.AnyCaller,
		region:    cmp.Or(o.Region, "us-east-1"),
		models: map[string]model{
			"iam": parseModel(iamModel), "secretsmanager": parseModel(secretsManagerModel),
			"sts": {"GetCallerIdentity": {"="}}, "sns": parseModel(snsModel), "logs": parseModel(logsModel),
		},
		state:    newState(cmp.Or(o.Partition, "aws")),
		patterns: map[string]*regexp.Regexp{},
	}
}

// PageSize makes every List return at most n items a page, whatever the caller asked for, as IAM
// reserves the right to do. Zero, the default, leaves the services' own default of 100.
func (a *Account) PageSize(n int) { a.set(func(s *settings) { s.pageSize = n }) }

// SetLatency makes every call take d before it has its effect. Under virtual time the time that a
// piece of work took, divided by d, is then the number of its sequential round trips.
func (a *Account) SetLatency(d time.Duration) { a.set(func(s *settings) { s.latency = d }) }

// SetLatencies makes every call take what next returns, on top of that. It is called under a lock.
func (a *Account) SetLatencies(next func() time.Duration) {
	a.set(func(s *settings) { s.latencies = next })
}

// LimitRate makes IAM throttle calls beyond a rate, as it does for each account. A bucket holds at
// most burst tokens and gets perSecond new ones in a second; each call takes one, and a call that
// finds none is refused with Throttling. IAM's own rates are not documented.
func (a *Account) LimitRate(perSecond float64, burst int) {
	a.set(func(s *settings) {
		s.rate, s.burst, s.tokens, s.filled = perSecond, float64(burst), float64(burst), time.Now()
	})
}

// throttled takes a token for a call to IAM, and reports whether there was none.
func (s *settings) throttled(op operation, now time.Time) bool {
	if s.rate == 0 || op.service != "iam" {
		return false
	}
	s.tokens, s.filled = min(s.burst, s.tokens+s.rate*now.Sub(s.filled).Seconds()), now
	if s.tokens < 1 {
		return true
	}
	s.tokens--
	return false
}

// StaleReads makes IAM eventually consistent. For d after a write, calls that read (Get and List)
// see the account as it was before, so deleted entities and detached policies are still there, and
// calls that write do not find an entity that was just made. Names that are taken, and delete
// conflicts, are known at once.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency.
func (a *Account) StaleReads(d time.Duration) { a.set(func(s *settings) { s.staleReads = d }) }

// KeyDelay makes AWS accept a new access key only after d. Until then IAM and STS answer
// InvalidClientTokenId, and Secrets Manager UnrecognizedClientException.
func (a *Account) KeyDelay(d time.Duration) { a.set(func(s *settings) { s.keyDelay = d }) }

// SecretNameBlock makes the name of a secret that was deleted without recovery unusable for d,
// since the deletion is a background process: CreateSecret answers InvalidRequestException.
//
// See https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html.
func (a *Account) SecretNameBlock(d time.Duration) {
	a.set(func(s *settings) { s.secretNameBlock = d })
}

func (a *Account) set(change func(*settings)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.settings)
}

// arn makes an IAM ARN of this account, from a resource such as user/path/name.
func (a *Account) arn(resource string) string {
	return "arn:" + a.partition + ":iam::" + a.id + ":" + resource
}

// fold is the form in which IAM compares names: without regard to case.
func fold(name string) string { return strings.ToLower(name) }
