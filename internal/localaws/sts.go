package localaws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// GetCallerIdentity tells who calls. It needs no permission, and no policy can forbid it.
//
// See https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
func (c *STS) GetCallerIdentity(ctx context.Context, in *sts.GetCallerIdentityInput, _ ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*sts.GetCallerIdentityOutput, error) {
		out := &sts.GetCallerIdentityOutput{
			Account: aws.String(tx.id),
			Arn:     aws.String(tx.ownARN()),
			UserId:  aws.String("AROALOCALAWS00000000:" + ownSession),
		}
		if tx.caller != nil {
			out.Arn, out.UserId = aws.String(tx.caller.ARN), aws.String(tx.caller.ID)
		}
		return out, nil
	})
}
