// Command preview shows what a launch of the stack would do in a real account, and changes nothing.
// make plan calls it, in the project's folder, with the parameters of the launch or with -rights.
//
// It reads with the credentials and the Region that the AWS CLI would use. The exit status is 0 for
// a plan, 2 where the launch would be refused, and 1 where the account could not be read.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "make plan:", err)
	if _, refused := errors.AsType[refusal](err); refused {
		os.Exit(2)
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("plan", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		fmt.Fprint(out, "make plan shows what a launch would do in the account of your AWS credentials. It changes nothing.\n\n"+
			"  make plan PARAMETERS=\"ExistingEntities=Adopt UserName=redis\"\n"+
			"  make plan PARAMETERS=-rights\n\n"+
			"docs/parameters-and-outputs.md lists the parameters. AWS_PROFILE and AWS_REGION work as with the AWS CLI.\n\n")
		flags.PrintDefaults()
	}
	rights := flags.Bool("rights", false, "print the IAM policy with the rights that it needs, and plan nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	parameters, err := parse(flags.Args())
	if err != nil {
		return err
	}
	template, err := os.ReadFile(templateFile)
	if err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{})) // the error says it all
	if err != nil {
		return fmt.Errorf("read the AWS configuration: %w", err)
	}
	const patience = 2 * time.Minute // AWS may throttle
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l, err := newLaunch(ctx, cfg, template, parameters)
	switch {
	case err != nil:
		return err
	case *rights:
		return l.rights(out)
	default:
		return l.preview(ctx, cfg, out)
	}
}
