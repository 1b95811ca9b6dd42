package spec

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Account says where the entities live.
type Account struct {
	Partition string // aws, aws-us-gov, aws-cn
	ID        string // 12 digits
	Region    string // of the secrets; IAM is global
}

// ParseStackID reads the account of a CloudFormation stack from the stack's ARN.
func ParseStackID(arn string) (Account, error) {
	m := regexp.MustCompile(`^arn:(aws[a-z-]*):cloudformation:([a-z0-9-]+):(\d{12}):stack/[^/]+/[^/]+$`).FindStringSubmatch(arn)
	if m == nil {
		return Account{}, &RefusedError{Heading: Invalid, Reasons: []string{
			fmt.Sprintf("StackId %s is not the ARN of a stack; it must look like arn:aws:cloudformation:<region>:<account>:stack/<name>/<id>", quote(arn)),
		}}
	}
	return Account{Partition: m[1], Region: m[2], ID: m[3]}, nil
}

// IAMARN is the ARN of an IAM entity, such as IAMARN("role", "redislabs-role").
func (a Account) IAMARN(kind, name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s/%s", a.Partition, a.ID, kind, name)
}

// SignInURL is where an IAM user of the account signs in to the console.
func (a Account) SignInURL() string {
	return fmt.Sprintf("https://%s.signin.%s/console", a.ID, a.consoleDomain())
}

// SecretURL is the page of the console that shows the secret to those who may read it.
func (a Account) SecretURL(name string) string {
	return fmt.Sprintf("https://%s.console.%s/secretsmanager/secret?name=%s&region=%s",
		a.Region, a.consoleDomain(), url.QueryEscape(name), a.Region)
}

// consoleDomain is what the addresses of the console and of the sign-in page end in. The rules for
// the endpoint of AWS's service "signin", which the SDKs carry, have it for every partition.
func (a Account) consoleDomain() string {
	return cmp.Or(map[string]string{
		"aws-cn":     "amazonaws.cn",
		"aws-us-gov": "amazonaws-us-gov.com",
		"aws-eusc":   "amazonaws-eusc.eu",
		"aws-iso":    "c2shome.ic.gov",
		"aws-iso-b":  "sc2shome.sgov.gov",
		"aws-iso-e":  "csphome.adc-e.uk",
		"aws-iso-f":  "csphome.hci.ic.gov",
	}[a.Partition], "aws.amazon.com")
}

// DefaultKMSKey is the key that Secrets Manager uses where none is given. DescribeSecret leaves it
// out.
const DefaultKMSKey = "alias/aws/secretsmanager"

// SameKMSKey compares two names of a key. AWS may answer with an ARN where an ID of this account
// was given. "" is the account's key for Secrets Manager.
func (a Account) SameKMSKey(one, other string) bool {
	own := fmt.Sprintf("arn:%s:kms:%s:%s:", a.Partition, a.Region, a.ID)
	short := func(id string) string {
		if id = strings.TrimPrefix(strings.TrimPrefix(id, own), "key/"); id == DefaultKMSKey {
			return ""
		}
		return id
	}
	return short(one) == short(other)
}
