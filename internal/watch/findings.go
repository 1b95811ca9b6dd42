package watch

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"redis-cloud-iam/internal/plan"
)

// Finding is something that people should know. Name and subject tell it from every other one; the
// text may change from day to day.
type Finding struct {
	Name    string `json:"name"`    // docs/watching.md has all of them
	Subject string `json:"subject"` // what it is about
	Text    string `json:"text"`    // what was found
	Remedy  string `json:"remedy"`  // what to do about it
}

const (
	// grace is for how long after a rotation nobody is reminded of the previous key. Until people have
	// entered the new one, and IAM shows that it is used, the previous one counts as in use.
	grace = 24 * time.Hour
	// unused is after what time without any use people are told that nobody uses the account.
	unused = 30 * 24 * time.Hour
)

// finder gathers the findings of a run.
type finder struct {
	order
	seen *plan.Observed
	report
}

// find compares what was seen with the stack. What an Update would change is the plan's; if it
// would be refused, there is no plan. The rest is what an Update would leave as it is.
func find(o order, seen *plan.Observed, p plan.Plan, refused refusal) report {
	f := finder{order: o, seen: seen}
	f.plan(p)
	f.refused(refused)
	for _, slot := range plan.Slots() {
		if entity := f.own(slot); entity != nil {
			f.attached(slot, entity)
			f.hung(entity)
			f.shared(entity)
		}
	}
	f.Drift = len(f.Found)
	keys := plan.LedgerOf(f.own(plan.User), f.own(plan.KeySecret))
	f.strange(keys, p)
	f.current(keys)
	return f.report
}

// own is what is in a slot, if the stack owns it: what others own is no matter of this stack.
func (f *finder) own(slot plan.Slot) *plan.Entity {
	if entity := f.seen.In(slot); entity != nil && entity.Claim.Owner == f.Owner {
		return entity
	}
	return nil
}

func (f *finder) add(name, subject, text, remedy string) {
	f.Found = append(f.Found, Finding{name, subject, text, remedy})
}

// plan reports what an Update would change.
func (f *finder) plan(p plan.Plan) {
	tags := []string{"checked=" + f.seen.At.UTC().Format(time.DateOnly)}
	for _, key := range slices.Sorted(maps.Keys(f.Spec.Tags)) {
		tags = append(tags, key+"="+f.Spec.Tags[key])
	}
	remedy := fmt.Sprintf("find out who changed it. Then let an Update repair it. CloudFormation sends one only if a property changes, such as a tag: "+
		"scripts/update-stack %s 'Tags=%s' (if the stack belongs to a StackSet, change the tag there)", f.stackName, strings.Join(tags, ","))
	for _, stage := range slices.Concat(p.Stages, p.Then) {
		for _, step := range stage {
			if _, check := step.(plan.ProveKey); !check {
				f.add("drift", step.String(), "an Update would "+step.String(), remedy)
			}
		}
	}
}

// refused reports why an Update would be refused. What each reason is about stands at its beginning:
// an entity, or a property.
func (f *finder) refused(refused refusal) {
	about := regexp.MustCompile(`^(?:(?:policy|role|instance profile|user|secret|access key) \S+(?: of user \S+)?|\w+)`)
	for _, reason := range refused.reasons {
		remedy := refused.remedy
		if remedy == "" {
			remedy = "change the stack's parameters so that an Update can go through"
		}
		f.add("refused", about.FindString(reason), "an Update would be refused: "+reason, remedy)
	}
}

// attached reports policies that an Update leaves on a user or a role.
func (f *finder) attached(slot plan.Slot, entity *plan.Entity) {
	option, ok := options()[entity.Kind]
	for _, arn := range entity.Attached {
		if ok && !slices.Contains(f.Wanted(slot).Attached, arn) {
			f.add("extra-policy", fmt.Sprintf("%s on %s", arn, entity.Ref),
				fmt.Sprintf("policy %s is attached to %s, beside the stack's own", arn, entity.Ref),
				unlessMeant("iam detach-%s-policy --%[1]s-name %s --policy-arn %s", option, entity.Name, arn))
		}
	}
}

