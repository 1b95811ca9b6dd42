package acceptance

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/provision"
)

const ownerTag = "redis-cloud-iam:owner"

// reference is the account after an undisturbed Create where there was nothing.
type reference = localaws.State

// broken ends the sequence. The invariant is the same text in every run, the details may hold random identifiers.
func (m *model) broken(invariant, format string, args ...any) {
	panic(&violation{invariant: invariant, details: fmt.Sprintf(format, args...)})
}

// oneAnswer: an event gets one answer, in time, which Lambda does not hear of.
func (m *model) oneAnswer(err error, took time.Duration) {
	if err != nil || len(m.bodies) != 1 {
		m.broken("an event gets one answer", "%d answers, error %v", len(m.bodies), err)
	}
	if took > timeout-time.Second {
		m.broken("the answer goes out a second before the deadline", "after %s", took)
	}
}

// itsOwnAnswer: an answer carries the identifiers of its event, and a physical ID. Of a failed Update, and of a Delete,
// that is the one that the event has.
func (m *model) itsOwnAnswer(s *modelStack, e event, answer cfn.Response) {
	if answer.StackID != s.arn || answer.RequestID != e.requestID || answer.LogicalResourceID != "RedisCloudIAM" || answer.PhysicalResourceID == "" {
		m.broken("an answer carries the identifiers of its event", "%+v", answer)
	}
	kept := e.kind == "Delete" || e.kind == "Update" && answer.Status == cfn.StatusFailed
	if kept && answer.PhysicalResourceID != e.id {
		m.broken("a failed Update and a Delete keep their physical ID", "%s, not %s", answer.PhysicalResourceID, e.id)
	}
}

// failedForAReason: an undisturbed event succeeds, unless the names are somebody else's, or a key would be lost that is in
// use, or there is no key to go back to, and then it changes nothing; or the user needs a key and other hands have seen to it
// that there is no room for one.
func (m *model) failedForAReason(s *modelStack, e event, answer cfn.Response) {
	spec := m.spec(e.props)
	if e.kind != "Delete" && len(m.conflicts(s, e)) > 0 {
		if changes := m.changes(); len(changes) > 0 {
			m.broken("a conflict is found before anything is changed", "%v", changes)
		}
		return
	}
	refusals := []string{"AccessKeySerial: is ", "PreviousAccessKey: is ", "which bears it until this update is done"}
	if e.kind == "Delete" && m.refusable && spec.Protect || e.kind == "Update" && e.id != provision.ID(s.arn, "RedisCloudIAM", []byte(e.props)) && m.spec(e.old).Protect {
		refusals = append(refusals, "so Redis Cloud works with this account")
	}
	for _, refusal := range refusals {
		if strings.Contains(answer.Reason, refusal) && (e.kind != "Delete" || m.refusable) {
			if changes := m.changes(); len(changes) > 0 {
				m.broken("what is refused is refused before anything is changed", "%v", changes)
			}
			return
		}
	}
	foreign := slices.ContainsFunc(m.aws.Snapshot().Users[spec.User].Keys, func(k localaws.Key) bool { return m.byHand[k.ID] })
	if e.kind != "Delete" && foreign && strings.Contains(answer.Reason, "IAM allows no third") {
		return
	}
	m.broken("an undisturbed event succeeds", "%s: %s", e.kind, answer.Reason)
}

// conflicts are the entities that bear the names and belong to nobody from whom this event may take them.
func (m *model) conflicts(s *modelStack, e event) (found []string) {
	owners := []string{provision.ID(s.arn, "RedisCloudIAM", []byte(e.props))}
	if e.kind == "Update" {
		owners = append(owners, e.id, provision.ID(s.arn, "RedisCloudIAM", []byte(e.old)))
	}
	spec := m.spec(e.props)
	for entity, tags := range tagsOf(m.aws.Snapshot()) {
		adoptable := spec.Adopt && tags[ownerTag] == ""
		if slices.Contains(wanted(spec), entity) && !slices.Contains(owners, tags[ownerTag]) && !adoptable {
			found = append(found, entity)
		}
	}
	return found
}

