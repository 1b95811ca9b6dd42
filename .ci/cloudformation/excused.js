// The findings of AWS's validator that are not followed, each with its reason. A finding is excused
// by its rule and by where it is: the file, the logical ID and the property.
'use strict';

module.exports = [
  {
    rule: 'E3005',
    where: /^template\.yaml RedisCloudIAM/,
    reason: 'It reads the source without the transform. SAM makes ProvisionerEventInvokeConfig of the function\'s EventInvokeConfig; ' +
      'the plain template, which has it, has no such finding.',
  },
  {
    rule: 'W1030',
    where: /(Provisioner|Watcher)Role Properties\.PermissionsBoundary$/,
    reason: 'The default of LambdaPermissionsBoundary is empty, and then the condition leaves the property out.',
  },
  {
    rule: 'W1030',
    where: / WatcherErrors Properties\.AlarmActions\.0$/,
    reason: 'The default of AlarmTopicArn is empty, and then the condition Watches leaves the alarm out.',
  },
  {
    rule: 'W2503',
    where: / WatcherSchedule Properties\.Targets\.0\.Input\.Fn::If\.2$/,
    reason: 'This branch of Fn::If is taken where HasPermissionsBoundary does not hold, which is where MakesBoundaries does.',
  },
  {
    rule: 'W1030',
    where: /^stackset\.yaml HomeRegion /,
    reason: 'The default of HomeRegion is empty, and then the condition takes the stack\'s own Region.',
  },
  {
    rule: 'W2509',
    where: / (AccessKeySecretName|ConsolePasswordSecretName) /,
    reason: 'These are names of secrets. NoEcho would hide them from those who look for the secrets, and a quick-create link could not set them.',
  },
  {
    rule: 'I9001',
    where: / (SecretPermissions|ReaderPermissions|KmsKeyPermissions) Properties\.Description$/,
    reason: 'Another description makes another policy, on purpose: the former one stays until the clean-up at the end of an update.',
  },
  {
    rule: 'I9001',
    where: / (LogPermissions|InstanceBoundary|UserBoundary|UserAndPolicyPermissions|RolePermissions|WatcherLogPermissions) Properties\.Description$/,
    reason: 'It is the same in every stack.',
  },
  {
    rule: 'I9001',
    where: / (ProvisionerEventInvokeConfig|WatcherEventInvokeConfig|WatcherSchedulePermission) Properties\.(FunctionName|Qualifier|Action|Principal|SourceArn)$/,
    reason: 'None changes but with the function and its schedule.',
  },
  {
    rule: 'I9001',
    where: /^stackset\.yaml StackSet Properties\.(StackSetName|PermissionModel)$/,
    reason: 'Neither changes in the life of a stack.',
  },
  {
    rule: 'I9040',
    where: / (Provisioner|ProvisionerLogGroup|ProvisionerRole|Watcher|WatcherErrors|WatcherLogGroup|WatcherRole|WatcherSchedule|StackSet) Properties\.Tags$/,
    reason: 'CloudFormation puts the tags of the stack on them.',
  },
  {
    rule: 'I4010',
    where: /./,
    reason: 'A description of the architecture for programs. The comments in the template are for people.',
  },
];
