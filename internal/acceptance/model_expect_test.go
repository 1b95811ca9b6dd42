package acceptance

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/spec"
)

// reference is the account after an undisturbed Create where there was nothing.
type reference = localaws.State

// refusedForUse and refusedForHolders report whether something was refused because a key is in use,
// or because others hold what would be deleted.
func refusedForUse(answer cfn.Response) bool {
	return strings.Contains(answer.Reason, "so it is in use")
}

func refusedForHolders(answer cfn.Response) bool {
	return strings.Contains(answer.Reason, " is in group taken") || strings.Contains(answer.Reason, " is in instance profile taken") ||
		strings.Contains(answer.Reason, "a permissions boundary that is deleted with this stack")
}

// failedForAReason: an undisturbed event succeeds, unless a name is taken, or a key would be lost
// that is in use, or there is no key to go back to. Then it changes nothing. Or the user needs a
// key, and keys that people made leave no room for one.
func (m *model) failedForAReason(s *modelStack, e event, answer cfn.Response) {
	refused := func() {
		if changes := m.changes(); len(changes) > 0 {
			m.broken("what is refused is refused before anything is changed", "%v", changes)
		}
	}
	spec := m.spec(e.props)
	if e.kind == "Delete" {
		protected := spec.Protect && refusedForUse(answer)
		if !m.refusable || !protected && !refusedForHolders(answer) {
			m.broken("an undisturbed event succeeds", "%s: %s", e.kind, answer.Reason)
		}
		refused()
		return
	}
	renamed := e.kind == "Update" && e.id != idIn(s.arn, e.props)
	if renamed || spec.Protect && refusedForUse(answer) || len(m.conflicts(e)) > 0 || strings.Contains(answer.Reason, "AccessKeySerial: is ") || strings.Contains(answer.Reason, "PreviousAccessKey: is ") {
		refused()
		return
	}
	foreign := slices.ContainsFunc(m.aws.Snapshot().Users[spec.User].Keys, func(k localaws.Key) bool { return m.known.keys[k.ID] })
	if !foreign || !strings.Contains(answer.Reason, "IAM allows no third") {
		m.broken("an undisturbed event succeeds", "%s: %s", e.kind, answer.Reason)
	}
}

// conflicts are the entities that have the names, and that this event may not take.
func (m *model) conflicts(e event) (found []string) {
	spec := m.spec(e.props)
	wanted := entitiesOf(spec.Names)
	if !spec.ConsoleLogin {
		wanted = slices.DeleteFunc(wanted, func(entity string) bool { return entity == "secret "+spec.ConsolePasswordSecret })
	}
	for entity, tags := range tagsOf(m.aws.Snapshot()) {
		if slices.Contains(wanted, entity) && tags[ownerTag] != idIn(e.stack, e.props) && !adopts(e.props, tags) {
			found = append(found, entity)
		}
	}
	return found
}

// nothingIsLeft: when all stacks are deleted, the account is as it was found.
func (m *model) nothingIsLeft() {
	was, is := canonical(m.known.withoutGiven(m.found)), canonical(m.known.withoutGiven(m.aws.Snapshot()))
	if is != was {
		m.broken("when all stacks are deleted the account is as it was found", "%s", differences(was, is))
	}
}

// current: after a Create or an Update that succeeded, the entities are what such a Create makes in
// an empty account, but for what people have added. The key that the secret holds is the one in
// Data, and AWS accepts it.
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
	value := m.stored(spec.AccessKeySecret)
	secret := value["accessSecretKey"]
	delete(value, "accessSecretKey")
	differ("the value", spec.AccessKeySecret, map[string]string{
		"accessKeyId": keyIn(answer), "userName": spec.User, "iamRoleName": spec.ConsoleRole, "accountId": "123456789012",
	}, value)
	value["accessSecretKey"] = secret
	if !m.live(value) {
		m.broken("after a success AWS accepts the key that the secret holds", "%s", value["accessKeyId"])
	}
	if live, ok := m.aws.Password(spec.User); spec.ConsoleLogin {
		if value := m.stored(spec.ConsolePasswordSecret); !ok || value["consolePassword"] != live || value["consoleUsername"] != spec.User {
			m.broken("after a success the secret holds the console password that the user has", "")
		}
	} else if ok && live != byhand.Password {
		m.broken("after a success a user has a console password only where it is to have one", "")
	}
}

// plain are tags without those that tell how an entity came about, and without what people have
// added.
func plain(tags map[string]string) map[string]string {
	tags = maps.Clone(tags)
	maps.DeleteFunc(tags, func(key, _ string) bool {
		return key == "drift" || strings.HasPrefix(key, ownTags) && key != ownerTag && key != stackTag
	})
	return tags
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

func (m *model) spec(props string) spec.Spec {
	spec, err := spec.Parse([]byte(props), spec.Account{Partition: "aws", ID: "123456789012", Region: "us-east-1"})
	require.NoError(m, err)
	return spec
}
