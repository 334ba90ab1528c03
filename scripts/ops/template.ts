import { type TableDefinition, tableDefinitions } from '../../src/database/tables.js';
import { alarmResources } from './alarms.js';
import { bucketResources } from './bucket.js';
import { type Json, ref, type Section, type Template, when } from './cloudformation.js';
import { dashboardResources } from './dashboard.js';
import { conditions, LOGICAL_NAMES, parameters } from './parameters.js';
import { policyResources } from './policies.js';
import { tableResource, tableResources } from './tables.js';

/**
 * The CloudFormation template of everything that the service needs on AWS.
 *
 * @param definitions tables whose names are those inside the template
 */
export function buildTemplate(definitions = tableDefinitions(LOGICAL_NAMES)): Template {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Decision Data backend: tables, bucket, policies, alarms. Made by npm run ops:template.',
    Parameters: parameters(),
    Conditions: conditions(),
    Resources: {
      ...tableResources(definitions),
      ...bucketResources(),
      ...policyResources(definitions),
      ...alarmResources(definitions),
      ...dashboardResources(definitions),
    },
    Outputs: outputs(definitions),
  };
}

function outputs(definitions: readonly TableDefinition[]): Section {
  const output = (description: string, value: Json) => ({ Description: description, Value: value });
  return {
    ...Object.fromEntries(
      definitions.map((definition) => [
        tableResource(definition),
        output('Name of the table.', ref(tableResource(definition))),
      ]),
    ),
    AudioBucket: output('AWS_S3_BUCKET_NAME of the service.', ref('AudioBucket')),
    ServicePolicy: output('Managed policy for the role of the service.', ref('ServicePolicy')),
    OperatorPolicy: output('Managed policy for whoever runs the commands.', ref('OperatorPolicy')),
    AlarmTopic: output(
      'Topic of the alarms.',
      when('HasAlarmTopic', ref('AlarmTopicArn'), ref('AlarmTopic')),
    ),
    Dashboard: output('Name of the CloudWatch dashboard.', ref('Dashboard')),
  };
}
