// Package account is the only code that talks to AWS. It observes what an account has, and carries
// out what package plan has planned, again and again until nothing is left to do.
package account
