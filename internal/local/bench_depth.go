package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"redis-cloud-iam/internal/localaws"
)

// trip is what each call takes: so much that the rest is nothing beside it.
const trip = 50 * time.Millisecond

// depths counts the calls of each event and how many of them wait for one another, and confirms it by the time that it
// takes. Beside Create it measures the same work as a person would write it down: one call after the other.
func (b *bench) depths(ctx context.Context) error {
	bootstrap, err := b.compile(ctx, theFunction, false)
	if err != nil {
		return err
	}
	meter := &meter{next: localaws.New(localaws.Options{}), latency: trip}
	receiver, api := newReceiver(), newRuntimeAPI()
	cloud, answers, runtime := httptest.NewServer(meter), httptest.NewServer(receiver), httptest.NewServer(api)
	defer cloud.Close()
	defer answers.Close()
	defer runtime.Close()
	function, err := startFunction(ctx, bootstrap, runtime.Listener.Addr().String(), cloud.URL, "us-east-1")
	if err != nil {
		return err
	}
	defer function.stop()

	straight, err := straightLine(ctx)
	if err != nil {
		return err
	}
	targets := map[string]string{"create": "≤ 5", "update-noop": "≤ 2", "rotate": "≤ 4", "delete-renamed": "≤ 4", "delete-unprotected": "≤ 3"}
	for i, name := range []string{
		"create", "update-noop", "rotate", "rotate-back", "update-in-place", "rename", "clean-up", "delete-renamed",
		"create", "delete-unprotected",
	} {
		scenes, err := load([]string{filepath.Join("events", name+".json")})
		if err != nil {
			return err
		}
		payload, err := scenes[0].payload(answers.URL + "/answer")
		if err != nil {
			return err
		}
		begin := time.Now()
		if err := api.invoke(ctx, payload, time.Minute, function.died); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took := time.Since(begin)
		if came, _, _ := receiver.take(); len(came) != 1 || came[0].Status != cfn.StatusSuccess {
			return fmt.Errorf("%s: the answer is not one SUCCESS", name)
		}
		calls := meter.take()
		if name == "create" && i > 0 {
			continue // for the Delete that follows
		}
		ours := fmt.Sprintf("%d trips, %d calls", localaws.RoundTrips(calls), len(calls))
		b.add(name+", in trips of "+trip.String(), ours, trip.String(), ratio(took.Seconds(), trip.Seconds()), targets[name])
		if name == "create" {
			b.add("  the same in a straight line", fmt.Sprintf("%d calls in a row", straight.calls), trip.String(), ratio(straight.took.Seconds(), trip.Seconds()), "")
			if peak := memoryOf(function.command.Process.Pid, "VmHWM"); peak > 0 {
				b.add("memory at the peak of Create", fmt.Sprintf("%.1f MB", float64(peak)/1024), "", "", "")
			}
		}
	}
	return nil
}

// line is what the straight line cost.
type line struct {
	calls int
	took  time.Duration
}

// straightLine does the work of a Create one call after the other, without a look at what is there, without tags of
// ownership, and without a thought of what happens when it stops in the middle.
func straightLine(ctx context.Context) (line, error) {
	server := httptest.NewServer(&meter{next: localaws.New(localaws.Options{}), latency: trip})
	defer server.Close()
	config := aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("LOCALFUNCTION", "not-a-secret", ""),
	}
	users, secrets := iam.NewFromConfig(config), secretsmanager.NewFromConfig(config)
	const (
		arn    = "arn:aws:iam::123456789012:policy/"
		policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}]}`
		trust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	)
	node, person, user, secret := aws.String("node"), aws.String("person"), aws.String("user"), aws.String("secret")
	var key *iam.CreateAccessKeyOutput
	steps := []func() error{
		func() error {
			return only(users.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("nodes"), PolicyDocument: aws.String(policy)}))
		},
		func() error {
			return only(users.CreateRole(ctx, &iam.CreateRoleInput{RoleName: node, AssumeRolePolicyDocument: aws.String(trust)}))
		},
		func() error {
			return only(users.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: node, PolicyArn: aws.String(arn + "nodes")}))
		},
		func() error {
			return only(users.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: node}))
		},
		func() error {
			return only(users.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: node, RoleName: node}))
		},
		func() error {
			return only(users.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("users"), PolicyDocument: aws.String(policy)}))
		},
		func() error { return only(users.CreateUser(ctx, &iam.CreateUserInput{UserName: user})) },
		func() error {
			return only(users.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: aws.String(arn + "users")}))
		},
		func() error {
			return only(users.CreateRole(ctx, &iam.CreateRoleInput{RoleName: person, AssumeRolePolicyDocument: aws.String(trust)}))
		},
		func() error {
			return only(users.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: person, PolicyArn: aws.String(arn + "users")}))
		},
		func() (err error) {
			key, err = users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user})
			return err
		},
		func() error {
			return only(secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: secret, SecretString: key.AccessKey.SecretAccessKey}))
		},
		func() error {
			return only(secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: secret}))
		},
		func() error {
			config.Credentials = credentials.NewStaticCredentialsProvider(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
			return only(sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
		},
	}
	begin := time.Now()
	for _, step := range steps {
		if err := step(); err != nil {
			return line{}, fmt.Errorf("the straight line: %w", err)
		}
	}
	return line{len(steps), time.Since(begin)}, nil
}

// only is the error of a call whose answer nobody needs.
func only[Out any](_ Out, err error) error { return err }
