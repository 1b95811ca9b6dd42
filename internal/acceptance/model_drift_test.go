package acceptance

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
)

// strangers are what is in the account before there is a stack: some of it has names that a stack
// may ask for.
func (m *model) strangers() {
	ctx, taken := m.Context(), aws.String("taken")
	m.must(m.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: taken}))
	m.newKey("taken")
	m.must(m.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: taken, AssumeRolePolicyDocument: aws.String(anybody)}))
	m.must(m.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: taken, PolicyDocument: aws.String(anything)}))
	m.must(m.iam.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: taken}))
	m.must(m.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: taken}))
	m.put("taken", `{}`)
}

// outOfBand is what people change beside a stack that stands.
func outOfBand() map[string]func(m *model, s *modelStack) {
	return map[string]func(m *model, s *modelStack){
		"detach":                           (*model).detach,
		"change documents":                 (*model).changeDocuments,
		"change tags":                      (*model).changeTags,
		"make a key":                       func(m *model, s *modelStack) { m.makeKey(s, false) },
		"make a key and use it":            func(m *model, s *modelStack) { m.makeKey(s, true) },
		"use the key":                      (*model).useKey,
		"delete the key":                   (*model).deleteKeys,
		"delete the secret":                func(m *model, s *modelStack) { m.deleteTheSecret(s, true) },
		"schedule the secret for deletion": func(m *model, s *modelStack) { m.deleteTheSecret(s, false) },
		"delete the console role":          (*model).deleteRole,
		"delete the user":                  (*model).deleteTheUser,
		"attach more":                      (*model).attach,
	}
}

func (m *model) detach(s *modelStack) {
	spec := m.spec(s.props)
	policy := aws.String(policyARN + spec.UserPolicy)
	_, _ = m.iam.DetachUserPolicy(m.Context(), &iam.DetachUserPolicyInput{UserName: &spec.User, PolicyArn: policy})
	_, _ = m.iam.DetachRolePolicy(m.Context(), &iam.DetachRolePolicyInput{RoleName: &spec.ConsoleRole, PolicyArn: policy})
	_, _ = m.iam.RemoveRoleFromInstanceProfile(m.Context(), &iam.RemoveRoleFromInstanceProfileInput{
		InstanceProfileName: &spec.InstanceRole, RoleName: &spec.InstanceRole,
	})
}

func (m *model) changeDocuments(s *modelStack) {
	ctx, spec := m.Context(), m.spec(s.props)
	for _, name := range []string{spec.InstancePolicy, spec.UserPolicy} {
		_, _ = m.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{
			PolicyArn: aws.String(policyARN + name), PolicyDocument: aws.String(anything), SetAsDefault: true,
		})
	}
	_, _ = m.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &spec.ConsoleRole, PolicyDocument: aws.String(anybody)})
	m.must(m.iam.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: &spec.InstanceRole, Description: aws.String("mine")}))
}

func (m *model) changeTags(s *modelStack) {
	ctx, spec := m.Context(), m.spec(s.props)
	tags := []iamtypes.Tag{{Key: aws.String("UsedBy"), Value: aws.String("me")}, {Key: aws.String("drift"), Value: aws.String("mine")}}
	_, _ = m.iam.TagUser(ctx, &iam.TagUserInput{UserName: &spec.User, Tags: tags})
	_, _ = m.iam.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{
		UserName: &spec.User, PermissionsBoundary: aws.String(readOnly),
	})
	m.must(m.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &spec.InstanceRole, Tags: tags}))
	m.must(m.iam.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: aws.String(policyARN + spec.UserPolicy), Tags: tags[1:]}))
}

func (m *model) makeKey(s *modelStack, use bool) {
	made, err := m.iam.CreateAccessKey(m.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(m.spec(s.props).User)})
	if err != nil {
		return // there is no user, or it has two keys
	}
	id := aws.ToString(made.AccessKey.AccessKeyId)
	if use {
		m.aws.UseKey(id, "ec2")
	}
}

