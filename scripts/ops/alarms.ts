import type { TableDefinition } from '../../src/database/tables.js';
import { METRICS_FILTER } from './bucket.js';
import { ref, type Resource, type Resources, when } from './cloudformation.js';
import { added, countedIn, ofAllOperations } from './metrics.js';
import { tableResource } from './tables.js';

const FIVE_MINUTES = 300;
const HOUR = 3600;
/** 365 × 24 ÷ 12. */
const HOURS_A_MONTH = 730;
/** Of one hour's peak nobody need be told. */
const HOURS_OVER_BUDGET = 3;

/** Alarms, and the topic that they go to. */
export function alarmResources(definitions: readonly TableDefinition[]): Resources {
  return {
    AlarmTopic: { Type: 'AWS::SNS::Topic', Condition: 'MakesAlarmTopic', Properties: {} },
    AlarmSubscription: {
      Type: 'AWS::SNS::Subscription',
      Condition: 'MakesSubscription',
      Properties: { TopicArn: ref('AlarmTopic'), Protocol: 'email', Endpoint: ref('AlarmEmail') },
    },
    ...Object.fromEntries<Resource>([
      ...countedIn(definitions).map((part): [string, Resource] => [
        `${part.id}ThrottledAlarm`,
        alarm(`DynamoDB throttles requests to ${part.index ?? part.table}.`, {
          Metrics: added(['ReadThrottleEvents', 'WriteThrottleEvents'], [part], FIVE_MINUTES),
          Threshold: 0,
        }),
      ]),
      ...definitions.map((definition): [string, Resource] => [
        `${definition.name}SystemErrorsAlarm`,
        alarm(`DynamoDB fails requests to ${tableResource(definition)} (HTTP 500).`, {
          Metrics: ofAllOperations('SystemErrors', tableResource(definition), FIVE_MINUTES),
          Threshold: 0,
        }),
      ]),
    ]),
    // DynamoDB counts these by account and region only.
    UserErrorsAlarm: alarm('DynamoDB refuses requests as wrong (HTTP 400), in the whole account.', {
      Namespace: 'AWS/DynamoDB',
      MetricName: 'UserErrors',
      Statistic: 'Sum',
      Period: FIVE_MINUTES,
      Threshold: ref('UserErrorLimit'),
    }),
    ReadBudgetAlarm: budgetAlarm(definitions, 'Read'),
    WriteBudgetAlarm: budgetAlarm(definitions, 'Write'),
    BucketErrorsAlarm: {
      ...alarm('S3 fails requests to the bucket of the audio objects (HTTP 5xx).', {
        Namespace: 'AWS/S3',
        MetricName: '5xxErrors',
        Dimensions: [
          { Name: 'BucketName', Value: ref('AudioBucket') },
          { Name: 'FilterId', Value: METRICS_FILTER },
        ],
        Statistic: 'Sum',
        Period: FIVE_MINUTES,
        Threshold: 0,
      }),
      Condition: 'HasRequestMetrics',
    },
  };
}

function budgetAlarm(definitions: readonly TableDefinition[], direction: 'Read' | 'Write'): Resource {
  const units = `${direction.toLowerCase()} units`;
  return alarm(`At the rate of the last hours a month takes more ${units} than budgeted.`, {
    Metrics: added([`Consumed${direction}CapacityUnits`], countedIn(definitions), HOUR, HOURS_A_MONTH),
    Threshold: ref(`Monthly${direction}Units`),
    EvaluationPeriods: HOURS_OVER_BUDGET,
  });
}

function alarm(description: string, properties: Resource['Properties']): Resource {
  const topic = when('HasAlarmTopic', ref('AlarmTopicArn'), ref('AlarmTopic'));
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmDescription: description,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1,
      // DynamoDB and S3 send no number where there is nothing to count.
      TreatMissingData: 'notBreaching',
      AlarmActions: [topic],
      OKActions: [topic],
      ...properties,
    },
  };
}
