import { describe, expect, it } from '@jest/globals';
import { METRICS_OF_ALARM } from '../../scripts/ops/alarms.js';
import { buildTemplates } from '../../scripts/ops/template.js';
import { DURABLE, ofType, type Parsed, templateOf, valuesOf } from '../support/ops-templates.js';

interface Metric {
  MetricName: string;
  Dimensions: { Value: string | { Ref: string } }[];
}

const ALARM = 'AWS::CloudWatch::Alarm';

describe('ops/monitoring.json', () => {
  const template = templateOf('ops/monitoring.json');

  it('sends every alarm to the topic, and shows every table', () => {
    const alarms = ofType(template, ALARM);
    expect(alarms.map(([name]) => name.replace(/Alarm$/, '')).sort()).toEqual(
      [
        ...['BucketErrors', 'ReadBudget', 'UserErrors', 'WriteBudget'],
        ...DURABLE.flatMap(({ name }) => [`${name}SystemErrors`, `${name}Throttled`]),
      ].sort(),
    );
    for (const [, { Properties }] of alarms) {
      const topic = { 'Fn::If': ['HasAlarmTopic', { Ref: 'AlarmTopicArn' }, { Ref: 'AlarmTopic' }] };
      expect([Properties.AlarmActions, Properties.OKActions]).toEqual([[topic], [topic]]);
    }
    const { DashboardBody } = template.Resources['Dashboard']?.Properties as Parsed;
    expect(JSON.parse(DashboardBody['Fn::Sub']).widgets).toHaveLength(4 * DURABLE.length);
  });

  it('is told of throttling of each table and each index', () => {
    const counted = DURABLE.flatMap(({ name, indexes }) => [
      `${name}TableName`,
      ...indexes.map((index) => index.name),
    ]);
    const metrics = ofType(template, ALARM)
      .flatMap(([, { Properties }]) => valuesOf('Metric', Properties) as Metric[])
      .map(({ MetricName, Dimensions }) => ({ MetricName, part: Dimensions.at(-1)?.Value }))
      .map(({ MetricName, part }) => [MetricName, typeof part === 'object' ? part.Ref : part]);
    for (const metric of ['ReadThrottleEvents', 'WriteThrottleEvents']) {
      expect(metrics.filter(([name]) => name === metric).map(([, part]) => part)).toEqual(counted);
    }
  });

  it('has no alarm of more metrics than CloudWatch takes, however many tables there are', () => {
    const [first, ...others] = DURABLE;
    const many = Array.from({ length: 12 }, (_, i) => ({ ...first, name: `Other${i}` }));
    const { 'ops/monitoring.json': built } = buildTemplates([first, ...others, ...many] as typeof DURABLE);
    const sizes = ofType(built as typeof template, ALARM).map(
      ([, { Properties }]) => valuesOf('MetricStat', Properties).length,
    );
    expect(Math.max(...sizes)).toBe(METRICS_OF_ALARM);
    // None is left out: two numbers of each table and index for throttling, two for the budgets.
    const counted = [...DURABLE, ...many].reduce((sum, { indexes = [] }) => sum + 1 + indexes.length, 0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(4 * counted);
  });
});

describe('ops/scaling.json', () => {
  const template = templateOf('ops/scaling.json');

  it('scales every table and index both ways', () => {
    const targets = ofType(template, 'AWS::ApplicationAutoScaling::ScalableTarget');
    const scaled = targets.map(([, { Properties }]) => [
      Properties.ResourceId['Fn::Sub'],
      Properties.ScalableDimension,
    ]);
    const both = (id: string, kind: string) =>
      ['Read', 'Write'].map((direction) => [id, `dynamodb:${kind}:${direction}CapacityUnits`]);
    expect(scaled).toEqual(
      DURABLE.flatMap(({ name, indexes }) => [
        ...both(`table/\${${name}TableName}`, 'table'),
        ...indexes.flatMap((index) => both(`table/\${${name}TableName}/index/${index.name}`, 'index')),
      ]),
    );
    const policies = ofType(template, 'AWS::ApplicationAutoScaling::ScalingPolicy');
    expect(policies.map(([, { Properties }]) => Properties.ScalingTargetId.Ref)).toEqual(
      targets.map(([name]) => name),
    );
  });
});
