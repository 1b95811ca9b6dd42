package watch

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

// stackSet begins the name that CloudFormation gives a StackSet's stack.
const stackSet = "StackSet-"

// Finding is something that people should know. Name and subject identify it; the text may change
// from day to day.
type Finding struct {
	Name    string `json:"name"`    // docs/watching.md has all of them
	Subject string `json:"subject"` // what it is about
	Text    string `json:"text"`    // what was found
	Remedy  string `json:"remedy"`  // what to do about it
}

// digest stands for a finding in a report. Nobody can make a finding with the digest of another.
func (f Finding) digest() string {
	sum := sha256.Sum256([]byte(f.Name + "\n" + f.Subject))
	return fmt.Sprintf("%x", sum[:16])
}

// finder gathers the findings of a run.
type finder struct {
	order
	seen *plan.Observed
	plan []plan.Step
	report
}

// find compares what was seen with the stack. It reports what an Update would change, by its plan,
// or why an Update would be refused; and what an Update would leave as it is.
func find(o order, seen *plan.Observed, p plan.Plan, refusal *spec.RefusedError) report {
	f := finder{order: o, seen: seen, plan: slices.Concat(p.Stages...)}
	f.steps(refusal)
	f.refused(refusal)
	for _, slot := range plan.Slots() {
		if entity := f.mine(slot); entity != nil {
			f.added(slot, entity)
			f.shared(entity)
			f.secret(slot, entity)
		}
	}
	f.Drift = len(f.Found)
	if f.mine(plan.User) != nil || f.mine(plan.KeySecret) != nil {
		keys := plan.LedgerOf(f.seen.In(plan.User), f.seen.In(plan.KeySecret)) // whoever owns the other one
		f.strange(keys)
		f.current(keys)
	}
	return f.report
}

// mine returns what is in a slot if the stack owns it or it has lost its owner's tag, else nil: the
// watcher does not report what others own.
func (f *finder) mine(slot plan.Slot) *plan.Entity {
	if entity := f.seen.In(slot); entity != nil && (entity.Claim.Owner == f.Owner || entity.Claim.Owner == "" && f.Has(slot)) {
		return entity
	}
	return nil
}

func (f *finder) add(name, subject, text, remedy string) {
	f.Found = append(f.Found, Finding{name, subject, text, remedy})
}

// undo is the remedy for what a command of the AWS CLI can undo. Its words for a user, a role and a
// group are those of plan.
func undo(command string, args ...any) string {
	return "find out who did it, and undo it unless it is meant: aws " + fmt.Sprintf(command, args...)
}

// steps reports what an Update would change: also where it would be refused. Else whoever takes the
// owner's tag off one entity could change all others unseen.
func (f *finder) steps(refusal *spec.RefusedError) {
	would := "an Update would "
	if refusal != nil {
		would = "if it were not refused, an Update would "
	}
	remedy := "find out who did it. Then let an Update repair it. CloudFormation sends one only if a property changes, such as a tag: " + f.touch()
	for _, step := range f.plan {
		if _, checks := step.(plan.ProveKey); !checks {
			f.add("drift", step.String(), would+step.String(), remedy)
		}
	}
}

// touch is how people have CloudFormation send an Update that changes nothing else: by a tag that
// has another value in each run.
func (f *finder) touch() string {
	const name = "checked"
	tags := []string{name + "=" + f.seen.At.UTC().Format(time.RFC3339)}
	for _, key := range slices.Sorted(maps.Keys(f.Spec.Tags)) {
		if !strings.EqualFold(key, name) { // AWS does not distinguish case
			tags = append(tags, key+"="+f.Spec.Tags[key])
		}
	}
	if len(tags) > spec.MaxTags {
		return f.change("'Tags=<all that it has, one of them with another value>'")
	}
	return f.change("'Tags=" + strings.Join(tags, ",") + "'")
}

// change is how people change parameters of the stack. Those of a StackSet's stack are changed
// there.
func (f *finder) change(parameters string) string {
	if strings.HasPrefix(f.stackName, stackSet) {
		return fmt.Sprintf("set %s in the StackSet, or for this account alone by an override (docs/stacksets.md)", parameters)
	}
	return fmt.Sprintf("scripts/update-stack %s %s", f.stackName, parameters)
}

// refused reports why an Update would be refused. Each reason is a finding of its own. The last use
// of a key changes from day to day, and is no part of the subject.
func (f *finder) refused(refusal *spec.RefusedError) {
	if refusal == nil {
		return
	}
	remedy := cmp.Or(refusal.Remedy, "change the stack's parameters as it says")
	if strings.HasPrefix(f.stackName, stackSet) {
		remedy += " (change parameters in the StackSet, or for this account alone by an override: docs/stacksets.md)"
	}
	use := regexp.MustCompile(`never used|last used at [0-9-]+ [0-9:]+ UTC(?: for [^\s,)]+)?(?: in [^\s,)]+)?`)
	for _, reason := range refusal.Reasons {
		f.add("refused", use.ReplaceAllString(reason, "used"), "an Update would be refused: "+reason, remedy)
	}
}

