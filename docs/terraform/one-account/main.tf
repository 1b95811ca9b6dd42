# Launches the stack in one account, and registers the account with Redis Cloud.
# The state holds the secrets: keep it where only those may read it who may have the key.

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

variable "bucket_prefix" {
  description = "Prefix of the bucket that make publish uploaded to."
  type        = string
}

variable "version_published" {
  description = "Version that make publish uploaded."
  type        = string
  default     = "0.1.0"
}

variable "access_key_serial" {
  description = "A higher number makes a new key, and Redis Cloud gets it in the same run."
  type        = number
  default     = 1
}

data "aws_region" "current" {}

locals {
  bucket = "${var.bucket_prefix}-${data.aws_region.current.id}"
}

resource "aws_cloudformation_stack" "redis_cloud" {
  name         = "redis-cloud"
  template_url = "https://${local.bucket}.s3.${data.aws_region.current.id}.amazonaws.com/redis-cloud-iam/${var.version_published}/redis-cloud-iam.yaml"
  capabilities = ["CAPABILITY_IAM"]
  parameters = {
    ConsoleLogin    = "true" # the provider asks for a console password
    AccessKeySerial = tostring(var.access_key_serial)
  }
}

# depends_on: read after the stack has changed, and not before.
data "aws_secretsmanager_secret_version" "access_key" {
  secret_id  = aws_cloudformation_stack.redis_cloud.outputs["accessKeySecretArn"]
  depends_on = [aws_cloudformation_stack.redis_cloud]
}

data "aws_secretsmanager_secret_version" "console" {
  secret_id  = aws_cloudformation_stack.redis_cloud.outputs["consolePasswordSecretArn"]
  depends_on = [aws_cloudformation_stack.redis_cloud]
}

locals {
  access_key = jsondecode(data.aws_secretsmanager_secret_version.access_key.secret_string)
  console    = jsondecode(data.aws_secretsmanager_secret_version.console.secret_string)
}

resource "rediscloud_cloud_account" "this" {
  name              = "my-aws-account"
  provider_type     = "AWS"
  access_key_id     = local.access_key.accessKeyId
  access_secret_key = local.access_key.accessSecretKey
  console_username  = local.console.consoleUsername
  console_password  = local.console.consolePassword
  sign_in_login_url = local.console.signInLoginUrl
}
