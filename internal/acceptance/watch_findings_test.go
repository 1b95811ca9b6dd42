package acceptance

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// doing is what people do in the account, and what the watcher finds then: each finding as "name
// subject", where KEY stands for the current key and OTHER for another one.
type doing struct {
	name  string
	props string // the default is bare
	do    func(w *lookout)
	found []string
}

// people are findings and how they come about, each beside a case that is nearly so and not found.
func people() []doing {
	u, node, staff, theirs := aws.String(user), aws.String(nodeRole), aws.String(consoleRole), aws.String("stranger")
	admin, ours, inline, document := aws.String(adminPolicy), aws.String(policyARN+userPolicy), aws.String("inline"), aws.String(anything)
	stranger := func(w *lookout) { w.stranger() }
	in := func(w *lookout, group string, users ...*string) {
		w.must(w.iam.CreateGroup(w.Context(), &iam.CreateGroupInput{GroupName: &group}))
		for _, user := range users {
			w.must(w.iam.AddUserToGroup(w.Context(), &iam.AddUserToGroupInput{GroupName: &group, UserName: user}))
		}
	}
	profile := func(w *lookout, role *string) {
		w.must(w.iam.CreateInstanceProfile(w.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: theirs}))
		w.must(w.iam.AddRoleToInstanceProfile(w.Context(), &iam.AddRoleToInstanceProfileInput{InstanceProfileName: theirs, RoleName: role}))
	}
	sshKey := func(w *lookout, user *string) string {
		out, err := w.iam.UploadSSHPublicKey(w.Context(), &iam.UploadSSHPublicKeyInput{UserName: user, SSHPublicKeyBody: aws.String("ssh-rsa AAAAB3NzaC1yc2E= me")})
		w.must(out, err)
		return *out.SSHPublicKey.SSHPublicKeyId
	}
	status := func(w *lookout, key string, status iamtypes.StatusType) {
		w.must(w.iam.UpdateAccessKey(w.Context(), &iam.UpdateAccessKeyInput{UserName: u, AccessKeyId: &key, Status: status}))
	}
	rotated := func(w *lookout) { w.becomes(serial(2)) }
	return []doing{
		{"the user's policy is detached", "", func(w *lookout) {
			w.must(w.iam.DetachUserPolicy(w.Context(), &iam.DetachUserPolicyInput{UserName: u, PolicyArn: ours}))
		}, []string{"drift attach policy RedislabsIAMUserRestrictedPolicy to user redislabs-user"}},
		{"another account is trusted", "", func(w *lookout) {
			w.must(w.iam.UpdateAssumeRolePolicy(w.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: staff, PolicyDocument: aws.String(anybody)}))
		}, []string{"drift replace the trust policy of role redislabs-role"}},
		{"another boundary", "", func(w *lookout) {
			w.must(w.iam.PutUserPermissionsBoundary(w.Context(), &iam.PutUserPermissionsBoundaryInput{UserName: u, PermissionsBoundary: admin}))
		}, []string{"drift put permissions boundary redis-cloud-UserBoundary-7D2F6C10 on user redislabs-user"}},
		{"another role in the profile", "", func(w *lookout) {
			w.must(w.iam.RemoveRoleFromInstanceProfile(w.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: node, RoleName: node}))
			w.must(w.iam.AddRoleToInstanceProfile(w.Context(), &iam.AddRoleToInstanceProfileInput{InstanceProfileName: node, RoleName: staff}))
		}, []string{
			"drift remove role redislabs-role from instance profile redislabs-cluster-node-role",
			"drift add role redislabs-cluster-node-role to instance profile redislabs-cluster-node-role",
		}},
		{"nearly: a tag that people added", "", func(w *lookout) {
			w.must(w.iam.TagUser(w.Context(), &iam.TagUserInput{UserName: u, Tags: []iamtypes.Tag{{Key: aws.String("mine"), Value: aws.String("1")}}}))
		}, nil},

		{"a role is made anew by hand", "", func(w *lookout) {
			w.must(w.iam.DetachRolePolicy(w.Context(), &iam.DetachRolePolicyInput{RoleName: staff, PolicyArn: ours}))
			w.must(w.iam.DeleteRole(w.Context(), &iam.DeleteRoleInput{RoleName: staff}))
			w.must(w.iam.CreateRole(w.Context(), &iam.CreateRoleInput{RoleName: staff, AssumeRolePolicyDocument: aws.String(anybody)}))
			w.must(w.iam.AttachRolePolicy(w.Context(), &iam.AttachRolePolicyInput{RoleName: staff, PolicyArn: admin}))
		}, []string{"refused role redislabs-role exists, and no stack owns it", "extra-policy arn:aws:iam::aws:policy/AdministratorAccess on role redislabs-role"}},
		{"nearly: another role", "", func(w *lookout) {
			w.must(w.iam.CreateRole(w.Context(), &iam.CreateRoleInput{RoleName: aws.String("redislabs-role-2"), AssumeRolePolicyDocument: aws.String(anybody)}))
		}, nil},

		{"a used key that a person made", "", func(w *lookout) { w.use(w.newKey(user)) }, []string{"foreign-key OTHER"}},
		{
			"nearly: nobody has used it, so an Update deletes it", "", func(w *lookout) { w.newKey(user) },
			[]string{"drift delete access key OTHER of user redislabs-user: no secret holds it and it was never used"},
		},
		{"nearly: a key of a stranger", "", func(w *lookout) { w.use(w.stranger()) }, nil},

		{"AdministratorAccess", "", func(w *lookout) {
			w.must(w.iam.AttachUserPolicy(w.Context(), &iam.AttachUserPolicyInput{UserName: u, PolicyArn: admin}))
			w.must(w.iam.AttachRolePolicy(w.Context(), &iam.AttachRolePolicyInput{RoleName: node, PolicyArn: ours}))
		}, []string{
			"extra-policy arn:aws:iam::123456789012:policy/RedislabsIAMUserRestrictedPolicy on role redislabs-cluster-node-role",
			"extra-policy arn:aws:iam::aws:policy/AdministratorAccess on user redislabs-user",
		}},
		{"nearly: AdministratorAccess of a stranger", "", func(w *lookout) {
			stranger(w)
			w.must(w.iam.AttachUserPolicy(w.Context(), &iam.AttachUserPolicyInput{UserName: theirs, PolicyArn: admin}))
		}, nil},

		{"inline policies", "", func(w *lookout) {
			w.must(w.iam.PutUserPolicy(w.Context(), &iam.PutUserPolicyInput{UserName: u, PolicyName: inline, PolicyDocument: document}))
			w.must(w.iam.PutRolePolicy(w.Context(), &iam.PutRolePolicyInput{RoleName: staff, PolicyName: inline, PolicyDocument: document}))
		}, []string{"inline-policy inline policy inline of user redislabs-user", "inline-policy inline policy inline of role redislabs-role"}},
		{"nearly: an inline policy of a stranger", "", func(w *lookout) {
			stranger(w)
			w.must(w.iam.PutUserPolicy(w.Context(), &iam.PutUserPolicyInput{UserName: theirs, PolicyName: inline, PolicyDocument: document}))
		}, nil},

		{"a console password that a person made", "", func(w *lookout) {
			w.must(w.iam.CreateLoginProfile(w.Context(), &iam.CreateLoginProfileInput{UserName: u, Password: aws.String("Correct-Horse-9-Battery")}))
		}, []string{"login-profile the login profile of user redislabs-user"}},
		{"nearly: one that the stack made", console, func(*lookout) {}, nil},

		{"a group", "", func(w *lookout) { in(w, "admins", u) }, []string{"group " + "group admins of user redislabs-user"}},
		{"nearly: a group of a stranger", "", func(w *lookout) {
			stranger(w)
			in(w, user, theirs)
		}, nil},

		{"the role in another profile", "", func(w *lookout) { profile(w, node) }, []string{"other-profile instance profile stranger of role redislabs-cluster-node-role"}},
		{"nearly: another role in that profile", "", func(w *lookout) {
			w.must(w.iam.CreateRole(w.Context(), &iam.CreateRoleInput{RoleName: theirs, AssumeRolePolicyDocument: aws.String(anybody)}))
			profile(w, theirs)
		}, nil},

		{"other credentials", "", func(w *lookout) {
			w.must(w.iam.CreateVirtualMFADevice(w.Context(), &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")}))
			w.must(w.iam.EnableMFADevice(w.Context(), &iam.EnableMFADeviceInput{
				UserName: u, SerialNumber: aws.String("arn:aws:iam::123456789012:mfa/phone"), AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321"),
			}))
			w.must(w.iam.CreateServiceSpecificCredential(w.Context(), &iam.CreateServiceSpecificCredentialInput{UserName: u, ServiceName: aws.String("codecommit.amazonaws.com")}))
			w.must(w.iam.UploadSigningCertificate(w.Context(), &iam.UploadSigningCertificateInput{UserName: u, CertificateBody: aws.String((&life{world: w.world}).selfSigned())}))
			sshKey(w, u)
		}, []string{
			"other-credential MFA device arn:aws:iam::123456789012:mfa/phone of user redislabs-user",
			"other-credential SSH public key ID of user redislabs-user",
			"other-credential service-specific credential ID of user redislabs-user",
			"other-credential signing certificate ID of user redislabs-user",
		}},
		{"nearly: an SSH key of a stranger", "", func(w *lookout) {
			stranger(w)
			sshKey(w, theirs)
		}, nil},

		{"a policy of the stack on a stranger", "", func(w *lookout) {
			stranger(w)
			in(w, "others")
			w.must(w.iam.AttachUserPolicy(w.Context(), &iam.AttachUserPolicyInput{UserName: theirs, PolicyArn: ours}))
			w.must(w.iam.AttachGroupPolicy(w.Context(), &iam.AttachGroupPolicyInput{GroupName: aws.String("others"), PolicyArn: ours}))
		}, []string{
			"policy-shared policy RedislabsIAMUserRestrictedPolicy on user stranger", "policy-shared policy RedislabsIAMUserRestrictedPolicy on group others",
		}},
		{"nearly: it is the boundary of a stranger", "", func(w *lookout) {
			stranger(w)
			w.must(w.iam.PutUserPermissionsBoundary(w.Context(), &iam.PutUserPermissionsBoundaryInput{UserName: theirs, PermissionsBoundary: ours}))
		}, nil},

		{"another account may read the secret", "", func(w *lookout) { w.letIn(keySecret) }, []string{"secret-shared secret redis-cloud/access-key"}},
		{
			"nearly: an Update takes its own readers away", withReaders, func(w *lookout) { w.letIn(keySecret) },
			[]string{"drift set the readers of secret redis-cloud/access-key"},
		},
		{"nearly: the stack's own readers may", withReaders, func(*lookout) {}, nil},
		{"another account may read the password", console, func(w *lookout) { w.letIn(consoleSecret) }, []string{"secret-shared secret redis-cloud/console-password"}},
		{"another account may read a secret that lost its tag", withReaders, func(w *lookout) {
			w.disown(keySecret)
			w.letIn(keySecret)
		}, []string{"refused secret redis-cloud/access-key exists, and no stack owns it", "secret-shared secret redis-cloud/access-key"}},
		{
			"nearly: a secret that lost its tag has the stack's own readers", withReaders, func(w *lookout) { w.disown(keySecret) },
			[]string{"refused secret redis-cloud/access-key exists, and no stack owns it"},
		},
		{"a replica", "", func(w *lookout) { w.replicate(keySecret, "eu-west-1") }, []string{"secret-replica secret redis-cloud/access-key in eu-west-1"}},
		{"nearly: a replica of another secret", "", func(w *lookout) {
			w.put("theirs", "theirs")
			w.replicate("theirs", "eu-west-1")
		}, nil},

		{"the current key is inactive", "", func(w *lookout) { status(w, w.keys(user)[0], iamtypes.StatusTypeInactive) }, []string{"key-inactive KEY"}},
		{"nearly: the previous key is inactive", serial(1), func(w *lookout) {
			first := w.keys(user)[0]
			rotated(w)
			status(w, first, iamtypes.StatusTypeInactive)
		}, nil},
		{"the current key is gone", "", func(w *lookout) {
			w.must(w.iam.DeleteAccessKey(w.Context(), &iam.DeleteAccessKeyInput{UserName: u, AccessKeyId: aws.String(w.keys(user)[0])}))
		}, []string{"drift make an access key of user redislabs-user and store it in secret redis-cloud/access-key", "key-gone KEY"}},
		{"nearly: the previous key is gone", serial(1), func(w *lookout) {
			first := w.keys(user)[0]
			rotated(w)
			w.must(w.iam.DeleteAccessKey(w.Context(), &iam.DeleteAccessKeyInput{UserName: u, AccessKeyId: &first}))
		}, nil},
	}
}