// useKey is what Redis Cloud does with the key that the secret holds.
func (m *model) useKey(s *modelStack) {
	spec := m.spec(s.props)
	var id string
	for _, h := range m.holdings() {
		if h.secret == spec.AccessKeySecret && h.label == "AWSCURRENT" {
			id = h.value["accessKeyId"]
		}
	}
	if slices.ContainsFunc(m.aws.Snapshot().Users[spec.User].Keys, func(k localaws.Key) bool { return k.ID == id }) {
		m.aws.UseKey(id, "ec2")
	}
}

func (m *model) deleteKeys(s *modelStack) {
	user := m.spec(s.props).User
	for _, key := range m.aws.Snapshot().Users[user].Keys {
		m.must(m.iam.DeleteAccessKey(m.Context(), &iam.DeleteAccessKeyInput{UserName: &user, AccessKeyId: aws.String(key.ID)}))
	}
}

func (m *model) deleteTheSecret(s *modelStack, forGood bool) {
	name := m.spec(s.props).AccessKeySecret
	if secret, ok := m.aws.Snapshot().Secrets[name]; ok && (forGood || secret.Deletion == nil) {
		m.deleteSecret(name, forGood)
	}
}

func (m *model) deleteRole(s *modelStack) {
	name := m.spec(s.props).ConsoleRole
	role, ok := m.aws.Snapshot().Roles[name]
	if !ok {
		return
	}
	for _, policy := range role.Attached {
		m.must(m.iam.DetachRolePolicy(m.Context(), &iam.DetachRolePolicyInput{RoleName: &name, PolicyArn: &policy}))
	}
	m.must(m.iam.DeleteRole(m.Context(), &iam.DeleteRoleInput{RoleName: &name}))
}

func (m *model) deleteTheUser(s *modelStack) {
	ctx, name := m.Context(), m.spec(s.props).User
	user, ok := m.aws.Snapshot().Users[name]
	if !ok {
		return
	}
	m.deleteKeys(s)
	for _, policy := range user.Attached {
		m.must(m.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: &name, PolicyArn: &policy}))
	}
	for inline := range user.Inline {
		m.must(m.iam.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &name, PolicyName: &inline}))
	}
	for _, group := range user.Groups {
		m.must(m.iam.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: &name, GroupName: &group}))
	}
	if user.LoginProfile {
		m.must(m.iam.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: &name}))
	}
	m.must(m.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &name}))
}

// takeOut undoes of [model.attach] what a Delete leaves to people.
func (m *model) takeOut(s *modelStack) {
	ctx, spec, taken := m.Context(), m.spec(s.props), aws.String("taken")
	_, _ = m.iam.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: taken, UserName: &spec.User})
	_, _ = m.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: taken, RoleName: &spec.InstanceRole})
	if !spec.Adopt && !spec.Retain { // boundaries of what was adopted once and stays
		_, _ = m.iam.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: &spec.User})
		for _, role := range []string{spec.InstanceRole, spec.ConsoleRole} {
			_, _ = m.iam.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &role})
		}
	}
}

// attach attaches things to the stack's entities, and the stack's policy to what others have.
func (m *model) attach(s *modelStack) {
	ctx, spec := m.Context(), m.spec(s.props)
	user, role, taken, admin := &spec.User, &spec.InstanceRole, aws.String("taken"), aws.String(adminPolicy)
	if _, ok := m.aws.Snapshot().Users[*user]; ok {
		m.must(m.iam.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: taken, UserName: user}))
		m.must(m.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: taken, PolicyDocument: aws.String(anything)}))
		_, _ = m.iam.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: user, Password: aws.String(byhand.Password)})
	}
	m.must(m.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: admin}))
	m.must(m.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: taken, PolicyDocument: aws.String(anything)}))
	_, _ = m.iam.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: taken, RoleName: role})
	_, _ = m.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: taken, PolicyArn: aws.String(policyARN + spec.UserPolicy)})
}
