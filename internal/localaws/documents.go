package localaws

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"redis-cloud-iam/internal/iampolicy"
)

// What IAM asks of a policy beyond the grammar. The errors are MalformedPolicyDocument, in IAM's
// words where they are known.

// when is what IAM says if something is wrong, or "".
func when(wrong bool, says string) string {
	if wrong {
		return says
	}
	return ""
}

// checkIdentityPolicy checks a policy of a user, a group or a role.
func (tx *tx) checkIdentityPolicy(text string) error {
	_, err := tx.checkPolicy(text, func(s iampolicy.Statement) string {
		return cmp.Or(
			when(s.Principal != nil || s.NotPrincipal != nil, "Policy document should not specify a principal."),
			when(len(s.Resource)+len(s.NotResource) == 0, "Policy statement must contain resources."),
		)
	})
	return err
}

// checkTrustPolicy checks a policy that says who may assume a role.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.
func (tx *tx) checkTrustPolicy(text string) error {
	_, err := tx.checkPolicy(text, func(s iampolicy.Statement) string {
		return cmp.Or(
			when(s.Resource != nil || s.NotResource != nil, "Has prohibited field Resource"),
			when(s.NotPrincipal != nil, "AssumeRolepolicy contained an invalid principal: NotPrincipal is not supported."),
			when(len(s.Principal) == 0, "Missing required field Principal"),
			when(len(s.NotAction) > 0 || slices.ContainsFunc(s.Action, notSTS), "AssumeRole policy may only specify STS AssumeRole actions."),
			tx.wrongPrincipal(s.Principal),
		)
	})
	return err
}

// checkResourcePolicy checks the policy of a secret. It must name principals and resources.
//
// See https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html.
func (tx *tx) checkResourcePolicy(text string) (*iampolicy.Document, error) {
	return tx.checkPolicy(text, func(s iampolicy.Statement) string {
		return cmp.Or(
			when(len(s.Principal)+len(s.NotPrincipal) == 0, "Missing required field Principal"),
			when(len(s.Resource)+len(s.NotResource) == 0, "Policy statement must contain resources."),
			when(tx.wrongPrincipal(s.Principal)+tx.wrongPrincipal(s.NotPrincipal) != "", "This resource policy contains an unsupported principal."),
		)
	})
}

func notSTS(action string) bool { return !strings.HasPrefix(fold(action), "sts:") }

// checkPolicy reads a policy and checks what all kinds of policy have in common, and each statement
// by the rules of its kind.
func (tx *tx) checkPolicy(text string, rules func(iampolicy.Statement) string) (*iampolicy.Document, error) {
	d, err := iampolicy.Parse(text)
	if err != nil {
		return nil, tx.refuse(malformedPolicy, "%v", err)
	}
	sids := map[string]bool{}
	for _, s := range d.Statements {
		both := s.Action != nil && s.NotAction != nil || s.Resource != nil && s.NotResource != nil ||
			s.Principal != nil && s.NotPrincipal != nil
		wrong := cmp.Or(
			when(!tx.pattern("[0-9A-Za-z]*").MatchString(s.Sid), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"),
			when(s.Sid != "" && sids[s.Sid], "Statement IDs (SID) in a single policy must be unique."),
			when(both || s.Effect != "Allow" && s.Effect != "Deny", "Syntax errors in policy."),
			when(len(s.Action)+len(s.NotAction) == 0, "Policy statement must contain actions."),
			tx.wrongName(s), rules(s), tx.wrongCondition(s),
		)
		if wrong != "" {
			return nil, tx.refuse(malformedPolicy, "%s", wrong)
		}
		sids[s.Sid] = true
	}
	return d, nil
}

// wrongName says what is wrong with the form of a statement's actions and resources.
func (a *Account) wrongName(s iampolicy.Statement) string {
	for _, action := range slices.Concat(s.Action, s.NotAction) {
		if !a.pattern(`\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+`).MatchString(action) {
			return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
		}
	}
	for _, resource := range slices.Concat(s.Resource, s.NotResource) {
		parts := strings.SplitN(resource, ":", 6)
		switch {
		case resource == "*":
		case len(parts) < 6 || parts[0] != "arn":
			return `Resource ` + resource + ` must be in ARN format or "*".`
		case parts[1] != a.partition && parts[1] != "*":
			return `Partition "` + parts[1] + `" is not valid for resource "` + resource + `".`
		}
	}
	return ""
}

// wrongPrincipal says who cannot be named in a policy. A principal of this account must exist.
func (a *Account) wrongPrincipal(named iampolicy.Principals) string {
	for kind, names := range named {
		for _, name := range names {
			if !a.validPrincipal(kind, name) {
				return `Invalid principal in policy: "` + kind + `":"` + name + `"`
			}
		}
	}
	return ""
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
		return !strings.HasPrefix(name, a.arn("")) || name == a.arn("root") ||
			slices.ContainsFunc(a.state.identities(), func(id *identity) bool { return id.ARN == name })
	}
	return false
}

// wrongCondition says what is wrong with a statement's operators and the form of its keys.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
func (a *Account) wrongCondition(s iampolicy.Statement) string {
	for operator, tests := range s.Condition {
		if !a.pattern(`(ForAllValues:|ForAnyValue:)?(Null|(` +
			`String(Not)?(Equals(IgnoreCase)?|Like)|Numeric(Not)?Equals|Numeric(Less|Greater)Than(Equals)?|` +
			`Date(Not)?Equals|Date(Less|Greater)Than(Equals)?|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like)` +
			`)(IfExists)?)`).MatchString(operator) {
			return "Invalid Condition type : " + operator + "."
		}
		for key := range tests {
			if !a.pattern(`[A-Za-z0-9-]+:.+`).MatchString(key) {
				return "Condition key " + key + " must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
			}
		}
	}
	return ""
}

// encoded is a document as IAM returns all documents: URL-encoded in compliance with RFC 3986.
func encoded(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}
