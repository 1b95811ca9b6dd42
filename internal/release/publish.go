package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// publish uploads the version that template.yaml names to the bucket of each Region, and prints the links that launch it.
//
// What is published never changes. So everything is looked at before anything is uploaded; an upload never overwrites; and
// SHA256SUMS, which marks a version as whole, goes up when the rest is there in all Regions. A publish that died on the way
// can be repeated, and a Region can be added later: files that are there with the same bytes stay as they are.
func publish(ctx context.Context, project fs.FS, prefix string, regions []string, out io.Writer) error {
	places, inputErr := targets(prefix, regions)
	version, loadErr := load(project, prefix)
	buckets, bucketErr := survey(ctx, places, version)
	if err := errors.Join(inputErr, committed(ctx), loadErr, bucketErr); err != nil {
		return fmt.Errorf("nothing was uploaded:\n%w", err)
	}
	if !slices.ContainsFunc(buckets, func(b *bucket) bool { return len(b.missing) > 0 }) {
		fmt.Fprintf(out, "Nothing was uploaded: %s was there already. To publish something else, raise SemanticVersion in template.yaml, "+
			"run make templates and commit.\n", version.version)
	}

	for i := range buckets[0].files {
		for _, b := range buckets {
			f := b.files[i]
			if !b.missing[f.name] {
				continue
			}
			objectVersion, err := b.put(ctx, f)
			if err == nil {
				err = b.pin(i, objectVersion)
			}
			if err != nil {
				return fmt.Errorf("%w\nWhat is uploaded so far is good: when the cause is gone, publish again", err)
			}
			fmt.Fprintf(out, "uploaded %s\n", b.address(f.name))
		}
	}
	for _, b := range buckets {
		if err := b.keep(); err != nil {
			return err
		}
	}
	announce(version, places, out)
	return nil
}

// check finds the faults for which nothing need be built.
func check(ctx context.Context, prefix string, regions []string) error {
	places, inputErr := targets(prefix, regions)
	_, bucketErr := survey(ctx, places, contents{})
	if err := errors.Join(inputErr, committed(ctx), bucketErr); err != nil {
		return fmt.Errorf("nothing was built:\n%w", err)
	}
	return nil
}

// committed says whether what is published is what a commit says, so that others can build the same.
func committed(ctx context.Context) error {
	status, err := exec.CommandContext(ctx, "git", "status", "--porcelain").Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("git cannot say whether everything is committed (%s): publish from a clone of the repository, "+
			"so that the version can be built again from its commit", bytes.TrimSpace(failed.Stderr))
	}
	if err != nil {
		return fmt.Errorf("git is missing, and says whether everything is committed: install it (%w)", err)
	}
	if len(status) > 0 {
		return fmt.Errorf("not everything is committed: commit or stash it, so that the version can be built again from its commit\n%s",
			strings.TrimRight(string(status), "\n"))
	}
	return nil
}

// survey looks at the bucket of each Region, and at what it holds of the version, if that is
// loaded. It changes nothing. The error has the faults of all of them.
func survey(ctx context.Context, places []target, version contents) ([]*bucket, error) {
	if len(places) == 0 {
		return nil, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(places[0].partition.home))
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	caller, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("ask AWS whose credentials these are (set AWS_PROFILE, or sign in): %w", err)
	}
	var buckets []*bucket
	var faults []error
	for _, place := range places {
		b := newBucket(cfg, place, aws.ToString(caller.Account), version)
		faults = append(faults, b.survey(ctx))
		buckets = append(buckets, b)
	}
	return buckets, errors.Join(faults...)
}

// announce prints the links that launch a version.
func announce(contents contents, places []target, out io.Writer) {
	version := contents.version
	fmt.Fprintf(out, "\n%s is published. Who may launch it depends on who may read the buckets: docs/releasing.md\n", version)
	fmt.Fprintln(out, "\nSHA-256 of the functions' zips:")
	for _, zip := range contents.zips {
		fmt.Fprintf(out, "  %x  %s\n", sha256.Sum256(zip.content), zip.name)
	}
	fmt.Fprintln(out, "\nQuick-create links:")
	for _, place := range places {
		fmt.Fprintf(out, "  %s\n", place.quickCreate(version))
	}
	fmt.Fprintln(out, "\nLaunch buttons in Markdown:")
	for _, place := range places {
		fmt.Fprintf(out, "  %s\n", place.button(version))
	}
}
