package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/acceptance/sample"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/moto"
)

// TestMotoAgreesOnTheScenarios plays every scenario, undisturbed, in localaws and in moto, in this
// process. The answers and what is in the account after each of them must be the same. (Where a
// single rule differs, package moto has the table.)
func TestMotoAgreesOnTheScenarios(t *testing.T) {
	t.Parallel() // it waits most of the time: moto runs in real time
	endpoint, stop, err := moto.Start(t.Context(), "../..")
	if errors.Is(err, moto.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err, "in CI the second opinion must be heard")
	defer stop()
	bridge, err := moto.Forward(endpoint)
	require.NoError(t, err)
	server := httptest.NewServer(bridge)
	defer server.Close()

	asked := scenarios()
	if !sample.Exhaustive() { // the others wait for real, until the keys that people made are some seconds old
		asked = sample.Of(t, slices.DeleteFunc(asked, func(s scenario) bool { return s.given != nil || s.keyless }), 4)
	}
	for _, s := range asked {
		t.Run(s.name, func(t *testing.T) {
			var want string
			synctest.Test(t, func(t *testing.T) { want = newWorld(t, localaws.New(localaws.Options{})).opinion(s) })
			require.NoError(t, moto.Reset(t.Context(), endpoint))
			w := newWorld(t, localaws.New(localaws.Options{}))
			w.workWith(aws.Config{
				Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: http.DefaultClient,
				Credentials: credentials.NewStaticCredentialsProvider("LOCALFUNCTION", "not-a-secret", ""),
			})
			assert.Equal(t, want, w.opinion(s), "moto differs")
		})
	}
	t.Logf("moto as the second opinion: %d scenarios", len(asked))
}

// opinion plays a scenario and what follows it, and returns what was answered and what the account
// held in between.
func (w *world) opinion(s scenario) string {
	w.Helper()
	w.inMoto = true
	if s.given != nil {
		s.given(w)
	}
	if s.setup != nil {
		s.setup(w)
	}
	var told []string
	for _, e := range append([]event{s.event}, s.after...) {
		answer := w.send(e)
		data, err := json.Marshal(answer.Data)
		require.NoError(w, err)
		told = append(told, fmt.Sprintf("%s %s %s %s", e.kind, answer.Status, answer.PhysicalResourceID, data), w.everything())
	}
	return normal(strings.Join(told, "\n"))
}

// everything is what a person sees who reads all of an account, a line a thing.
func (w *world) everything() string {
	w.Helper()
	ctx := w.Context()
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	users, err := w.iam.ListUsers(ctx, &iam.ListUsersInput{})
	require.NoError(w, err)
	for _, u := range users.Users {
		tags, err := w.iam.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: u.UserName})
		require.NoError(w, err)
		attached, err := w.iam.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: u.UserName})
		require.NoError(w, err)
		_, err = w.iam.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: u.UserName})
		add("user %s %s %s login %v", *u.UserName, tagText(tags.Tags), policyText(attached.AttachedPolicies), err == nil)
		keys, err := w.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: u.UserName})
		require.NoError(w, err)
		for _, k := range keys.AccessKeyMetadata {
			add("key of %s %s", *u.UserName, k.Status)
		}
	}
	roles, err := w.iam.ListRoles(ctx, &iam.ListRolesInput{})
	require.NoError(w, err)
	for _, r := range roles.Roles {
		role, err := w.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: r.RoleName})
		require.NoError(w, err)
		attached, err := w.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: r.RoleName})
		require.NoError(w, err)
		add("role %s %q %s %s %s", *r.RoleName, aws.ToString(role.Role.Description), document(*role.Role.AssumeRolePolicyDocument), tagText(role.Role.Tags), policyText(attached.AttachedPolicies))
	}
	profiles, err := w.iam.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{})
	require.NoError(w, err)
	for _, p := range profiles.InstanceProfiles {
		profile, err := w.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: p.InstanceProfileName})
		require.NoError(w, err)
		add("profile %s %d roles %s", *p.InstanceProfileName, len(p.Roles), tagText(profile.InstanceProfile.Tags))
	}
	policies, err := w.iam.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal})
	require.NoError(w, err)
	for _, p := range policies.Policies {
		if isBoundary(*p.PolicyName) {
			continue
		}
		policy, err := w.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: p.Arn})
		require.NoError(w, err)
		version, err := w.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: p.Arn, VersionId: policy.Policy.DefaultVersionId})
		require.NoError(w, err)
		add("policy %s %q %s %s", *p.PolicyName, aws.ToString(policy.Policy.Description), document(*version.PolicyVersion.Document), tagText(policy.Policy.Tags))
	}
	secrets, err := w.secrets.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	require.NoError(w, err)
	for _, entry := range secrets.SecretList {
		s, err := w.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: entry.Name})
		require.NoError(w, err)
		readers, err := w.secrets.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: entry.Name})
		require.NoError(w, err)
		tags := map[string]string{}
		for _, tag := range s.Tags {
			tags[*tag.Key] = *tag.Value
		}
		add("secret %s %q %s %v readers %q", *s.Name, aws.ToString(s.Description), aws.ToString(s.KmsKeyId), tags, aws.ToString(readers.ResourcePolicy))
		for id, labels := range s.VersionIdsToStages {
			if len(labels) > 0 {
				add("version of %s %v %s", *s.Name, slices.Sorted(slices.Values(labels)), id)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func tagText(list []iamtypes.Tag) string {
	tags := map[string]string{}
	for _, tag := range list {
		tags[*tag.Key] = *tag.Value
	}
	return fmt.Sprint(tags) // sorted by key
}

func policyText(attached []iamtypes.AttachedPolicy) string {
	names := map[string]bool{}
	for _, p := range attached {
		names[*p.PolicyName] = true
	}
	return fmt.Sprint(slices.Sorted(maps.Keys(names)))
}

// document is a policy document in one form.
func document(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil && !strings.HasPrefix(text, "{") {
		text = decoded
	}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	encoded, _ := json.Marshal(value)
	return string(encoded)
}
