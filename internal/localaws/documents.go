package localaws

import (
	"net/url"
	"slices"
	"strings"

	"redis-cloud-iam/internal/iampolicy"
)

// What IAM asks of a policy beyond the grammar. The errors are MalformedPolicyDocument, in IAM's
// words where they are known.

// checkIdentityPolicy checks a policy of a user, a group or a role.
func (a *Account) checkIdentityPolicy(text string) error {
	_, err := a.checkPolicy(text, func(s iampolicy.Statement) error {
		switch {
		case s.Principal != nil, s.NotPrincipal != nil:
			return refuse(malformedPolicy, "Policy document should not specify a principal.")
		case len(s.Resource)+len(s.NotResource) == 0:
			return refuse(malformedPolicy, "Policy statement must contain resources.")
		}
		return nil
	})
	return err
}

// checkTrustPolicy checks a policy that says who may assume a role.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.
func (a *Account) checkTrustPolicy(text string) error {
	_, err := a.checkPolicy(text, func(s iampolicy.Statement) error {
		switch {
		case s.Resource != nil, s.NotResource != nil:
			return refuse(malformedPolicy, "Has prohibited field Resource")
		case s.NotPrincipal != nil:
			return refuse(malformedPolicy, "AssumeRolepolicy contained an invalid principal: NotPrincipal is not supported.")
		case len(s.Principal) == 0:
			return refuse(malformedPolicy, "Missing required field Principal")
		case len(s.NotAction) > 0 || slices.ContainsFunc(s.Action, notSTS):
			return refuse(malformedPolicy, "AssumeRole policy may only specify STS AssumeRole actions.")
		}
		return a.checkPrincipals(s.Principal)
	})
	return err
}

// checkResourcePolicy checks the policy of a secret. It must name principals and resources.
//
// See https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html.
func (a *Account) checkResourcePolicy(text string) (*iampolicy.Document, error) {
	return a.checkPolicy(text, func(s iampolicy.Statement) error {
		switch {
		case len(s.Principal)+len(s.NotPrincipal) == 0:
			return refuse(malformedPolicy, "Missing required field Principal")
		case len(s.Resource)+len(s.NotResource) == 0:
			return refuse(malformedPolicy, "Policy statement must contain resources.")
		case a.checkPrincipals(s.Principal) != nil, a.checkPrincipals(s.NotPrincipal) != nil:
			return refuse(malformedPolicy, "This resource policy contains an unsupported principal.")
		}
		return nil
	})
}

func notSTS(action string) bool { return !strings.HasPrefix(fold(action), "sts:") }

// checkPolicy reads a policy and checks what all kinds of policy have in common, and each statement
// by the rule of its kind.
func (a *Account) checkPolicy(text string, rule func(iampolicy.Statement) error) (*iampolicy.Document, error) {
	d, err := iampolicy.Parse(text)
	if err != nil {
		return nil, refuse(malformedPolicy, "%v", err)
	}
	sids := map[string]bool{}
	for _, s := range d.Statements {
		switch {
		case !a.pattern("[0-9A-Za-z]*").MatchString(s.Sid):
			return nil, refuse(malformedPolicy, "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
		case s.Sid != "" && sids[s.Sid]:
			return nil, refuse(malformedPolicy, "Statement IDs (SID) in a single policy must be unique.")
		case s.Effect != "Allow" && s.Effect != "Deny":
			return nil, refuse(malformedPolicy, "Syntax errors in policy.")
		case len(s.Action)+len(s.NotAction) == 0:
			return nil, refuse(malformedPolicy, "Policy statement must contain actions.")
		case s.Action != nil && s.NotAction != nil, s.Resource != nil && s.NotResource != nil, s.Principal != nil && s.NotPrincipal != nil:
			return nil, refuse(malformedPolicy, "Syntax errors in policy.")
		}
		sids[s.Sid] = true
		if err := a.checkNames(s); err != nil {
			return nil, err
		}
		if err := rule(s); err != nil {
			return nil, err
		}
		if err := a.checkConditions(s); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// checkNames checks the form of a statement's actions and resources.
func (a *Account) checkNames(s iampolicy.Statement) error {
	for _, action := range slices.Concat(s.Action, s.NotAction) {
		if !a.pattern(`\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+`).MatchString(action) {
			return refuse(malformedPolicy, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		}
	}
	for _, resource := range slices.Concat(s.Resource, s.NotResource) {
		parts := strings.SplitN(resource, ":", 6)
		switch {
		case resource == "*":
		case len(parts) < 6 || parts[0] != "arn":
			return refuse(malformedPolicy, "Resource %s must be in ARN format or \"*\".", resource)
		case parts[1] != a.partition && parts[1] != "*":
			return refuse(malformedPolicy, "Partition \"%s\" is not valid for resource \"%s\".", parts[1], resource)
		}
	}
	return nil
}

// checkPrincipals checks who is named in a trust policy. A principal of this account must exist.
func (a *Account) checkPrincipals(named iampolicy.Principals) error {
	for kind, names := range named {
		for _, name := range names {
			if !a.validPrincipal(kind, name) {
				return refuse(malformedPolicy, "Invalid principal in policy: \"%s\":\"%s\"", kind, name)
			}
		}
	}
	return nil
}

func (a *Account) validPrincipal(kind, name string) bool {
	switch kind {
	case "*":
		return true
	case "Service":
		return a.pattern(`[a-z0-9.-]+\.amazonaws\.com(\.cn)?`).MatchString(name)
	case "Federated":
		return a.pattern(`arn:` + a.partition + `:iam::\d{12}:(saml|oidc)-provider/.+|[a-z0-9.-]+\.[a-z]+`).MatchString(name)
	case "CanonicalUser":
		return false // S3's alone
	case "AWS":
		if name == "*" || a.pattern(`\d{12}`).MatchString(name) {
			return true
		}
		if !a.pattern(`arn:` + a.partition + `:(iam::\d{12}:(root|(user|role)/.+)|sts::\d{12}:(assumed-role|federated-user)/.+)`).MatchString(name) {
			return false
		}
		return !strings.HasPrefix(name, a.arn("")) || name == a.arn("root") || a.exists(name)
	}
	return false
}

// checkConditions checks a statement's operators and the form of its keys.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
func (a *Account) checkConditions(s iampolicy.Statement) error {
	for operator, tests := range s.Condition {
		if !a.pattern(`(ForAllValues:|ForAnyValue:)?(Null|(` +
			`String(Not)?(Equals(IgnoreCase)?|Like)|Numeric(Not)?Equals|Numeric(Less|Greater)Than(Equals)?|` +
			`Date(Not)?Equals|Date(Less|Greater)Than(Equals)?|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like)` +
			`)(IfExists)?)`).MatchString(operator) {
			return refuse(malformedPolicy, "Invalid Condition type : %s.", operator)
		}
		for key := range tests {
			if !a.pattern(`[A-Za-z0-9-]+:.+`).MatchString(key) {
				return refuse(malformedPolicy, "Condition key %s must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", key)
			}
		}
	}
	return nil
}

// encoded is a document as IAM returns all documents: URL-encoded in compliance with RFC 3986.
func encoded(document string) *string {
	text := strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
	return &text
}
