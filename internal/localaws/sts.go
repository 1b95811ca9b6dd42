package localaws

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// GetCallerIdentity tells who calls. It needs no permission, and no policy can forbid it.
//
// See https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
func (tx *tx) GetCallerIdentity(in *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	out := &sts.GetCallerIdentityOutput{
		Account: aws.String(tx.id),
		Arn:     aws.String(tx.ownARN()),
		UserId:  aws.String("AROALOCALAWS00000000:" + ownSession),
	}
	if tx.caller != nil {
		out.Arn, out.UserId = aws.String(tx.caller.ARN), aws.String(tx.caller.ID)
	}
	return out, nil
}
