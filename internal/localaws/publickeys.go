package localaws

import (
	"context"
	"crypto/md5" //nolint:gosec // a fingerprint, as IAM shows it
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxSSHKeys = 5 // SSH public keys of a user

type sshKey struct {
	ID, Body string
	Uploaded time.Time
}

func (k *sshKey) id() string { return k.ID }

// keyBytes reads an RSA public key in the ssh-rsa or the PEM encoding.
func keyBytes(body string) ([]byte, error) {
	if block, _ := pem.Decode([]byte(body)); block != nil {
		return block.Bytes, nil
	}
	fields := strings.Fields(body)
	if len(fields) < 2 || fields[0] != "ssh-rsa" {
		return nil, &iamtypes.UnrecognizedPublicKeyEncodingException{Message: aws.String("The public key must be encoded in ssh-rsa or PEM format.")}
	}
	key, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil || len(key) == 0 {
		return nil, &iamtypes.InvalidPublicKeyException{Message: aws.String("The public key is malformed or otherwise invalid.")}
	}
	return key, nil
}

// UploadSSHPublicKey gives a user an SSH key for CodeCommit.
func (c *IAM) UploadSSHPublicKey(ctx context.Context, in *iam.UploadSSHPublicKeyInput, _ ...func(*iam.Options)) (*iam.UploadSSHPublicKeyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UploadSSHPublicKeyOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		key, err := keyBytes(*in.SSHPublicKeyBody)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(u.SSHKeys, func(k *sshKey) bool { return k.Body == *in.SSHPublicKeyBody }) {
			return nil, &iamtypes.DuplicateSSHPublicKeyException{Message: aws.String("The SSH public key is already associated with the user.")}
		}
		if len(u.SSHKeys) >= maxSSHKeys {
			return nil, limitExceeded("Cannot exceed quota for SSHPublicKeysPerUser: %d", maxSSHKeys)
		}
		held := &sshKey{ID: uniqueID("APKA"), Body: *in.SSHPublicKeyBody, Uploaded: tx.now}
		u.SSHKeys = append(u.SSHKeys, held)
		return &iam.UploadSSHPublicKeyOutput{SSHPublicKey: &iamtypes.SSHPublicKey{
			Fingerprint:      aws.String(strings.ReplaceAll(fmt.Sprintf("% x", md5.Sum(key)), " ", ":")), //nolint:gosec // see above
			SSHPublicKeyBody: in.SSHPublicKeyBody,
			SSHPublicKeyId:   aws.String(held.ID),
			Status:           active,
			UploadDate:       stamp(held.Uploaded),
			UserName:         aws.String(u.Name),
		}}, nil
	})
}

// ListSSHPublicKeys lists a user's SSH keys, without their bodies.
func (c *IAM) ListSSHPublicKeys(ctx context.Context, in *iam.ListSSHPublicKeysInput, _ ...func(*iam.Options)) (*iam.ListSSHPublicKeysOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListSSHPublicKeysOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		found, truncated, next, err := page(tx, u.SSHKeys, (*sshKey).id, in.Marker, in.MaxItems)
		out := &iam.ListSSHPublicKeysOutput{IsTruncated: truncated, Marker: next}
		for _, k := range found {
			out.SSHPublicKeys = append(out.SSHPublicKeys, iamtypes.SSHPublicKeyMetadata{
				SSHPublicKeyId: aws.String(k.ID), Status: active, UploadDate: stamp(k.Uploaded), UserName: aws.String(u.Name),
			})
		}
		return out, err
	})
}

// DeleteSSHPublicKey deletes a user's SSH key.
func (c *IAM) DeleteSSHPublicKey(ctx context.Context, in *iam.DeleteSSHPublicKeyInput, _ ...func(*iam.Options)) (*iam.DeleteSSHPublicKeyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteSSHPublicKeyOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(u.SSHKeys, func(k *sshKey) bool { return k.ID == *in.SSHPublicKeyId })
		if i < 0 {
			return nil, noSuchEntity("The SSH Public Key with id %s cannot be found.", *in.SSHPublicKeyId)
		}
		u.SSHKeys = slices.Delete(u.SSHKeys, i, i+1)
		return &iam.DeleteSSHPublicKeyOutput{}, nil
	})
}