// hung reports what hangs on a user or a role and is not the stack's.
func (f *finder) hung(entity *plan.Entity) {
	for _, hung := range entity.Hung {
		subject := hung.String()
		text, by := fmt.Sprintf("there is %s, which the stack did not make", hung), entity.Name
		switch hung.Kind {
		case plan.UserInlinePolicy:
			f.add("inline-policy", subject, text, unlessMeant("iam delete-user-policy --user-name %s --policy-name %s", by, hung.Name))
		case plan.RoleInlinePolicy:
			f.add("inline-policy", subject, text, unlessMeant("iam delete-role-policy --role-name %s --policy-name %s", by, hung.Name))
		case plan.LoginProfile:
			// With ConsoleLogin, and where the stack made it, the plan deals with it.
			if !f.Spec.ConsoleLogin && entity.Claim.Password == "" && !plan.MadePassword(entity, f.seen.In(plan.ConsoleSecret), f.Owner) {
				f.add("login-profile", subject, text, unlessMeant("iam delete-login-profile --user-name %s", by))
			}
		case plan.Group:
			f.add("group", fmt.Sprintf("%s of %s", hung, entity.Ref), fmt.Sprintf("%s is in %s, and has its policies", entity.Ref, hung),
				unlessMeant("iam remove-user-from-group --user-name %s --group-name %s", by, hung.Name))
		case plan.Profile:
			if hung.Name != plan.InstanceProfile.Ref(f.Spec.Names).Name {
				f.add("other-profile", fmt.Sprintf("%s of %s", hung, entity.Ref), fmt.Sprintf("%s is in %s too, so that its instances have the role", entity.Ref, hung),
					unlessMeant("iam remove-role-from-instance-profile --role-name %s --instance-profile-name %s", by, hung.Name))
			}
		case plan.MFADevice:
			f.add("other-credential", subject, text, unlessMeant("iam deactivate-mfa-device --user-name %s --serial-number %s", by, hung.Name))
		case plan.SSHPublicKey:
			f.add("other-credential", subject, text, unlessMeant("iam delete-ssh-public-key --user-name %s --ssh-public-key-id %s", by, hung.Name))
		case plan.SigningCertificate:
			f.add("other-credential", subject, text, unlessMeant("iam delete-signing-certificate --user-name %s --certificate-id %s", by, hung.Name))
		case plan.ServiceCredential:
			f.add("other-credential", subject, text, unlessMeant("iam delete-service-specific-credential --user-name %s --service-specific-credential-id %s", by, hung.Name))
		default:
		}
	}
}

// shared reports who else has one of the two policies. What the stack's own user and roles have is
// told with them.
func (f *finder) shared(policy *plan.Entity) {
	for _, holder := range policy.Holders {
		ours := slices.ContainsFunc(plan.Slots(), func(slot plan.Slot) bool { return slot.Ref(f.Spec.Names) == holder })
		if !ours {
			f.add("policy-shared", fmt.Sprintf("%s on %s", policy.Ref, holder),
				fmt.Sprintf("%s is attached to %s too, which changes with every new revision of it", policy.Ref, holder),
				unlessMeant("iam detach-%s-policy --%[1]s-name %s --policy-arn %s", options()[holder.Kind], holder.Name, policy.ARN))
		}
	}
}

// strange reports keys of the user that the stack did not make. One that nobody has used is deleted
// by an Update, and so it is drift.
func (f *finder) strange(keys plan.Ledger, p plan.Plan) {
	for _, key := range keys {
		remove := fmt.Sprintf("aws iam delete-access-key --user-name %s --access-key-id %s", f.Spec.User, key.ID)
		is := fmt.Sprintf("access key %s of user %s", key.ID, f.Spec.User)
		goes := slices.ContainsFunc(slices.Concat(p.Stages...), func(step plan.Step) bool {
			gone, ok := step.(plan.Delete)
			return ok && gone.Kind == plan.AccessKey && gone.Name == key.ID
		})
		switch {
		case !key.Listed || key.Made || goes:
		case key.Kept:
			f.add("kept-key", key.ID, fmt.Sprintf("%s was there before the adoption and is kept; it was %s", is, key.LastUse()),
				"enter the current key in Redis Cloud, and delete this one when nobody uses it any more: "+remove)
		default:
			f.Drift++
			f.add("foreign-key", key.ID, fmt.Sprintf("%s was not made by the stack; it was %s", is, key.LastUse()),
				"find out who made it and who uses it, and delete it: "+remove)
		}
	}
}