func TestWhatPeopleDoIsFoundAndWhatIsNearlySoIsNot(t *testing.T) {
	for _, c := range people() {
		t.Run(c.name, func(t *testing.T) {
			props := c.props
			if props == "" {
				props = bare
			}
			watched(t, props, func(w *lookout) {
				c.do(w)
				found := w.finds()
				current := w.stored(keySecret)["accessKeyId"]
				for i, f := range found {
					f = strings.ReplaceAll(f, current, "KEY")
					for _, key := range w.keys(user) {
						f = strings.ReplaceAll(f, key, "OTHER")
					}
					if strings.HasPrefix(f, "other-credential") && !strings.Contains(f, "MFA device") {
						words := strings.Fields(f)
						f = strings.Replace(f, words[len(words)-4], "ID", 1)
					}
					found[i] = f
				}
				assert.Equal(t, append([]string{}, c.found...), found)
				assert.Len(t, w.news(), min(len(c.found), 1))
				assert.Equal(t, len(c.found), w.report().Findings)
				assert.Equal(t, len(slices.DeleteFunc(found, func(f string) bool { return strings.HasPrefix(f, "key-") })), w.report().Drift)
				for _, f := range w.report().Found {
					assert.Contains(t, w.messages()[0], f.Text)
					assert.Contains(t, w.messages()[0], f.Remedy)
				}
			})
		})
	}
}

