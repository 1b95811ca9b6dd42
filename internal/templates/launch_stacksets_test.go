package templates

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// stackSetRules are about what a StackSet with service-managed permissions takes.
func stackSetRules() []launchRule {
	const apiReference = "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/"
	return []launchRule{
		{
			name:   "the template of a StackSet has no macro and no nested stack",
			source: userGuide + "stacksets-custom-execution-role.html", // "can't provision nested stacks, transforms, or macros"
			files:  []string{plainFile},
			faults: func(d document) (faults []string) {
				if get(d.root, "Transform") != nil {
					faults = append(faults, "it has a Transform")
				}
				walk(d.root, "", func(path string, node *yaml.Node) {
					if name, _, _ := functionOf(node); name == "Transform" || get(node, "Fn::Transform") != nil {
						faults = append(faults, path+" calls a macro")
					}
				})
				for _, r := range members(get(d.root, "Resources")) {
					kind := textOf(get(r.value, "Type"))
					for _, prefix := range []string{"AWS::CloudFormation::", "AWS::Serverless::"} {
						if strings.HasPrefix(kind, prefix) {
							faults = append(faults, fmt.Sprintf("%s is a %s", r.name, kind))
						}
					}
				}
				return faults
			},
			broken: []broken{
				{plainFile, "\nParameters:\n", "\nTransform: AWS::LanguageExtensions\nParameters:\n", "it has a Transform"},
				{plainFile, "Type: AWS::Lambda::Function", "Type: AWS::Serverless::Function", "Provisioner is a AWS::Serverless::Function"},
				{plainFile, "\nResources:\n", "\nResources:\n  Nested:\n    Type: AWS::CloudFormation::Stack\n", "Nested is a AWS::CloudFormation::Stack"},
				{plainFile, "ServiceTimeout: 1200\n", "ServiceTimeout: 1200\n      Fn::Transform: {Name: AWS::Include}\n", "calls a macro"},
				{plainFile, "ServiceTimeout: 1200\n", "ServiceTimeout: !Transform {Name: AWS::Include}\n", "calls a macro"},
			},
		},
		{
			name:   "the StackSet",
			source: apiReference + "API_CreateStackSet.html",
			files:  []string{stackSetFile},
			faults: func(d document) (faults []string) {
				set := get(d.root, "Resources", "StackSet", "Properties")
				for _, name := range []string{"AdministrationRoleARN", "ExecutionRoleName"} {
					if get(set, name) != nil {
						faults = append(faults, name+" is for self-managed permissions")
					}
				}
				if get(set, "AutoDeployment") == nil {
					faults = append(faults, "AutoDeployment is required with service-managed permissions")
				}
				if !strings.HasPrefix(textOf(get(set, "TemplateURL")), "https://") {
					faults = append(faults, "TemplateURL must begin with https://")
				}
				if capabilities := get(set, "Capabilities"); len(capabilities.Content) != 1 || capabilities.Content[0].Value != "CAPABILITY_IAM" {
					faults = append(faults, "Capabilities are others than CAPABILITY_IAM")
				}
				return faults
			},
			broken: []broken{
				{stackSetFile, "      CallAs: !", "      ExecutionRoleName: a\n      CallAs: !", "is for self-managed"},
				{stackSetFile, "      AutoDeployment:\n        Enabled", "      Automatic:\n        Enabled", "AutoDeployment is required"},
				{stackSetFile, `"https://${Art`, `"http://${Art`, "must begin with https://"},
				{stackSetFile, "[CAPABILITY_IAM]", "[CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND]", "others than CAPABILITY_IAM"},
			},
		},
	}
}

// The Regions of every partition, as the endpoint rules of AWS's SDKs have them: one of each form,
// and the longest names.
func TestEveryRegionFits(t *testing.T) {
	plain := documentOf(t, plainFile, read(t, plainFile))
	set := documentOf(t, stackSetFile, read(t, stackSetFile))
	home := regexp.MustCompile(textOf(get(set.root, "Parameters", "HomeRegion", "AllowedPattern")))
	prefix := regexp.MustCompile(textOf(get(plain.root, "Parameters", "ArtifactBucketPrefix", "AllowedPattern")))

	longest := ""
	for n := range 64 {
		if text := strings.Repeat("x", n); prefix.MatchString(text) {
			longest = text
		}
	}
	for _, region := range []string{
		"us-east-1", "ap-southeast-7", "ap-northeast-3", "cn-northwest-1", "us-gov-west-1", "eusc-de-east-1",
		"us-iso-east-1", "us-isob-west-1", "eu-isoe-west-1", "us-isof-south-1",
	} {
		assert.Regexp(t, home, region)
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
		assert.LessOrEqual(t, len(longest+"-"+region), 63, region)
	}
	require.Len(t, longest, 47, "no shorter than it must be")
	for _, text := range []string{"us", "us-east", "US-EAST-1", "us-east-1a", "us-east-1,eu-west-1", "x"} {
		assert.NotRegexp(t, home, text)
	}
}
