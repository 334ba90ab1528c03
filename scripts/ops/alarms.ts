import type { TableDefinition } from '../../src/database/tables.js';
import { METRICS_FILTER } from './bucket.js';
import { ref, type Resource, type Resources, when } from './cloudformation.js';
import { added, type Counted, countedIn, ofAllOperations } from './metrics.js';
import { tableNameParameter } from './parameters.js';

const FIVE_MINUTES = 300;
const HOUR = 3600;
/** 365 × 24 ÷ 12. */
const HOURS_A_MONTH = 730;
/** A peak of one hour is no reason for an alarm. */
const HOURS_OVER_BUDGET = 3;
/** CloudWatch's maximum of metrics in the expression of one alarm. */
export const METRICS_OF_ALARM = 10;

/** The alarms and their topic. */
export function alarmResources(definitions: readonly TableDefinition[]): Resources {
  return {
    AlarmTopic: { Type: 'AWS::SNS::Topic', Condition: 'MakesAlarmTopic', Properties: {} },
    AlarmSubscription: {
      Type: 'AWS::SNS::Subscription',
      Condition: 'MakesSubscription',
      Properties: { TopicArn: ref('AlarmTopic'), Protocol: 'email', Endpoint: ref('AlarmEmail') },
    },
    ...Object.fromEntries<Resource>([
      ...definitions.flatMap((definition): [string, Resource][] => [
        [
          `${definition.name}ThrottledAlarm`,
          // One alarm for table and indexes. The dashboard shows which one is affected. The size of a template is
          // limited.
          alarm(`DynamoDB throttles requests to ${definition.name} or one of its indexes.`, {
            Metrics: added(
              ['ReadThrottleEvents', 'WriteThrottleEvents'],
              countedIn([definition]),
              FIVE_MINUTES,
            ),
            Threshold: 0,
          }),
        ],
        [
          `${definition.name}SystemErrorsAlarm`,
          alarm(`DynamoDB fails requests to ${definition.name} (HTTP 500).`, {
            Metrics: ofAllOperations('SystemErrors', tableNameParameter(definition.name), FIVE_MINUTES),
            Threshold: 0,
          }),
        ],
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
    ...budgetAlarms(definitions, 'Read'),
    ...budgetAlarms(definitions, 'Write'),
    BucketErrorsAlarm: {
      ...alarm('S3 fails requests to the bucket of the audio objects (HTTP 5xx).', {
        Namespace: 'AWS/S3',
        MetricName: '5xxErrors',
        Dimensions: [
          { Name: 'BucketName', Value: ref('BucketName') },
          { Name: 'FilterId', Value: METRICS_FILTER },
        ],
        Statistic: 'Sum',
        Period: FIVE_MINUTES,
        Threshold: 0,
      }),
      Condition: 'HasBucketName',
    },
  };
}

/** One alarm if its metrics are enough for all tables; otherwise several, each with the whole budget. */
function budgetAlarms(definitions: readonly TableDefinition[], direction: 'Read' | 'Write'): Resources {
  return Object.fromEntries(
    inGroups(countedIn(definitions)).map((group, i) => [
      `${direction}Budget${i === 0 ? '' : i + 1}Alarm`,
      budgetAlarm(group, direction),
    ]),
  );
}

function inGroups(counted: readonly Counted[]): Counted[][] {
  return Array.from({ length: Math.ceil(counted.length / METRICS_OF_ALARM) }, (_, i) =>
    counted.slice(i * METRICS_OF_ALARM, (i + 1) * METRICS_OF_ALARM),
  );
}

function budgetAlarm(counted: readonly Counted[], direction: 'Read' | 'Write'): Resource {
  const units = `${direction.toLowerCase()} units`;
  return alarm(`At the rate of the last hours a month takes more ${units} than budgeted.`, {
    Metrics: added([`Consumed${direction}CapacityUnits`], counted, HOUR, HOURS_A_MONTH),
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
      // DynamoDB and S3 send no data point if there is nothing to count.
      TreatMissingData: 'notBreaching',
      AlarmActions: [topic],
      OKActions: [topic],
      ...properties,
    },
  };
}