// wanted is what bears the names of a Spec.
func wanted(spec provision.Spec) []string {
	all := []string{
		"policy " + spec.InstancePolicy, "policy " + spec.UserPolicy, "role " + spec.InstanceRole, "profile " + spec.InstanceRole,
		"role " + spec.ConsoleRole, "user " + spec.User, "secret " + spec.AccessKeySecret,
	}
	if spec.ConsoleLogin {
		all = append(all, "secret "+spec.ConsolePasswordSecret)
	}
	return all
}

// adopts notes what an event is told to take over, or to let go.
func (m *model) adopts(s *modelStack, e event, state localaws.State) {
	spec := m.spec(e.props)
	for entity, tags := range tagsOf(state) {
		switch {
		case e.kind == "Delete" && spec.Retain && s.ids[tags[ownerTag]]:
			m.freed[entity] = true
		case e.kind != "Delete" && spec.Adopt && tags[ownerTag] == "" && slices.Contains(wanted(spec), entity) && !m.freed[entity]:
			m.adopted[entity] = true
		}
	}
}

// withoutAdopted is a state without what stacks were told to take over, and without what is on its way from one to another.
func (m *model) withoutAdopted(state localaws.State) localaws.State {
	gone := func(entity string) bool { return m.adopted[entity] || m.freed[entity] }
	state.Users, state.Roles, state.Profiles = maps.Clone(state.Users), maps.Clone(state.Roles), maps.Clone(state.Profiles)
	state.Policies, state.Secrets = maps.Clone(state.Policies), maps.Clone(state.Secrets)
	maps.DeleteFunc(state.Users, func(name string, _ localaws.User) bool { return gone("user " + name) })
	maps.DeleteFunc(state.Roles, func(name string, _ localaws.Role) bool { return gone("role " + name) })
	maps.DeleteFunc(state.Profiles, func(name string, _ localaws.Profile) bool { return gone("profile " + name) })
	maps.DeleteFunc(state.Policies, func(name string, _ localaws.Policy) bool { return gone("policy " + name) })
	maps.DeleteFunc(state.Secrets, func(name string, _ localaws.Secret) bool { return gone("secret " + name) })
	return state
}

func tagsOf(state localaws.State) map[string]map[string]string {
	all := map[string]map[string]string{}
	for name, x := range state.Users {
		all["user "+name] = x.Tags
	}
	for name, x := range state.Roles {
		all["role "+name] = x.Tags
	}
	for name, x := range state.Profiles {
		all["profile "+name] = x.Tags
	}
	for name, x := range state.Policies {
		all["policy "+name] = x.Tags
	}
	for name, x := range state.Secrets {
		all["secret "+name] = x.Tags
	}
	return all
}

// othersAreUntouched: an event changes nothing but what its stack owns; only what hangs on an entity that is deleted
// goes with it.
func (m *model) othersAreUntouched(s *modelStack, before localaws.State) {
	was, is := m.others(s, before, before), m.others(s, m.aws.Snapshot(), before)
	if !reflect.DeepEqual(was, is) {
		m.broken("what belongs to strangers and to other stacks is untouched", "%s", differences(was.String(), is.String()))
	}
}

