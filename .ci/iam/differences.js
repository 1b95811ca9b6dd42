// Where the second opinion and the project's evaluator differ, who is right, and by which page.
'use strict';

module.exports.differences = [
  {
    action: /^kms:(Decrypt|GenerateDataKey)$/,
    key: 'kms:EncryptionContext:aws:sns:topicArn',
    allowed: true,
    decided: /ImplicitlyDenied/,
    right: 'We allow. The other one knows a condition key with a name in it only where that follows a slash, so it drops this one from the request.',
    page: 'https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context',
  },
  {
    action: /^kms:(Decrypt|Encrypt|GenerateDataKey)$/,
    allowed: false,
    decided: /no\.resource\.types/,
    right: 'Both deny. The call names alias/mine, which is no resource of these actions: KMS decides by the key behind an alias.',
    page: 'https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html',
  },
];
