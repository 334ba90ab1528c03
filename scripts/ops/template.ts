import { type TableDefinition, tableDefinitions } from '../../src/database/tables.js';
import { alarmResources } from './alarms.js';
import { bucketResources } from './bucket.js';
import { type Json, ref, type Section, type Template, when } from './cloudformation.js';
import { dashboardResources } from './dashboard.js';
import {
  dataConditions,
  dataParameters,
  LOGICAL_NAMES,
  monitoringConditions,
  monitoringParameters,
  scalingParameters,
} from './parameters.js';
import { policyResources } from './policies.js';
import { scalingResources } from './scaling.js';
import { tableResource, tableResources } from './tables.js';

/**
 * The CloudFormation templates by file name. Each is a separate stack, so that each stays below the size limit of a
 * deployment without a bucket for the template.
 *
 * @param definitions tables with their names inside the templates
 */
export function buildTemplates(definitions = tableDefinitions(LOGICAL_NAMES)): Record<string, Template> {
  return {
    'ops/cloudformation.json': dataTemplate(definitions),
    'ops/monitoring.json': monitoringTemplate(durable(definitions)),
    'ops/scaling.json': scalingTemplate(durable(definitions)),
  };
}

/** Tables that are worth an alarm, and that may have capacity of their own. */
function durable(definitions: readonly TableDefinition[]): TableDefinition[] {
  return definitions.filter(({ isEphemeral }) => !isEphemeral);
}

/** What the service needs on AWS. */
function dataTemplate(definitions: readonly TableDefinition[]): Template {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: described('tables, bucket, policies'),
    Parameters: dataParameters(),
    Conditions: dataConditions(),
    Resources: {
      ...tableResources(definitions),
      ...bucketResources(),
      ...policyResources(definitions),
    },
    Outputs: {
      ...Object.fromEntries(
        definitions.map((definition) => [
          tableResource(definition),
          output('Name of the table.', ref(tableResource(definition))),
        ]),
      ),
      AudioBucket: output('AWS_S3_BUCKET_NAME of the service.', ref('AudioBucket')),
      ServicePolicy: output('Managed policy for the role of the service.', ref('ServicePolicy')),
      OperatorPolicy: output('Managed policy for whoever runs the commands.', ref('OperatorPolicy')),
    },
  };
}

/** Alarms and dashboard for operators. */
function monitoringTemplate(definitions: readonly TableDefinition[]): Template {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: described('alarms, dashboard'),
    Parameters: monitoringParameters(),
    Conditions: monitoringConditions(),
    Resources: { ...alarmResources(definitions), ...dashboardResources(definitions) },
    Outputs: {
      AlarmTopic: output(
        'Topic of the alarms.',
        when('HasAlarmTopic', ref('AlarmTopicArn'), ref('AlarmTopic')),
      ),
      Dashboard: output('Name of the CloudWatch dashboard.', ref('Dashboard')),
    },
  };
}

/** Auto scaling, if capacity is provisioned. */
function scalingTemplate(definitions: readonly TableDefinition[]): Template {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: described('auto scaling of provisioned tables'),
    Parameters: scalingParameters(),
    Resources: scalingResources(definitions),
  };
}

function described(parts: string): string {
  return `Decision Data backend: ${parts}. Made by npm run ops:template.`;
}

function output(description: string, value: Json): Section[string] {
  return { Description: description, Value: value };
}
