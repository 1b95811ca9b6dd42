package main

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"redis-cloud-iam/internal/templates"
)

// target is a Region that is published to. Lambda takes code from a bucket of its own Region alone, so each has one.
type target struct {
	region    string
	partition partition
	prefix    string
}

func (t target) bucket() string { return t.prefix + "-" + t.region }

// partition is what differs between AWS, AWS GovCloud (US) and AWS in China.
type partition struct {
	name     string
	home     string // a Region that is always there
	console  string // domain of the console
	services string // domain of S3
}

// partitionOf says which partition a Region is in. The others have no console that is known here.
func partitionOf(region string) (partition, bool) {
	switch {
	case !regexp.MustCompile(`^[a-z]{2}(-gov)?-[a-z]+-\d+$`).MatchString(region):
		return partition{}, false
	case strings.HasPrefix(region, "cn-"):
		return partition{"aws-cn", "cn-north-1", "console.amazonaws.cn", "amazonaws.com.cn"}, true
	case strings.HasPrefix(region, "us-gov-"):
		return partition{"aws-us-gov", "us-gov-west-1", "console.amazonaws-us-gov.com", "amazonaws.com"}, true
	default:
		return partition{"aws", "us-east-1", "console.aws.amazon.com", "amazonaws.com"}, true
	}
}

// prefixPattern is that of the templates' parameter: <prefix>-<Region> can be the name of a bucket, with the longest Region of
// 15 characters, and without dots, which the certificate of S3 does not cover.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const prefixPattern = `^[a-z0-9][a-z0-9-]{1,45}[a-z0-9]$`

func validPrefix(prefix string) bool { return regexp.MustCompile(prefixPattern).MatchString(prefix) }

// targets are the Regions to publish to. The error has all the faults; the targets beside it are those without one.
func targets(prefix string, regions []string) ([]target, error) {
	const example = `as in: make publish REGIONS="us-east-1 eu-central-1" ARTIFACT_BUCKET_PREFIX=my-prefix`
	var faults []error
	switch {
	case prefix == "":
		faults = append(faults, errors.New("ARTIFACT_BUCKET_PREFIX is missing: give the beginning of the buckets' names, "+example))
	case !validPrefix(prefix):
		faults = append(faults, fmt.Errorf("ARTIFACT_BUCKET_PREFIX is %q: the buckets are called <prefix>-<Region>, so give it 3 to 47 lower-case "+
			"letters, digits and hyphens, with a letter or digit at both ends", prefix))
	}
	if len(regions) == 0 {
		faults = append(faults, errors.New("REGIONS is missing: give the Regions to publish to, "+example))
	}
	var found []target
	partitions := map[string]bool{}
	for _, region := range slices.Compact(slices.Sorted(slices.Values(regions))) {
		partition, known := partitionOf(region)
		if !known {
			faults = append(faults, fmt.Errorf("REGIONS: %q is no Region of AWS, AWS GovCloud (US) or AWS in China: write it as us-east-1, "+
				"with spaces between several", region))
			continue
		}
		partitions[partition.name] = true
		found = append(found, target{region, partition, prefix})
	}
	if len(partitions) > 1 {
		faults = append(faults, fmt.Errorf("REGIONS are in several partitions (%s), and credentials are good for one: publish to each by itself",
			strings.Join(slices.Sorted(maps.Keys(partitions)), ", ")))
	}
	if len(partitions) > 1 || !validPrefix(prefix) {
		found = nil
	}
	return found, errors.Join(faults...)
}

// templateURL is where CloudFormation reads the plain template.
func (t target) templateURL(version string) string {
	return fmt.Sprintf("https://%s.s3.%s.%s/%s", t.bucket(), t.region, t.partition.services, templates.Key(version, "redis-cloud-iam.yaml"))
}

// quickCreate is the link to the page of the console that launches the plain template.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stacks-quick-create-links.html
func (t target) quickCreate(version string) string {
	return fmt.Sprintf("https://%[1]s.%[2]s/cloudformation/home?region=%[1]s#/stacks/quickcreate?templateURL=%[3]s&stackName=redis-cloud&param_ArtifactBucketPrefix=%[4]s",
		t.region, t.partition.console, url.QueryEscape(t.templateURL(version)), t.prefix)
}

// button is the link in Markdown, under AWS's picture of a button.
func (t target) button(version string) string {
	return fmt.Sprintf("[![Launch stack in %s](https://s3.amazonaws.com/cloudformation-examples/cloudformation-launch-stack.png)](%s)",
		t.region, t.quickCreate(version))
}
