package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"redis-cloud-iam/internal/account"
	"redis-cloud-iam/internal/intrinsics"
	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

// The names of the launch that is planned. No entity has its owner's tag yet, so any stack will do.
const (
	stackName    = "redis-cloud"
	templateFile = "templates/redis-cloud-iam.yaml" // has all parameters
	logicalID    = "RedisCloudIAM"                  // of the custom resource in it
)

// launch is a launch of the stack that has not happened.
type launch struct {
	caller  string // ARN
	desired plan.Desired
}

// parse reads parameters that are written as Name=value.
func parse(args []string) (map[string]string, error) {
	parameters := map[string]string{}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if _, twice := parameters[name]; !ok || twice {
			return nil, fmt.Errorf("%q: give each parameter once, as Name=value, such as: "+
				`make plan PARAMETERS="ExistingEntities=Adopt UserName=redis"`, arg)
		}
		parameters[name] = value
	}
	return parameters, nil
}

// newLaunch is the launch of a template with parameters, in the account of the credentials.
func newLaunch(ctx context.Context, config aws.Config, template []byte, parameters map[string]string) (launch, error) {
	if config.Region == "" {
		return launch{}, errors.New("no Region is set: set AWS_REGION to the one to launch in")
	}
	identity, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return launch{}, fmt.Errorf("ask AWS whose credentials these are (set AWS_PROFILE, or sign in): %w", err)
	}
	caller, err := arn.Parse(aws.ToString(identity.Arn))
	if err != nil {
		return launch{}, fmt.Errorf("read who the caller is: %w", err)
	}
	where := spec.Account{Partition: caller.Partition, ID: aws.ToString(identity.Account), Region: config.Region}
	parsed, err := intrinsics.Parse(template)
	if err != nil {
		return launch{}, fmt.Errorf("%s: %w", templateFile, err)
	}
	properties, err := propertiesOf(parsed, parameters, where)
	if err != nil {
		return launch{}, fmt.Errorf("%s: %w", templateFile, err)
	}
	desired, err := spec.Parse(properties, where)
	if err := withFaults(parsed.ParameterFaults(parameters), err); err != nil {
		return launch{}, told(err)
	}
	stack := fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/not-launched", where.Partition, where.Region, where.ID, stackName)
	return launch{caller.String(), plan.Desired{
		Spec: desired, Account: where, Stack: stack, Owner: spec.ID(stack, logicalID, properties), Event: time.Now(),
	}}, nil
}

// propertiesOf are the properties that the template gives the custom resource.
func propertiesOf(template *intrinsics.Template, parameters map[string]string, where spec.Account) (json.RawMessage, error) {
	properties, err := template.Properties(logicalID, intrinsics.Stack{Account: where, Parameters: parameters})
	if err != nil {
		return nil, err
	}
	// The stack's own boundaries have no ARN before the launch. CloudFormation names them after the
	// stack.
	if own, ok := properties["PermissionsBoundary"].([]any); ok {
		for i, boundary := range own {
			own[i] = where.IAMARN("policy", fmt.Sprintf("%s-%v", stackName, boundary))
		}
	}
	return json.Marshal(properties)
}

// withFaults makes one refusal of the faults of parameters and an error of the properties. A fault
// of both, which have the same name, is named once.
func withFaults(faults map[string]string, err error) error {
	if len(faults) == 0 {
		return err
	}
	refused := &spec.RefusedError{Heading: spec.Invalid, Reasons: slices.Sorted(maps.Values(faults))}
	if more, ok := errors.AsType[*spec.RefusedError](err); ok {
		for _, reason := range more.Reasons {
			if name, _, _ := strings.Cut(reason, ":"); faults[name] == "" {
				refused.Reasons = append(refused.Reasons, reason)
			}
		}
	}
	return refused
}

// preview shows the plan. The error says why the launch would be refused, or why the account cannot
// be read.
func (l launch) preview(ctx context.Context, config aws.Config, out io.Writer) error {
	where := l.desired.Account
	fmt.Fprintf(out, "A launch in account %s, %s, as %s sees it. Nothing is changed.\n\n", where.ID, where.Region, l.caller)
	reader := account.New(config, slog.New(slog.DiscardHandler))
	p, err := reader.Preview(ctx, l.desired)
	refused, ok := errors.AsType[*spec.RefusedError](err)
	switch {
	case denied(err):
		return fmt.Errorf("%w\nThe rights that this needs: make plan PARAMETERS=-rights", err)
	case ok && !l.desired.Spec.Adopt:
		l.desired.Spec.Adopt = true
		_, adopting := reader.Preview(ctx, l.desired)
		return refusal(told(err).Error() + beyond(refused, adopting))
	case err != nil:
		return told(err)
	}
	show(out, p)
	return nil
}

// denied reports whether the caller lacks a right.
func denied(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && strings.HasPrefix(api.ErrorCode(), "AccessDenied")
}

// show writes a plan stage by stage.
func show(out io.Writer, p plan.Plan) {
	for i, stage := range p.Stages {
		label := fmt.Sprintf("stage %d", i+1)
		for _, step := range stage {
			fmt.Fprintf(out, "   %-10s %s %s\n", label, plan.Effect(step), step)
			label = ""
		}
	}
	for _, notice := range p.Notices {
		fmt.Fprintf(out, "   %-10s   %s\n", "note", notice)
	}
	fmt.Fprintln(out, "\n+ make  ~ change  - remove  ? check\n"+
		"The stack itself makes its function, with a role and a log group; two permissions boundaries,\n"+
		"unless PermissionsBoundary is set; and the watcher, if AlarmTopicArn is set.")
}

// refusal is why a launch would be refused, in lines for a person at a terminal.
type refusal string

func (r refusal) Error() string { return string(r) }

// told makes a refusal of an error that is one.
func told(err error) error {
	if refused, ok := errors.AsType[*spec.RefusedError](err); ok {
		return refusal(listed("the launch would be refused:", refused.Reasons, refused.Remedy))
	}
	return err
}

// beyond lists the reasons that are found only where the entities may be adopted. So nobody learns
// of them after the first ones are solved.
func beyond(first *spec.RefusedError, adopting error) string {
	second, ok := errors.AsType[*spec.RefusedError](adopting)
	if !ok {
		return ""
	}
	added := slices.DeleteFunc(second.Reasons, func(text string) bool { return slices.Contains(first.Reasons, text) })
	if len(added) == 0 {
		return ""
	}
	return "\n" + listed("With ExistingEntities=Adopt it would still be refused:", added, second.Remedy)
}

// listed writes faults below a heading, and their remedy after them.
func listed(heading string, faults []string, remedy string) string {
	const item = "\n   ✗ "
	text := heading + item + strings.Join(faults, item)
	if remedy != "" {
		text += "\n" + remedy + "."
	}
	return text
}
