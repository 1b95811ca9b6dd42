# Registers every account of a StackSet with Redis Cloud. It runs in the central account, as a role
# that SecretReaders names, and reads accounts.json, which scripts/collect-outputs makes.
# The state holds the secrets: keep it where only those may read it who may have the keys.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
    rediscloud = {
      source = "RedisLabs/rediscloud"
    }
  }
}

provider "aws" {
  region = "us-east-1" # the home Region, where all secrets are
}

locals {
  accounts = { for a in jsondecode(file("${path.module}/accounts.json")) : a.account => a }
}

# The whole ARN names the account, so one provider reads the secrets of all.
data "aws_secretsmanager_secret_version" "access_key" {
  for_each  = local.accounts
  secret_id = each.value.accessKeySecretArn
}

data "aws_secretsmanager_secret_version" "console" {
  for_each  = local.accounts
  secret_id = each.value.consolePasswordSecretArn
}

locals {
  access_keys = { for account, secret in data.aws_secretsmanager_secret_version.access_key : account => jsondecode(secret.secret_string) }
  consoles    = { for account, secret in data.aws_secretsmanager_secret_version.console : account => jsondecode(secret.secret_string) }
}

# After a rotation the secrets hold the new keys, and the next apply enters them in Redis Cloud: the
# provider changes a cloud account in place.
resource "rediscloud_cloud_account" "this" {
  for_each          = local.accounts
  name              = "aws-${each.key}"
  provider_type     = "AWS"
  access_key_id     = local.access_keys[each.key].accessKeyId
  access_secret_key = local.access_keys[each.key].accessSecretKey
  console_username  = local.consoles[each.key].consoleUsername
  console_password  = local.consoles[each.key].consolePassword
  sign_in_login_url = local.consoles[each.key].signInLoginUrl

  lifecycle {
    # An account that is missing from accounts.json must not be deleted in Redis Cloud by mistake.
    prevent_destroy = true
  }
}

# Compare with the output accessKeyId of each stack before the old keys are ended.
output "registered_access_key_ids" {
  value     = { for account, registered in rediscloud_cloud_account.this : account => registered.access_key_id }
  sensitive = true
}
