package templates

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const templateReference = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"

const userGuide = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/"

const readersRule = "!Not\n      - Fn::Contains: [!Ref SecretReaders, \"\"]\n"

// sectionRules are about what may stand in which section.
func sectionRules() []launchRule {
	const condition = `HasKmsKey: !Not [!Equals [!Ref KmsKeyId, ""]]`
	return []launchRule{
		{
			name: "rules",
			// "Supported functions", at its end. With others CloudFormation answers "Following
			// functions are not supported in the Rules block of the template":
			// cloudformation-coverage-roadmap issues 921 and 1183, cfn-lint issue 3710. That
			// !Contains takes the Ref of a list, which holds one empty text if it is empty, is
			// known from cfn-lint issue 979.
			source: templateReference + "intrinsic-function-reference-rules.html",
			faults: ruleFaults,
			broken: []broken{
				{samFile, readersRule, "!Not [!Equals [!Join [\"\", !Ref SecretReaders], \"\"]]\n", "Join is not a function that Rules take"},
				{plainFile, readersRule, "!Not [!Equals [!Join [\"\", !Ref SecretReaders], \"\"]]\n", "Join is not a function that Rules take"},
				{stackSetFile, readersRule, "!Not [!Equals [!Join [\"\", !Ref SecretReaders], \"\"]]\n", "Join is not a function that Rules take"},
				{samFile, readersRule, "!Equals [!If [HasTags, a, b], a]\n", "If is not a function that Rules take"},
				{samFile, readersRule, "!Equals [!Select [0, !Ref SecretReaders], \"\"]\n", "Select is not a function that Rules take"},
				{samFile, readersRule, "!Not [Condition: HasSecretReaders]\n", "Condition is not a function that Rules take"},
				{samFile, readersRule, "!Not [!Condition HasSecretReaders]\n", "Condition is not a function that Rules take"},
				{samFile, readersRule, "!Equals [!Ref ProvisionerRole, a]\n", "Ref of ProvisionerRole, which is no parameter"},
				{samFile, "    RuleCondition: " + readersRule, "    Description: a\n    RuleCondition: " + readersRule, "Description is not known"},
				{samFile, "AssertDescription: SecretReaders needs KmsKeyId", "AssertDescription: !Sub SecretReaders needs KmsKeyId", "Sub is not a function that Rules take"},
			},
		},
		{
			name: "conditions",
			// "Supported functions". The page has no Fn::Join; that it is taken is known from
			// templates that launch: see github.com/buildkite/elastic-ci-stack-for-aws,
			// templates/aws-stack.yml, the condition on ManagedPolicyARNs. Fn::Select of Fn::Split is
			// known from AWS ParallelCluster, see cfn-lint issue 876, which makes Fn::Equals take every
			// function that gives a text, as issue 881 asks. Fn::Select finds no item where there is
			// none, and ends the launch, so what is split must have enough parts even if it is empty.
			source: templateReference + "intrinsic-function-reference-conditions.html",
			faults: conditionFaults,
			broken: []broken{
				{samFile, condition, `HasKmsKey: !Equals [!Select [0, !Ref SecretReaders], ""]`, "Select of something else than a split text"},
				{samFile, condition, `HasKmsKey: !Equals [!Select [1, !Split [":", !Ref KmsKeyId]], ""]`, "Select of a part that may not be there"},
				{samFile, condition, `HasKmsKey: !Equals [!Select [2, !Split [":", !Join [":", [!Ref KmsKeyId, ""]]]], ""]`, "Select of a part that may not be there"},
				{samFile, condition, `HasKmsKey: !Equals [!Sub "${KmsKeyId}", ""]`, "Sub is not a function that Conditions take"},
				{samFile, condition, `HasKmsKey: !Equals [!Ref ProvisionerRole, ""]`, "Ref of ProvisionerRole, which is no parameter"},
				{samFile, condition, `HasKmsKey: !Equals [!Join ["", [!Ref KmsKeyId, !Ref SecretReaders]], ""]`, "Join of something else than"},
				{samFile, condition, `HasKmsKey: !Equals [!Ref SecretReaders, ""]`, "Equals of a list"},
			},
		},
		{
			name:   "deletion policies",
			source: templateReference + "aws-attribute-deletionpolicy.html", // Fn::If needs the transform AWS::LanguageExtensions
			faults: func(d document) (faults []string) {
				for _, r := range members(get(d.root, "Resources")) {
					for _, attribute := range []string{"DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Condition", "Type"} {
						for _, c := range calls(get(r.value, attribute), r.name+"/"+attribute) {
							faults = append(faults, c.path+" takes no function")
						}
					}
				}
				return faults
			},
			broken: []broken{
				{samFile, "    DeletionPolicy: Delete\n", "    DeletionPolicy: !If [HasKmsKey, Delete, Retain]\n", "DeletionPolicy takes no function"},
				{stackSetFile, "    UpdateReplacePolicy: Retain\n", "    UpdateReplacePolicy: !If [HasFilter, Delete, Retain]\n", "UpdateReplacePolicy takes no function"},
			},
		},
		{
			name:   "metadata of the template",
			source: userGuide + "metadata-section-structure.html", // "does not transform", so a function would be shown as such
			faults: func(d document) (faults []string) {
				for _, c := range calls(get(d.root, "Metadata"), "Metadata") {
					faults = append(faults, c.path+" calls "+c.name)
				}
				return faults
			},
			broken: []broken{{samFile, "        default: Redis Cloud\n", "        default: !Ref RedisCloudAccountId\n", "calls Ref"}},
		},
		{
			name:   "logical IDs are unique",
			source: userGuide + "parameters-section-structure.html", // "unique among all logical names within the template"
			faults: func(d document) (faults []string) {
				seen := map[string]string{}
				for _, section := range []string{"Parameters", "Rules", "Conditions", "Resources", "Outputs"} {
					for _, m := range members(get(d.root, section)) {
						if other := seen[m.name]; other != "" {
							faults = append(faults, fmt.Sprintf("%s is in %s and in %s", m.name, other, section))
						}
						seen[m.name] = section
					}
				}
				return faults
			},
			broken: []broken{{samFile, "  NamesDiffer:\n", "  Provisioner:\n", "Provisioner is in Rules and in Resources"}},
		},
		{
			name:   "nothing has a name of its own, so CAPABILITY_IAM is enough",
			source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html", // Capabilities
			faults: func(d document) (faults []string) {
				for _, r := range members(get(d.root, "Resources")) {
					for _, name := range []string{"RoleName", "ManagedPolicyName", "UserName", "GroupName", "InstanceProfileName"} {
						if strings.HasPrefix(textOf(get(r.value, "Type")), "AWS::IAM::") && get(r.value, "Properties", name) != nil {
							faults = append(faults, fmt.Sprintf("%s has a %s", r.name, name))
						}
					}
				}
				return faults
			},
			broken: []broken{{samFile, "      Description: Role of the function", "      RoleName: a\n      Description: Role of the function", "ProvisionerRole has a RoleName"}},
		},
	}
}

