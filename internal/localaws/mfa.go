package localaws

import (
	"cmp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

const maxDevices = 8 // MFA devices of a user

// mfaDevice is a virtual MFA device. Unassigned, it has no user.
type mfaDevice struct {
	Serial  string // its ARN
	User    string
	Enabled time.Time
}

// devicesOf returns a user's MFA devices.
func (s *state) devicesOf(u *user) []*mfaDevice {
	return slices.DeleteFunc(ordered(s.MFADevices), func(d *mfaDevice) bool { return d.User != u.Name })
}

// CreateVirtualMFADevice makes an unassigned device and shows its seed, this once.
func (tx *tx) CreateVirtualMFADevice() error {
	serial := tx.arn("mfa" + cmp.Or(tx.in.text("Path"), "/") + tx.in.text("VirtualMFADeviceName"))
	if _, taken := tx.state.MFADevices[serial]; taken {
		return refuse(entityExists, "MFADevice entity at the same path and name already exists.")
	}
	tx.state.MFADevices[serial] = &mfaDevice{Serial: serial}
	tx.out.set(members{"VirtualMFADevice": members{"SerialNumber": serial, "Base32StringSeed": []byte(random(64))}})
	return nil
}

// device returns the device that the input names.
func (tx *tx) device() (*mfaDevice, error) {
	serial := tx.in.text("SerialNumber")
	if d := tx.state.MFADevices[serial]; d != nil && tx.seen.MFADevices[serial] != nil {
		return d, nil
	}
	return nil, refuse(noSuchEntity, "VirtualMFADevice with serial number %s doesn't exist.", serial)
}

// EnableMFADevice assigns a device to a user. The codes must be two different ones; here any will
// do.
func (tx *tx) EnableMFADevice(in *iam.EnableMFADeviceInput, u *user, d *mfaDevice) error {
	switch {
	case d.User != "":
		return refuse(entityExists, "MFA Device is already in use.")
	case len(tx.state.devicesOf(u)) >= maxDevices:
		return refuse(limitExceeded, "Cannot exceed quota for MfaDevicesPerUser: %d", maxDevices)
	case *in.AuthenticationCode1 == *in.AuthenticationCode2:
		return refuse("InvalidAuthenticationCode", "Authentication code for device is not valid.")
	}
	d.User, d.Enabled = u.Name, tx.now
	return nil
}

// DeactivateMFADevice takes a device away from its user. The device remains, unassigned.
func (tx *tx) DeactivateMFADevice(u *user, d *mfaDevice) error {
	if d.User != u.Name {
		return refuse(noSuchEntity, "MFA Device with serial number %s does not exist for user %s.", d.Serial, u.Name)
	}
	d.User = ""
	return nil
}

// DeleteVirtualMFADevice deletes a device that is not assigned.
func (tx *tx) DeleteVirtualMFADevice(d *mfaDevice) error {
	if d.User != "" {
		return refuse(deleteConflict, "MFA VirtualDevice is assigned to a user. Deactivate it first.")
	}
	delete(tx.state.MFADevices, d.Serial)
	return nil
}

func (tx *tx) ListMFADevices(u *user) {
	tx.out.set(members{"MFADevices": each(tx.state.devicesOf(u), func(d *mfaDevice) members {
		return members{"EnableDate": stamp(d.Enabled), "SerialNumber": d.Serial, "UserName": u.Name}
	})})
}
