package provision

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Plan is what must be done to get from what was observed to what is desired: stages in order, the steps
// of a stage side by side. It is plain data. An empty plan means that all is as it should be.
type Plan struct {
	Stages  [][]Step
	Notices []string // what was found and is deliberately left as it is

	takesOver bool   // whether entities of a former owner, or of nobody, get a new one
	begins    bool   // whether it leaves the end of an adoption to the next plan
	ends      bool   // whether it is the end of an adoption, after which nothing is done any more
	keyID     string // the access key that is current when the plan is done, or "" where the plan makes it
}

// Empty reports whether nothing need be done.
func (p Plan) Empty() bool { return len(p.Stages) == 0 }

// memory is what a run has done and AWS may not show yet.
type memory struct {
	key      ownKey
	kept     map[string]bool // the keys that the user has been remembered to keep; nil where that was not done
	password string          // the version that holds the console password that it has set
}

// ownKey is the access key that a run has made and stored, as far as a plan must know it.
type ownKey struct {
	id     string
	fresh  bool // made so short a time ago that IAM may not list it yet
	proven bool // accepted by AWS
}

// newPlan leaves out the stages in which nothing is to be done.
func newPlan(stages ...[]Step) Plan {
	return Plan{Stages: slices.DeleteFunc(stages, func(stage []Step) bool { return len(stage) == 0 })}
}

// planEnsure plans how the desired state comes about. It is pure.
//
// The order of the stages: what others need is restored; entities are made and repaired; they are linked
// and, beside that, the key is made and stored; the key is proven; what is no longer wanted goes; and only when all
// of that stands are the entities of the former owner, or of nobody, taken over, so that a run that fails leaves them
// to whom they belong. The end of an adoption is a plan of its own, when a new observation has found that nothing else is to
// be done: after it nothing can fail, and until it a Delete leaves what was there before.
func planEnsure(d Desired, seen *Observed, run memory) (Plan, error) {
	if err := conflicts(d, seen); err != nil {
		return Plan{}, err
	}
	if err := replacing(d, seen); err != nil {
		return Plan{}, err
	}
	if err := inTheMaking(d, seen, run); err != nil {
		return Plan{}, err
	}
	e := ensurer{Desired: d, seen: seen}
	e.policy(d.Spec.InstancePolicy, instancePolicyDescription, d.instancePolicyDocument(), seen.InstancePolicy)
	e.policy(d.Spec.UserPolicy, userPolicyDescription, d.userPolicyDocument(), seen.UserPolicy)
	e.role(d.Spec.InstanceRole, instanceRoleDescription, d.instanceRoleTrust(), d.Spec.InstancePolicy, seen.InstanceRole)
	e.role(d.Spec.ConsoleRole, consoleRoleDescription, d.consoleRoleTrust(), d.Spec.UserPolicy, seen.ConsoleRole)
	e.profile()
	e.user()
	e.secret(d.Spec.AccessKeySecret, secretDescription, seen.Secret)
	keyID, err := e.key(run)
	if err != nil {
		return Plan{}, err
	}
	e.console(run)
	e.release()
	plan := newPlan(e.restore, e.change, e.link, e.prove, e.retire, e.last)
	if len(e.adopted) > 0 {
		plan.begins, plan.ends = !plan.Empty(), plan.Empty()
	}
	if plan.ends {
		plan.Stages = [][]Step{e.adopted}
	}
	plan.Notices, plan.keyID, plan.takesOver = e.notices, keyID, e.takesOver
	return plan, nil
}

// courtesy is for how long another run, at work on the same event, may take from a thing to the next: what is older and
// unfinished is left of one that died, since Lambda runs an event again after a minute at the earliest.
const courtesy = 3 * time.Second

// inTheMaking is the surprise that the user to whom an Update changes was made a moment ago, and what is stored for it is not.
// IAM makes a user but once, so the run that made it is about to make the rest. If two did, the third version would push that of
// the user before out of a secret's two labels.
func inTheMaking(d Desired, seen *Observed, run memory) error {
	user := seen.User
	if user == nil || run.key.id != "" || seen.At.Sub(user.Created) >= courtesy || user.Tags[tagOwner] != d.Owner || seen.renamed().User == nil {
		return nil
	}
	stored := d.recorded(seen)
	if slices.ContainsFunc(user.Keys, func(key Key) bool { return stored[key.ID] }) && (!d.Spec.ConsoleLogin || user.Tags[tagPassword] != "") {
		return nil
	}
	return surprise{fmt.Errorf("user %s was made a moment ago and its access key or console password is not stored: another run may be about to", user.Name)}
}