func ruleFaults(d document) (faults []string) {
	functions := []string{"Ref", "And", "Contains", "EachMemberEquals", "EachMemberIn", "Equals", "Not", "Or", "RefAll", "ValueOf", "ValueOfAll"}
	for _, rule := range members(get(d.root, "Rules")) {
		for _, m := range members(rule.value) {
			if m.name != "RuleCondition" && m.name != "Assertions" {
				faults = append(faults, fmt.Sprintf("%s: %s is not known", rule.name, m.name))
			}
		}
		for _, c := range calls(rule.value, rule.name) {
			switch {
			case !slices.Contains(functions, c.name), strings.HasSuffix(c.path, "/AssertDescription"):
				faults = append(faults, fmt.Sprintf("%s: %s is not a function that Rules take", c.path, c.name))
			case c.name == "Ref" && get(d.root, "Parameters", c.arguments.Value) == nil:
				faults = append(faults, fmt.Sprintf("%s: Ref of %s, which is no parameter", c.path, c.arguments.Value))
			}
		}
		walk(rule.value, rule.name, func(path string, node *yaml.Node) {
			if get(node, "Condition") != nil {
				faults = append(faults, path+": Condition is not a function that Rules take")
			}
		})
	}
	return faults
}

func conditionFaults(d document) (faults []string) {
	list := func(node *yaml.Node) bool {
		return textOf(get(d.root, "Parameters", textOf(node), "Type")) == "CommaDelimitedList"
	}
	for _, c := range calls(get(d.root, "Conditions"), "Conditions") {
		fault := ""
		switch c.name {
		case "And", "Or", "Not", "Condition", "FindInMap":
		case "Equals":
			if name, ref, ok := functionOf(c.argument(0)); ok && name == "Ref" && list(ref) {
				fault = "Equals of a list"
			}
		case "Ref":
			if get(d.root, "Parameters", c.arguments.Value) == nil && !strings.HasPrefix(c.arguments.Value, "AWS::") {
				fault = "Ref of " + c.arguments.Value + ", which is no parameter"
			}
		case "Split":
		case "Select":
			// The parts that a text has at least, which is empty but for what Join puts behind it.
			parts := 1
			name, split, _ := functionOf(c.argument(1))
			if name != "Split" {
				fault = "Select of something else than a split text"
				break
			}
			if name, join, _ := functionOf(split.Content[1]); name == "Join" && textOf(join.Content[0]) == textOf(split.Content[0]) {
				parts = len(join.Content[1].Content)
			}
			if i, err := strconv.Atoi(textOf(c.argument(0))); err != nil || i >= parts {
				fault = "Select of a part that may not be there"
			}
		case "Join":
			name, ref, ok := functionOf(c.argument(1))
			whole := ok && name == "Ref" && list(ref)
			texts := !ok && !slices.ContainsFunc(c.argument(1).Content, func(item *yaml.Node) bool {
				_, ref, ok := functionOf(item)
				return ok && list(ref)
			})
			if !whole && !texts {
				fault = "Join of something else than a parameter that is a list, or of texts"
			}
		default:
			fault = c.name + " is not a function that Conditions take"
		}
		if fault != "" {
			faults = append(faults, c.path+": "+fault)
		}
	}
	return faults
}
