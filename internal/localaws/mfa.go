package localaws

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxDevices = 8 // MFA devices of a user

// mfaDevice is a virtual MFA device. Unassigned, it has no user.
type mfaDevice struct {
	Serial  string // its ARN
	User    string
	Enabled time.Time
	Tags    []tag
}

func (d *mfaDevice) serial() string { return d.Serial }

// devicesOf returns a user's MFA devices.
func (s *state) devicesOf(u *user) []*mfaDevice {
	var devices []*mfaDevice
	for _, serial := range slices.Sorted(maps.Keys(s.MFADevices)) {
		if d := s.MFADevices[serial]; d.User == u.Name {
			devices = append(devices, d)
		}
	}
	return devices
}

func (tx *tx) device(serial *string) (*mfaDevice, error) {
	d, ok := find(tx.state.MFADevices, tx.seen.MFADevices, *serial)
	if !ok {
		return nil, noSuchEntity("VirtualMFADevice with serial number %s doesn't exist.", *serial)
	}
	return d, nil
}

// CreateVirtualMFADevice makes an unassigned device and shows its seed, this once.
func (c *IAM) CreateVirtualMFADevice(ctx context.Context, in *iam.CreateVirtualMFADeviceInput, _ ...func(*iam.Options)) (*iam.CreateVirtualMFADeviceOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.CreateVirtualMFADeviceOutput, error) {
		serial := tx.arn("mfa" + cmp.Or(aws.ToString(in.Path), "/") + *in.VirtualMFADeviceName)
		if _, taken := tx.state.MFADevices[serial]; taken {
			return nil, entityExists("MFADevice entity at the same path and name already exists.")
		}
		tags, err := withTags(nil, in.Tags, caseCounts)
		if err != nil {
			return nil, err
		}
		tx.state.MFADevices[serial] = &mfaDevice{Serial: serial, Tags: tags}
		return &iam.CreateVirtualMFADeviceOutput{VirtualMFADevice: &iamtypes.VirtualMFADevice{
			SerialNumber:     aws.String(serial),
			Base32StringSeed: []byte(random(64, base32Alphabet)),
			Tags:             iamTags(tags),
		}}, nil
	})
}

// EnableMFADevice assigns a device to a user. The codes must be two different ones; here any will do.
func (c *IAM) EnableMFADevice(ctx context.Context, in *iam.EnableMFADeviceInput, _ ...func(*iam.Options)) (*iam.EnableMFADeviceOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.EnableMFADeviceOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		d, err := tx.device(in.SerialNumber)
		switch {
		case err != nil:
			return nil, err
		case d.User != "":
			return nil, entityExists("MFA Device is already in use.")
		case len(tx.state.devicesOf(u)) >= maxDevices:
			return nil, limitExceeded("Cannot exceed quota for MfaDevicesPerUser: %d", maxDevices)
		case *in.AuthenticationCode1 == *in.AuthenticationCode2:
			return nil, &iamtypes.InvalidAuthenticationCodeException{Message: aws.String("Authentication code for device is not valid.")}
		}
		d.User, d.Enabled = u.Name, tx.now
		return &iam.EnableMFADeviceOutput{}, nil
	})
}

// DeactivateMFADevice takes a device away from its user. The device remains, unassigned.
func (c *IAM) DeactivateMFADevice(ctx context.Context, in *iam.DeactivateMFADeviceInput, _ ...func(*iam.Options)) (*iam.DeactivateMFADeviceOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeactivateMFADeviceOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		d, err := tx.device(in.SerialNumber)
		if err != nil {
			return nil, err
		}
		if d.User != u.Name {
			return nil, noSuchEntity("MFA Device with serial number %s does not exist for user %s.", d.Serial, u.Name)
		}
		d.User = ""
		return &iam.DeactivateMFADeviceOutput{}, nil
	})
}

// DeleteVirtualMFADevice deletes a device that is not assigned.
func (c *IAM) DeleteVirtualMFADevice(ctx context.Context, in *iam.DeleteVirtualMFADeviceInput, _ ...func(*iam.Options)) (*iam.DeleteVirtualMFADeviceOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteVirtualMFADeviceOutput, error) {
		d, err := tx.device(in.SerialNumber)
		if err != nil {
			return nil, err
		}
		if d.User != "" {
			return nil, deleteConflict("MFA VirtualDevice is assigned to a user. Deactivate it first.")
		}
		delete(tx.state.MFADevices, d.Serial)
		return &iam.DeleteVirtualMFADeviceOutput{}, nil
	})
}

// ListMFADevices lists a user's devices.
func (c *IAM) ListMFADevices(ctx context.Context, in *iam.ListMFADevicesInput, _ ...func(*iam.Options)) (*iam.ListMFADevicesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListMFADevicesOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		devices, truncated, next, err := page(tx, tx.state.devicesOf(u), (*mfaDevice).serial, in.Marker, in.MaxItems)
		out := &iam.ListMFADevicesOutput{IsTruncated: truncated, Marker: next}
		for _, d := range devices {
			out.MFADevices = append(out.MFADevices, iamtypes.MFADevice{
				EnableDate: stamp(d.Enabled), SerialNumber: aws.String(d.Serial), UserName: aws.String(d.User),
			})
		}
		return out, err
	})
}

// ListVirtualMFADevices lists the account's virtual devices, assigned or not.
func (c *IAM) ListVirtualMFADevices(ctx context.Context, in *iam.ListVirtualMFADevicesInput, _ ...func(*iam.Options)) (*iam.ListVirtualMFADevicesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListVirtualMFADevicesOutput, error) {
		wanted := slices.DeleteFunc(slices.Collect(maps.Values(tx.state.MFADevices)), func(d *mfaDevice) bool {
			return in.AssignmentStatus == iamtypes.AssignmentStatusTypeAssigned && d.User == "" ||
				in.AssignmentStatus == iamtypes.AssignmentStatusTypeUnassigned && d.User != ""
		})
		devices, truncated, next, err := page(tx, wanted, (*mfaDevice).serial, in.Marker, in.MaxItems)
		out := &iam.ListVirtualMFADevicesOutput{IsTruncated: truncated, Marker: next}
		for _, d := range devices {
			shown := iamtypes.VirtualMFADevice{SerialNumber: aws.String(d.Serial)}
			if d.User != "" {
				u := tx.state.Users[fold(d.User)].listed()
				shown.User, shown.EnableDate = &u, stamp(d.Enabled)
			}
			out.VirtualMFADevices = append(out.VirtualMFADevices, shown)
		}
		return out, err
	})
}
