// Checks templates with AWS's own validator, the one that comes inside the CDK. Every finding must
// be excused in excused.js, and every excuse must be needed.
//
// usage: node validate.js TEMPLATE...
'use strict';

const path = require('node:path');
const excused = require('./excused.js');

// The CDK brings it inside itself, newer than it is by itself.
const { CelEngine, TemplateFile } = require(path.join(
  path.dirname(require.resolve('aws-cdk-lib/package.json')), 'node_modules/@aws/cloudformation-validate'));

// What the templates' optional parameters may be. Their conditions hold with these, and do not with
// the defaults.
const given = {
  AccountFilter: 'DIFFERENCE',
  Accounts: '111111111111',
  AlarmTopicArn: 'arn:aws:sns:us-east-1:123456789012:alarms',
  AutoDeployment: 'false',
  ConsoleLogin: 'true',
  ExistingEntities: 'Adopt',
  HomeRegion: 'eu-central-1',
  KmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555',
  LambdaPermissionsBoundary: 'arn:aws:iam::123456789012:policy/ceiling',
  PermissionsBoundary: 'arn:aws:iam::123456789012:policy/ceiling',
  SecretReaders: 'arn:aws:iam::111111111111:root,arn:aws:iam::222222222222:role/reader',
  Tags: 'team=data,cost-center=4711',
};

const needed = new Set();
let failures = 0;
let findings = 0;
const engine = new CelEngine();
for (const file of process.argv.slice(2)) {
  for (const parameterOverrides of [{}, given]) {
    const report = engine.validateStandard(new TemplateFile(file), { parameterOverrides });
    if (report.status !== 'OK') {
      failures++;
      console.error(`${file}: the validator could not do all of its work: ${report.status}`);
    }
    for (const finding of report.diagnostics) {
      findings++;
      const where = [finding.entity?.logicalId, finding.propertyPath].filter(Boolean).join(' ');
      const excuse = excused.findIndex((e) => e.rule === finding.ruleId && e.where.test(`${path.basename(file)} ${where}`));
      if (excuse < 0) {
        failures++;
        console.error(`${file}:${finding.startLine ?? '?'}: ${finding.severity} ${finding.ruleId} ${where}: ${finding.message}`);
      }
      needed.add(excuse);
    }
  }
}
engine.free();
excused.forEach((excuse, i) => {
  if (!needed.has(i)) {
    failures++;
    console.error(`excused.js: no finding of ${excuse.rule} at ${excuse.where} is left: take the excuse away`);
  }
});
console.log(`AWS's validator: ${findings} findings, ${failures === 0 ? 'all of them excused' : `${failures} not as they must be`}`);
process.exitCode = failures === 0 ? 0 : 1;
