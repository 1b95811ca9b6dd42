package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// zips are the files with the code of the functions that the template has, by their logical IDs.
func zips() map[string]string {
	return map[string]string{"Provisioner": "provisioner.zip", "Watcher": "watcher.zip"}
}

// line is a line of YAML in a map at two spaces, or nothing where there is no value.
func line(key, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("\n  %s: %q", key, value)
}

// plain makes the template without a transform of a template.yaml. StackSets with service-managed
// permissions and people who review a template take no other. The function's code comes from a
// bucket of the stack's Region. Everything that the SAM translator writes is written as it writes
// it, so that a stack can be moved from one template to the other without a change. A thing in the
// SAM template that this does not know is an error.
func (s *source) plain(version string, artifacts Artifacts) ([]byte, error) {
	s.known()
	edits := []edit{
		{0, 0, indented(0, header)},
		s.replace(s.at("Transform")),
		s.replace(s.at("Metadata", "AWS::ServerlessRepo::Application")),
		s.add(indented(6, groupOfArtifacts), "Metadata", "AWS::CloudFormation::Interface", "ParameterGroups"),
		s.add(indented(6, labelOfArtifacts), "Metadata", "AWS::CloudFormation::Interface", "ParameterLabels"),
		s.add(append([]string{""}, indented(2, fmt.Sprintf(parameter, line("Default", artifacts.Prefix)))...), "Parameters"),
	}
	for _, name := range slices.Sorted(maps.Keys(zips())) {
		zip := zips()[name]
		edits = append(edits, s.function(name, fmt.Sprintf(code, Key(version, zip), line("S3ObjectVersion", artifacts.Versions[zip])))...)
	}
	if s.err != nil {
		return nil, s.err
	}
	return s.apply(edits), nil
}

// The parts that the plain template has and the SAM template has not.
const (
	header = `
# Made of template.yaml by "make templates". Edit that, and not this.
#
# The plain template: no transform, no macro, no nested stack. The function's code comes from the bucket
# <ArtifactBucketPrefix>-<Region>, because Lambda takes code from its own Region only.
`
	groupOfArtifacts = `
- Label:
    default: Where the function's code comes from
  Parameters:
    - ArtifactBucketPrefix
`
	labelOfArtifacts = `
ArtifactBucketPrefix:
  default: Prefix of the bucket's name
`
	parameter = `
ArtifactBucketPrefix:%s
  Type: String
  Description: The function's code is read from the bucket <prefix>-<Region>. "make publish" fills it.
  # A bucket's name has at most 63 characters, and the longest name of a Region 15, with a dash before it.
  AllowedPattern: "^[a-z0-9][a-z0-9-]{1,45}[a-z0-9]$"
  ConstraintDescription: 3 to 47 lower-case letters, digits and dashes, the beginning of a bucket's name.
`
	code = `
Code:
  S3Bucket: !Sub "${ArtifactBucketPrefix}-${AWS::Region}"
  S3Key: %s%s
`
	createdBy = `
# As the SAM translator writes it, so that a stack may change between the two templates.
Tags:
  - Key: lambda:createdBy
    Value: SAM
`
	invokeConfig = `
%[1]sEventInvokeConfig:
  Type: AWS::Lambda::EventInvokeConfig
%[2]s  Properties:
    DestinationConfig: {}
    FunctionName: !Ref %[1]s
    Qualifier: $LATEST
`
)

// known faults what this does not know how to translate.
func (s *source) known() {
	sections := []string{"AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Rules", "Conditions", "Resources", "Outputs"}
	for _, e := range s.entries(s.at()) {
		if !slices.Contains(sections, e.name) {
			s.fault("section %s is not known", e.name)
		}
	}
	for _, e := range s.entries(s.at("Resources")) {
		kind := s.at("Resources", e.name, "Type").value.Value
		serverless := strings.HasPrefix(kind, "AWS::Serverless::")
		if serverless && (zips()[e.name] == "" || kind != "AWS::Serverless::Function") {
			s.fault("resource %s is of type %s, which is not known", e.name, kind)
		}
	}
}

// function is the edits that put Lambda's own resources in the place of SAM's.
func (s *source) function(name, code string) (edits []edit) {
	condition := "" // the line that all of them have
	for _, e := range s.entries(s.at("Resources", name)) {
		switch e.name {
		case "Type":
			edits = append(edits, s.replace(e, "    Type: AWS::Lambda::Function"))
		case "Metadata": // how sam build builds it
			edits = append(edits, s.replace(e))
		case "Condition":
			condition = fmt.Sprintf("  Condition: %s\n", e.value.Value)
		case "DependsOn", "Properties":
		default:
			s.fault("attribute %s of %s is not known", e.name, name)
		}
	}
	end := indented(6, createdBy)
	for _, e := range s.entries(s.at("Resources", name, "Properties")) {
		switch e.name {
		case "Architectures", "Description", "Environment", "Handler", "LoggingConfig", "MemorySize", "Role", "Runtime", "Timeout":
		case "CodeUri":
			edits = append(edits, s.replace(e, indented(6, code)...))
		case "EventInvokeConfig":
			edits = append(edits, s.replace(e))
			end = append(end, s.invokeConfig(e, name, condition)...)
		default:
			s.fault("property %s of %s is not known", e.name, name)
		}
	}
	return append(edits, s.add(end, "Resources", name, "Properties"))
}

// invokeConfig is the resource that the property becomes, under the comment that it had.
func (s *source) invokeConfig(e entry, name, condition string) []string {
	lines := []string{""}
	for _, line := range s.lines[e.first : e.value.Line-2] {
		lines = append(lines, strings.TrimPrefix(line, "    "))
	}
	lines = append(lines, indented(2, fmt.Sprintf(invokeConfig, name, condition))...)
	for _, setting := range s.entries(e) {
		if setting.value.Kind != yaml.ScalarNode || setting.name != "MaximumRetryAttempts" && setting.name != "MaximumEventAgeInSeconds" {
			s.fault("%s of EventInvokeConfig is not known", setting.name)
		}
		lines = append(lines, fmt.Sprintf("      %s: %s", setting.name, setting.value.Value))
	}
	return lines
}
