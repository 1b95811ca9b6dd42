// Synthesizes an app of the CDK that has the plain template included, and a custom resource that
// uses its function, with the findings of AWS's validator as errors. This is what cdk synth runs.
// Nothing is looked up in AWS.
//
// usage: node synth.js TEMPLATE OUTPUT-DIRECTORY
'use strict';

const assert = require('node:assert');
const { App, Stack, LegacyStackSynthesizer, Validations } = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
const excused = require('./excused.js');
const { RedisCloud } = require('./own-stack.js');

const [templateFile, outdir] = process.argv.slice(2);
const app = new App({
  outdir,
  context: { '@aws-cdk/core:validateAgainstDefaultRules': true },
  analyticsReporting: false,
});

const included = new Stack(app, 'Included', { synthesizer: new LegacyStackSynthesizer() });
const template = new CfnInclude(included, 'Template', { templateFile });
for (const rule of ['W1030', 'W2509']) {
  const { reason } = excused.find((e) => e.rule === rule);
  Validations.of(included).acknowledge({ id: `CloudFormation-Validate::${rule}`, reason });
}

new RedisCloud(app, 'Own', {
  provisionerArn: template.getOutput('provisionerArn').value,
  boundaries: ['InstanceBoundary', 'UserBoundary'].map((name) => `arn:aws:iam::123456789012:policy/redis-cloud-${name}-1ABC`),
  synthesizer: new LegacyStackSynthesizer(),
});

const assembly = app.synth();
const own = assembly.getStackByName('Own').template.Resources.RedisCloudIAM;
assert.strictEqual(own.Type, 'Custom::RedisCloudIAM');
assert.equal(own.Properties.ServiceTimeout, 1200);
assert.strictEqual(own.Properties.UserName, 'redislabs-user');
assert.equal(own.Properties.PermissionsBoundary.length, 2);
const kept = assembly.getStackByName('Included').template;
assert.deepStrictEqual(kept.Rules.ReadersNeedKey.RuleCondition, { 'Fn::Not': [{ 'Fn::Contains': [{ Ref: 'SecretReaders' }, ''] }] });
assert.ok(kept.Resources.RedisCloudIAM.DependsOn.includes('ProvisionerEventInvokeConfig'));
console.log(`CDK: ${assembly.stacks.length} stacks synthesized`);
