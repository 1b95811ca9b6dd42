package localaws

import (
	"maps"
	"reflect"
	"time"

	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// state is all that an account holds. The fields of its types are exported so that clone can set
// them. The keys are IAM's names in folded form, the ARNs of policies, the names of secrets.
type state struct {
	Users          map[string]*user
	Groups         map[string]*group
	Roles          map[string]*role
	Profiles       map[string]*profile
	Policies       map[string]*policy
	MFADevices     map[string]*mfaDevice                 // by serial number
	PasswordPolicy *iam.UpdateAccountPasswordPolicyInput // the last one; nil before
	Secrets        map[string]*secret
	BlockedSecrets map[string]time.Time                   // when a force-deleted secret's name was freed
	Topics         map[string]*topic                      // by ARN
	LogGroups      map[string][]logtypes.FilteredLogEvent // log streams do not exist here
}

// newState returns a state that holds nothing but AWS's own policies.
func newState(partition string) *state {
	s := &state{}
	for _, field := range reflect.ValueOf(s).Elem().Fields() {
		if field.Kind() == reflect.Map {
			field.Set(reflect.MakeMap(field.Type()))
		}
	}
	for _, p := range managedByAWS(partition) {
		s.Policies[p.ARN] = p
	}
	return s
}

// past is a state that replicas showed until a write replaced it.
type past struct {
	until time.Time
	state *state
}

// remember keeps the present state for the reads that will not see what comes next.
func (a *Account) remember(now time.Time) {
	if a.settings.staleReads > 0 {
		a.history = append(a.history, past{now, clone(a.state)})
	}
}

// replica returns what a read sees now: the present, or the oldest state that is not yet outdated.
func (a *Account) replica(now time.Time) *state {
	for len(a.history) > 0 && now.Sub(a.history[0].until) >= a.settings.staleReads {
		a.history = a.history[1:]
	}
	if len(a.history) > 0 {
		return a.history[0].state
	}
	return a.state
}

// clone copies a value with all that it points to.
func clone[T any](v T) T {
	deepen(reflect.ValueOf(&v).Elem())
	return v
}

// deepen replaces, in place, all that a shallow copy still shares with its original, but what is
// not exported: the location of a time.
func deepen(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && v.CanSet() {
			copied := reflect.New(v.Type().Elem())
			copied.Elem().Set(v.Elem())
			deepen(copied.Elem())
			v.Set(copied)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			deepen(field)
		}
	case reflect.Slice:
		if !v.IsNil() && v.CanSet() {
			v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
			for _, element := range v.Seq2() {
				deepen(element)
			}
		}
	case reflect.Map:
		if !v.IsNil() && v.CanSet() {
			copied := reflect.MakeMapWithSize(v.Type(), v.Len())
			for key, value := range v.Seq2() {
				element := reflect.New(value.Type()).Elem()
				element.Set(value)
				deepen(element)
				copied.SetMapIndex(key, element)
			}
			v.Set(copied)
		}
	default: // nothing is shared
	}
}

// Fork returns an account of its own that holds what this one holds now, without its faults,
// settings and recorded calls. A long history can be played once, and then be continued in many
// ways.
func (a *Account) Fork() *Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &Account{
		id: a.id, partition: a.partition, region: a.region,
		models: a.models,
		state:  clone(a.state), patterns: maps.Clone(a.patterns),
	}
}
