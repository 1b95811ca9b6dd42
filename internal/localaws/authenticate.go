package localaws

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// ownKeyID is the access key ID under which the Lambda's own role calls.
const ownKeyID = "LAMBDALOCALAWS000000"

// A claim is the credentials that a caller shows. The proof reports whether they were made with a
// secret key; it is asked for users alone.
type claim struct {
	id     string
	region string // that the request is signed for
	proof  func(secret string) bool
}

// authenticate returns the user who calls. A caller who does not sign with the access key of a user
// is taken for the Lambda's own role: then the user is nil.
func (a *Account) authenticate(c claim, op operation, now time.Time) (*user, error) {
	u, key := a.state.key(c.id)
	switch {
	case !strings.HasPrefix(c.id, "AKIA"), key == nil && a.anyCaller:
		return nil, nil
	case key == nil, key.Status != active, now.Sub(key.Created) < a.settings.keyDelay:
		return nil, op.refuse("InvalidClientTokenId", "The security token included in the request is invalid.")
	case !c.proof(key.Secret):
		return nil, op.refuse("SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.")
	}
	region := a.region
	if op.service == "iam" { // which has one Region
		region = "us-east-1"
	}
	key.use(op.service, region, now)
	return u, nil
}

// principal is the ARN of who calls, without asking for a proof.
func (a *Account) principal(c claim) string {
	if u, _ := a.state.key(c.id); u != nil {
		return u.ARN
	}
	if strings.HasPrefix(c.id, "AKIA") {
		return c.id
	}
	return a.ownARN()
}

func (a *Account) ownARN() string {
	return "arn:" + a.partition + ":sts::" + a.id + ":assumed-role/localaws/" + ownSession
}

const ownSession = "lambda"

// GetCallerIdentity tells who calls. It needs no permission, and no policy can forbid it.
//
// See https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
func (tx *tx) GetCallerIdentity(out *sts.GetCallerIdentityOutput) {
	out.Account, out.Arn, out.UserId = &tx.id, aws.String(tx.ownARN()), aws.String("AROALOCALAWS00000000:"+ownSession)
	if tx.caller != nil {
		out.Arn, out.UserId = &tx.caller.ARN, &tx.caller.ID
	}
}