// current reports on the current access key, and on what the previous one has to do with it.
func (f *finder) current(keys plan.Ledger) {
	key, previous := keys.Labelled(plan.Current), keys.Labelled(plan.Previous)
	previousInUse := previous != nil && previous.Listed && previous.InUse(f.seen.At)
	if previousInUse {
		f.PreviousKeyInUse = 1
	}
	if key == nil { // the secret is gone or was changed out of band, which is drift
		return
	}
	f.AccessKeyID = key.ID
	is := fmt.Sprintf("access key %s of user %s, the current one of secret %s,", key.ID, f.Spec.User, f.Spec.AccessKeySecret)
	raise := fmt.Sprintf("scripts/update-stack %s AccessKeySerial=%d, and enter the new key in Redis Cloud (docs/key-rotation.md)", f.stackName, key.Serial+1)
	if !key.Listed {
		f.add("key-gone", key.ID, is+" is gone", "an Update makes a new one: "+raise)
		return
	}
	age := f.seen.At.Sub(key.Created)
	f.KeyAgeDays = int(age.Hours() / 24)
	if !key.Active {
		f.add("key-inactive", key.ID, is+" is inactive",
			fmt.Sprintf("find out who deactivated it. Activate it: aws iam update-access-key --user-name %s --access-key-id %s --status Active. Or make a new one: %s", f.Spec.User, key.ID, raise))
	}
	if f.keyMaxAge > 0 && age > time.Duration(f.keyMaxAge)*24*time.Hour {
		f.add("key-age", key.ID, fmt.Sprintf("%s is %d days old, and KeyMaxAgeDays is %d", is, f.KeyAgeDays, f.keyMaxAge), "rotate it: "+raise)
	}
	if previousInUse && !key.InUse(f.seen.At) && age > grace {
		f.add("unfinished-rotation", key.ID, fmt.Sprintf("the previous access key %s is in use (%s), and the current one %s is not (%s)", previous.ID, previous.LastUse(), key.ID, key.LastUse()),
			fmt.Sprintf("enter the current key in Redis Cloud (secret %s has it), before the previous one ends", f.Spec.AccessKeySecret))
	}
	if age > unused && f.seen.At.Sub(f.lastUse(keys)) > unused {
		f.add("unused-keys", key.ID, fmt.Sprintf("nothing has used an access key of user %s, or role %s, for %d days", f.Spec.User, f.Spec.InstanceRole, int(unused.Hours()/24)),
			"if Redis Cloud has no cloud account for this AWS account any more, delete the stack; if it is still to get one, enter the current key there")
	}
}

// lastUse is when an access key of the user or the role of the cluster nodes was used last, as far
// as AWS tells. Where nodes run, the account is in use, and nobody must be told to delete the stack.
func (f *finder) lastUse(keys plan.Ledger) (last time.Time) {
	if role := f.own(plan.InstanceRole); role != nil {
		last = role.LastUsed
	}
	for _, key := range keys {
		if key.LastUsed.After(last) {
			last = key.LastUsed
		}
	}
	return last
}

// options are how the AWS CLI calls what may have a policy.
func options() map[plan.Kind]string {
	return map[plan.Kind]string{plan.Person: "user", plan.Role: "role", plan.Group: "group"}
}

// unlessMeant is the remedy of what somebody added.
func unlessMeant(command string, args ...any) string {
	return "find out who added it, and remove it unless it is meant: aws " + fmt.Sprintf(command, args...)
}
