// Where the second opinion and the project's evaluator differ, who is right, and by which page.
'use strict';

module.exports.differences = [
  {
    action: /^kms:(Decrypt|Encrypt|GenerateDataKey)$/,
    allowed: false,
    decided: /no\.resource\.types/,
    right: 'Both deny. The call names alias/mine, which is no resource of these actions: KMS decides by the key behind an alias.',
    page: 'https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html',
  },
];