// others is what the stack does not own, without the ends of what links it to what the stack owned before.
func (m *model) others(s *modelStack, state, before localaws.State) localaws.State {
	own := func(tags map[string]string) bool { return s.ids[tags[ownerTag]] }
	foreign := func(attached []string) (left []string) {
		for _, arn := range attached {
			_, name, _ := strings.Cut(arn, ":policy/")
			if !own(before.Policies[name].Tags) && !m.adopted["policy "+name] && !m.freed["policy "+name] {
				left = append(left, arn)
			}
		}
		return left
	}
	state.Users, state.Groups, state.Roles, state.Profiles = maps.Clone(state.Users), maps.Clone(state.Groups), maps.Clone(state.Roles), maps.Clone(state.Profiles)
	state.Policies, state.Secrets, state.MFADevices = maps.Clone(state.Policies), maps.Clone(state.Secrets), maps.Clone(state.MFADevices)
	state = m.withoutAdopted(state)
	maps.DeleteFunc(state.Users, func(_ string, x localaws.User) bool { return own(x.Tags) })
	for name, x := range state.Users {
		x.Attached = foreign(x.Attached)
		state.Users[name] = x
	}
	for name, x := range state.Groups {
		x.Attached = foreign(x.Attached)
		state.Groups[name] = x
	}
	maps.DeleteFunc(state.MFADevices, func(_, user string) bool {
		return user != "" && (own(before.Users[user].Tags) || m.adopted["user "+user])
	})
	for name, x := range state.Profiles {
		if own(before.Roles[x.Role].Tags) || m.adopted["role "+x.Role] || m.freed["role "+x.Role] {
			x.Role = ""
		}
		state.Profiles[name] = x
	}
	maps.DeleteFunc(state.Profiles, func(_ string, x localaws.Profile) bool { return own(x.Tags) })
	maps.DeleteFunc(state.Roles, func(_ string, x localaws.Role) bool { return own(x.Tags) })
	for name, x := range state.Roles {
		x.Attached = foreign(x.Attached)
		state.Roles[name] = x
	}
	maps.DeleteFunc(state.Policies, func(_ string, x localaws.Policy) bool { return own(x.Tags) })
	maps.DeleteFunc(state.Secrets, func(_ string, x localaws.Secret) bool { return own(x.Tags) })
	return state
}

// current: after a Create or an Update that succeeded, the entities are what such a Create makes in an empty account,
// but for what other hands have added; and the key that the secret holds lives, and is the one in Data.
func (m *model) current(s *modelStack, answer cfn.Response) {
	const invariant = "after a success the entities are as they should be"
	want, got := m.reference(s), m.aws.Snapshot()
	differ := func(what string, name string, want, got any) {
		if !reflect.DeepEqual(want, got) {
			m.broken(invariant, "%s of %s is %v, not %v", what, name, got, want)
		}
	}
	tags := func(name string, want, got map[string]string) {
		differ("the tags", name, plain(want), plain(got))
	}
	holds := func(name string, want, got []string) {
		for _, arn := range want {
			differ("attached "+arn, name, true, slices.Contains(got, arn))
		}
	}
	for name, w := range want.Users {
		g := got.Users[name]
		tags(name, w.Tags, g.Tags)
		holds(name, w.Attached, g.Attached)
		differ("the boundary", name, w.Boundary, g.Boundary)
	}
	for name, w := range want.Roles {
		g := got.Roles[name]
		tags(name, w.Tags, g.Tags)
		holds(name, w.Attached, g.Attached)
		differ("the boundary", name, w.Boundary, g.Boundary)
		differ("the trust policy", name, w.Trust, g.Trust)
		differ("the description", name, w.Description, g.Description)
	}
	for name, w := range want.Profiles {
		tags(name, w.Tags, got.Profiles[name].Tags)
		differ("the role", name, w.Role, got.Profiles[name].Role)
	}
	for name, w := range want.Policies {
		g := got.Policies[name]
		tags(name, w.Tags, g.Tags)
		differ("the document", name, w.Versions[w.Default], g.Versions[g.Default])
	}
	for name, w := range want.Secrets {
		g := got.Secrets[name]
		tags(name, w.Tags, g.Tags)
		differ("the description", name, w.Description, g.Description)
		differ("the KMS key", name, w.KMSKey, g.KMSKey)
		differ("the readers", name, w.Policy, g.Policy)
		differ("the deletion date", name, w.Deletion, g.Deletion)
	}
	spec := m.spec(s.props)
	text, _ := m.aws.SecretString(spec.AccessKeySecret, "AWSCURRENT")
	value := m.value(text)
	secret := value["accessSecretKey"]
	delete(value, "accessSecretKey")
	differ("the value", spec.AccessKeySecret, map[string]string{
		"accessKeyId": fmt.Sprint(answer.Data["AccessKeyId"]), "userName": spec.User, "iamRoleName": spec.ConsoleRole, "accountId": "123456789012",
	}, value)
	value["accessSecretKey"] = secret
	if !m.live(value) {
		m.broken("after a success AWS accepts the key that the secret holds", "%s", value["accessKeyId"])
	}
	if live, ok := m.aws.Password(spec.User); spec.ConsoleLogin {
		text, _ := m.aws.SecretString(spec.ConsolePasswordSecret, "AWSCURRENT")
		if value := m.value(text); !ok || value["consolePassword"] != live || value["consoleUsername"] != spec.User {
			m.broken("after a success the secret holds the console password that the user has", "")
		}
	} else if ok && live != byhand.Password {
		m.broken("after a success a user has a console password only where it is to have one", "")
	}
}