// ensurer collects the steps of each stage.
type ensurer struct {
	Desired
	seen                                                *Observed
	restore, change, link, prove, retire, last, adopted []Step
	takesOver                                           bool
	notices                                             []string
}

func (e *ensurer) policyARN(name string) string { return e.Account.iamARN("policy", name) }

func (e *ensurer) policy(name, description, document string, seen *Policy) {
	if seen == nil {
		e.change = append(e.change, CreatePolicy{name, description, document, e.plainTags()})
		return
	}
	if !sameDocument(seen.Document, document) {
		const most = 5 // versions of a policy
		update := UpdatePolicy{ARN: seen.ARN, Document: document}
		if len(seen.OtherVersions) >= most-1 {
			update.Drop = seen.OtherVersions[0]
		}
		e.change = append(e.change, update)
	}
	e.tags(Entity{KindPolicy, seen.ARN}, seen.Tags, e.plainTags())
}

func (e *ensurer) role(name, description, trust, policy string, seen *Role) {
	entity := Entity{KindRole, name}
	if seen == nil {
		e.change = append(e.change, CreateRole{name, description, trust, e.Spec.PermissionsBoundary, e.usedByTags()})
		if e.Spec.Retain && e.marks(entity) {
			e.last = append(e.last, Tag{Entity: entity, Set: map[string]string{tagOnDelete: onDeleteRetain}})
		}
		e.attach(entity, policy, nil)
		return
	}
	if !sameDocument(seen.Trust, trust) {
		e.change = append(e.change, UpdateTrust{name, trust})
	}
	if seen.Description != description {
		e.change = append(e.change, Describe{name, description, seen.MaxSession})
	}
	e.boundary(entity, seen.Boundary)
	e.tags(entity, seen.Tags, e.usedByTags())
	e.attach(entity, policy, seen.Attached)
}

func (e *ensurer) profile() {
	name, seen := e.Spec.InstanceRole, e.seen.Profile
	if seen == nil {
		e.change = append(e.change, CreateProfile{name, e.plainTags()})
		e.link = append(e.link, AddRole{name, name})
		return
	}
	for _, role := range seen.Roles {
		if !sameName(role, name) { // there is room for one
			e.change = append(e.change, RemoveRole{name, role})
		}
	}
	if !slices.ContainsFunc(seen.Roles, func(role string) bool { return sameName(role, name) }) {
		e.link = append(e.link, AddRole{name, name})
	}
	e.tags(Entity{KindProfile, name}, seen.Tags, e.plainTags())
}

func (e *ensurer) user() {
	name, seen := e.Spec.User, e.seen.User
	entity := Entity{KindUser, name}
	if seen == nil {
		tags := e.usedByTags()
		if e.adopting() {
			tags[tagAdopting] = "true"
			e.adopted = append(e.adopted, Tag{Entity: entity, Unset: []string{tagAdopting}})
		}
		e.change = append(e.change, CreateUser{name, e.Spec.PermissionsBoundary, tags})
		if e.Spec.Retain {
			e.last = append(e.last, Tag{Entity: entity, Set: map[string]string{tagOnDelete: onDeleteRetain}})
		}
		e.attach(entity, e.Spec.UserPolicy, nil)
		return
	}
	e.boundary(entity, seen.Boundary)
	e.tags(entity, seen.Tags, e.usedByTags())
	e.attach(entity, e.Spec.UserPolicy, seen.Attached)
}

// secret plans what a secret is, but for its value, with which it is made.
func (e *ensurer) secret(name, description string, seen *Secret) {
	readers := e.Spec.readersDocument(name)
	if seen == nil {
		if readers != "" {
			e.prove = append(e.prove, SetReaders{name, readers})
		}
		return
	}
	if !seen.Deleted.IsZero() {
		e.restore = append(e.restore, RestoreSecret{name})
	}
	if seen.Description != description || !e.Account.sameKMSKey(seen.KmsKeyID, e.Spec.KmsKeyID) {
		e.change = append(e.change, UpdateSecret{name, description, cmp.Or(e.Spec.KmsKeyID, defaultKMSKey)})
	}
	switch {
	case readers != "" && !sameDocument(seen.Policy, readers):
		// After the key: Secrets Manager lets no other account in as long as it is AWS's own.
		e.link = append(e.link, SetReaders{name, readers})
	case readers == "" && seen.Policy != "":
		e.change = append(e.change, SetReaders{name, ""})
	}
	e.tags(Entity{KindSecret, name}, seen.Tags, e.plainTags())
}