// The documents list every finding, and no other.
func TestEveryFindingIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/watching.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(text), "| Finding |")
	table, _, _ = strings.Cut(table, "\n\n")
	told := map[string]bool{"kept-key": true, "key-age": true, "unfinished-rotation": true, "unused-keys": true} // by stories of their own
	for _, c := range people() {
		for _, f := range c.found {
			name, _, _ := strings.Cut(f, " ")
			told[name] = true
		}
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(table, -1) {
		documented[row[1]] = true
	}
	assert.Equal(t, told, documented)
}

// What an Update repairs is found step by step, and is gone after it.
func TestAnUpdateRemovesWhatIsDrift(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.drift()
		found := w.finds()
		assert.Len(t, found, 10)
		r := w.report()
		assert.Equal(t, 9, r.Drift, "%s", found)
		w.becomes(tagged)
		assert.Equal(t, []string{}, w.finds())
		assert.Equal(t, []string{"10 new findings in stack redis-cloud", "all clear in stack redis-cloud"}, w.news())
	})
}

// What another stack made when it was gone is adopted with its keys, which are the stack's own
// then.
func TestKeysOfAnAdoptedStackAreNotKeptKeys(t *testing.T) {
	watched(t, "", func(w *lookout) {
		w.retained()
		props := serial(2, `"ExistingEntities":"Adopt"`)
		w.succeed(event{kind: "Create", props: props, stack: another})
		time.Sleep(time.Hour)
		assert.Equal(t, []string{}, w.lookout(another, props).finds())
	})
}