// plain are tags without those that tell how an entity came about, and without what other hands have added.
func plain(tags map[string]string) map[string]string {
	tags = maps.Clone(tags)
	maps.DeleteFunc(tags, func(key, _ string) bool {
		return key == "hand" || strings.HasPrefix(key, "redis-cloud-iam:") && key != ownerTag && key != "redis-cloud-iam:stack"
	})
	return tags
}

// noUnknownPassword: whatever has happened, the console password of a user is one that a labelled version of a secret
// holds, or one that other hands have made.
func (m *model) noUnknownPassword() {
	state := m.aws.Snapshot()
	held := map[string]bool{byhand.Password: true}
	for name := range state.Secrets {
		for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
			text, ok := m.aws.SecretString(name, label)
			held[m.valueIf(ok, text)["consolePassword"]] = true
		}
	}
	for name := range state.Users {
		if live, ok := m.aws.Password(name); ok && !held[live] {
			m.broken("no console password is live that no secret holds", "that of user %s", name)
		}
	}
}

// reference is what a Create with the properties that the stack has makes in an empty account.
func (m *model) reference(s *modelStack) reference {
	key := s.arn + s.props
	if _, ok := m.references[key]; !ok {
		empty := newWorld(m.T, localaws.New(localaws.Options{}))
		empty.succeed(event{kind: "Create", stack: s.arn, props: s.props})
		m.references[key] = empty.aws.Snapshot()
	}
	return m.references[key]
}

// noLooseKeys: when CloudFormation has done with a stack, every key of a user that a stack owns is held by a labelled
// version of a secret, or it is by other hands that it is not.
func (m *model) noLooseKeys() {
	if m.stuck {
		return
	}
	state := m.aws.Snapshot()
	held := map[string]bool{}
	for name := range state.Secrets {
		for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
			if text, ok := m.aws.SecretString(name, label); ok {
				held[m.value(text)["accessKeyId"]] = true
			}
		}
	}
	for name, user := range state.Users {
		for _, key := range user.Keys {
			if user.Tags[ownerTag] != "" && !held[key.ID] && !m.byHand[key.ID] {
				m.broken("no key lives that no secret holds", "%s of user %s", key.ID, name)
			}
		}
	}
}

// noSecretGotOut: neither a secret nor a signed URL nor an event's properties are in a log line or an answer.
func (m *model) noSecretGotOut() {
	for name := range m.aws.Snapshot().Secrets {
		for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
			text, ok := m.aws.SecretString(name, label)
			for _, field := range []string{"accessSecretKey", "consolePassword"} {
				if secret := m.valueIf(ok, text)[field]; secret != "" && !slices.Contains(m.heard, secret) {
					m.heard = append(m.heard, secret)
				}
			}
		}
	}
	wrote := m.logs.String() + strings.Join(m.bodies, "\n")
	m.logs.Reset()
	for _, secret := range append([]string{"c0ffee", "ServiceToken"}, m.heard...) {
		if strings.Contains(wrote, secret) {
			m.broken("no secret and no signed URL gets out", "")
		}
	}
}

func (m *model) valueIf(ok bool, text string) map[string]string {
	if !ok {
		return nil
	}
	return m.value(text)
}

// nothingIsLeft: when all stacks are deleted, the account is as it was found.
func (m *model) nothingIsLeft() {
	was, is := canonical(m.withoutAdopted(m.before)), canonical(m.withoutAdopted(m.aws.Snapshot()))
	if is != was {
		m.broken("when all stacks are deleted the account is as it was found", "%s", differences(was, is))
	}
}

func (m *model) spec(props string) provision.Spec {
	spec, err := provision.Parse([]byte(props), provision.Account{Partition: "aws", ID: "123456789012", Region: "us-east-1"})
	require.NoError(m, err)
	return spec
}
