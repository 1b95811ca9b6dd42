const { CfnOutput, CustomResource, Duration, Stack } = require('aws-cdk-lib');

class RedisCloud extends Stack {
  constructor(scope, id, { provisionerArn, boundaries, ...props }) {
    super(scope, id, props);
    const redisCloud = new CustomResource(this, 'RedisCloudIAM', {
      resourceType: 'Custom::RedisCloudIAM',
      serviceToken: provisionerArn,
      serviceTimeout: Duration.seconds(1200),
      properties: { UserName: 'redislabs-user', AccessKeySerial: 1, PermissionsBoundary: boundaries, Tags: { team: 'data' } },
    });
    new CfnOutput(this, 'accessKeyId', { value: redisCloud.getAttString('AccessKeyId') });
  }
}

module.exports = { RedisCloud };