// added reports what others added to a user or a role. An Update leaves it in place. What is
// attached to an instance profile are roles, and another one there is drift.
func (f *finder) added(slot plan.Slot, entity *plan.Entity) {
	for _, arn := range entity.Attached {
		if slot != plan.InstanceProfile && !slices.Contains(f.Wanted(slot).Attached, arn) {
			f.add("extra-policy", fmt.Sprintf("%s on %s", arn, entity.Ref), fmt.Sprintf("policy %s is attached to %s, beside the stack's own", arn, entity.Ref),
				undo("iam detach-%s-policy --%[1]s-name %s --policy-arn %s", entity.Kind, entity.Name, arn))
		}
	}
	kinds := map[plan.Kind]struct{ name, command string }{
		plan.UserInlinePolicy:   {"inline-policy", "delete-user-policy --user-name %[1]s --policy-name %[2]s"},
		plan.RoleInlinePolicy:   {"inline-policy", "delete-role-policy --role-name %[1]s --policy-name %[2]s"},
		plan.LoginProfile:       {"login-profile", "delete-login-profile --user-name %[1]s"},
		plan.Group:              {"group", "remove-user-from-group --user-name %[1]s --group-name %[2]s"},
		plan.Profile:            {"other-profile", "remove-role-from-instance-profile --role-name %[1]s --instance-profile-name %[2]s"},
		plan.MFADevice:          {"other-credential", "deactivate-mfa-device --user-name %[1]s --serial-number %[2]s"},
		plan.SSHPublicKey:       {"other-credential", "delete-ssh-public-key --user-name %[1]s --ssh-public-key-id %[2]s"},
		plan.SigningCertificate: {"other-credential", "delete-signing-certificate --user-name %[1]s --certificate-id %[2]s"},
		plan.ServiceCredential:  {"other-credential", "delete-service-specific-credential --user-name %[1]s --service-specific-credential-id %[2]s"},
	}
	for _, hung := range entity.Hung {
		kind, ok := kinds[hung.Kind]
		subject := hung.String()
		if hung.Kind == plan.Group || hung.Kind == plan.Profile {
			subject += " of " + entity.Ref.String()
		}
		if ok && !f.expected(hung, entity) {
			f.add(kind.name, subject, "the stack did not add "+subject, undo("iam "+kind.command, entity.Name, hung.Name))
		}
	}
}

// expected reports whether what hangs on a user or a role is the stack's, or is in the plan.
func (f *finder) expected(hung plan.Ref, entity *plan.Entity) bool {
	password := hung.Kind == plan.LoginProfile && (entity.Claim.Password != "" || plan.MadePassword(entity, f.seen.In(plan.ConsoleSecret), f.Owner))
	return password || hung == plan.Ref{Kind: plan.Profile, Name: plan.InstanceProfile.Ref(f.Spec.Names).Name, On: entity.Name}
}

// shared reports who else has one of the two policies. What the stack's own user and roles have is
// reported with them.
func (f *finder) shared(policy *plan.Entity) {
	for _, holder := range policy.Holders {
		if ours := slices.ContainsFunc(plan.Slots(), func(slot plan.Slot) bool { return slot.Ref(f.Spec.Names) == holder }); !ours {
			f.add("policy-shared", fmt.Sprintf("%s on %s", policy.Ref, holder), fmt.Sprintf("%s is attached to %s too", policy.Ref, holder),
				undo("iam detach-%s-policy --%[1]s-name %s --policy-arn %s", holder.Kind, holder.Name, policy.ARN))
		}
	}
}

// secret reports who else may have a secret: by a resource policy that people have put on it and no
// Update looks at, or in another Region.
func (f *finder) secret(slot plan.Slot, secret *plan.Entity) {
	if secret.Kind == plan.Secret && secret.Document != "" && !f.ReadersMatter(slot, secret.Claim) && !plan.SameDocument(secret.Document, f.Wanted(slot).Document) {
		f.add("secret-shared", secret.Ref.String(), secret.Ref.String()+" has a resource policy that the stack did not put on it, so others may read it",
			undo("secretsmanager delete-resource-policy --secret-id %s", secret.Name))
	}
	for _, region := range secret.Replicas {
		f.add("secret-replica", fmt.Sprintf("%s in %s", secret.Ref, region), fmt.Sprintf("%s has a replica in %s, and the stack made none", secret.Ref, region),
			undo("secretsmanager remove-regions-from-replication --secret-id %s --remove-replica-regions %s", secret.Name, region))
	}
}