func TestAKeyIsOldAfterItsDays(t *testing.T) {
	for _, c := range []struct {
		limit string
		age   time.Duration
		found []string
	}{
		{"90", 90*day - time.Minute, []string{}},
		{"90", 90 * day, []string{"key-age"}},
		{"2", 2*day - time.Minute, []string{}},
		{"1", day, []string{"key-age"}},
		{"0", 1000 * day, []string{}},
	} {
		t.Run(fmt.Sprint(c.limit, " ", c.age), func(t *testing.T) {
			watched(t, bare, func(w *lookout) {
				w.settings.KeyMaxAgeDays = c.limit
				out, err := w.iam.ListAccessKeys(w.Context(), &iam.ListAccessKeysInput{UserName: aws.String(user)})
				w.must(out, err)
				key := w.use(*out.AccessKeyMetadata[0].AccessKeyId)
				time.Sleep(c.age - time.Since(*out.AccessKeyMetadata[0].CreateDate) - day)
				w.pass(1, key)
				assert.Equal(t, withSubject(c.found, key), w.finds())
				assert.Equal(t, int(c.age/day), w.report().KeyAgeDays)
			})
		})
	}
}

func withSubject(names []string, subject string) []string {
	all := []string{}
	for _, name := range names {
		all = append(all, name+" "+subject)
	}
	return all
}