func (e *ensurer) attach(entity Entity, policy string, attached []string) {
	if arn := e.policyARN(policy); !slices.Contains(attached, arn) {
		e.link = append(e.link, Attach{entity, arn})
	}
}

func (e *ensurer) boundary(entity Entity, seen string) {
	if seen != e.Spec.PermissionsBoundary {
		e.change = append(e.change, SetBoundary{entity, e.Spec.PermissionsBoundary})
	}
}

// tags repairs the desired tags and removes those that the former properties set and these do not. Tags
// that somebody else added stay. The tags that say whose the entity is, and, of the user, that all is to outlive the resource, come last.
func (e *ensurer) tags(entity Entity, seen, desired map[string]string) {
	now, last := Tag{Entity: entity, Set: map[string]string{}}, Tag{Entity: entity, Set: map[string]string{}}
	adopted := seen[tagOwner] == ""
	for key, value := range desired {
		if have, ok := seen[key]; ok && have == value {
			continue
		}
		if key == tagOwner || key == tagStack && adopted {
			last.Set[key] = value
		} else {
			now.Set[key] = value
		}
	}
	if adopted {
		last.Set[tagAdopted] = "true"
	}
	_, retained := seen[tagOnDelete]
	switch {
	case e.Spec.Retain && !retained && e.marks(entity):
		last.Set[tagOnDelete] = onDeleteRetain
	case !e.Spec.Retain && retained:
		now.Unset = append(now.Unset, tagOnDelete)
	}
	if e.Former != nil {
		for _, key := range slices.Sorted(maps.Keys(e.Former.Spec.Tags)) {
			_, have := seen[key]
			if _, want := desired[key]; have && !want {
				now.Unset = append(now.Unset, key)
			}
		}
	}
	if len(now.Set)+len(now.Unset) > 0 {
		e.change = append(e.change, now)
	}
	if _, adopting := seen[tagAdopting]; adopting {
		e.adopted = append(e.adopted, Tag{Entity: entity, Unset: []string{tagAdopting}})
	}
	switch {
	case len(last.Set) == 0:
	case adopted && entity.Kind == KindUser:
		e.adopted = append(e.adopted, last) // with it the adoption is done
	default:
		e.last = append(e.last, last)
	}
	e.takesOver = e.takesOver || last.Set[tagOwner] != ""
}

// marks says whether an entity is one on which it is marked that all is to outlive the resource: the user, and the instance role for
// where hands have deleted the user.
func (e *ensurer) marks(entity Entity) bool {
	return entity.Kind == KindUser || entity == Entity{KindRole, e.Spec.InstanceRole}
}

// release takes the mark from what an Update replaces: to retain is for the end of the resource, and the Delete with
// which CloudFormation cleans up, also after a roll-back, carries the same properties as that one.
func (e *ensurer) release() {
	for _, old := range e.seen.renamed().entities() {
		if old.Tags[tagOnDelete] != "" && ownedBy(old.Tags, e.owners()...) {
			e.last = append(e.last, Tag{Entity: old.Entity, Unset: []string{tagOnDelete}})
		}
	}
}

// defaultKMSKey names the key that Secrets Manager uses where none is given; DescribeSecret leaves it out.
const defaultKMSKey = "alias/aws/secretsmanager"

// sameKMSKey compares two names of a key: AWS may answer with an ARN where an ID was given, which is one of this account.
func (a Account) sameKMSKey(one, other string) bool {
	own := fmt.Sprintf("arn:%s:kms:%s:%s:", a.Partition, a.Region, a.ID)
	short := func(id string) string {
		if id = strings.TrimPrefix(strings.TrimPrefix(id, own), "key/"); id == defaultKMSKey {
			return ""
		}
		return id
	}
	return short(one) == short(other)
}
