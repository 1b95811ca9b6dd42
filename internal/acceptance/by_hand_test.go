package acceptance

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/byhand"
)

// fiveSteps and vendorsTemplate make what package byhand makes, and return the access key that Redis Cloud got.
func (w *world) fiveSteps() string {
	w.Helper()
	key, err := byhand.FiveSteps(w.Context(), w.iam, "123456789012")
	require.NoError(w, err)
	return key
}

// fiveStepsWithoutAUser is what is left when somebody has deleted the user.
func (w *world) fiveStepsWithoutAUser() {
	w.Helper()
	key, user, ctx := w.fiveSteps(), aws.String("redislabs-user"), w.Context()
	w.must(w.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: &key}))
	w.must(w.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{
		UserName: user, PolicyArn: aws.String("arn:aws:iam::123456789012:policy/RedislabsIAMUserRestrictedPolicy"),
	}))
	w.must(w.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user}))
}

func (w *world) vendorsTemplate() string {
	w.Helper()
	key, err := byhand.VendorsTemplate(w.Context(), w.iam, w.secrets, "123456789012")
	require.NoError(w, err)
	return key
}

// newKey makes a key by hand.
func (w *world) newKey(user string) string {
	w.Helper()
	made, err := w.iam.CreateAccessKey(w.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	require.NoError(w, err)
	return aws.ToString(made.AccessKey.AccessKeyId)
}

func (w *world) must(_ any, err error) {
	w.Helper()
	require.NoError(w, err)
}