func TestARotationIsUnfinishedIfThePreviousKeyAloneIsUsed(t *testing.T) {
	for _, c := range []struct {
		name          string
		after         time.Duration // the rotation they are used
		first, second bool
		found         []string
	}{
		{"the previous key alone", 2 * time.Hour, true, false, []string{"unfinished-rotation"}},
		{"the previous key alone, for days", 2 * day, true, false, []string{"unfinished-rotation"}},
		{"nearly: until people had entered the current one", 50 * time.Minute, true, false, nil},
		{"nearly: both", 2 * day, true, true, nil},
		{"nearly: the current one alone", 2 * day, false, true, nil},
		{"nearly: neither", 2 * day, false, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			watched(t, serial(1), func(w *lookout) {
				first := w.use(w.keys(user)[0])
				second := keyIn(w.succeed(changeOf(w.props, serial(2)).in(w.stack)))
				w.props = serial(2)
				time.Sleep(c.after)
				if c.first {
					w.use(first)
				}
				if c.second {
					w.use(second)
				}
				time.Sleep(6 * time.Hour) // AWS shows a use hours later
				assert.Equal(t, withSubject(c.found, second), w.finds())
				previous := 0
				if c.first {
					previous = 1
				}
				assert.Equal(t, previous, w.report().PreviousKeyInUse)
			})
		})
	}
}

// A key that is inactive is used by nobody. But whoever used it until then may have no other.
func TestAPreviousKeyThatWasInUseUntilItWasDeactivated(t *testing.T) {
	off := `"DeletionProtection":"Off"`
	for _, c := range []struct {
		name, props string
		second      bool // Redis Cloud has the current key
		activate    string
	}{
		{"by a person", serial(2), false, "aws iam update-access-key --user-name redislabs-user --access-key-id KEY --status Active"},
		{"by the stack", serial(2, inactive, off), false, "scripts/update-stack redis-cloud PreviousAccessKey=Active"},
		{"nearly: the current one is in use", serial(2), true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			watched(t, serial(1), func(w *lookout) {
				first := w.keys(user)[0]
				second := w.becomes(serial(2))
				time.Sleep(2 * time.Hour)
				w.use(first)
				if c.second {
					w.use(second)
				}
				if c.props == w.props {
					w.must(w.iam.UpdateAccessKey(w.Context(), &iam.UpdateAccessKeyInput{UserName: aws.String(user), AccessKeyId: &first, Status: iamtypes.StatusTypeInactive}))
				} else {
					w.becomes(c.props)
				}
				found := w.finds()
				assert.Equal(t, 0, w.report().PreviousKeyInUse)
				if c.second {
					assert.Equal(t, []string{}, found)
					return
				}
				assert.Equal(t, []string{"unfinished-rotation " + second}, found)
				assert.Contains(t, w.report().Found[0].Text, "the previous one "+first+" was until it was deactivated, so that Redis Cloud may be cut off")
				assert.Contains(t, w.remedy("unfinished-rotation"), strings.ReplaceAll(c.activate, "KEY", first))
			})
		})
	}
}

// After a roll-back the previous key is the younger one, and its first hour is that of the rotation.
func TestARotationThatWasRolledBackHasItsHourToo(t *testing.T) {
	for after, found := range map[time.Duration]int{50 * time.Minute: 0, 70 * time.Minute: 1} {
		watched(t, serial(1), func(w *lookout) {
			w.pass(10)
			second := keyIn(w.succeed(changeOf(w.props, serial(2)).in(w.stack)))
			time.Sleep(after)
			w.use(second)
			w.props = serial(2)
			w.becomes(serial(1))
			assert.Len(t, w.finds(), found, "%s", after)
		})
	}
}

func TestKeysAreUnusedAfterThirtyDays(t *testing.T) {
	for _, c := range []struct {
		name  string
		days  int
		do    func(w *lookout, key string) // on the second day
		found []string
	}{
		{"nobody", 31, nil, []string{"unused-keys"}},
		{"the last use is long ago", 33, func(w *lookout, key string) { w.use(key) }, []string{"unused-keys"}},
		{"nearly: the key is young", 29, nil, nil},
		{"nearly: the key was used", 31, func(w *lookout, key string) { w.use(key) }, nil},
		{"nearly: the nodes run", 31, func(w *lookout, _ string) { w.aws.UseRole(nodeRole, time.Now()) }, nil},
		{"nearly: a key of a person was used", 31, func(w *lookout, _ string) { w.use(w.newKey(user)) }, []string{"foreign-key"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			watched(t, bare, func(w *lookout) {
				key := w.keys(user)[0]
				w.pass(2)
				if c.do != nil {
					c.do(w, key)
				}
				w.pass(c.days - 2)
				var names []string
				for _, f := range w.finds() {
					name, _, _ := strings.Cut(f, " ")
					names = append(names, name)
				}
				assert.Equal(t, c.found, names)
			})
		})
	}
}
